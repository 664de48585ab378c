print("no package is needed")
