"""Migrations of every kind are applied to a real empty database; what is not the project's fault never fails."""

from __future__ import annotations

import pytest

from readiness.sequence.finding import Cause, Outcome
from tests.layers.conftest import Judge

ID = "infrastructure.migrations-apply"
TABLE = "create table orders (id int primary key);\n"
GOOSE = f"-- +goose Up\n-- +goose StatementBegin\n{TABLE}-- +goose StatementEnd\n-- +goose Down\ndrop table orders;\n"
BODIES = "create function f() returns int language sql begin atomic select 1; end;\ndo $$ begin create table t (a int); end $$;"


def test_the_statement_is_named_with_what_the_server_says(judge: Judge) -> None:
    found = judge(ID, "fails")
    assert found.observed == '1 of 2 apply: migrations/0002_lines.sql:1: relation "order" does not exist'
    assert found.location is not None
    assert (found.location.file, found.location.line) == ("migrations/0002_lines.sql", 1)
    assert found.cause is Cause.PROJECT


def test_the_line_is_that_of_the_word_the_server_stumbles_on(judge: Judge) -> None:
    found = judge(ID, files={"migrations/1_a.sql": "-- a\ncreate table t (\n  id int,\n  name txet\n);\n"})
    assert found.observed == '0 of 1 apply: migrations/1_a.sql:4: type "txet" does not exist'


def test_files_run_in_the_order_of_their_numbers(judge: Judge) -> None:
    files = {"db/migrations/2_more.sql": "alter table orders add note text;", "db/migrations/10_last.sql": "alter table orders drop note;"}
    found = judge(ID, files={**files, "db/migrations/1_first.sql": TABLE})
    assert (found.outcome, found.observed) == (Outcome.HOLDS, "3 migrations of db/migrations make 1 table")


@pytest.mark.parametrize(
    "files",
    [
        {
            "db/migrate/V1__a.sql": TABLE,
            "db/migrate/V1.1__b.sql": "alter table orders add b int;",
            "db/migrate/R__view.sql": "create or replace view v as select b from orders;",
        },
        {"migrations/1_a.up.sql": TABLE, "migrations/1_a.down.sql": "drop table orders;"},
        {"db/migrations/20260101_a.sql": f"-- migrate:up\n{TABLE}\n-- migrate:down\ndrop table orders;\n"},
        {"migrations/00001_a.sql": GOOSE},
        {"prisma/migrations/20260101_init/migration.sql": TABLE},
        {"migrations/2026-01-01-000000_a/up.sql": TABLE, "migrations/2026-01-01-000000_a/down.sql": "drop table orders;"},
        {"migrations/1_index.sql": f"{TABLE}create index concurrently i on orders (id);"},
        {"migrations/1_a.up.sql": f"begin;\n{TABLE}commit;\n"},
        {"migrations/1_enum.sql": "create type mood as enum ('a');\nalter type mood add value 'b';\ncreate table t (m mood default 'b');"},
        {"migrations/1_f.sql": BODIES},
    ],
    ids=["flyway", "golang-migrate", "dbmate", "goose", "prisma", "diesel", "concurrently", "own transaction", "enum", "bodies"],
)
def test_every_way_of_writing_them_down_is_read(judge: Judge, files: dict[str, str]) -> None:
    found = judge(ID, files=files)
    assert (found.outcome, found.reason) == (Outcome.HOLDS, "")


@pytest.mark.parametrize(
    ("sql", "cause", "said"),
    [
        ("create extension postgis;", Cause.SYSTEM, "postgis"),
        ('create table t (a int); grant select on t to "app_reader";', Cause.SERVICE, "app_reader"),
        ("create table t (a int); alter table t owner to postgres;", Cause.TOOL, "postgres"),
        ("\\connect shop\ncreate table t (a int);", Cause.TOOL, "is for psql"),
        ("copy t from stdin;\n1\n\\.\n", Cause.TOOL, "is for psql"),
    ],
    ids=["extension", "role", "owner", "psql", "rows for psql"],
)
def test_what_our_server_lacks_is_unknown(judge: Judge, sql: str, cause: Cause, said: str) -> None:
    found = judge(ID, files={"migrations/1_a.sql": sql})
    assert (found.outcome, found.cause) == (Outcome.UNKNOWN, cause)
    assert said in found.observed
    assert found.remedy.text


