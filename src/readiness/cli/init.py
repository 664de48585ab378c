"""`readiness init`."""

from __future__ import annotations

import argparse
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from readiness.runs.init import Written
    from readiness.runs.init_parts import Part, Yours

_WIDTH: Final = 110
_INDENT: Final = 11


def parser() -> argparse.ArgumentParser:
    """The command line of `init`."""
    found = argparse.ArgumentParser("readiness init", description="Write readiness.toml from what the repository says.")
    found.add_argument("path", nargs="?", type=Path, default=Path(), help="folder of the project (default: here)")
    found.add_argument("--dry-run", action="store_true", help="print the manifest and write nothing")
    return found


def run(argv: list[str]) -> int:
    """Writes or completes the manifest, and says for every layer what is there and what only a person can add."""
    given = parser().parse_args(argv)
    from readiness.runs import init

    for root in init.folders(given.path):
        written = init.init(root, dry=given.dry_run)
        if given.dry_run:
            print(written.text, end="")
        # what is told about a manifest that is printed must not end up in it
        print("\n".join(_told(written, dry=given.dry_run)), file=sys.stderr if given.dry_run else sys.stdout)
    return 0


def _told(written: Written, *, dry: bool) -> list[str]:
    from readiness.sequence.wording import counted

    keys = counted(len(written.added), "key")
    said = f"{'would get' if dry else 'got'} {keys}" if written.added else "nothing to add"
    lines = [f"{written.path}: {said}"]
    for part in written.parts:
        lines += _part(part, dry=dry)
    if any(part.yours for part in written.parts):
        lines.append("yours is what only a person can say; a line in <…> is refused until something stands in its place")
    return [*lines, "next: readiness check"]


def _part(part: Part, *, dry: bool) -> list[str]:
    lines = [part.title]
    for text in part.written:
        lines += _line("would be" if dry else "written", text)
    for text in part.found:
        lines += _line("found", text)
    for item in part.yours:
        lines += _yours(item)
    return lines


def _yours(item: Yours) -> list[str]:
    from readiness.config.manifest import NAME

    if item.command:
        return [*_line("yours", item.why), f"{' ' * _INDENT}$ {item.command}"]
    place = "" if item.file == NAME or not item.file else f"{item.file}: "
    return _line("yours", f"{place}{item.line}{'   ' if item.line else ''}{item.why}")


def _line(name: str, text: str) -> list[str]:
    wrapped = textwrap.wrap(text, _WIDTH - _INDENT, break_long_words=False, break_on_hyphens=False) or [""]
    return [f"  {name:<{_INDENT - 2}}{wrapped[0]}", *(f"{' ' * _INDENT}{line}" for line in wrapped[1:])]
