"""Renders what is asked of a table with vectors: its rows, its tenants, and the nearest to a vector as an application asks for them."""

# ruff: noqa: S608  rendering SQL is what this module is for; names are quoted, values bound or quoted
from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from readiness.layers.security.render_condition import identifier
from readiness.layers.security.render_tries import HANDLE

NAME: Final = "readiness_retrieval"
EXACT: Final = "set local enable_indexscan = off; set local enable_indexonlyscan = off"
"""No index tells what is near."""
INDEXED: Final = "set local enable_seqscan = off; set local enable_bitmapscan = off; set local enable_sort = off"
"""The index for nearest neighbours is taken where the query can take it, as it is where a table is large."""


def table(schema: str, name: str) -> str:
    """A table as SQL names it."""
    return f"{identifier(schema)}.{identifier(name)}"


def drawn(where: str, column: str, most: int) -> str:
    """Vectors of a table to ask with, the same each time, as texts."""
    name = identifier(column)
    return f"select {name}::text from {where} where {name} is not null order by md5({name}::text) limit {most}"


def tenants(where: str, column: str) -> str:
    """How many rows each value of a column has, as texts, rarest first."""
    name = identifier(column)
    return f"select {name}::text, count(*) from {where} where {name} is not null group by 1 order by 2, 1"


def rows(where: str, key: Sequence[str]) -> str:
    """The rows of `%(handles)s`: handle, key, and the whole as JSON."""
    shown = f"asked.{identifier(key[0])}::text" if len(key) == 1 else HANDLE
    text = f"select {HANDLE}, {shown}, to_jsonb(asked) from {where.replace('%', '%%')} as asked"
    return f"{text} where {HANDLE} = any (%(handles)s)"


def count(where: str) -> str:
    """How many rows whoever asks is shown."""
    return f"select count(*) from {where}"


def nearest(where: str, column: str, operator: str, kind: str, tenant: str = "") -> str:
    """The nearest rows to the vector `$1`, as many as `$2`: the handle of each, and its tenant where a column says it."""
    shown = f"{identifier(tenant)}::text" if tenant else "''"
    return f"select {HANDLE}, {shown} from {where} order by {identifier(column)} {operator} $1::{kind} limit $2"


def prepared(text: str) -> str:
    """Prepares a statement under our name."""
    return f"prepare {NAME} as {text}"


def executed(values: Sequence[str | int], *, explained: bool = False) -> str:
    """Executes it with values."""
    return f"{'explain ' if explained else ''}execute {NAME}({', '.join(map(_literal, values))})"


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def role(name: str) -> str:
    """Takes on a role for a transaction."""
    return f"set local role {identifier(name)}"
