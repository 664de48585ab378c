"""What the engine decides and what PostgreSQL shows is the same, row by row and privilege by privilege."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from readiness.formats.cedar import ReadSchema
from readiness.formats.cedar.deciding import Engine, Request
from readiness.formats.cedar.entities import Entity, Uid
from readiness.layers.security import binding, catalogue, compiling, policies, render_access
from readiness.layers.security.binding import Column, TableFacts
from readiness.layers.security.compiling import Compiled
from readiness.layers.security.policies import Access
from readiness.layers.security.render_condition import identifier
from readiness.world.postgres import Address

SCHEMA = """
@role entity Role in [Role];
@role entity User in [Role];
@table("doc") entity Doc = { title: String, owner: User, rank: Long, open: Bool, note?: String, labels: Set<String> };
@columns("sheet") entity Cell;
action "any";
@privilege("select") action "read" in ["any"] appliesTo { principal: User, resource: [Doc, Cell] };
@privilege("update") action "write" in ["any"] appliesTo { principal: User, resource: [Doc, Cell], context: { reason?: String } };
@privilege("delete") action "drop" appliesTo { principal: User, resource: Doc };
action "ask" appliesTo { principal: User, resource: Role };
"""
DOC = TableFacts(
    "public", "doc",
    (Column("id", "text"), Column("title", "text"), Column("owner", "text"), Column("rank", "bigint"), Column("open", "boolean"),
     Column("note", "text", nullable=True), Column("labels", "text[]")), ("id",),
)  # fmt: skip
SHEET = TableFacts("public", "sheet", tuple(Column(name, "text") for name in ("id", "a", "b", "c")), ("id",))
FACTS = {"doc": DOC, "sheet": SHEET}
TEXTS = ["", "a", "A", "ab", "a'b", "x%y", "x_y", "b\\n", "é", "a\nb", "*"]
NUMBERS = [0, 1, -1, 7, 2**63 - 1, -(2**63)]
ROLES, USERS = ["staff", "desk", "Night Shift"], ["ann", "ben", 'c"d', "dee"]


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def assess(*texts: str) -> Access:
    whole = "\n".join(f'@id("p{number}") {text};' for number, text in enumerate(texts))
    return policies.assess({"p.cedar": whole.encode(), "s.cedarschema": SCHEMA.encode()})


def compiled(access: Access, facts: dict[str, TableFacts] | None = None) -> Compiled:
    assert access.faults == ()
    return compiling.compile_policies(access.sound, access.schema.declared, binding.bind(access.schema.declared, facts or FACTS))


# --- what is compiled, and what is refused -----------------------------------------------------------------------------


STAFF = 'principal in Role::"staff"'
COMPILED = {
    f'permit ({STAFF}, action == Action::"read", resource is Doc) when {{ resource.open }}': [
        'create policy "p0" on "public"."doc" as permissive for select to "staff" using (("open"))',
        'grant select on "public"."doc" to "staff"',
    ],
    'permit (principal == User::"ann", action == Action::"drop", resource)': [
        "create policy \"p0\" on \"public\".\"doc\" as permissive for delete to \"ann\" using (((current_user = 'ann')))",
        'grant delete on "public"."doc" to "ann"',
    ],
    'forbid (principal, action == Action::"write", resource is Doc) unless { resource.owner == principal }': [
        'create policy "p0" on "public"."doc" as restrictive for update to public '
        'using ((not coalesce(((not ("owner" collate "C" = current_user::text collate "C"))), true))) '
        'with check ((not coalesce(((not ("owner" collate "C" = current_user::text collate "C"))), true)))',
    ],
    f'permit ({STAFF}, action == Action::"read", resource == Cell::"a")': ['grant select ("a") on "public"."sheet" to "staff"'],
}  # fmt: skip


@pytest.mark.parametrize("text", COMPILED)
def test_a_policy_becomes_statements(text: str) -> None:
    found = render_access.statements(compiled(assess(text)))
    assert [one for one in found if one.startswith(("create", "grant"))] == COMPILED[text]
    assert 'alter table "public"."doc" force row level security' in found


READ_DOC = '(principal in Role::"staff", action == Action::"read", resource is Doc)'
REFUSED = {
    'permit (principal, action == Action::"read", resource is Doc)': "a permit that names no role cannot be compiled",
    'permit (principal is User, action == Action::"read", resource is Doc)': "a permit that names no role cannot be compiled",
    f'permit ({STAFF}, action == Action::"write", resource is Doc) when {{ context has reason && context.reason == "x" }}': "`context`",
    f"permit {READ_DOC} when {{ resource.rank + 1 > 2 }}": "`add`",
    f"permit {READ_DOC} when {{ if resource.open then true else false }}": "`IfThenElse`",
    f"permit {READ_DOC} when {{ resource.labels.containsAll([\"a\"]) }}": "`contains_all`",
    f"permit {READ_DOC} when {{ resource.labels == [\"a\"] }}": "no single value",
    f"permit {READ_DOC} when {{ resource.title == \"a\\0b\" }}": "null character",
    f'permit {READ_DOC} when {{ resource.owner in Role::"desk" }}': "`in` of anything but the principal",
    'permit (principal in Role::"public", action == Action::"drop", resource)': "a role called `public`",
    'permit (principal in Role::"pg_read_all_data", action == Action::"drop", resource)': "a role called",
    f'permit (principal in Role::"{"r" * 64}", action == Action::"drop", resource)': "keeps 63 bytes",
    f'permit ({STAFF}, action == Action::"read", resource is Cell) when {{ principal == User::"ann" }}': "under a condition",
    f'forbid ({STAFF}, action == Action::"read", resource == Cell::"a")': "taken from some roles only",
    f'permit ({STAFF}, action == Action::"read", resource == Cell::"nope")': "which `sheet` does not have",
    f'@budget("5/day") permit {READ_DOC}': "a budget, which a database does not count, cannot be compiled",
    'permit (principal == ?principal, action == Action::"drop", resource)': "a template",
    f"permit {READ_DOC} when {{ {' && '.join(['resource.open'] * 150)} }}": "cannot be compiled",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_means_nothing_in_postgresql_is_refused_by_name_and_refuses_all(text: str) -> None:
    sound = f'permit ({STAFF}, action == Action::"drop", resource)'
    found = compiled(assess(sound, text))
    (refused,) = found.refused
    assert "policy `p1`" in refused
    assert REFUSED[text] in refused
    assert (found.rules, found.grants, found.tables) == ((), (), ())


def test_one_name_for_a_user_and_a_group_is_refused() -> None:
    one, other = (f'permit (principal {sign}::"x", action == Action::"drop", resource)' for sign in ("in Role", "== User"))
    assert "which is one role with" in compiled(assess(one, other)).refused[0]


def replaced(column: Column) -> TableFacts:
    return TableFacts("public", "doc", tuple(column if one.name == column.name else one for one in DOC.columns), ("id",))


BINDINGS = [
    ({"doc": DOC}, "Cell: the database has no table `sheet`"),
    ({**FACTS, "doc": TableFacts("public", "doc", DOC.columns[:-1], ("id",))}, "Doc.labels: the table `doc` has no such column"),
    (
        {**FACTS, "doc": replaced(Column("rank", "numeric"))},
        "Doc.rank: is Long, and the column is numeric",
    ),
    (
        {**FACTS, "doc": replaced(Column("open", "boolean", nullable=True))},
        "Doc.open: is required, and the column may be null",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "said"), BINDINGS)
def test_a_schema_that_the_database_does_not_fit_is_refused(facts: dict[str, TableFacts], said: str) -> None:
    found = compiled(assess(f'permit ({STAFF}, action == Action::"drop", resource)'), facts)
    assert said in found.refused
    assert not found.grants


BOUND = '@role entity A; @table("doc") entity D;'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("entity A; action x appliesTo { principal: A, resource: A };", "names no table"),
        ("entity A; action x appliesTo { principal: A, resource: A };", "names no roles"),
        ("entity A; action x appliesTo { principal: A, resource: A };", "names no privilege"),
        (f'{BOUND} @privilege("selct") action x appliesTo {{ principal: A, resource: D }};', "`selct` is no privilege"),
        (f'{BOUND} @privilege("select") action x appliesTo {{ principal: A, resource: A }};', "neither a table"),
        (f'{BOUND} @privilege("select") action x, y appliesTo {{ principal: A, resource: D }};', "already"),
    ],
)  # fmt: skip
def test_a_schema_that_does_not_say_what_is_meant_is_refused(text: str, said: str) -> None:
    read: ReadSchema = policies.assess({"s.cedarschema": text.encode()}).schema
    assert any(said in line for line in binding.bind(read.declared, FACTS).refused)


# --- the same in both ----------------------------------------------------------------------------------------------------


ATOMS = st.one_of(
    st.sampled_from(
        [
            "resource.open",
            "resource.owner == principal",
            "resource has note",
            "!(resource has note)",
            "true",
            "false",
            "resource is Doc",
            'principal in Role::"desk"',
            'principal in [Role::"desk", Role::"Night Shift"]',
            'principal == User::"ann"',
            "principal != resource.owner",
            'action == Action::"read" || true',
            'resource == Doc::"d3"',
            'resource in [Doc::"d3"] || true',
            "resource.open == false",
        ]
    ).filter(lambda text: not text.startswith(("action ==", "resource in"))),
    st.builds(lambda text: f"resource.title == {quoted(text)}", st.sampled_from(TEXTS)),
    st.builds(lambda text: f"resource.title != {quoted(text)}", st.sampled_from(TEXTS)),
    st.builds(lambda text: f"resource has note && resource.note == {quoted(text)}", st.sampled_from(TEXTS)),
    st.builds(lambda text: f"resource.labels.contains({quoted(text)})", st.sampled_from(TEXTS)),
    st.builds(lambda one, two: f"[{quoted(one)}, {quoted(two)}].contains(resource.title)", st.sampled_from(TEXTS), st.sampled_from(TEXTS)),
    st.builds(lambda text: f'resource.title like "{text}"', st.sampled_from(["a*", "*b", "x%*", "*_*", "\\\\*", "\\**", "*", "a", "*é*"])),
    st.builds(
        lambda sign, number: f"resource.rank {sign} {number}", st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), st.sampled_from(NUMBERS)
    ),
    st.builds(lambda name: f"resource.owner == User::{quoted(name)}", st.sampled_from(USERS)),
)
CONDITIONS: st.SearchStrategy[str] = st.recursive(
    ATOMS,
    lambda inner: (
        st.builds(lambda one, op, two: f"({one}) {op} ({two})", inner, st.sampled_from(["&&", "||"]), inner)
        | inner.map(lambda one: f"!({one})")
    ),
    max_leaves=5,
)
CLAUSES = st.lists(st.builds(lambda kind, text: f"{kind} {{ {text} }}", st.sampled_from(["when", "unless"]), CONDITIONS), max_size=2).map(
    " ".join
)
ROLE = st.sampled_from(
    [
        *(f"principal in Role::{quoted(name)}" for name in ROLES),
        *(f"principal == User::{quoted(name)}" for name in USERS),
        'principal is User in Role::"staff"',
    ]
)
WHAT = st.sampled_from(["resource is Doc", 'resource == Doc::"d3"'])
ACTION = st.sampled_from(['action == Action::"read"', 'action in Action::"any"', 'action in [Action::"read", Action::"drop"]'])
PERMIT = st.builds(lambda who, action, what, clause: f"permit ({who}, {action}, {what}) {clause}", ROLE, ACTION, WHAT, CLAUSES)
FORBID = st.builds(
    lambda who, action, what, clause: f"forbid ({who}, {action}, {what}) {clause}", ROLE | st.just("principal"), ACTION, WHAT, CLAUSES
)
CELL = st.sampled_from(["resource is Cell", *(f'resource == Cell::"{name}"' for name in "abc")])
CELL_ACTION = st.sampled_from(['action == Action::"read"', 'action == Action::"write"', 'action in Action::"any"'])
CELLS = st.one_of(
    st.builds(
        lambda role, action, what: f"permit (principal in Role::{quoted(role)}, {action}, {what})",
        st.sampled_from(ROLES),
        CELL_ACTION,
        CELL,
    ),
    st.builds(lambda action, what: f"forbid (principal, {action}, {what})", CELL_ACTION, CELL),
)
SETS = st.tuples(st.lists(PERMIT, min_size=1, max_size=4), st.lists(FORBID, max_size=2), st.lists(CELLS, max_size=4))


@pytest.fixture(scope="module")
def database(cluster: Address) -> Iterator[psycopg.Connection]:
    """A database with the roles and the tables."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        for name in (*ROLES, *USERS):
            connection.execute(sql.SQL("create role {}").format(sql.Identifier(name)))
        connection.execute(
            "create table doc (id text primary key, title text not null, owner text not null, rank bigint not null, "
            "open boolean not null, note text, labels text[] not null)"
        )
        connection.execute("create table sheet (id text primary key, a text, b text, c text)")
        yield connection


