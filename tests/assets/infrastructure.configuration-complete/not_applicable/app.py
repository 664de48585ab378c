import os

REGION = os.environ.get("DESK_REGION", "eu")
