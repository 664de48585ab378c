"""Answers a question."""

print("three days")
