"""Asks the desk for its oldest ticket."""

import os

KEY = os.environ["DESK_API_KEY"]
TOKEN = os.environ.get("MAIL_TOKEN", "")
print("the oldest ticket of support")
