"""Says which team answers."""

import os

print("answered by", os.environ.get("DESK_TEAM", "support"))