Seed = st.integers(0, 2**32 - 1)
DONE = {"rows": 0, "cells": 0}
SOAK = "READINESS_SOAK" in os.environ


def world(seed: int) -> tuple[dict[str, list[str]], list[Entity]]:
    """Who is in which roles (a role may be in another), and rows, as entities."""
    chance = random.Random(seed)
    member = {name: [role for role in ROLES if chance.random() < 0.4] for name in USERS}
    member["desk"] = ["staff"] if chance.random() < 0.5 else []
    rows = []
    for number in range(8):
        attributes: dict[str, object] = {
            "title": chance.choice(TEXTS),
            "owner": {"__entity": {"type": "User", "id": chance.choice(USERS)}},
            "rank": chance.choice(NUMBERS),
            "open": chance.random() < 0.5,
            "labels": chance.sample(TEXTS, chance.randrange(3)),
        }
        if chance.random() < 0.6:
            attributes["note"] = chance.choice(TEXTS)
        rows.append(Entity(Uid("Doc", f"d{number}"), attributes))
    return member, rows


def entities(member: dict[str, list[str]], rows: list[Entity]) -> list[Entity]:
    people = [
        Entity(Uid("User" if name in USERS else "Role", name), {}, tuple(Uid("Role", role) for role in roles))
        for name, roles in member.items()
    ]
    known = {entity.uid for entity in people}
    return [
        *people,
        *(Entity(Uid("Role", name)) for name in ROLES if Uid("Role", name) not in known),
        *rows,
        *(Entity(Uid("Cell", name)) for name in "abc"),
    ]


