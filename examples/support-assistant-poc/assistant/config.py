"""Settings. Env wins, the rest is good enough for the demo."""

import os

PORT = int(os.environ.get("PORT", "8080"))
API_TOKEN = os.environ.get("API_TOKEN", "")
DATABASE_URL = os.environ.get("DATABASE_URL", "{{database_url}}")
