"""`readiness export`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from readiness.cli import folder


def parser() -> argparse.ArgumentParser:
    """The command line of `export`."""
    found = argparse.ArgumentParser(
        "readiness export",
        description="Write what a project consists of as a bill of materials: locked packages, models, data and their owners.",
    )
    found.add_argument("--format", choices=("cyclonedx",), default="cyclonedx", help="the format: CycloneDX 1.6 as JSON")
    found.add_argument("--output", type=Path, metavar="FILE", help="write to this file (default: standard output)")
    folder.option(found)
    return found


def run(argv: list[str]) -> int:
    """Writes the bill of materials and returns 0."""
    given = parser().parse_args(argv)
    root = folder.of(given.project)
    from readiness.runs import export

    text = export.export(root, datetime.now(UTC).date(), given.output)
    if names := export.left_out(root):
        from readiness.sequence.wording import agreeing, counted

        told = f"{', '.join(names[:3])}{' …' if len(names) > 3 else ''}"
        pinned = f"{agreeing(len(names), 'has', 'have')} no version that is pinned, and {agreeing(len(names), 'is', 'are')} left out"
        print(f"readiness: {counted(len(names), 'package')} {pinned}: {told}", file=sys.stderr)
    if given.output is None:
        sys.stdout.write(text.encode("utf-8", "replace").decode())
    return 0
