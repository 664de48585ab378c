"""What a role opens, told by the database and tried as that role: nothing is told that is refused, and nothing refused that is told."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors, sql

from readiness.errors import UsageError
from readiness.layers.security import blast, policies
from readiness.world.postgres import Address

MADE = """
create role desk login; create role lead; create role reader; create role owner_; create role apart noinherit login;
create role nobody login; create role chief superuser; create role passes bypassrls login;
grant reader to desk; grant lead to desk with admin option; grant lead to apart;
create schema private; create schema open; grant usage on schema public, open to public;
create table public.ticket (id int, email text, state text, note text); alter table public.ticket owner to owner_;
create table public.account (id int, iban text); create table private.salary (id int, amount int);
create table open.price (id int, eur int);
grant select (id, state), update (state) on public.ticket to desk; grant select on public.ticket to passes;
grant select on public.account to lead; grant select on private.salary to desk; grant select, insert on open.price to public;
alter table public.ticket enable row level security; create policy mine on public.ticket for select using (state = 'open');
create view public.everything as select * from public.account; grant select on public.everything to reader;
create function public.peek() returns int language sql security definer as 'select 1';
"""
ROLES = ("desk", "apart", "nobody", "passes", "owner_", "reader")
TABLES = {"public.ticket": ("id", "email", "state", "note"), "public.account": ("id", "iban"), "private.salary": ("id", "amount"),
          "open.price": ("id", "eur"), "public.everything": ("id", "iban")}  # fmt: skip


@pytest.fixture(scope="module")
def database(cluster: Address) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as administrator:
        administrator.execute("create database blast")
    with psycopg.connect(cluster.url("blast"), autocommit=True) as connection:
        connection.execute(MADE.encode())
        yield connection


def may(connection: psycopg.Connection, role: str, statement: sql.Composed) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(sql.SQL("set local role {}").format(sql.Identifier(role)))
            connection.execute(statement)
    except errors.InsufficientPrivilege:
        return False
    return True


def told(connection: psycopg.Connection, role: str) -> dict[str, list[blast.Opened]]:
    with psycopg.connect(connection.info.dsn, password=connection.info.password, autocommit=True) as other:
        found: dict[str, list[blast.Opened]] = {}
        for one in blast.live(other, role).opened:
            found.setdefault(one.table, []).append(one)
        return found


@pytest.mark.parametrize("role", ROLES)
def test_what_is_told_is_what_the_database_lets_that_role_do(database: psycopg.Connection, role: str) -> None:
    found = told(database, role)
    for table, columns in TABLES.items():
        name = sql.Identifier(*table.split("."))
        here = next((one for one in found.get(table, []) if not one.way), None)
        for column in columns:
            select = sql.SQL("select {} from {}").format(sql.Identifier(column), name)
            assert may(database, role, select) is (here is not None and column in here.readable), (role, table, column)
            update = sql.SQL("update {} set {} = null").format(name, sql.Identifier(column))
            listed = here is not None and "update" in here.privileges and column in here.columns.get("update", columns)
            assert table == "public.everything" or may(database, role, update) is listed, (role, table, column)


def test_memberships_are_ways_and_row_security_is_told(database: psycopg.Connection) -> None:
    found = told(database, "desk")
    ticket, account = found["public.ticket"][0], found["public.account"][0]
    assert (ticket.privileges, ticket.columns, ticket.limited) == (
        ("select", "update"), {"select": ("id", "state"), "update": ("state",)}, True,
    )  # fmt: skip
    assert (account.privileges, account.way) == (("select",), "")  # a grant of a role is inherited
    assert told(database, "apart")["public.account"][0].way == "by SET ROLE lead"
    assert found["public.everything"][0].kind == "view"
    assert found["open.price"][0].privileges == ("select", "insert")
    assert "private.salary" not in found  # nothing in a schema that it may not use
    assert not told(database, "passes")["public.ticket"][0].limited
    assert not told(database, "owner_")["public.ticket"][0].limited
    assert set(told(database, "nobody")) == {"open.price"}


def test_powers_beyond_tables_are_named(database: psycopg.Connection) -> None:
    notes = {role: "; ".join(blast.live(database, role).notes) for role in ("desk", "chief", "passes", "nobody")}
    assert "public.peek, which runs with the rights of" in notes["desk"]
    assert "is a superuser: everything on this server is open" in notes["chief"]
    assert "passes is not bound by row security" in notes["passes"]
    with pytest.raises(UsageError, match="there is no role `ghost`"):
        blast.live(database, "ghost")


SCHEMA = """
@role entity Role;
entity Agent in [Role];
@table("ticket") entity Ticket = { "owner": String };
@columns("ticket") entity TicketColumn enum ["email", "state"];
@privilege("select") action "read" appliesTo { principal: [Agent, Role], resource: [Ticket, TicketColumn] };
@privilege("delete") action "drop" appliesTo { principal: [Role], resource: [Ticket] };
"""
POLICIES = """
@id("mine") permit (principal in Role::"desk", action == Action::"read", resource is Ticket) when { resource.owner == "desk" };
@id("state") permit (principal == Role::"desk", action == Action::"read", resource == TicketColumn::"state");
@id("drops") permit (principal == Role::"lead", action == Action::"drop", resource);
"""


def test_policies_alone_say_what_a_role_opens_and_are_marked() -> None:
    access = policies.assess({"a.cedar": POLICIES.encode(), "a.cedarschema": SCHEMA.encode()})
    assert access.faults == ()
    found = {(one.table, one.privileges, tuple(one.columns.values())): one for one in blast.declared(access, "desk")}
    assert set(found) == {("ticket", ("select",), ()), ("ticket", ("select",), (("state",),))}
    rows = found["ticket", ("select",), ()]
    assert (rows.answer, rows.policies, rows.declared) == ("depends", ("mine",), True)
    assert found["ticket", ("select",), (("state",),)].answer == "yes"
    assert [one.privileges for one in blast.declared(access, "lead")] == [("delete",)]
    assert blast.declared(access, "ghost") == ()
