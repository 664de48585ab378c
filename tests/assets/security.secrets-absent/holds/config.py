"""How the shop is reached."""

import os

URL = os.environ["DATABASE_URL"]
