"""The schema, brought forward by numbered migrations that are never edited and never undone."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import LiteralString

import psycopg

from readiness.errors import CannotJudge
from readiness.store.queries import named


@dataclass(frozen=True, slots=True)
class Migration:
    """A file `NNNN_name.sql`; `checksum` is the SHA-256 of its text."""

    number: int
    name: str
    text: LiteralString
    checksum: str


@cache
def known() -> tuple[Migration, ...]:
    """The migrations this version ships, in their order."""
    folder = files("readiness.store").joinpath("sql/migrations")
    found = [_read(file.name, file.read_text(encoding="utf-8")) for file in folder.iterdir() if file.name.endswith(".sql")]
    return tuple(sorted(found, key=lambda item: item.number))


def _read(file_name: str, text: str) -> Migration:
    number, _, name = file_name.removesuffix(".sql").partition("_")
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return Migration(int(number), name, text, checksum)


def migrate(connection: psycopg.Connection, migrations: tuple[Migration, ...] | None = None) -> int:
    """Applies what is missing, each whole or not at all, and returns how many those were; others wait meanwhile.

    Raises CannotJudge where the schema is of a newer version, or was made by other migrations than ours.
    """
    ours = known() if migrations is None else migrations
    if len(_applied(connection, ours)) == len(ours):
        return 0
    count = 0
    while _apply_next(connection, ours):
        count += 1
    return count


def _applied(connection: psycopg.Connection, ours: tuple[Migration, ...]) -> tuple[int, ...]:
    """The numbers of the migrations applied, which are the first of ours."""
    there = connection.execute(named("has_migration_table")).fetchone()
    rows = connection.execute(named("applied_migrations")).fetchall() if there is not None and there[0] else []
    for place, (number, name, checksum) in enumerate(rows):
        if place >= len(ours):
            raise CannotJudge(f"the store was written by a newer version: it knows migration {number:04d}_{name}", "upgrade readiness")
        expected = ours[place]
        if (number, checksum) != (expected.number, expected.checksum):
            raise CannotJudge(
                f"the store was made by another migration {number:04d}_{name} than the one of this version",
                "install the version that made it, or use another database",
            )
    return tuple(number for number, _, _ in rows)


def _apply_next(connection: psycopg.Connection, ours: tuple[Migration, ...]) -> bool:
    with connection.transaction():
        connection.execute(named("lock_migrations"))
        connection.execute(named("make_migration_table"))
        done = len(_applied(connection, ours))
        if done == len(ours):
            return False
        migration = ours[done]
        connection.execute(migration.text)
        noted = {"number": migration.number, "name": migration.name, "checksum": migration.checksum}
        connection.execute(named("note_migration"), noted)
    return True
