"""What a plan says of a live database is read from it, and the plan closes what was open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from readiness.cli import main as cli
from readiness.layers.security import catalogue
from readiness.layers.security.binding import Column
from readiness.testing.projects import make_repository
from readiness.world.postgres import Address

SCHEMA = """
@role entity Team;
@role entity Agent in [Team];
@table("desk.ticket") entity Ticket = { owner: Agent, private: Bool, note?: String };
@columns("desk.payroll") entity Field;
@privilege("select") action "read" appliesTo { principal: Agent, resource: [Ticket, Field] };
@privilege("delete") action "drop" appliesTo { principal: Agent, resource: Ticket };
action "greet" appliesTo { principal: Agent, resource: Team };
"""
POLICIES = """
@id("the_desk_reads") permit (principal in Team::"desk_team", action == Action::"read", resource is Ticket);
@id("private_is_the_owners") forbid (principal, action, resource is Ticket)
when { resource.private } unless { resource.owner == principal };
@id("hr_reads_pay") permit (principal in Team::"hr_team", action == Action::"read", resource == Field::"pay");
@id("all_greet") permit (principal, action == Action::"greet", resource);
"""


@pytest.fixture
def desk(cluster: Address) -> Iterator[psycopg.Connection]:
    """A database that is open: everybody may read, an old policy lets them, and a role was granted too much."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        connection.execute("""
            create schema desk;
            create role desk_team; create role hr_team; create role ann in role desk_team; create role old_tool;
            grant usage on schema desk to desk_team, hr_team, old_tool;
            create table desk.ticket (id int primary key, owner varchar(20) not null, private bool not null, note text, dropped text);
            alter table desk.ticket drop column dropped;
            create table desk.payroll (id int primary key, name text, pay int);
            grant select on desk.ticket, desk.payroll to public;
            grant select (name) on desk.payroll to old_tool;
            grant delete on desk.ticket to old_tool;
            create policy everybody on desk.ticket using (true);
            create view desk.tickets as select * from desk.ticket;
            insert into desk.ticket values (1, 'ann', true, null), (2, 'ben', true, null), (3, 'ben', false, 'x');
        """)
        yield connection
        connection.execute("set default_transaction_read_only = off")
        connection.execute("drop schema desk cascade; drop role desk_team, hr_team, ann, old_tool")


@pytest.fixture
def project(tmp_path: Path, desk: psycopg.Connection, monkeypatch: pytest.MonkeyPatch, cluster: Address) -> None:
    files = {"policies/desk.cedar": POLICIES, "policies/desk.cedarschema": SCHEMA}
    monkeypatch.chdir(make_repository(tmp_path / "desk", files))
    monkeypatch.setenv("READINESS_DATABASE_URL", cluster.url("postgres"))


def test_tables_are_read_as_they_are(desk: psycopg.Connection) -> None:
    found = catalogue.read(desk, ["desk.ticket", "desk.payroll", "desk.none", "desk.tickets", "a.b.c.d", "not a name", ""])
    assert sorted(found.tables) == ["desk.payroll", "desk.ticket"]
    ticket = found.tables["desk.ticket"]
    assert ticket.columns == (
        Column("id", "integer"), Column("owner", "character varying"), Column("private", "boolean"), Column("note", "text", nullable=True),
    )  # fmt: skip
    assert (ticket.key, ticket.policies, ticket.grantees) == (("id",), ("everybody",), ("old_tool",))
    assert found.tables["desk.payroll"].grantees == ("old_tool",)
    assert found.owners["desk.ticket"] == "postgres"


def test_reading_changes_nothing(desk: psycopg.Connection) -> None:
    catalogue.read(desk, ["desk.ticket"])
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        desk.execute("create table desk.more (id int)")


def test_roles_that_row_security_does_not_bind_are_known(desk: psycopg.Connection) -> None:
    assert catalogue.roles(desk, ["desk_team", "postgres", "nobody_at_all"]) == {"desk_team": False, "postgres": True}


def shown(connection: psycopg.Connection, role: str, query: str) -> list[object] | str:
    """What a role gets from a query, or the SQLSTATE it is refused with."""
    try:
        with connection.transaction():
            connection.execute(f"set local role {role}".encode())
            return [row[0] for row in connection.execute(query.encode()).fetchall()]
    except psycopg.Error as error:
        return error.sqlstate or ""


def test_the_plan_closes_what_was_open(desk: psycopg.Connection, project: None, capsys: pytest.CaptureFixture[str]) -> None:
    everything = "select id from desk.ticket order by id"
    assert shown(desk, "old_tool", "select pay from desk.payroll") == []
    assert cli.main(["access", "plan"]) == 0
    said = capsys.readouterr()
    assert "the owner of desk.ticket, postgres, keeps its privileges" in said.err
    desk.execute(said.out.encode())
    assert shown(desk, "ann", everything) == [1, 3]
    assert shown(desk, "desk_team", everything) == [3]
    assert shown(desk, "old_tool", everything) == "42501"
    assert shown(desk, "old_tool", "select name from desk.payroll") == "42501"
    assert shown(desk, "hr_team", "select pay from desk.payroll") == []
    assert shown(desk, "hr_team", "select name from desk.payroll") == "42501"
    assert shown(desk, "ann", "delete from desk.ticket where id = 1 returning id") == "42501"
    (left,) = desk.execute("select array_agg(polname::text order by polname) from pg_policy").fetchone() or ((),)
    assert left == ["private_is_the_owners_delete", "private_is_the_owners_select", "the_desk_reads"]


def test_a_plan_that_was_carried_out_can_be_made_again(desk: psycopg.Connection, project: None, capsys: pytest.CaptureFixture[str]) -> None:
    scripts = []
    for _ in range(2):
        assert cli.main(["access", "plan"]) == 0
        scripts.append(capsys.readouterr().out)
        desk.execute(scripts[-1].encode())
    assert cli.main(["access", "plan"]) == 0
    assert capsys.readouterr().out == scripts[1]


def test_roles_that_are_not_there_or_not_bound_are_refused(
    desk: psycopg.Connection, project: None, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.execute("alter role hr_team bypassrls; alter role desk_team rename to desk_people")
    assert cli.main(["access", "plan"]) == 1
    said = capsys.readouterr()
    desk.execute("alter role desk_people rename to desk_team")
    assert said.out == ""
    assert "✗ there is no role `desk_team` in the database" in said.err
    assert "✗ the role `hr_team` is not bound by row security" in said.err


def test_a_database_that_is_not_there_cannot_be_judged(
    project: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["access", "plan", "--database-url", "postgresql://nobody@/none?host=/nowhere"]) == 3
    assert cli.main(["access", "plan", "--database-url", "nonsense"]) == 2
    monkeypatch.delenv("READINESS_DATABASE_URL")
    assert cli.main(["access", "plan"]) == 2
    assert "no database to plan for" in capsys.readouterr().err
