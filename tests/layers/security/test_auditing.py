"""Every planted difference is found and named by its source; a database that is as the policies say gives nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from readiness.cli import main as cli
from readiness.errors import CannotJudge
from readiness.formats.access_audit import Audited, Drift
from readiness.runs import access_database
from readiness.testing.projects import make_repository
from readiness.world.postgres import Address

SCHEMA = """
@role entity Team;
@role entity Agent in [Team];
@table("desk.ticket") entity Ticket = { owner: Agent, private: Bool, note?: String };
@columns("desk.payroll") entity Field;
@privilege("select") action "read" appliesTo { principal: Agent, resource: [Ticket, Field] };
@privilege("update") action "change" appliesTo { principal: Agent, resource: [Ticket] };
"""
POLICIES = """
@id("the_desk_reads") permit (principal in Team::"desk_team", action == Action::"read", resource is Ticket);
@id("owners_change") permit (principal in Team::"desk_team", action == Action::"change", resource is Ticket)
when { resource.owner == principal };
@id("private_is_the_owners") forbid (principal, action == Action::"read", resource is Ticket)
when { resource.private } unless { resource.owner == principal };
@id("hr_reads") permit (principal in Team::"hr_team", action == Action::"read", resource is Field);
@id("nobody_reads_pay") forbid (principal, action == Action::"read", resource == Field::"pay");
"""
MADE = """
create role desk_team; create role hr_team; create role ann in role desk_team; create role tool; create role boss;
create schema desk;
grant usage on schema desk to desk_team, hr_team;
create table desk.ticket (id int primary key, owner text not null, private bool not null, note text) partition by list (id);
create table desk.ticket_1 partition of desk.ticket for values in (1, 2, 3);
create table desk.ticket_rest partition of desk.ticket default;
create table desk.payroll (id int, name text, pay int);
create view desk.own with (security_invoker = true) as select * from desk.ticket;
grant select on desk.own to desk_team, tool;
create table desk.other (id int);
grant all on desk.other to tool;
"""
ENTITIES = [
    {"uid": {"type": "Team", "id": "desk_team"}, "attrs": {}, "parents": []},
    {"uid": {"type": "Agent", "id": "ann"}, "attrs": {}, "parents": [{"type": "Team", "id": "desk_team"}]},
    {"uid": {"type": "Agent", "id": "nobody_here"}, "attrs": {}, "parents": [{"type": "Team", "id": "hr_team"}]},
]
PLANTED: dict[str, tuple[str, str, str, str]] = {
    # statement, source, role, what the text holds
    "select to a role": ("grant select on desk.ticket to tool", "grant", "tool", "select on desk.ticket"),
    "insert to a policy role": ("grant insert on desk.ticket to desk_team", "grant", "desk_team", "insert"),
    "delete to a policy role": ("grant delete on desk.ticket to desk_team", "grant", "desk_team", "delete"),
    "truncate": ("grant truncate on desk.ticket to desk_team", "grant", "desk_team", "truncate"),
    "references": ("grant references on desk.ticket to tool", "grant", "tool", "references"),
    "trigger": ("grant trigger on desk.payroll to hr_team", "grant", "hr_team", "trigger"),
    "a whole table for its columns": ("grant select on desk.payroll to hr_team", "grant", "hr_team", "select on desk.payroll"),
    "a forbidden column": ("grant select (pay) on desk.payroll to hr_team", "column grant", "hr_team", "select (pay)"),
    "a column to a stranger": ("grant update (note) on desk.ticket to tool", "column grant", "tool", "update (note)"),
    "everybody": ("grant select on desk.ticket to public", "public", "public", "everybody has select"),
    "everybody, a column": ("grant select (name) on desk.payroll to public", "public", "public", "select (name)"),
    "grant option": ("grant select on desk.ticket to desk_team with grant option", "grant option", "desk_team", "give on"),
    "missing grant": ("revoke update on desk.ticket from desk_team", "missing grant", "desk_team", "lacks update"),
    "missing column": ("revoke select (name) on desk.payroll from hr_team", "missing grant", "hr_team", "lacks select (name)"),
    "owner": ("alter table desk.payroll owner to boss", "ownership", "boss", "owns desk.payroll"),
    "policy role as owner": ("alter table desk.ticket owner to desk_team", "ownership", "desk_team", "owns desk.ticket"),
    "superuser": ("alter role tool superuser", "superuser", "tool", "nothing binds it"),
    "bypassrls": ("alter role desk_team bypassrls", "bypassrls", "desk_team", "exempt from row security"),
    "bypassrls, inherited right": ("alter role ann bypassrls", "bypassrls", "ann", "exempt from row security"),
    "replication": ("alter role tool replication", "replication", "tool", "copy the whole cluster"),
    "row security off": ("alter table desk.ticket disable row level security", "row security", "", "not on for desk.ticket"),
    "not forced": ("alter table desk.ticket no force row level security", "row security", "postgres", "not forced"),
    "row security that hides": ("alter table desk.payroll enable row level security", "row security", "", "it hides them"),
    "foreign policy": ("create policy open on desk.ticket for select using (true)", "row policy", "public", "row policy open"),
    "foreign policy for a role": ("create policy o on desk.ticket for select to tool using (f())", "row policy", "tool", "row policy o"),
    "foreign restriction": ("create policy r on desk.ticket as restrictive using (false)", "row policy", "public", "forbids what"),
    "altered policy": ("alter policy the_desk_reads on desk.ticket using (owner = 'x')", "row policy", "desk_team", "not what the policy"),
    "altered roles": ("alter policy the_desk_reads on desk.ticket to public", "row policy", "public", "not what the policy comes to"),
    "altered check": ("alter policy owners_change on desk.ticket with check (true)", "row policy", "desk_team", "owners_change"),
    "dropped forbid": ("drop policy private_is_the_owners on desk.ticket", "row policy", "", "lacks the row policy private_is_the_owners"),
    "dropped permit": ("drop policy the_desk_reads on desk.ticket", "row policy", "desk_team", "lacks the row policy the_desk_reads"),
    "member of a stranger": (
        "grant select on desk.ticket to boss; grant boss to tool", "membership", "tool", "is in boss, which has select on desk.ticket"),
    "member of the superuser": ("grant postgres to tool", "membership", "tool", "is a superuser (tool → postgres, by SET ROLE)"),
    "member without inherit": (
        "alter role tool noinherit; alter table desk.payroll owner to boss; grant boss to tool", "membership", "tool", "by SET ROLE"),
    "member over others": (
        "create role mid; grant mid to tool; grant pg_read_all_data to mid", "membership", "tool", "tool → mid → pg_read"),
    "reads all": ("grant pg_read_all_data to tool", "membership", "tool", "reads every table"),
    "runs programs": ("grant pg_execute_server_program to tool", "membership", "tool", "runs programs"),
    "takes on bypassrls": (
        "create role by bypassrls; grant desk_team to by; grant by to tool", "membership", "tool", "exempt from row security"),
    "described, not so": ("revoke desk_team from ann", "membership", "ann", "is not in desk_team"),
    "described, more": ("grant hr_team to ann", "membership", "ann", "no entity says so"),
    "described, without inherit": (
        "revoke desk_team from ann; alter role ann noinherit; grant desk_team to ann", "membership", "ann", "without INHERIT"),
    "missing role": ("drop owned by hr_team; drop role hr_team", "missing role", "hr_team", "no role hr_team"),
    "view": ("create view desk.v as select * from desk.ticket; grant select on desk.v to tool", "view", "tool", "the view desk.v"),
    "view over a view": (
        "create view desk.w as select * from desk.own; create view v2 as select id from desk.w; grant select on v2 to tool",
        "view", "tool", "the view public.v2"),
    "view to everybody": (
        "create view desk.v as select name from desk.payroll; grant select on desk.v to public", "view", "public", "desk.v"),
    "view that writes": ("create view desk.v as select * from desk.ticket; grant delete on desk.v to ann", "view", "ann", "delete"),
    "materialised view": (
        "create materialized view desk.m as select * from desk.ticket; grant select on desk.m to tool",
        "materialised view", "tool", "desk.m"),
    "invoker view over a materialised one": (
        "create materialized view desk.m as select * from desk.payroll; grant select on desk.m to desk_team",
        "materialised view", "desk_team", "desk.payroll"),
    "rule": (
        "create rule r as on insert to desk.other do also select * from desk.payroll", "rule", "tool", "desk.other"),
    "definer function": (
        "create function f1() returns bigint language sql security definer as 'select count(*) from desk.ticket'",
        "security definer function", "public", "public.f1()"),
    "definer function, plpgsql": (
        "create function f2() returns int language plpgsql security definer as 'declare n int; begin select pay into n "
        "from desk.payroll; return n; end'; revoke execute on function f2 from public; grant execute on function f2 to tool",
        "security definer function", "tool", "public.f2()"),
    "definer function, standard body": (
        "create function f3() returns bigint language sql security definer begin atomic select count(*) from desk.payroll; end",
        "security definer function", "public", "public.f3()"),
    "definer function over another": (
        "create function g() returns bigint language sql as 'select count(*) from desk.ticket';"
        "create function f4() returns bigint language sql security definer as 'select public.g()'",
        "security definer function", "public", "public.f4()"),
    "default privilege": (
        "alter default privileges in schema desk grant select on tables to tool", "default privilege", "tool", "every table that postgres"),
    "default privilege, everywhere": (
        "alter default privileges grant all on tables to public", "default privilege", "public", "everybody will"),
    "create in the schema": ("grant create on schema desk to tool", "schema privilege", "tool", "may create in the schema desk"),
    "owner of the schema": ("alter schema desk owner to tool", "schema privilege", "tool", "which it owns"),
    "no usage": ("revoke usage on schema desk from hr_team", "schema privilege", "hr_team", "lacks usage"),
    "create in the database": ("do $$ begin execute format('grant create on database %I to tool', current_database()); end $$",
                               "database privilege", "tool", "may create in the database"),
    "no connect": ("do $$ begin execute format('revoke connect on database %I from public', current_database()); end $$",
                   "database privilege", "desk_team", "lacks connect"),
    "partition": ("grant select on desk.ticket_1 to desk_team", "partition", "desk_team", "select on desk.ticket_1"),
    "partition, a column": ("grant update (note) on desk.ticket_rest to tool", "partition", "tool", "desk.ticket_rest"),
    "partition owned": ("alter table desk.ticket_1 owner to tool", "partition", "tool", "owns desk.ticket_1"),
    "parent": (
        "create table desk.whole (id int, name text, pay int); "
        "alter table desk.payroll inherit desk.whole; grant select on desk.whole to tool",
        "partition", "tool", "shows the rows of desk.payroll"),
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {"policies/desk.cedar": POLICIES, "policies/desk.cedarschema": SCHEMA, "policies/entities.json": json.dumps(ENTITIES)}
    found = make_repository(tmp_path / "desk", files)
    monkeypatch.chdir(found)
    return found


@pytest.fixture
def url(cluster: Address, project: Path) -> Iterator[str]:
    """A fresh database that is as the policies say."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as administrator:
        administrator.execute("create database audited")
        with psycopg.connect(cluster.url("audited"), autocommit=True) as connection:
            connection.execute(MADE)
        planned = access_database.plan(project, cluster.url("audited"))
        assert planned.refused == ()
        access_database.apply(project, cluster.url("audited"), planned.digest)
        yield cluster.url("audited")
        administrator.execute("drop database audited with (force)")
        for (name,) in administrator.execute("select rolname from pg_roles where oid > 16383").fetchall():
            administrator.execute(psycopg.sql.SQL("drop role {}").format(psycopg.sql.Identifier(name)))


