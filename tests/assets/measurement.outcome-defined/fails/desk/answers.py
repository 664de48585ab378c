"""Answers tickets."""

ANSWERS = {"opening hours": "nine to five"}
