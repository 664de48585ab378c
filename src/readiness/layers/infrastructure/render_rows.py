"""Renders what puts a row into a table, and what reads every row of it."""

# ruff: noqa: S608  rendering SQL is what this module is for; every name and value is quoted here
from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from readiness.world.fillable import Column, Reference, Table


def name(text: str) -> str:
    """An identifier."""
    return '"' + text.replace('"', '""') + '"'


def text(value: str) -> str:
    """A literal."""
    return "'" + value.replace("'", "''") + "'"


def placed(schema: str, table: str) -> str:
    """A table with its schema."""
    return f"{name(schema)}.{name(table)}"


def literal(value: str, column: Column) -> str:
    """A value of a column's type; of an array the one item of it."""
    if column.element:
        return f"ARRAY[{text(value)}]::{column.type}"
    return f"{text(value)}::{column.type}"


def referred(reference: Reference, column: str, number: int) -> str:
    """The value that a column takes to refer to the row of that number, from 0; NULL where there is no such row."""
    target = reference.to[reference.columns.index(column)]
    order = ", ".join(name(other) for other in reference.to)
    return f"(SELECT {name(target)} FROM {placed(reference.schema, reference.table)} ORDER BY {order} OFFSET {number} LIMIT 1)"


BOUND: Final = (
    "SELECT space.nspname::text, class.relname::text FROM pg_class class JOIN pg_namespace space ON space.oid = class.relnamespace "
    "WHERE class.relforcerowsecurity ORDER BY 1, 2"
)
"""The tables whose row security binds their owner as well."""


def binding(schema: str, table: str, *, on: bool) -> str:
    """Binds the owner of a table by its row security, or no longer."""
    return f"ALTER TABLE {placed(schema, table)} {'' if on else 'NO '}FORCE ROW LEVEL SECURITY"


def inserted(table: Table, values: Mapping[str, str]) -> str:
    """One row with the given columns; every other takes its default."""
    where = placed(table.schema, table.name)
    if not values:
        return f"INSERT INTO {where} DEFAULT VALUES"
    return f"INSERT INTO {where} ({', '.join(name(column) for column in values)}) VALUES ({', '.join(values.values())})"


def every(table: Table) -> str:
    """Every row as JSON."""
    return f"SELECT to_jsonb(t)::text FROM {placed(table.schema, table.name)} AS t"
