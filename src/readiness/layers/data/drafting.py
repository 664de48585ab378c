"""The beginning of a data contract, in the Open Data Contract Standard 3.1, of what can be seen in a file of rows.

It is no contract yet: what only a person can say stands as `<…>`, which is refused where contracts are read, and what is
merely a guess says so in a comment.
"""

from __future__ import annotations

import re
from typing import Final

import yaml

from readiness.layers.data.infer import Inferred, Seen
from readiness.sequence.wording import counted

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_WORDS: Final = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null"})
"""What YAML takes for something else than a text."""


def text(inferred: Inferred, name: str, owners: tuple[str, ...], said_by: str) -> str:
    """The contract as YAML. `owners` are those that `said_by` gives the file to; without any, somebody has to be named."""
    rows = counted(inferred.rows, "row")
    seen = f"What can be seen in {rows}; what" if inferred.columns else "What"
    return "\n".join([
        f"# {seen} stands in <…> only a person can say, and a guess is to be confirmed or taken out.",
        "apiVersion: v3.1.0",
        "kind: DataContract",
        f"id: {_scalar(name)}",
        "name: <what one row is>",
        "version: 0.1.0",
        "status: draft",
        *_server(inferred),
        "team:",
        *_team(owners, said_by),
        "schema:",
        f"  - name: {_scalar(name)}",
        "    logicalType: object",
        "    properties:",
        *(line for column in inferred.columns for line in _property(column, rows)),
        *([] if inferred.columns else ["      - name: <column>"]),
        "",
    ])  # fmt: skip


def _server(inferred: Inferred) -> list[str]:
    if not inferred.columns:
        return []  # a table is found by its name in the demo's database
    place = [f"    path: {_scalar(inferred.file)}", f"    format: {inferred.format}"]
    return ["servers:", "  - server: repository", "    type: local", *place]


def _team(owners: tuple[str, ...], said_by: str) -> list[str]:
    if not owners:
        return ["  - username: <who answers for this data>", "    role: owner"]
    return [line for owner in owners for line in (f"  - username: {_scalar(owner)}  # {said_by}", "    role: owner")]


def _property(column: Seen, rows: str) -> list[str]:
    lines = [f"      - name: {_scalar(column.name)}"]
    if column.logical:
        lines.append(f"        logicalType: {column.logical}")
    else:
        lines[0] += f"  # no value in {rows}: its type cannot be seen"
    if column.physical:
        lines.append(f"        physicalType: {_scalar(column.physical)}")
    if column.required:
        lines.append("        required: true")
    if column.key:
        lines.append("        unique: true  # a guess: every value differs, and it stands where a key does")
    return lines


def _scalar(text: str) -> str:
    """A text as YAML writes it: plain where nothing else can be read there, else in quotes."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else yaml.safe_dump(text, default_style='"', width=1_000_000).strip()
