from middle import greet

print(greet())
