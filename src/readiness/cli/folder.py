"""The folder of the project a command is about: the option that names it, and what it comes to."""

from __future__ import annotations

import argparse
from pathlib import Path

from readiness.errors import UsageError


def option(parser: argparse.ArgumentParser) -> None:
    """Adds `--project PATH`."""
    parser.add_argument("--project", type=Path, default=Path(), metavar="PATH", help="folder of the project (default: here)")


def of(named: Path) -> Path:
    """The folder that was named, whole. Raises UsageError where there is none."""
    root = named.resolve()
    if not root.is_dir():
        raise UsageError(f"no folder {named}", "name the folder of a project")
    return root
