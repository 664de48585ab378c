"""`readiness evidence`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from readiness.runs.inspect import Line


def parser() -> argparse.ArgumentParser:
    """The command line of `evidence`."""
    found = argparse.ArgumentParser(
        "readiness evidence", description="Look at the evidence of a project, verify it, or add somebody else's."
    )
    commands = found.add_subparsers(dest="command", required=True, metavar="show|verify|add")
    show = commands.add_parser("show", help="list the evidence, or print one file of it as JSON")
    show.add_argument("digest", nargs="?", help="digest of an evidence file, or at least eight digits of it")
    verify = commands.add_parser("verify", help="verify every evidence file: signature, tree, time; exit 1 where one is refused")
    add = commands.add_parser("add", help="take in what `recreate --import` wrote on another machine; exit 1 where it does not count")
    add.add_argument("file", type=Path, help="the result that was written there")
    for sub in (show, verify, add):
        sub.add_argument("--project", type=Path, default=Path(), metavar="PATH", help="folder of the project (default: here)")
    return found


def run(argv: list[str]) -> int:
    """Runs `show`, `verify` or `add`."""
    given = parser().parse_args(argv)
    from readiness.runs import inspect

    root = given.project.resolve()
    if given.command == "add":
        return _add(given.file, root)
    if given.command == "show" and given.digest:
        print(inspect.content(root, given.digest))
        return 0
    lines = inspect.inspect(root, datetime.now(UTC))
    if not lines:
        print("no evidence here; `readiness check` makes it")
        return 0
    for line in lines:
        state = f"refused: {line.refused}" if line.refused else line.stale or _counts(line)
        if given.command == "show":
            print(f"{line.digest[7:19]}  {line.check:<38} {line.outcome:<15} {line.witness:<9} {state}")
        else:
            print(f"{'✗' if line.refused else '·' if line.stale else '✓'} {line.path}  {state}")
    return 1 if given.command == "verify" and any(line.refused for line in lines) else 0


def _add(source: Path, root: Path) -> int:
    from readiness.runs import exchange

    result, refused = exchange.add(source, root)
    said = f": {result.reason}" if result.reason else ""
    print(f"{result.result.lower()}{said}, by {result.by}, {result.made_at:%Y-%m-%d %H:%M} UTC")
    print(f"it does not count: it {refused}" if refused else "it counts; `readiness check --only recreated-by-somebody-else` says what for")
    return 1 if refused else 0


def _counts(line: Line) -> str:
    return f"counts until {line.expires}" if line.expires else "follows from the evidence here"