def fill(connection: psycopg.Connection, member: dict[str, list[str]], rows: list[Entity]) -> None:
    pairs = [(one, other) for one, other in itertools.product(ROLES, (*ROLES, *USERS)) if one != other]
    texts = [f"revoke {identifier(one)} from {identifier(other)}" for one, other in pairs]
    texts += [f"grant {identifier(role)} to {identifier(name)}" for name, roles in member.items() for role in roles]
    connection.execute("; ".join(texts).encode())
    connection.execute("alter table doc no force row level security; truncate doc")
    for row in rows:
        said = dict(row.attributes)
        owner = said["owner"]["__entity"]["id"]  # type: ignore[index]
        values = (row.uid.id, said["title"], owner, said["rank"], said["open"], said.get("note"), said["labels"])
        connection.execute("insert into doc values (%s, %s, %s, %s, %s, %s, %s)", values)


def carried_out(connection: psycopg.Connection, access: Access) -> None:
    """Brings the database from whatever stands in it to what the policies say; then nothing is left to do."""
    for left in (False, True):
        standing = catalogue.look(connection, ["doc", "sheet"]).standing
        found = compiled(access, {name: one.facts for name, one in standing.items()})
        assert found.refused == ()
        statements = render_access.statements(found, standing)
        assert not (left and statements), (statements, standing)
        connection.execute("; ".join(statements).encode())


