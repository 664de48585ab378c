"""Reads from a live database what access policies are compiled against: tables, columns, policies, grants and roles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from readiness.layers.security.binding import Column, TableFacts

if TYPE_CHECKING:
    import psycopg

_READ_ONLY: Final = "set default_transaction_read_only = on"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables by the names they were asked for, and their owners; names that are no table are left out."""

    tables: Mapping[str, TableFacts] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)


def read(connection: psycopg.Connection, names: Iterable[str]) -> Catalogue:
    """What the database says of tables, named as SQL names them. The connection is read-only from then on."""
    connection.execute(_READ_ONLY)
    tables: dict[str, TableFacts] = {}
    owners: dict[str, str] = {}
    for asked in names:
        for schema, name, holds_rows, owner, key, policies, grantees in _table(connection, asked) if asked else ():
            if not holds_rows:
                continue
            columns = tuple(Column(str(one), str(kind), bool(nullable)) for one, kind, nullable in _rows(connection, "columns", name=asked))
            tables[asked] = TableFacts(str(schema), str(name), columns, _texts(key), _texts(policies), tuple(sorted(_texts(grantees))))
            owners[asked] = str(owner)
    return Catalogue(tables, owners)


def roles(connection: psycopg.Connection, names: Iterable[str]) -> Mapping[str, bool]:
    """Of these names those that are roles, and whether row security does not count for them."""
    return {str(name): bool(bypasses) for name, bypasses in _rows(connection, "roles", names=list(names))}


def _table(connection: psycopg.Connection, name: str) -> list[tuple[object, ...]]:
    """The table of that name, if there is one; what cannot be a name is none."""
    from psycopg import errors

    try:
        return _rows(connection, "tables", name=name)
    except (errors.SyntaxError, errors.InvalidName, errors.FeatureNotSupported):
        return []


def _rows(connection: psycopg.Connection, query: str, **values: object) -> list[tuple[object, ...]]:
    text = files("readiness.layers.security").joinpath(f"sql/catalogue_{query}.sql").read_text(encoding="utf-8")
    return connection.execute(text.encode(), values).fetchall()


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()
