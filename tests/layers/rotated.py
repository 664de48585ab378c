"""Assets with a secret that was rotated on the day they are judged: `{TODAY}` in their manifest."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from readiness.config.manifest import NAME
from readiness.testing.projects import commit


def today(root: Path) -> None:
    """Puts the day in, as the last commit."""
    path = root / NAME
    if path.is_file():
        path.write_text(path.read_text().replace("{TODAY}", f"{datetime.now(UTC).date()}"))
        commit(root, "rotate")


PREPARED: dict[str, Callable[[Path], object]] = {"security.secrets-referenced": today}
