import tiny

print(tiny.VALUE)
