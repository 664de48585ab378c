"""Answers one question with a key, and says which settings it has."""

import os

settings = {"API_TOKEN": os.environ["API_TOKEN"], "MODEL": "small"}
print("settings:", settings)
print("three days")
