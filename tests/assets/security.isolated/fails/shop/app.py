"""Takes orders."""

print("order")
