"""`readiness evidence`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from readiness.cli import folder

if TYPE_CHECKING:
    from readiness.runs.inspect import Line
    from readiness.runs.reports import Added


def parser() -> argparse.ArgumentParser:
    """The command line of `evidence`."""
    found = argparse.ArgumentParser(
        "readiness evidence", description="Look at the evidence of a project, verify it, or add somebody else's."
    )
    commands = found.add_subparsers(dest="command", required=True, metavar="show|verify|add")
    show = commands.add_parser("show", help="list the evidence, or print one file of it as JSON")
    show.add_argument("digest", nargs="?", help="digest of an evidence file, or at least eight digits of it")
    verify = commands.add_parser("verify", help="verify every evidence file: signature, tree, time; exit 1 where one is refused")
    add = commands.add_parser(
        "add", help="take in a report of another tool, or what `recreate --import` wrote on another machine; exit 1 where it does not count"
    )
    add.add_argument(
        "file",
        type=Path,
        help="a report (SARIF, CycloneDX, pip-audit, checkov, trivy, JUnit, garak, promptfoo), or a signed file of another machine",
    )
    for sub in (show, verify, add):
        folder.option(sub)
    return found


def run(argv: list[str]) -> int:
    """Runs `show`, `verify` or `add`."""
    given = parser().parse_args(argv)
    from readiness.runs import inspect

    root = folder.of(given.project)
    if given.command == "add":
        return _add(given.file, root)
    if given.command == "show" and given.digest:
        print(inspect.content(root, given.digest))
        return 0
    now = datetime.now(UTC)
    lines = inspect.inspect(root, now)
    added = _reports(root, now) if given.command == "show" else []
    if not lines and not added:
        print("no evidence here; `readiness check` makes it")
        return 0
    for line in lines:
        state = f"refused: {line.refused}" if line.refused else line.stale or _counts(line)
        if given.command == "show":
            print(f"{line.digest[7:19]}  {line.check:<38} {line.outcome:<15} {line.witness:<9} {state}")
        else:
            print(f"{'✗' if line.refused else '·' if line.stale else '✓'} {line.path}  {state}")
    print(*added, sep="\n", end="\n" if added else "")
    return 1 if given.command == "verify" and any(line.refused for line in lines) else 0


def _reports(root: Path, now: datetime) -> list[str]:
    """A line for each report of another tool: what it is, when it was made, what it found, and whose word it is."""
    from readiness.runs import reports

    return [_report(item) for item in reports.listed(root, now)]


def _report(added: Added) -> str:
    from readiness.sequence.wording import counted

    said = added.said
    state = said.trouble or ("is whole" if added.checks else "is whole, and no check asks for it")
    name = f"{said.report.name} ({said.report.format})"
    return f"report        {name:<38} {counted(added.findings, 'finding'):<15} {said.grade:<9} {said.made_at:%Y-%m-%d %H:%M} UTC; {state}"


def _add(source: Path, root: Path) -> int:
    from readiness.runs import exchange, reports

    data = reports.content(source)
    if reports.is_report(data):
        return _add_report(reports.add(source, data, root))
    result, refused = exchange.add(source, root)
    said = f": {result.reason}" if result.reason else ""
    print(f"{result.result.lower()}{said}, by {result.by}, {result.made_at:%Y-%m-%d %H:%M} UTC")
    print(f"it does not count: it {refused}" if refused else "it counts; `readiness check --only recreated-by-somebody-else` says what for")
    return 1 if refused else 0


def _add_report(added: Added) -> int:
    """What was taken in and whether it counts; 1 where it proves nothing."""
    from readiness.sequence.wording import counted

    said = added.said
    looked = f"{said.report.executed} gone through, " if said.report.executed is not None else ""
    print(f"{said.report.name}, {said.made_at:%Y-%m-%d %H:%M} UTC: {looked}{counted(added.findings, 'finding')}, word of {said.grade}")
    if said.trouble:
        print(f"it does not count: {said.trouble}")
        return 1
    named = added.checks[0].partition(".")[2] if added.checks else ""
    print(f"it is kept; `readiness check --only {named}` says what for" if named else "it is kept; no check asks for it")
    return 0


def _counts(line: Line) -> str:
    return f"counts until {line.expires}" if line.expires else "follows from the evidence here"
