"""Reads from a live database what access policies are compiled against and compared with: tables as they stand, and roles.

A few queries for any number of tables. Who asks needs to read the catalogue, and no table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from readiness.errors import CannotJudge
from readiness.layers.security.binding import Column, TableFacts
from readiness.layers.security.standing import PUBLIC, Catalogue, Held, RowPolicy, Standing

if TYPE_CHECKING:
    import psycopg

READ_ONLY: Final = "set default_transaction_read_only = on"
_PART: Final = r'(?:[^\W\d][\w$]*|"(?:[^"\0]|"")+")'
_NAME: Final = re.compile(rf"(?:(?P<schema>{_PART})\s*\.\s*)?(?P<name>{_PART})")
_NEEDED: Final = ("pg_class", "pg_namespace", "pg_attribute", "pg_index", "pg_collation", "pg_policy", "pg_roles")

Row = tuple[Any, ...]  # what a query of the catalogue gives


def read(connection: psycopg.Connection, names: Iterable[str]) -> Catalogue:
    """What the database says of tables, named as SQL names them. The connection is read-only from then on."""
    connection.execute(READ_ONLY)
    return look(connection, names)


def look(connection: psycopg.Connection, names: Iterable[str]) -> Catalogue:
    """What the database says of tables, named as SQL names them; what cannot be a name is none.

    Raises CannotJudge naming the right that lacks where the catalogue is closed to whoever asks.
    """
    needs(connection, _NEEDED)
    asked = [(name, *said) for name in names if (said := _parts(name)) is not None]
    schemas, words = [one[1] for one in asked], [one[2] for one in asked]
    found = [row for row in rows(connection, "catalogue_tables", schemas=schemas, names=words) if row[4]]
    described = _Described(connection, [row[1] for row in found])
    return Catalogue({asked[row[0] - 1][0]: described(row) for row in found})


def needs(connection: psycopg.Connection, relations: Sequence[str]) -> None:
    """Raises CannotJudge where one of these parts of the catalogue cannot be read."""
    closed = unreadable(connection, relations)
    if closed:
        text = ", ".join(f"SELECT on pg_catalog.{name}" for name in closed)
        raise CannotJudge(f"the catalogue cannot be read without {text}", "grant it to the role that looks, or look as another one")


def unreadable(connection: psycopg.Connection, relations: Sequence[str]) -> list[str]:
    """Of these parts of the catalogue those that whoever asks has no right to read."""
    query = "select name from unnest(%s::text[]) as name where not has_table_privilege('pg_catalog.' || name, 'select')"
    return [str(row[0]) for row in connection.execute(query, (list(relations),)).fetchall()]


def roles(connection: psycopg.Connection, names: Iterable[str]) -> Mapping[str, bool]:
    """Of these names those that are roles, and whether row security does not count for them."""
    return {str(name): bool(bypasses) for name, bypasses in rows(connection, "catalogue_roles", names=list(names))}


def rows(connection: psycopg.Connection, query: str, **values: object) -> list[Row]:
    """The rows of a query that lies in `sql`."""
    text = files("readiness.layers.security").joinpath(f"sql/{query}.sql").read_text(encoding="utf-8")
    return connection.execute(text.encode(), values).fetchall()


def _parts(name: str) -> tuple[str, str] | None:
    found = _NAME.fullmatch(name.strip())
    return (_folded(found["schema"] or ""), _folded(found["name"])) if found else None


def _folded(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()


class _Described:
    """Everything there is on tables, read once, and put together table by table."""

    def __init__(self, connection: psycopg.Connection, oids: list[int]) -> None:
        self.columns: dict[int, list[Row]] = {oid: [] for oid in oids}
        self.policies: dict[int, list[Row]] = {oid: [] for oid in oids}
        self.held: dict[int, list[Row]] = {oid: [] for oid in oids}
        for query, kept in (("columns", self.columns), ("privileges", self.held)):
            for row in rows(connection, f"catalogue_{query}", oids=oids):
                kept[row[0]].append(row)
        with connection.transaction(force_rollback=True):
            # so that conditions name in full what is not PostgreSQL's own
            connection.execute("set local search_path = ''")
            for row in rows(connection, "catalogue_policies", oids=oids):
                self.policies[row[0]].append(row)

    def __call__(self, row: Row) -> Standing:
        _, oid, schema, name, _, owner, enabled, forced, key = row
        columns = tuple(Column(str(one), str(kind), bool(null)) for _, one, kind, null, _ in self.columns[oid])
        held = tuple(Held(who, what, column, giver, grantable) for _, column, who, giver, what, grantable in self.held[oid])
        rules = tuple(RowPolicy(said, permits, verb, tuple(to), using or "", check or "")
                      for _, said, permits, verb, to, using, check in self.policies[oid])  # fmt: skip
        grantees = tuple(sorted({one.grantee for one in held} - {PUBLIC}))
        facts = TableFacts(schema, name, columns, tuple(key), tuple(rule.name for rule in rules), grantees)
        loose = frozenset(one for _, one, _, _, folds in self.columns[oid] if folds)
        return Standing(facts, owner, enabled, forced, tuple(sorted(held)), rules, loose, oid)
