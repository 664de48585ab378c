"""`readiness data`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from readiness.cli import folder

if TYPE_CHECKING:
    from readiness.runs.data import Draft


def parser() -> argparse.ArgumentParser:
    """The command line of `data`."""
    found = argparse.ArgumentParser("readiness data", description="Write the beginning of a contract for files of rows.")
    commands = found.add_subparsers(dest="command", required=True, metavar="infer")
    infer = commands.add_parser("infer", help="write what can be seen of a contract: columns, types, what is never missing")
    files = "a file of rows (csv, tsv, json, jsonl, ndjson, parquet), a folder of documents, or a glob in quotes"
    infer.add_argument("file", nargs="*", help=files)
    table = "a table of the demo's database, whose columns are left to you"
    infer.add_argument("--table", action="append", default=[], metavar="NAME", help=table)
    folder.option(infer)
    infer.add_argument("--dry-run", action="store_true", help="print the contract and write nothing")
    return found


def run(argv: list[str]) -> int:
    """Writes a draft for each file, and says what is left to a person."""
    given = parser().parse_args(argv)
    from readiness.errors import UsageError
    from readiness.runs import data

    if not given.file and not given.table:
        raise UsageError("nothing is named", "readiness data infer FILE")
    for draft in data.infer_all(folder.of(given.project), given.file, given.table, dry=given.dry_run):
        print(draft.text if given.dry_run else "\n".join(_told(draft)), end="" if given.dry_run else "\n")
    return 0


def _told(draft: Draft) -> list[str]:
    from readiness.sequence.wording import counted

    seen = draft.inferred
    what = f"{counted(len(seen.columns), 'column')} of {seen.file}, {counted(seen.rows, 'row')}" if seen.columns else f"table {seen.file}"
    lines = [f"{draft.path}: {what}"]
    lines.append("  yours    name: what one row is; until that is said it is refused")
    if not draft.owned:
        lines.append("  yours    team: who answers for this data; CODEOWNERS gives the file to nobody")
    if not seen.columns:
        lines.append("  yours    properties: its columns, which nobody looked at")
    lines += [f"  guessed  {column.name} is unique: confirm it, or take it out" for column in seen.columns if column.key]
    return [*lines, "  next     readiness check --only contracts-hold"]
