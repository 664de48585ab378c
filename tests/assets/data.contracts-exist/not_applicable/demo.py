print("three days")
