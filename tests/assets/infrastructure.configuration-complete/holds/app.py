import os

TOKEN = os.environ["DESK_TOKEN"]
REGION = os.environ.get("DESK_REGION", "eu")
