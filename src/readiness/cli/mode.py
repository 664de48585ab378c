"""`readiness mode`."""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from readiness.cli import folder
from readiness.errors import UsageError
from readiness.sequence.mode import Declaration, Mode

if TYPE_CHECKING:
    from readiness.runs.mode import Shown


def parser() -> argparse.ArgumentParser:
    """The command line of `mode`."""
    found = argparse.ArgumentParser(
        "readiness mode", description="Show how far a project says it goes and what that asks for, or change it on purpose."
    )
    found.add_argument("mode", nargs="?", choices=[mode.value for mode in Mode], help="the new mode; without it the mode is shown")
    found.add_argument("--until", metavar="DATE", help="last day of a mode other than production, like 2026-12-20")
    found.add_argument("--reason", default="", metavar="TEXT", help="why the sequence is skipped")
    found.add_argument("--owner", default="", metavar="PERSON", help="who answers for that")
    folder.option(found)
    return found


def run(argv: list[str]) -> int:
    """Shows or changes the mode; 1 where it has ended or something it asks for is seen not to be so."""
    given = parser().parse_args(argv)
    from readiness.runs import mode

    root = folder.of(given.project)
    today = datetime.now(UTC).date()
    if given.mode is None:
        if given.until or given.reason or given.owner:
            raise UsageError("no mode was named", "`readiness mode research --until DATE …` changes it")
        found = mode.show(root, today)
    else:
        found = mode.change(root, Declaration(Mode(given.mode), _day(given.until), given.reason, given.owner), today)
        print(f"{root / 'readiness.toml'}: {given.mode} mode")
    print(_text(found))
    return int(found.expired or any(item.outcome == "fails" for item in found.conditions))


def _day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"`--until` must be a date like 2026-12-20, got `{text}`", "write year, month and day") from None


def _text(found: Shown) -> str:
    from readiness.cli.text import MARKS

    mode = found.declared
    until = f" until {mode.until}" if mode.until else ""
    lines = [f"{mode.mode}{until}"]
    lines += [f"  {MARKS[item.outcome]} {item.what:<24} {item.text}" for item in found.conditions]
    if mode.mode is not Mode.PRODUCTION:
        lines.append("  Whatever is proven in this mode, it is never approved for production.")
    if found.warning:
        lines.append(f"  note  {found.warning}")
    return "\n".join(lines).encode("utf-8", "replace").decode()
