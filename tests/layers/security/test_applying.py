"""A plan is carried out whole or not at all, only as it was shown, and leaves nothing to plan."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from readiness.cli import main as cli
from readiness.errors import CannotJudge, UsageError
from readiness.layers.security.sameness import columns_of, met
from readiness.layers.security.sql_expression import Foreign, parse
from readiness.layers.security.standing import Standing
from readiness.runs import access_database
from readiness.testing.projects import make_repository
from readiness.world.postgres import Address
from tests.layers.security.test_catalogue import POLICIES, SCHEMA, shown
from tests.layers.security.test_compiling import DOC


@pytest.fixture
def desk(cluster: Address) -> Iterator[psycopg.Connection]:
    """A database that is open in several ways, with privileges that were passed on."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("""
            create schema desk;
            create role desk_team; create role hr_team; create role ann in role desk_team; create role old_tool; create role keeper;
            grant usage on schema desk to desk_team, hr_team, old_tool, keeper;
            create table desk.ticket (id int primary key, owner text not null, private bool not null, note text);
            create table desk.payroll (id int primary key, name text, pay int);
            grant select on desk.ticket, desk.payroll to public;
            grant select (name) on desk.payroll to old_tool;
            grant select on desk.ticket to keeper with grant option;
            grant truncate, references, trigger on desk.ticket to hr_team;
            set role keeper; grant select on desk.ticket to desk_team; reset role;
            create policy everybody on desk.ticket using (true);
            create policy the_desk_reads on desk.ticket for select to desk_team using (owner = 'x');
            insert into desk.ticket values (1, 'ann', true, null), (2, 'ben', true, null), (3, 'ben', false, 'x');
        """)
        yield connection
        connection.execute("drop schema desk cascade; drop role desk_team, hr_team, ann, old_tool, keeper")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = make_repository(tmp_path / "desk", {"policies/desk.cedar": POLICIES, "policies/desk.cedarschema": SCHEMA})
    monkeypatch.chdir(found)
    return found


@pytest.fixture
def url(cluster: Address, monkeypatch: pytest.MonkeyPatch, desk: psycopg.Connection) -> str:
    monkeypatch.setenv("READINESS_DATABASE_URL", cluster.url("postgres"))
    return cluster.url("postgres")


def test_after_it_nothing_is_left_to_plan(root: Path, url: str, desk: psycopg.Connection, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["access", "apply", "--yes"]) == 0
    said = capsys.readouterr()
    assert 'revoke references, trigger, truncate on "desk"."ticket" from "hr_team" cascade;  -- takes away' in said.out
    assert "done: " in said.err
    assert access_database.plan(root, url).steps == ()
    assert shown(desk, "ann", "select id from desk.ticket order by id") == [1, 3]
    assert shown(desk, "keeper", "select id from desk.ticket") == "42501"
    assert cli.main(["access", "plan"]) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "nothing to change" in said.err


def test_nothing_is_done_unasked(root: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = access_database.plan(root, url)
    assert cli.main(["access", "apply"]) == 2
    assert "no terminal to ask" in capsys.readouterr().err
    assert access_database.plan(root, url) == before


def test_another_plan_than_the_one_shown_is_refused(root: Path, url: str, desk: psycopg.Connection) -> None:
    before = access_database.plan(root, url)
    desk.execute("grant insert on desk.ticket to old_tool")
    with pytest.raises(UsageError, match="another one"):
        access_database.apply(root, url, before.digest)
    assert cli.main(["access", "apply", "--yes", "--digest", before.digest]) == 2
    now = access_database.plan(root, url)
    assert len(now.steps) == len(before.steps) + 1
    assert cli.main(["access", "apply", "--yes", "--digest", now.digest[7:20]]) == 0


def test_two_at_once_do_it_once(root: Path, url: str) -> None:
    planned = access_database.plan(root, url)
    ends: list[str] = []

    def one() -> None:
        try:
            access_database.apply(root, url, planned.digest)
            ends.append("done")
        except UsageError as error:
            ends.append(error.message)

    workers = [threading.Thread(target=one) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(end.partition(":")[0] for end in ends) == ["done", *["the plan is another one than the one that was shown"] * 2]
    assert access_database.plan(root, url).steps == ()


def test_whoever_waits_too_long_is_refused(root: Path, url: str, desk: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_database, "WAIT_S", 1)
    planned = access_database.plan(root, url)
    with desk.transaction():
        desk.execute("select pg_advisory_xact_lock(%s)", (access_database.LOCK,))
        with pytest.raises(CannotJudge, match="somebody else changes access"):
            access_database.apply(root, url, planned.digest)
    assert access_database.plan(root, url) == planned


def test_without_the_right_nothing_is_changed(root: Path, cluster: Address, url: str, desk: psycopg.Connection) -> None:
    desk.execute("alter role old_tool login password 'x'; alter table desk.payroll owner to old_tool")
    before = access_database.plan(root, url)
    as_tool = cluster.url("postgres", "old_tool", "x")
    with pytest.raises(CannotJudge, match=r"nothing was changed: (must be owner|permission denied)"):
        access_database.apply(root, as_tool, access_database.plan(root, as_tool).digest)
    assert access_database.plan(root, url) == before


SAME = [
    ('"owner" collate "C" = \'x\' collate "C"', "(owner = 'x'::text)"),
    ('(not coalesce((not "open"), true))', "open"),
    ("((not (rank < (3)::bigint)) and open)", "(open AND (rank >= 3))"),
    ("title = any (array['a', 'b'])", "((title = 'b'::text) OR (title = 'a'::text))"),
]
OTHER = [
    ("(not coalesce(open, true))", "(not coalesce(open, false))"),
    ("owner = 'x'", "owner = 'X'"),
    ("owner = 'x'", "title = 'x'"),
    ("rank < 3", "rank <= 3"),
    ("open is true", "open is not false"),
    ("title like 'a_'", "title like E'a\\\\_'"),
    ("open and rank = 1", "open or rank = 1"),
    ("pg_has_role(current_user, 'a', 'member')", "pg_has_role(current_user, 'b', 'member')"),
    ("note is not null", "note is null"),
    ("rank = 1 or (open and rank = 2)", "(rank = 1 or open) and rank = 2"),
]
FOREIGN = ["title ~ 'x'", "f(1)", "owner = session_user", "title < 'b'", "exists (select 1)", "pg_has_role(current_user, 'a', 'usage')",
           "title::varchar(3) = 'abc'", "nothing_there", "title", "open open", "'a",
           "owner collate \"de_DE\" = 'x'", "-rank = 1", ""]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_conditions_that_let_the_same_rows_through_are_the_same(one: str, other: str) -> None:
    columns = columns_of(Standing(DOC, "postgres"))
    assert met(parse(one, columns)) == met(parse(other, columns))


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_conditions_that_do_not_are_not(one: str, other: str) -> None:
    columns = columns_of(Standing(DOC, "postgres"))
    assert met(parse(one, columns)) != met(parse(other, columns))


@pytest.mark.parametrize("text", FOREIGN)
def test_what_is_not_read_is_refused(text: str) -> None:
    with pytest.raises(Foreign):
        parse(text, columns_of(Standing(DOC, "postgres")))


def test_texts_that_a_column_takes_for_equal_are_told_apart() -> None:
    columns = columns_of(Standing(DOC, "postgres", loose=frozenset({"owner"})))
    exact = met(parse('((owner COLLATE "C") = (\'x\'::text COLLATE "C"))', columns))
    assert exact == met(parse('"owner" collate "C" = \'x\' collate "C"', columns))
    assert exact != met(parse("(owner = 'x'::text)", columns))
