"""Rows for tables nobody filled, made to fit what the catalogue says of them, and what became of rows meanwhile."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from readiness.layers.infrastructure import render_rows
from readiness.world import fillable
from readiness.world.borrowed import Complaint, Owner
from readiness.world.fillable import Column, Table
from readiness.world.tables import Tables

ROWS: Final = 3
"""How many rows are put into each table."""
TRIES: Final = 80
"""How many rows are tried before a table's checks count as too many to meet."""
_VIOLATED: Final = "23514"
_TEXTS: Final = frozenset({"text", "varchar", "bpchar", "citext", "name"})
_NUMBERS: Final = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid"})
_SHAPES: Final = (
    "a{k}", "A{k}", "{k}", "{k:064x}", "{k:040x}", "{k:032x}", "a{k}@example.org", "https://example.org/{k}", "2026-01-0{k}",
    "00000000-0000-4000-8000-{k:012d}", "+4930123456{k}", "EUR", "DE", "en", "A{k}B", "a-{k}", "a_{k}", "Aa1!aaaa{k}",
)  # fmt: skip
"""Texts of the forms that checks by pattern ask for most."""
_OTHERS: Final = {
    "bool": ("{odd}",), "date": ("2026-01-0{k}",), "timestamp": ("2026-01-0{k} 12:00:00",), "timestamptz": ("2026-01-0{k} 12:00:00+00",),
    "time": ("12:0{k}:00",), "timetz": ("12:0{k}:00+00",), "interval": ("{k} hours",), "uuid": ("00000000-0000-4000-8000-{k:012d}",),
    "json": ('{{"k": {k}}}', "[{k}]"), "jsonb": ('{{"k": {k}}}', "[{k}]"), "bytea": ("\\x0{k}",), "inet": ("192.0.2.{k}",),
    "cidr": ("192.0.2.{k}/32",), "macaddr": ("00:00:5e:00:53:0{k}",), "tsvector": ("word{k}",), "xml": ("<a>{k}</a>",),
    "point": ("({k},{k})",), "int4range": ("[{k},9)",), "int8range": ("[{k},9)",), "numrange": ("[{k},9)",),
    "daterange": ("[2026-01-0{k},2026-02-01)",), "tstzrange": ("[2026-01-0{k},2026-02-01)",), "tsrange": ("[2026-01-0{k},2026-02-01)",),
    "hstore": ("k=>{k}",), "ltree": ("a.b{k}",),
}  # fmt: skip
"""A value of each other type, by the number of the row."""


@dataclass(frozen=True, slots=True)
class Filled:
    """How many rows were put into each table, and why a table stayed empty."""

    counts: Mapping[str, int]
    empty: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Loss:
    """What became of the rows of a table: the column it is about, empty for whole rows."""

    table: str
    column: str
    text: str


Kept = Mapping[str, tuple[tuple[str, ...], tuple[Mapping[str, Any], ...]]]
"""The rows of every table: its primary key, and each row as JSON."""


def fill(url: str, reader_url: str, left_out: frozenset[str]) -> Filled:
    """Puts rows into every table but those `left_out`, parents first; a table that has rows already gets them all the same."""
    counts, empty = dict[str, int](), dict[str, str]()
    with Owner(url) as owner, _unbound(owner, reader_url):
        for table in _in_order([item for item in fillable.tables(reader_url) if item.words not in left_out]):
            made, reason = _put(owner, table)
            counts[table.words] = made
            if not made:
                empty[table.words] = reason
    return Filled(counts, empty)


@contextmanager
def _unbound(owner: Owner, reader_url: str) -> Iterator[None]:
    """Lets the owner put rows into tables whose row security binds it too, and binds it again: the schema is then as it was."""
    with Tables(reader_url) as tables:
        bound = [(str(schema), str(name)) for schema, name in tables.rows(render_rows.BOUND)]
    try:
        for schema, name in bound:
            owner.run(render_rows.binding(schema, name, on=False))
        yield
    finally:
        for schema, name in bound:
            owner.run(render_rows.binding(schema, name, on=True))