def visible(connection: psycopg.Connection, user: str) -> set[str]:
    """The rows a user gets; none where the privilege is missing, by its own SQLSTATE and no other."""
    with connection.transaction():
        connection.execute(sql.SQL("set local role {}").format(sql.Identifier(user)))
        try:
            with connection.transaction():
                return {str(row[0]) for row in connection.execute("select id from doc").fetchall()}
        except psycopg.errors.InsufficientPrivilege:
            return set()


@given(SETS, Seed)
def test_any_policies_decide_the_same_in_both(
    database: psycopg.Connection, texts: tuple[list[str], list[str], list[str]], seed: int
) -> None:
    compare(database, [text for part in texts for text in part], seed)


def compare(database: psycopg.Connection, texts: list[str], seed: int) -> None:
    access = assess(*texts)
    if access.faults:  # a condition that the schema does not allow, such as `resource == …` of the wrong kind
        return
    member, rows = world(seed)
    fill(database, member, rows)
    carried_out(database, access)
    engine = Engine(access.sound, access.schema.text, entities(member, rows))
    for user in USERS:
        asked = [Request(Uid("User", user), 'Action::"read"', row.uid) for row in rows]
        allowed = {request.resource.id for request, decision in zip(asked, engine.decide(asked), strict=True) if decision.allowed}
        assert visible(database, user) == allowed, user
        DONE["rows"] += len(rows)
        for action, verb in (('Action::"read"', "select"), ('Action::"write"', "update")):
            cells = [Request(Uid("User", user), action, Uid("Cell", name)) for name in "abc"]
            for request, decision in zip(cells, engine.decide(cells), strict=True):
                query = "select has_column_privilege(%s, 'sheet', %s, %s)"
                (held,) = database.execute(query, (user, request.resource.id, verb)).fetchone() or (None,)
                assert held is decision.allowed, (user, verb, request.resource.id)
                DONE["cells"] += 1


