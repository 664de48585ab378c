"""Reports of other tools that lie in an asset, added with our key before it is judged."""

from __future__ import annotations

from pathlib import Path

from readiness.runs import reports

CHECKS = ("security.dependencies-audited", "security.infrastructure-code-scanned")
NAMES = ("audit.json", "checkov.json")


def prepare(root: Path) -> list[reports.Added]:
    """Adds the reports of a project as if they had just been written."""
    found = [root / name for name in NAMES if (root / name).exists()]
    for path in found:
        path.touch()
    return [reports.add(path, path.read_bytes(), root) for path in found]


PREPARED = dict.fromkeys(CHECKS, prepare)
"""What has to be done to an asset before it is judged, by check."""
