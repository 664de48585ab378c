"""Answers questions from a list of frequent ones."""
