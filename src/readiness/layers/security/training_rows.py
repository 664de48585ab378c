"""Rows of training data: read from a file, and compared with those of the version that was approved."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readiness.errors import Refused

Row = tuple[str, ...]
MOST_BYTES: Final = 256 << 20
"""Files beyond this are compared by their digest alone."""
_SEPARATORS: Final = (",", ";", "\t", "|")
_KEYS: Final = ("id", "key", "uuid", "guid")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with the names of their columns; every value as text, a missing one empty."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def column(self, name: str) -> int:
        """Where a column stands; -1 where there is none of that name."""
        return self.columns.index(name) if name in self.columns else -1


def read(path: Path, name: str) -> Table | str:
    """The rows of the file at `path`, its form told by `name`; why they cannot be told apart where they cannot."""
    suffix = name.rpartition(".")[2].lower()
    try:
        if path.stat().st_size > MOST_BYTES:
            return f"it is longer than {MOST_BYTES >> 20} MiB"
        if suffix in ("csv", "tsv"):
            return _csv(path, suffix)
        if suffix in ("jsonl", "ndjson", "json"):
            return _json(path.read_text(encoding="utf-8-sig"), suffix)
        if suffix == "parquet":
            return _parquet(path)
    except (OSError, ValueError, csv.Error, Refused, RecursionError) as error:
        return f"it cannot be read as {suffix}: {error}"
    return "it is no file of rows that is read here"


def _csv(path: Path, suffix: str) -> Table | str:
    with path.open(encoding="utf-8-sig", newline="") as handle:
        first = handle.readline()
        handle.seek(0)
        separator = "\t" if suffix == "tsv" else max(_SEPARATORS, key=first.count)
        rows = [tuple(row) for row in csv.reader(handle, delimiter=separator) if row]
    if not rows:
        return "it is empty"
    columns, body = rows[0], rows[1:]
    odd = next((index for index, row in enumerate(body, start=2) if len(row) != len(columns)), 0)
    return f"row {odd} has other columns than the first" if odd else Table(columns, tuple(body))


def _json(text: str, suffix: str) -> Table | str:
    items = json.loads(text) if suffix == "json" else [json.loads(line) for line in text.splitlines() if line.strip()]
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        return "it holds no list of objects"
    columns = tuple(dict.fromkeys(key for item in items for key in item))
    return Table(columns, tuple(tuple(_text(item.get(name)) for name in columns) for item in items))


def _parquet(path: Path) -> Table:
    from readiness.layers.security import render_training
    from readiness.world.duckdb import Duck

    with Duck([path]) as duck:
        columns = tuple(str(row[0]) for row in duck.rows(render_training.described(str(path))))
        return Table(columns, tuple(tuple(_text(value) for value in row) for row in duck.rows(render_training.parquet(str(path)))))


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of the rows of a file: how many came, went and changed (told by `key`, empty without one).

    `came` and `went` are the rows themselves, those that changed included, in the columns both versions have.
    """

    added: int
    removed: int
    changed: int
    key: str
    columns_added: tuple[str, ...]
    columns_removed: tuple[str, ...]
    common: tuple[str, ...]
    came: tuple[Row, ...]
    went: tuple[Row, ...]


def moved(before: Table, after: Table) -> Moved:
    """The difference of two versions of a file, as rows: their order does not count, how often one is there does.

    Rows are compared in the columns both have; where they share a column of keys, a row whose key stayed has changed.
    """
    common = tuple(name for name in before.columns if name in after.columns)
    old, new = Counter(within(before, common)), Counter(within(after, common))
    came, went = tuple((new - old).elements()), tuple((old - new).elements())
    named = key(before, after, common)
    at = common.index(named) if named else -1
    changed = len({row[at] for row in came} & {row[at] for row in went}) if named else 0
    return Moved(
        len(came) - changed, len(went) - changed, changed, named,
        tuple(name for name in after.columns if name not in before.columns),
        tuple(name for name in before.columns if name not in after.columns), common, came, went,
    )  # fmt: skip


def within(table: Table, columns: tuple[str, ...]) -> list[Row]:
    """The rows of a table in some of its columns."""
    places = [table.columns.index(name) for name in columns]
    return [tuple(row[place] for place in places) for row in table.rows]


def key(before: Table, after: Table, common: tuple[str, ...]) -> str:
    """The first column named like a key whose values all differ in each of two tables; empty where there is none."""
    for name in common:
        if name.lower().replace("-", "_").rpartition("_")[2] not in _KEYS:
            continue
        if all(len({row[table.column(name)] for row in table.rows}) == len(table.rows) for table in (before, after)):
            return name
    return ""
