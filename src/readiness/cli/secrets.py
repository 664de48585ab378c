"""`readiness secrets`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.cli import folder

if TYPE_CHECKING:
    from readiness.formats.secrets_scan import Row, Scanned


def parser() -> argparse.ArgumentParser:
    """The command line of `secrets`."""
    found = argparse.ArgumentParser("readiness secrets", description="Look for secrets where they should not be; never shows one.")
    commands = found.add_subparsers(dest="command", required=True, metavar="scan")
    scan = commands.add_parser("scan", help="look through files, history and images; exit 1 where a secret is, 3 where not all was read")
    scan.add_argument(
        "--image", action="append", default=[], type=Path, metavar="FILE", help="look through an image too, as `docker save` writes it"
    )
    scan.add_argument("--format", choices=("text", "json", "sarif"), default="text", help="text, JSON, or SARIF for code scanning")
    folder.option(scan)
    return found


def run(argv: list[str]) -> int:
    """Runs one of its commands."""
    given = parser().parse_args(argv)
    from readiness.cli import progress
    from readiness.runs import secrets

    root = folder.of(given.project)
    return _scanned(secrets.scan(root, datetime.now(UTC), given.image, progress.line), given.format)


def _scanned(scanned: Scanned, form: str) -> int:
    from readiness.formats import secrets_scan

    if form == "json":
        print(secrets_scan.emit(scanned), end="")
    elif form == "sarif":
        from readiness import __version__

        print(secrets_scan.sarif(scanned, __version__), end="")
    else:
        _text(scanned)
    return scanned.exit


def _text(scanned: Scanned) -> None:
    from readiness.sequence.wording import counted

    for row in scanned.rows:
        print(_line(row))
    for text in (*scanned.troubles, *(f"{text}: not read" for text in scanned.unread)):
        print(f"? {shown(text)}")
    for note in scanned.notes:
        print(f"note: {shown(note)}", file=sys.stderr)
    looked = [counted(scanned.files, "file"), counted(scanned.commits, "commit")]
    looked += [counted(scanned.layers, "layer")] if scanned.layers else []
    through = f"{', '.join(looked[:-1])} and {looked[-1]}"
    count = len({row.fingerprint for row in scanned.serious})
    if scanned.serious:
        print(f"{counted(count, 'secret')} in {through}{'; not all was read' if scanned.troubles or scanned.unread else ''}")
        print("make each invalid where it was issued first: taking the line away does not help whoever has it already")
    elif scanned.exit:
        print(f"no secret in what was read of {through}; not all was read")
    else:
        print(f"✓ no secret in {through}")


def _line(row: Row) -> str:
    since = f" in commit {row.commit[:12]}" if row.commit else ""
    state = f"  allowed until {row.allowed}" if row.allowed else f"  ALLOWANCE DOES NOT COUNT: {row.doubt}" if row.doubt else ""
    return f"{'·' if row.allowed else '✗'} {shown(row.place)}{since}  {row.kind}  fingerprint {row.fingerprint}{state}"


def shown(text: str) -> str:
    """A text as a terminal may have it: what would steer it, which names of files can hold, is written as an escape."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
