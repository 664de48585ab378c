"""`readiness init`."""

from __future__ import annotations

import argparse
from pathlib import Path


def parser() -> argparse.ArgumentParser:
    """The command line of `init`."""
    found = argparse.ArgumentParser("readiness init", description="Write readiness.toml from what the repository says.")
    found.add_argument("path", nargs="?", type=Path, default=Path(), help="folder of the project (default: here)")
    found.add_argument("--dry-run", action="store_true", help="print the manifest and write nothing")
    return found


def run(argv: list[str]) -> int:
    """Writes or completes the manifest and says what only a person can add."""
    given = parser().parse_args(argv)
    from readiness.runs import check, init

    for root in check.locate(given.path):
        written = init.init(root, dry=given.dry_run)
        if given.dry_run:
            print(written.text, end="")
        elif written.added:
            print(f"{written.path}: added {', '.join(written.added)}")
        else:
            print(f"{written.path}: nothing to add")
        for item in written.open:
            print(f"  yours to say  {item}")
    return 0