def _in_order(tables: Sequence[Table]) -> list[Table]:
    """Tables after those they refer to, as far as they do not refer to each other in a ring."""
    left, done = list(tables), list[Table]()
    while left:
        ready = [item for item in left if not any(_waits(item, other) for other in left)] or left[:1]
        done += ready
        left = [item for item in left if item not in ready]
    return done


def _waits(table: Table, other: Table) -> bool:
    return other is not table and any((key.schema, key.table) == (other.schema, other.name) for key in table.refers)


def _put(owner: Owner, table: Table) -> tuple[int, str]:
    made, reason = 0, ""
    for number in range(1, ROWS + 1):
        complaint = _row(owner, table, number, defaults=False)
        if complaint is not None:
            complaint = _row(owner, table, number, defaults=True)
        made += complaint is None
        reason = reason or (complaint.message if complaint is not None else "")
    return made, reason


def _row(owner: Owner, table: Table, number: int, *, defaults: bool) -> Complaint | None:
    """Puts one row; a check that complains is given other values of its columns. The last complaint where none would do."""
    chosen = {column.name: 0 for column in table.columns}
    options = {column.name: candidates(column, table, number) for column in table.columns}
    complaint: Complaint | None = None
    for _ in range(TRIES):
        complaint = owner.run(render_rows.inserted(table, _values(table, number, options, chosen, defaults=defaults)))
        if complaint is None or complaint.state != _VIOLATED or not _next(table, complaint.constraint, options, chosen):
            return complaint
    return complaint


def _values(
    table: Table, number: int, options: Mapping[str, Sequence[str]], chosen: Mapping[str, int], *, defaults: bool
) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in table.columns:
        if column.made or column.counted or (defaults and column.default):
            continue
        key = next((item for item in table.refers if column.name in item.columns), None)
        if key is not None and (key.schema, key.table) == (table.schema, table.name):
            continue  # the first row of a tree has nothing above it
        if key is not None:
            found[column.name] = render_rows.referred(key, column.name, number - 1)
        elif options[column.name]:
            found[column.name] = render_rows.literal(options[column.name][chosen[column.name]], column)
    return found


def _next(table: Table, constraint: str, options: Mapping[str, Sequence[str]], chosen: dict[str, int]) -> bool:
    """Moves the columns of a check on to their next values, as an odometer does; False once all were tried."""
    columns = next((check.columns for check in table.checks if check.name == constraint), ())
    for name in columns:
        if chosen[name] + 1 < len(options[name]):
            chosen[name] += 1
            return True
        chosen[name] = 0
    return False


def candidates(column: Column, table: Table, number: int) -> list[str]:
    """Values for a column of the row of that number, the likeliest first; none where its type is not known."""
    base = column.element or column.base
    said = " ".join(check.text for check in table.checks if column.name in check.columns)
    if column.labels:
        return [column.labels[(number - 1) % len(column.labels)], *column.labels]
    if base in _TEXTS:
        quoted = [item.replace("''", "'") for item in re.findall(r"'((?:[^']|'')*)'", said)]
        named = [*quoted[number - 1 :], *quoted[: number - 1]]
        shapes = [shape.format(k=number) for shape in _SHAPES] if said else []
        return [_cut(item, column) for item in dict.fromkeys([*named, f"{column.name}-{number}", *shapes])]
    if base in _NUMBERS:
        return _numbers(column, said, number)
    if base in ("vector", "halfvec"):
        size = max(1, column.modifier)
        return ["[" + ",".join(str((number + place) % 7 + 1) for place in range(size)) + "]"]
    if base in ("bit", "varbit"):
        return [format(number, "b").rjust(max(1, column.modifier), "0")[-max(1, column.modifier) :]]
    return [shape.format(k=number, odd="true" if number % 2 else "false") for shape in _OTHERS.get(base, ())]


