"""`readiness secrets`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.cli import folder

if TYPE_CHECKING:
    from readiness.formats.secrets_scan import Scanned


def parser() -> argparse.ArgumentParser:
    """The command line of `secrets`."""
    found = argparse.ArgumentParser("readiness secrets", description="Find secrets, and say of each whose it is and what it opens.")
    commands = found.add_subparsers(dest="command", required=True, metavar="scan|list|rotate-check|blast-radius")
    scan = commands.add_parser("scan", help="look through files, history and images; exit 1 where a secret is, 3 where not all was read")
    scan.add_argument(
        "--image", action="append", default=[], type=Path, metavar="FILE", help="look through an image too, as `docker save` writes it"
    )
    scan.add_argument("--format", choices=("text", "json", "sarif"), default="text", help="text, JSON, or SARIF for code scanning")
    listing = commands.add_parser("list", help="list declared secrets with owner, age and use, and credentials that nobody declared")
    rotate = commands.add_parser("rotate-check", help="say which secrets are too old or nobody's; exit 1 where one is, 3 where untold")
    blast = commands.add_parser("blast-radius", help="say which tables and columns a declared credential opens; exit 3 where nothing tells")
    blast.add_argument("name", metavar="NAME", help="a declared secret, or the variable it is in")
    blast.add_argument("--database-url", default="", metavar="URL", help="a PostgreSQL to ask, which is only read")
    blast.add_argument("--role", default="", metavar="ROLE", help="the role it logs in as (default: the one in the address)")
    blast.add_argument(
        "--resolve", action="store_true",
        help="read the credential where this machine keeps it, and log in with it where no other address is given; it is not shown",
    )  # fmt: skip
    for sub in (listing, rotate, blast):
        sub.add_argument("--format", choices=("text", "json"), default="text", help="text, or JSON")
    for sub in (scan, listing, rotate, blast):
        folder.option(sub)
    return found


def run(argv: list[str]) -> int:
    """Runs one of its commands."""
    given = parser().parse_args(argv)
    from readiness.cli import progress
    from readiness.runs import secrets

    root, now = folder.of(given.project), datetime.now(UTC)
    if given.command == "scan":
        return _scanned(secrets.scan(root, now, given.image, progress.line), given.format)
    if given.command == "blast-radius":
        return _blast(root, given)
    return _declared(root, now, given)


def _scanned(scanned: Scanned, form: str) -> int:
    from readiness.cli import secrets_text
    from readiness.formats import secrets_scan

    if form == "json":
        print(secrets_scan.emit(scanned), end="")
    elif form == "sarif":
        from readiness import __version__

        print(secrets_scan.sarif(scanned, __version__), end="")
    else:
        secrets_text.scanned(scanned)
    return scanned.exit


def _declared(root: Path, now: datetime, given: argparse.Namespace) -> int:
    from readiness.cli import secrets_text
    from readiness.formats import secrets_list
    from readiness.runs import secrets_declared

    asked = given.command == "rotate-check"
    listed = secrets_declared.checked(root, now) if asked else secrets_declared.listed(root, now)
    if given.format == "json":
        undeclared = [(item.name, tuple(f"{place.file}:{place.line}" for place in item.places)) for item in listed.undeclared]
        print(secrets_list.emit(secrets_text.rows(listed), undeclared, listed.exit if asked else None), end="")
    elif asked:
        secrets_text.rotation(listed)
    else:
        secrets_text.listing(listed)
    return listed.exit if asked else 0


def _blast(root: Path, given: argparse.Namespace) -> int:
    from readiness.cli import secrets_text
    from readiness.formats import blast_radius
    from readiness.runs import secrets_blast

    found = secrets_blast.radius(root, given.name, given.database_url, given.role, resolve=given.resolve)
    if given.format == "json":
        print(blast_radius.emit(found), end="")
    else:
        secrets_text.blast(found)
    return 0
