"""Holds orders back."""

print("held")
