"""Renders what plants a violation in a copy of the data: one row more, every row changed, rows gone."""

# ruff: noqa: S608  rendering SQL is what this module is for; names and values are quoted by render_text
from __future__ import annotations

import json

from readiness.layers.data.dialect import Column, Form, Relation
from readiness.layers.data.render_text import name, number, text


def copied(relation: Relation, table: str, limit: int) -> str:
    """A copy of the first rows of a relation, without any constraint of the original."""
    kind = "TEMP TABLE" if relation.form is Form.POSTGRES else "TABLE"
    columns = ", ".join(relation.raw)
    return f"CREATE {kind} {name(table)} AS SELECT {columns} FROM {relation.base} AS source LIMIT {limit}"


def literal(value: object, column: Column, form: Form) -> str:
    """A value as it would stand in a column of this source. Raises Refused where there is no such literal."""
    if form is Form.CSV:
        shown = json.dumps(value) if isinstance(value, list) else str(value)
        return "NULL" if value is None else text(shown, form)
    if value is None:
        return "NULL"
    if isinstance(value, list):
        items = ", ".join(number(item) for item in value)
        return f"CAST({'ARRAY' if form is Form.POSTGRES else ''}[{items}] AS {column.type})"
    plain = number(value) if isinstance(value, int | float) and not isinstance(value, bool) else text(str(value), form)
    return f"CAST({plain} AS {column.type})"


def patch(value: object, path: tuple[str, ...]) -> str:
    """A JSON merge patch that puts a value at a path, or takes away what is there where the value is None."""
    inner = value
    for part in reversed(path):
        inner = {part: inner}
    return text(json.dumps(inner))


def inserted(relation: Relation, changes: dict[str, str], copies: int, *, empty: bool) -> str:
    """Adds `copies` rows like the first one with some raw columns changed; rows of nulls where there is none to be like."""
    chosen = ", ".join(changes.get(raw, raw) for raw in relation.raw)
    if empty:
        blank = ", ".join(changes.get(raw, "CAST('{}' AS JSON)" if raw == "r" else "NULL") for raw in relation.raw)
        chosen = blank.replace("json_merge_patch(r,", "json_merge_patch('{}',")
        return f"INSERT INTO {relation.base} SELECT {chosen} FROM generate_series(1, {copies}) AS series(i)"
    like = f"(SELECT * FROM {relation.base} LIMIT 1) AS one"
    return f"INSERT INTO {relation.base} SELECT {chosen} FROM {like}, generate_series(1, {copies}) AS series(i)"


def repeated(relation: Relation, filled: str) -> str:
    """Adds a copy of one row that fills a predicate."""
    return f"INSERT INTO {relation.base} SELECT {', '.join(relation.raw)} FROM {relation.base} AS source WHERE {filled} LIMIT 1"


def changed(relation: Relation, changes: dict[str, str]) -> str:
    """Changes raw columns of every row."""
    return f"UPDATE {relation.base} SET {', '.join(f'{raw} = {value}' for raw, value in changes.items())}"


def removed(relation: Relation, predicate: str = "") -> str:
    """Removes every row, or those that fill a predicate."""
    return f"DELETE FROM {relation.base}" + (f" WHERE {predicate}" if predicate else "")


def doubled(relation: Relation) -> str:
    """Adds every row once more."""
    return f"INSERT INTO {relation.base} SELECT * FROM {relation.base}"


def typed_copy(called: str, table: str, limit: int) -> str:
    """A copy of the view that SQL rules see."""
    return f"CREATE TABLE {name(table)} AS SELECT * FROM {name(called)} LIMIT {limit}"


def described(table: str) -> str:
    """The columns of a table of DuckDB."""
    return f"DESCRIBE SELECT * FROM {name(table)}"


def spoilt(column: Column) -> list[str]:
    """Expressions that spoil a column one way after another, for rules whose meaning is not known."""
    sql = column.sql
    if column.kind in ("integer", "number"):
        return ["NULL", f"-abs({sql}) - 1", f"abs({sql}) * 10 + 1000", "0"]
    if column.kind == "string":
        return ["NULL", "''", "'readiness'"]
    return ["NULL"]


def dropped(base: str) -> str:
    """Takes a copy away."""
    return f"DROP TABLE {base}"


def view_of(called: str, table: str) -> str:
    """Gives a view a copy to look at."""
    return f"CREATE OR REPLACE VIEW {name(called)} AS SELECT * FROM {name(table)}"
