"""`readiness data`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from readiness.cli import folder

if TYPE_CHECKING:
    from readiness.runs.data import Draft
    from readiness.runs.data_sign import Options


def parser() -> argparse.ArgumentParser:
    """The command line of `data`."""
    found = argparse.ArgumentParser("readiness data", description="Write contracts of data, and sign what models learn from.")
    commands = found.add_subparsers(dest="command", required=True, metavar="infer|sign")
    infer = commands.add_parser("infer", help="write what can be seen of a contract: columns, types, what is never missing")
    files = "a file of rows (csv, tsv, json, jsonl, ndjson, parquet), a folder of documents, or a glob in quotes"
    infer.add_argument("file", nargs="*", help=files)
    table = "a table of the demo's database, whose columns are left to you"
    infer.add_argument("--table", action="append", default=[], metavar="NAME", help=table)
    folder.option(infer)
    infer.add_argument("--dry-run", action="store_true", help="print the contract and write nothing")
    sign = commands.add_parser("sign", help="sign the training data you looked at, or say what changed since it was signed")
    sign.add_argument("glob", nargs="*", metavar="GLOB", help="training data (default: `training` in [security])")
    sign.add_argument("--diff", action="store_true", help="write nothing: say what changed since it was signed, and what to look at")
    sign.add_argument("--as", dest="by", default="", metavar="PERSON", help="who approves, `Ada <ada@example.org>` (default: who git says)")
    sign.add_argument("--note", default="", help="a sentence that is signed with it")
    sign.add_argument("--label", default="", metavar="COLUMN", help="the column of labels (default: one called label, target, class, …)")
    sign.add_argument("--format", choices=("text", "json"), default="text", help="what standard output gets (default: text)")
    folder.option(sign)
    return found


def run(argv: list[str]) -> int:
    """Writes contracts, or signs training data, and says what is left to a person."""
    given = parser().parse_args(argv)
    return _sign(given) if given.command == "sign" else _infer(given)


def _sign(given: argparse.Namespace) -> int:
    """0 where the data is signed, or is as it was approved; 1 where `--diff` finds a difference or a doubt."""
    from datetime import UTC, datetime

    from readiness.cli import data_text
    from readiness.runs import data_sign

    root, options = folder.of(given.project), _options(given)
    if given.diff:
        found = data_sign.compare(root, options)
        print(data_text.to_json(found) if given.format == "json" else data_text.compared(found))
        return 0 if found.same and not found.doubt else 1
    signed = data_sign.sign(root, options, datetime.now(UTC))
    print(data_text.signed_json(signed) if given.format == "json" else data_text.signed(signed))
    return 0


def _options(given: argparse.Namespace) -> Options:
    from readiness.runs.data_sign import Options

    return Options(tuple(given.glob), given.by, given.note, given.label)


def _infer(given: argparse.Namespace) -> int:
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
