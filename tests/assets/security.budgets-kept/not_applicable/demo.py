"""Answers one question."""

print("three days")