def _cut(value: str, column: Column) -> str:
    """The end of a text that fits, since the end tells it from others."""
    return value[-(column.modifier - 4) :] if column.base in ("varchar", "bpchar") and column.modifier > 4 else value


def _numbers(column: Column, said: str, number: int) -> list[str]:
    scale = (column.modifier - 4) & 0x7FF if column.base == "numeric" and column.modifier > 4 else 0
    digits = (column.modifier - 4) >> 16 if column.base == "numeric" and column.modifier > 4 else 9
    plain = [f"0.{number}"] if scale and digits <= scale else [str(number)]
    limits = sorted({float(item) for item in re.findall(r"-?\d+(?:\.\d+)?", said)})
    between = [low + (high - low) * number / (ROWS + 1) for low, high in pairwise(limits)]
    near = [value for limit in limits for value in (limit, limit + number, limit - number, limit / 2)]
    return list(dict.fromkeys([*plain, *(f"{value:g}" for value in (*between, *near)), "0", "1", "0.5", "-1", "100"]))


def kept(url: str, left_out: frozenset[str]) -> Kept:
    """The rows of every table but those `left_out`. Raises Refused where they cannot be read."""
    tables = [item for item in fillable.tables(url) if item.words not in left_out]
    with Tables(url) as database:
        return {item.words: (item.key, tuple(json.loads(str(row[0])) for row in database.rows(render_rows.every(item)))) for item in tables}


def losses(before: Kept, after: Kept) -> tuple[Loss, ...]:
    """What is gone of the rows there were, or is another value than it was; rows that came meanwhile are none."""
    found: list[Loss] = []
    for table, (key, rows) in sorted(before.items()):
        if rows and table not in after:
            found.append(Loss(table, "", f"all {len(rows)} rows of table {table} are lost"))
        elif rows:
            found += _by_key(table, key, rows, after[table][1]) if key else _by_column(table, rows, after[table][1])
    return tuple(found)


def _by_key(table: str, key: tuple[str, ...], rows: Sequence[Mapping[str, Any]], later: Sequence[Mapping[str, Any]]) -> list[Loss]:
    now = {_digest([row.get(part) for part in key]): row for row in later}
    pairs = [(row, now.get(_digest([row.get(part) for part in key]))) for row in rows]
    lost = sum(other is None for _, other in pairs)
    found = [Loss(table, "", f"{lost} of {len(rows)} rows of table {table} are lost")] if lost else []
    for column in rows[0]:
        there = [(row[column], other) for row, other in pairs if other is not None]
        gone = sum(value is not None and other.get(column) is None for value, other in there)
        changed = sum(value != other.get(column) for value, other in there) - gone
        found += _told(table, column, gone, changed, len(rows))
    return found


def _by_column(table: str, rows: Sequence[Mapping[str, Any]], later: Sequence[Mapping[str, Any]]) -> list[Loss]:
    """The same for a table without a key, whose rows nothing tells apart but what they hold."""
    if not Counter(map(_digest, rows)) - Counter(map(_digest, later)):
        return []
    if len(later) < len(rows):
        lost = len(rows) - len(later)
        return [Loss(table, "", f"{lost} of {len(rows)} rows of table {table} are lost")]
    found = []
    for column in rows[0]:
        gone = Counter(_digest(row[column]) for row in rows) - Counter(_digest(row.get(column)) for row in later)
        emptied = any(row.get(column) is None for row in later) and not any(row[column] is None for row in rows)
        count = sum(gone.values())
        found += _told(table, column, count if emptied else 0, 0 if emptied else count, len(rows))
    return found or [Loss(table, "", f"rows of table {table} are put together differently")]


def _told(table: str, column: str, gone: int, changed: int, total: int) -> list[Loss]:
    found = [Loss(table, column, f"{gone} of {total} values of {table}.{column} are lost")] if gone else []
    return [*found, *([Loss(table, column, f"{changed} of {total} values of {table}.{column} are changed")] if changed else [])]


def _digest(value: Any) -> str:  # any JSON value
    return json.dumps(value, sort_keys=True)
