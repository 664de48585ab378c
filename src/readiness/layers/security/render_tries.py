"""Renders the statements that are tried with the rights of a role: such as touch no row, and such as touch a single one.

A statement is refused before it looks at any row, so one that touches none shows a privilege; row security shows in how
many rows one touches.
"""

# ruff: noqa: S608  rendering SQL is what this module is for; names are quoted, values bound
from __future__ import annotations

from collections.abc import Sequence

from readiness.layers.security.binding import TableFacts
from readiness.layers.security.render_access import on
from readiness.layers.security.render_condition import identifier

HANDLE = "(tableoid::oid::text || ' ' || ctid::text)"
"""What tells a row from every other while nobody writes: its partition and its place in it."""


def touching_none(table: TableFacts, verb: str, column: str = "") -> str:
    """A statement that needs one privilege, on one column where that is how it is given, and touches no row."""
    where, name = on(table), identifier(column)
    texts = {
        "select": f"select {name} from {where} limit 0",
        "insert": f"insert into {where} ({name}) overriding system value select null where false",
        "update": f"update {where} set {name} = default where false",
        "delete": f"delete from {where} where false",
        "truncate": f"truncate {where}",
    }
    return texts[verb]


def sampled(table: TableFacts, columns: Sequence[str], most: int, rare: int) -> str:
    """A bounded sample of rows, the same each time for a `%(seed)s`: of each its handle, its key as text, and itself as JSON.

    Besides a draw over all rows it takes such as have the rarest values of each of the columns, up to three of a value and
    `rare` of a column.
    """
    where = _on(table)
    key = f"asked.{_name(table.key[0])}::text" if len(table.key) == 1 else HANDLE
    drawn = f"select ctid, tableoid from {where} order by md5({HANDLE} || %(seed)s::text) limit {most}"
    chosen = " union ".join(f"({text})" for text in (drawn, *(_rarest(where, name, rare) for name in columns)))
    return (
        f"select {HANDLE}, {key}, to_jsonb(asked) from {where} as asked "
        f"where (asked.ctid, asked.tableoid) in (select ctid, tableoid from ({chosen}) as chosen) order by 1"
    )


def _rarest(where: str, column: str, most: int) -> str:
    name = _name(column)
    inner = (
        f"select ctid, tableoid, row_number() over (partition by {name} order by md5({HANDLE} || %(seed)s::text)) as place, "
        f"count(*) over (partition by {name}) as often from {where}"
    )
    return f"select ctid, tableoid from ({inner}) as counted where place <= 3 order by often, ctid limit {most}"


def _on(table: TableFacts) -> str:
    """A table in a text with values to be bound, in which a per cent sign stands for itself only where there are two."""
    return on(table).replace("%", "%%")


def _name(column: str) -> str:
    return identifier(column).replace("%", "%%")


def count(table: TableFacts) -> str:
    """How many rows a table has, to whoever asks."""
    return f"select count(*) from {on(table)}"


def seen(table: TableFacts) -> str:
    """Which of `%(handles)s` are shown."""
    return f"select {HANDLE} from {_on(table)} where {HANDLE} = any (%(handles)s)"


def updating(table: TableFacts, column: str) -> str:
    """Writes a row as it is."""
    return f"update {_on(table)} set {_name(column)} = {_name(column)} where {HANDLE} = %(handle)s"


def deleting(table: TableFacts) -> str:
    """Removes a row."""
    return f"delete from {_on(table)} where {HANDLE} = %(handle)s"


def clearing(table: TableFacts) -> str:
    """Removes every row."""
    return f"delete from {on(table)}"


def inserting(table: TableFacts, columns: Sequence[str]) -> str:
    """Writes a row again, as `%(row)s` has it in JSON."""
    names = ", ".join(_name(name) for name in columns)
    return (
        f"insert into {_on(table)} ({names}) overriding system value select {names} from jsonb_populate_record(null::{_on(table)}, %(row)s)"
    )