def test_a_database_that_somebody_else_prepares_is_not_an_empty_one(judge: Judge) -> None:
    sql = "create table profiles (id uuid references auth.users (id));"
    found = judge(ID, files={"supabase/migrations/20260101_a.sql": sql})
    assert (found.outcome, found.cause, "Supabase" in found.reason) == (Outcome.UNKNOWN, Cause.SERVICE, True)


def test_migrations_for_another_database_are_left_alone_and_it_is_said(judge: Judge) -> None:
    found = judge(ID, files={"migrations/1_a.sql": "create table t (id integer primary key autoincrement);"})
    assert (found.outcome, "SQLite" in found.reason) == (Outcome.NOT_APPLICABLE, True)


def test_one_schema_that_fails_is_not_outweighed_by_one_that_does_not(judge: Judge) -> None:
    files = {
        "a/migrations/1_a.sql": TABLE,
        "b/migrations/1_a.sql": "create tabel t ();",
        "c/migrations/1_a.sql": "create extension postgis;",
    }
    found = judge(ID, files=files)
    assert (found.outcome, found.subject, len(found.problems)) == (Outcome.FAILS, "b/migrations", 1)


def test_a_role_that_one_schema_makes_is_not_in_the_way_of_the_next(judge: Judge) -> None:
    sql = f"create role app_reader;\n{TABLE}grant select on orders to app_reader;"
    found = judge(ID, files={"a/migrations/1_a.sql": sql, "b/migrations/1_a.sql": sql})
    assert (found.outcome, found.reason) == (Outcome.HOLDS, "")


def test_numbered_sql_elsewhere_is_no_migration(judge: Judge) -> None:
    found = judge(ID, files={"queries/01_report.sql": "select nothing from nowhere;", "tests/migrations/1_a.sql": "nonsense;"})
    assert found.outcome is Outcome.NOT_APPLICABLE


MIGRATE = """
import os, pathlib, sys
import psycopg
with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute(pathlib.Path("schema.sql").read_text())
"""
PSYCOPG = "psycopg[binary]==3.2.13\n"
COMMAND = '[infrastructure]\nmigrate = ["python", "migrate.py"]\n'


@pytest.mark.index
def test_a_command_of_the_manifest_goes_first_and_twice(judge_online: Judge) -> None:
    files = {"migrate.py": MIGRATE, "requirements.txt": PSYCOPG, "readiness.toml": COMMAND, "migrations/1_a.sql": "nonsense;"}
    held = judge_online(ID, files={**files, "schema.sql": "create table if not exists orders (id int);"})
    assert (held.outcome, held.observed) == (Outcome.HOLDS, "the migrations of readiness.toml make 1 table, and a second time nothing")


@pytest.mark.index
@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("create table orders (id int);", 'a second time, migrate.py:5: relation "orders" already exists'),
        ("create table if not exists orders (id int); insert into orders values (1);", "rows of table orders are changed"),
    ],
    ids=["fails", "adds"],
)
def test_a_command_that_cannot_be_repeated_fails(judge_online: Judge, schema: str, said: str) -> None:
    found = judge_online(ID, files={"migrate.py": MIGRATE, "requirements.txt": PSYCOPG, "readiness.toml": COMMAND, "schema.sql": schema})
    assert (found.outcome, said in found.observed) == (Outcome.FAILS, True), found.observed


@pytest.mark.index
def test_a_command_that_asks_another_database_is_believed_nothing(judge_online: Judge) -> None:
    code = "import sqlite3\nsqlite3.connect('a.db').execute('create table t (a int)')\n"
    found = judge_online(ID, files={"migrate.py": code, "requirements.txt": "", "readiness.toml": COMMAND})
    assert (found.outcome, found.cause, "made nothing" in found.reason) == (Outcome.UNKNOWN, Cause.CONFIGURATION, True)