def plant(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create or replace function f() returns bool language sql as 'select true'")
        connection.execute(statement.encode())


def audit(project: Path, url: str) -> Audited:
    return access_database.audit(project, url)


def test_a_database_that_is_as_the_policies_say_gives_nothing(project: Path, url: str) -> None:
    found = audit(project, url)
    assert (found.drift, found.unseen, found.exit) == ((), (), 0)
    assert found.tables == 2


def test_enough_is_planted() -> None:
    assert len(PLANTED) >= 30
    assert len({source for _, source, _, _ in PLANTED.values()}) >= 20


@pytest.mark.parametrize("kind", PLANTED)
def test_what_is_planted_is_found_by_its_source(kind: str, project: Path, url: str) -> None:
    statement, source, role, said = PLANTED[kind]
    plant(url, statement)
    found = audit(project, url)
    assert found.exit == 1
    assert [one for one in found.drift if (one.source, one.role) == (source, role) and said in one.text], found.drift


def only(found: Audited) -> Drift:
    (drift,) = found.drift
    return drift


def test_the_policy_that_denies_it_is_named(project: Path, url: str) -> None:
    plant(url, "grant select (pay) on desk.payroll to hr_team")
    drift = only(audit(project, url))
    assert drift.said == "denied by nobody_reads_pay at policies/desk.cedar:8"
    plant(url, "revoke select (pay) on desk.payroll from hr_team; grant delete on desk.ticket to tool")
    assert only(audit(project, url)).said == "no policy permits it"
    plant(url, "revoke delete on desk.ticket from tool; drop policy the_desk_reads on desk.ticket")
    drift = only(audit(project, url))
    assert (drift.said, drift.opens) == ("permitted by the_desk_reads at policies/desk.cedar:2", False)


HARMLESS = [
    "grant select on desk.other to public",
    "create view desk.v as select * from desk.ticket",
    "create view desk.v as select * from desk.other; grant select on desk.v to public",
    "create function f1() returns bigint language sql as 'select count(*) from desk.ticket'",
    "create function f1() returns bigint language sql security definer as 'select count(*) from desk.other -- not desk.ticket'",
    "create function f1() returns bigint language sql security definer as 'select count(*) from desk.ticket'; "
    "revoke execute on function f1 from public",
    "create function f1() returns trigger language plpgsql security definer as 'begin delete from desk.ticket; return new; end'",
    "create role backup bypassrls; grant select on desk.other to backup",
    "create role reader; grant desk_team to reader",
    "create policy p on desk.other using (true)",
    "grant select (id) on desk.ticket to desk_team",
    "alter default privileges for role tool in schema public grant select on tables to tool",
    "create schema tool authorization tool",
]


@pytest.mark.parametrize("statement", HARMLESS)
def test_what_opens_nothing_is_not_blamed(statement: str, project: Path, url: str) -> None:
    plant(url, statement)
    found = audit(project, url)
    assert (found.drift, found.unseen) == ((), ())


def test_administrators_the_project_names_are_not_compared(project: Path, url: str) -> None:
    plant(url, "alter table desk.ticket owner to boss; grant boss to tool")
    assert {one.role for one in audit(project, url).drift} == {"boss", "tool"}
    (project / "readiness.toml").write_text('[security]\nadministrators = ["boss"]\n')
    found = audit(project, url)
    assert [(one.source, one.role) for one in found.drift] == [("membership", "tool")]
    assert any("boss administers" in note for note in found.notes)


def test_what_apply_can_repair_it_repairs(project: Path, url: str) -> None:
    plant(
        url,
        "grant select on desk.ticket to tool; drop policy the_desk_reads on desk.ticket; "
        "alter table desk.ticket no force row level security",
    )
    assert {one.repair for one in audit(project, url).drift} == {"readiness access apply"}
    access_database.apply(project, url, access_database.plan(project, url).digest)
    assert audit(project, url).drift == ()


def test_a_function_that_hides_what_it_reads_is_unknown(project: Path, url: str) -> None:
    plant(url, "create function f1(t text) returns void language plpgsql security definer as 'begin execute t; end'")
    found = audit(project, url)
    assert (found.exit, found.drift) == (3, ())
    assert "public.f1(t text)" in found.unseen[0].what


def test_without_the_right_to_see_it_is_unknown_and_the_right_is_named(
    project: Path, url: str, cluster: Address, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(url, "create role looker login password 'x'; revoke select on pg_catalog.pg_auth_members, pg_catalog.pg_proc from public")
    as_looker = cluster.url("audited", "looker", "x")
    assert cli.main(["access", "audit", "--database-url", as_looker]) == 3
    said = capsys.readouterr().out
    assert "? who is in which role: needs SELECT on pg_catalog.pg_auth_members" in said
    assert "needs SELECT on pg_catalog.pg_proc" in said
    plant(url, "grant select on desk.ticket to tool")
    assert cli.main(["access", "audit", "--database-url", as_looker]) == 1
    plant(url, "revoke select on pg_catalog.pg_policy from public")
    with pytest.raises(CannotJudge, match=r"SELECT on pg_catalog\.pg_policy"):
        audit(project, as_looker)


def test_it_is_told_as_text_and_as_json(
    project: Path, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READINESS_DATABASE_URL", url)
    assert cli.main(["access", "audit"]) == 0
    assert capsys.readouterr().out.startswith("✓ audited is as the policies say (2 tables, ")
    plant(url, "grant select (pay) on desk.payroll to hr_team")
    assert cli.main(["access", "audit"]) == 1
    said = capsys.readouterr().out
    assert "✗ column grant: hr_team has select (pay) on desk.payroll\n    denied by nobody_reads_pay at policies/desk.cedar:8\n" in said
    assert cli.main(["access", "audit", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["outcome"], told["drift"][0]["source"]) == ("readiness/access-audit/1", "fails", "column grant")


def test_policies_that_mean_nothing_in_the_database_are_unknown(project: Path, url: str) -> None:
    plant(url, "drop table desk.payroll")
    with pytest.raises(CannotJudge, match=r"no table `desk\.payroll`"):
        audit(project, url)
