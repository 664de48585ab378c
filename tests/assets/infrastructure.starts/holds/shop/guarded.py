"""Refuses to start without a key, which is nobody's fault."""

import os

if not os.environ.get("SHOP_API_KEY"):
    raise RuntimeError("SHOP_API_KEY must be set")
