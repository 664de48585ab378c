"""Asks the desk for its oldest ticket."""

import os

KEY = os.environ["DESK_API_KEY"]
TEAM = os.environ.get("DESK_TEAM", "support")
print("the oldest ticket of", TEAM)
