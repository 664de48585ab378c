"""A state recreated by somebody else: exported with our key, imported with another one in another folder, and added."""

from __future__ import annotations

import base64
import os
from pathlib import Path

from readiness.runs import exchange

CHECK = "infrastructure.recreated-by-somebody-else"
OTHER = base64.b64encode(b"k" * 32).decode()
"""The key of somebody else, which the assets list as a verifier."""


def prepare(root: Path, key: str = OTHER) -> exchange.Imported | None:
    """Has a project recreated with `key`, where it has a demo; returns what came out there."""
    if not (root / "demo.py").exists():
        return None
    there = root.parent / "there"
    there.mkdir(exist_ok=True)
    exchange.export(root, there / "snapshot.tar")
    previous = os.environ.get("READINESS_SIGNING_KEY")
    os.environ["READINESS_SIGNING_KEY"] = key
    try:
        found = exchange.recreate_from(there / "snapshot.tar")
    finally:
        os.environ.pop("READINESS_SIGNING_KEY")
        if previous is not None:
            os.environ["READINESS_SIGNING_KEY"] = previous
    exchange.add(found.path, root)
    return found


PREPARED = {CHECK: prepare}
"""What has to be done to an asset before it is judged, by check."""
