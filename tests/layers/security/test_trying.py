"""What is tried as each role goes as policies decide, in any database that is as they say; whatever is planted goes otherwise."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from readiness.layers.security import binding, catalogue, people, policies
from readiness.layers.security.auditing.whole import wanted
from readiness.layers.security.people import Person
from readiness.layers.security.policies import Access
from readiness.layers.security.row_decisions import Decisions
from readiness.layers.security.trying import Trial, Tried
from readiness.runs import access_database
from readiness.world.postgres import Address, Server, statements
from tests.layers.security.test_compiling import PERMIT_SETS, ROLES, USERS, assess, carried_out, fill, world
from tests.world.postgres.conftest import MEMORY

WORD = "a word for a test"


def tried(address: Address, database: str, access: Access, most: int = 20) -> Tried:
    """Everything tried in a database as each of its roles, and as one that has nothing."""
    declared = access.schema.declared
    with psycopg.connect(address.url(database)) as reader:
        whole = wanted(access, reader, frozenset())
        bound = binding.bind(declared, catalogue.look(reader, binding.tables(declared)).tables)
        trial = Trial(whole, bound, Decisions(access, access.read.policies, bound, whole.compiled.types), reader)
    everybody, _ = people.of(whole, frozenset(), most)
    statements.create_role(address, "stranger", WORD, createdb=False, createrole=False)
    try:
        for person in (*everybody, Person("stranger", frozenset({"stranger"}), frozenset({"stranger"}))):
            with (
                statements.logging_in(address, database, person.role, WORD),
                psycopg.connect(address.url(database, person.role, WORD)) as connection,
            ):
                trial.try_as(person, connection)
                connection.rollback()
    finally:
        statements.drop_role(address, "stranger")
    return trial.tried


@pytest.fixture(scope="module")
def cluster() -> Iterator[Address]:
    """A server that is thrown away, of the version that demos are given."""
    with (
        tempfile.TemporaryDirectory(prefix="readiness-tests-", dir=MEMORY) as folder,
        Server(Path(folder) / "postgres", settings={"fsync": "off"}) as server,
    ):
        yield server.ensure()


@pytest.fixture
def database(cluster: Address) -> Iterator[psycopg.Connection]:
    """The tables and roles of the differential tests, in a database of their own."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as administrator:
        administrator.execute("create database tried")
        with psycopg.connect(cluster.url("tried"), autocommit=True) as connection:
            for name in (*ROLES, *USERS):
                connection.execute(psycopg.sql.SQL("create role {}").format(psycopg.sql.Identifier(name)))
            connection.execute(
                "create table doc (id text primary key, title text not null, owner text not null, rank bigint not null, "
                "open boolean not null, note text, labels text[] not null)"
            )
            connection.execute("create table sheet (id text primary key, a text, b text, c text)")
            yield connection
        administrator.execute("drop database tried with (force)")
        for name in (*ROLES, *USERS):
            administrator.execute(psycopg.sql.SQL("drop role {}").format(psycopg.sql.Identifier(name)))


def test_a_database_that_is_as_any_policies_say_gives_no_fault(cluster: Address, database: psycopg.Connection) -> None:
    """Rows read, changed, removed and inserted by policies of every form, by members of any roles."""
    chance, decided = random.Random(20261126), 0
    for number in range(5):
        access = assess(*chance.choice(PERMIT_SETS), 'permit (principal in Role::"desk", action == Action::"drop", resource is Doc)')
        member, rows = world(number)
        fill(database, member, rows)
        carried_out(database, access)
        found = tried(cluster, "tried", access)
        assert found.faults == []
        assert found.unsettled == []
        decided += found.decided
        assert found.refused > 50
    assert decided > 150


SCHEMA = """
@role entity Team;
@role entity Agent in [Team];
@table("ticket") entity Ticket = { owner: Agent, private: Bool };
@columns("payroll") entity Field;
@privilege("select") action "read" appliesTo { principal: Agent, resource: [Ticket, Field] };
@privilege("insert") action "file" appliesTo { principal: Agent, resource: Ticket };
@privilege("update") action "change" appliesTo { principal: Agent, resource: Ticket };
@privilege("delete") action "drop" appliesTo { principal: Agent, resource: Ticket };
"""
POLICIES = """
@id("read") permit (principal in Team::"front", action == Action::"read", resource is Ticket) unless { resource.private };
@id("file") permit (principal in Team::"front", action == Action::"file", resource) when { resource.owner == principal };
@id("change") permit (principal in Team::"front", action == Action::"change", resource) when { resource.owner == principal };
@id("clear") permit (principal in Team::"cleaner", action == Action::"drop", resource) when { resource.private };
@id("pay") permit (principal in Team::"hr", action == Action::"read", resource is Field);
@id("no_pay") forbid (principal, action == Action::"read", resource == Field::"pay");
"""
MADE = """
create role front; create role hr; create role cleaner; create role tool; create role amy in role front;
create role late noinherit; grant front to late;
create table ticket (id int primary key, owner text not null, private bool not null);
create table payroll (id int, name text, pay int, twice int generated always as (pay * 2) stored, row int generated always as identity);
insert into ticket select n, case when n % 2 = 0 then 'front' else 'amy' end, n % 3 = 0 from generate_series(1, 40) n;
create table note (ticket int references ticket); insert into note values (1);
"""
ACCESS = policies.assess({"p.cedar": POLICIES.encode(), "p.cedarschema": SCHEMA.encode()})
PLANTED = {
    # what is done, by whom it shows, on what, which way, what is said
    "delete": ("grant delete on ticket to hr", "hr", "delete", True, "hr deletes from public.ticket, and is not refused"),
    "truncate": ("grant truncate on ticket to tool", "tool", "truncate", True, "tool empties public.ticket"),
    "everybody": ("grant select on ticket to public", "stranger", "select", True, "stranger reads public.ticket, and is not refused"),
    "a column": ("grant select (pay) on payroll to hr", "hr", "select", True, "hr reads public.payroll (pay)"),
    "a column of many": ("grant update (name) on payroll to tool", "tool", "update", True, "tool updates public.payroll (name)"),
    "by a membership": ("grant hr to tool; grant insert on ticket to hr", "tool", "insert", True, "tool inserts into public.ticket"),
    "no row security": ("alter table ticket disable row level security", "front", "select", True, "front reads rows of public.ticket that"),
    "another row policy": ("create policy o on ticket for select to amy using (true)", "amy", "select", True, "amy reads rows"),
    "insert for others": ("alter policy file on ticket with check (true)", "front", "insert", True, "front inserts rows of public.ticket"),
    "update of others": ("alter policy change on ticket using (true) with check (true)", "front", "update", True, "front updates rows"),
    "a grant that lacks": ("revoke update on ticket from front", "front", "update", False, "front is refused where it updates"),
    "refusing every row": ("alter policy read on ticket using (false)", "front", "select", False, "are kept back"),
    "clearing more": ("alter policy clear on ticket using (true)", "cleaner", "delete", True, "cleaner deletes 40 rows"),
    "clearing less": ("alter policy clear on ticket using (false)", "cleaner", "delete", False, "cleaner deletes 0 rows"),
}


