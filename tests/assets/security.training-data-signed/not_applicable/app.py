"""Answers tickets."""

VALUE = 3
