"""Answers one question that nobody can change."""

print("three days")