@pytest.fixture
def made(cluster: Address) -> Iterator[psycopg.Connection]:
    """A database that is as the policies say, owned by the superuser, its foreign key out of the way of whoever clears."""
    assert ACCESS.faults == ()
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as administrator:
        administrator.execute("create database desk")
        with psycopg.connect(cluster.url("desk"), autocommit=True) as connection:
            connection.execute(MADE)
            for step in access_database._planned(ACCESS, connection).steps:
                connection.execute(step.sql.encode())
            connection.execute("delete from note")
            yield connection
        administrator.execute("drop database desk with (force)")
        administrator.execute("drop role amy, late, front, hr, cleaner, tool")


def test_what_is_as_the_policies_say_gives_no_fault(cluster: Address, made: psycopg.Connection) -> None:
    found = tried(cluster, "desk", ACCESS)
    assert (found.faults, found.unsettled, found.empty) == ([], [], set())
    assert found.roles == 7
    assert found.refused > 80
    assert found.denied > 60
    assert made.execute("select count(*), count(*) filter (where owner = 'amy') from ticket").fetchone() == (40, 20)
    assert made.execute("select count(*) from pg_authid where rolcanlogin and oid > 16383").fetchone() == (0,)


@pytest.mark.parametrize("kind", PLANTED)
def test_what_is_planted_shows_as_the_role_that_can_do_it(kind: str, cluster: Address, made: psycopg.Connection) -> None:
    statement, role, verb, opens, said = PLANTED[kind]
    made.execute(statement.encode())
    found = tried(cluster, "desk", ACCESS)
    assert [one for one in found.faults if (one.role, one.verb, one.opens) == (role, verb, opens) and said in one.text], found.faults


def test_a_table_without_rows_is_said_to_be_empty(cluster: Address, made: psycopg.Connection) -> None:
    made.execute("truncate ticket cascade")
    assert tried(cluster, "desk", ACCESS).empty == {"public.ticket"}


def test_a_statement_that_fails_otherwise_is_neither_refused_nor_done(cluster: Address, made: psycopg.Connection) -> None:
    made.execute(
        "create function stop() returns trigger language plpgsql as 'begin raise exception $$closed$$; end';"
        "create trigger stop before update on ticket execute function stop()"
    )
    found = tried(cluster, "desk", ACCESS)
    assert found.faults == []
    assert any("whether front updates public.ticket: closed" in text for text in found.unsettled)


def test_code_of_the_database_never_runs_with_our_rights(cluster: Address, made: psycopg.Connection) -> None:
    """A row policy that tries to take on the superuser is run by the role alone, and gets nowhere."""
    made.execute(
        "create function rise() returns bool language plpgsql as 'begin "
        "perform set_config($$session_authorization$$, $$postgres$$, true); return true; end';"
        "drop policy read on ticket; create policy read on ticket for select to front using (rise())"
    )
    found = tried(cluster, "desk", ACCESS)
    assert any("permission denied to set session authorization" in text for text in found.unsettled)


def test_a_role_that_may_not_connect_and_is_only_taken_on_is_let_in_for_the_time(cluster: Address, made: psycopg.Connection) -> None:
    made.execute("revoke connect on database desk from public")
    with statements.logging_in(cluster, "desk", "amy", WORD), psycopg.connect(cluster.url("desk", "amy", WORD)) as connection:
        assert connection.execute("select current_user").fetchone() == ("amy",)
    assert made.execute("select has_database_privilege('amy', 'desk', 'connect')").fetchone() == (False,)


def test_only_so_many_roles_that_no_policy_names_are_tried(cluster: Address, made: psycopg.Connection) -> None:
    assert tried(cluster, "desk", ACCESS, most=0).roles == 4


def test_a_role_that_logs_in_keeps_its_password_and_its_limits(cluster: Address, made: psycopg.Connection) -> None:
    made.execute("alter role amy login password 'its own' connection limit 3 valid until '2027-01-01 00:00:00+00'")
    query = "select rolcanlogin, rolpassword, rolconnlimit, rolvaliduntil::text from pg_authid where rolname = 'amy'"
    before = made.execute(query).fetchone()
    with statements.logging_in(cluster, "desk", "amy", WORD), psycopg.connect(cluster.url("desk", "amy", WORD)):
        assert made.execute(query).fetchone() != before
    assert made.execute(query).fetchone() == before