def test_enough_was_compared(database: psycopg.Connection) -> None:
    """At least 4,000 rows and 500 privileges in every run, whatever was drawn above; with that, 100,000 and 10,000 in a soak."""
    chance = random.Random(20261125)
    rows, cells = (100_000, 10_000) if SOAK else (4_000, 500)
    if not SOAK:
        DONE.update(rows=0, cells=0)
    for number in itertools.count():
        if DONE["rows"] >= rows and DONE["cells"] >= cells:
            break
        compare(database, PERMIT_SETS[chance.randrange(len(PERMIT_SETS))], number)
    print(f"{DONE['rows']} rows and {DONE['cells']} privileges compared, no disagreement")  # noqa: T201  what a soak is run for


PERMIT_SETS = [
    [
        f"permit {READ_DOC} when {{ resource.open || resource.owner == principal }}",
        'forbid (principal in Role::"Night Shift", action, resource is Doc) when { resource.rank > 1 }',
        'permit (principal in Role::"desk", action in Action::"any", resource is Cell)',
        'forbid (principal, action == Action::"write", resource == Cell::"b")',
    ],
    [
        'permit (principal in Role::"desk", action in Action::"any", resource is Doc) '
        'unless { resource has note && resource.note like "*_*" }',
        'permit (principal == User::"ann", action == Action::"read", resource is Doc)',
        'forbid (principal == User::"ben", action, resource is Doc) unless { resource.labels.contains("a\'b") }',
        'permit (principal in Role::"staff", action == Action::"read", resource == Cell::"a")',
    ],
    [
        'permit (principal is User in Role::"staff", action == Action::"read", resource is Doc) '
        'when { resource.title like "*b*" || resource.rank < 0 }',
        'permit (principal in Role::"Night Shift", action == Action::"read", resource is Doc) when { resource.owner != principal }',
        'forbid (principal, action == Action::"read", resource is Doc) when { !(resource has note) && !resource.open }',
        'permit (principal in Role::"Night Shift", action == Action::"write", resource is Cell)',
    ],
]
