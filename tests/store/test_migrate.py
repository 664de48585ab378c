"""Migrations on real databases: from nothing, again, at once, and where somebody else was at work."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest

from readiness.errors import CannotJudge
from readiness.store.connection import connect
from readiness.store.migrate import Migration, known, migrate

TABLES = (
    "select table_name, column_name, data_type, is_nullable from information_schema.columns where table_schema = 'public' order by 1, 2"
)
MORE = Migration(len(known()) + 1, "more", "create table more (n int)", "c" * 64)


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [item.number for item in known()] == list(range(1, len(known()) + 1))
    assert all(item.name and item.text for item in known())


def test_the_sum_of_the_migrations_is_the_schema_and_applies_once(empty: str, store: psycopg.Connection) -> None:
    with connect(empty) as connection:
        assert migrate(connection) == len(known())
        assert migrate(connection) == 0
        assert connection.execute(TABLES).fetchall() == store.execute(TABLES).fetchall()
    tables = {row[0] for row in store.execute(TABLES).fetchall()}
    assert tables == {"decision", "decision_source", "check_run", "schema_migration"}


def test_two_that_migrate_at_once_do_it_once(empty: str) -> None:
    def one(_: int) -> int:
        with connect(empty) as connection:
            return migrate(connection)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(4))) == [0, 0, 0, len(known())]


def test_a_later_migration_is_added_to_what_is_there(store: psycopg.Connection) -> None:
    assert migrate(store, (*known(), MORE)) == 1
    assert migrate(store, (*known(), MORE)) == 0


def test_a_migration_that_fails_leaves_nothing(store: psycopg.Connection) -> None:
    broken = replace(MORE, text="create table more (n int); select 1 / 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(store, (*known(), broken))
    assert store.execute("select to_regclass('more')").fetchone() == (None,)
    assert migrate(store, (*known(), MORE)) == 1


def test_a_store_of_a_newer_version_is_refused(store: psycopg.Connection) -> None:
    migrate(store, (*known(), MORE))
    with pytest.raises(CannotJudge, match="written by a newer version: it knows migration 0002_more") as caught:
        migrate(store)
    assert caught.value.hint == "upgrade readiness"


def test_a_migration_edited_after_it_was_applied_is_refused(store: psycopg.Connection) -> None:
    edited = (replace(known()[0], checksum="0" * 64), *known()[1:], MORE)
    with pytest.raises(CannotJudge, match="another migration 0001_decisions_and_check_runs"):
        migrate(store, edited)
    assert store.execute("select to_regclass('more')").fetchone() == (None,)
    store.execute("update schema_migration set checksum = 'tampered'")
    with pytest.raises(CannotJudge, match="another migration 0001"):
        migrate(store)


def test_a_migration_missing_in_the_middle_is_refused(store: psycopg.Connection) -> None:
    store.execute("update schema_migration set number = 2 where number = 1")
    with pytest.raises(CannotJudge, match="another migration 0002"):
        migrate(store)
