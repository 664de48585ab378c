"""Rows fit whatever the catalogue says of a table, and what becomes of them is told by table and column."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.infrastructure import rows
from readiness.layers.infrastructure.rows import Loss
from readiness.world import borrowed
from readiness.world.postgres import Server, binaries, extensions
from readiness.world.tables import Tables

KINDS = [
    "int", "smallint", "bigint", "numeric(3,2)", "numeric(2,2)", "real", "double precision", "money", "text", "varchar(1)", "varchar(40)",
    "char(4)", "boolean", "date", "timestamp", "timestamptz", "time", "timetz", "interval", "uuid", "json", "jsonb", "bytea", "inet",
    "cidr", "macaddr", "tsvector", "point", "int4range", "daterange", "bit(3)", "text[]", "int[]", "vector(384)", "mood", "mood[]", "small",
]  # fmt: skip
SCHEMA = """
create extension vector;
create type mood as enum ('good', 'bad');
create domain small as int check (value < 100);
create table kinds (KINDS);
create table parents (id serial primary key, name text not null unique, parent_id int references parents (id));
create table pairs (a int, b text, primary key (a, b));
create table children (
  id uuid primary key, parent_id int not null references parents, a int not null, b text not null, kept date not null default now(),
  foreign key (a, b) references pairs (a, b)
);
create table checked (
  audience text not null check (audience in ('customer', 'operator')), sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  score numeric not null check (score > 0.5 and score < 0.75), low int check (low < 0), mail text check (mail like '%@%.%'),
  made int generated always as (low * 2) stored, own int generated always as identity, other text check (other <> '')
);
create table ring_a (id int primary key, b int);
create table ring_b (id int primary key, a int references ring_a);
alter table ring_a add foreign key (b) references ring_b;
create table hopeless (word text not null check (word ~ '^never[x]{7}$'));
create table measured (at date not null, value int) partition by range (at);
create table measured_2026 partition of measured for values from ('2026-01-01') to ('2027-01-01');
create table walled (id int primary key); alter table walled enable row level security; alter table walled force row level security;
create schema aside; create table aside."odd ""name" ("a b" int primary key);
""".replace("KINDS", ", ".join(f"c{number} {kind} not null" for number, kind in enumerate(KINDS)))


@pytest.fixture(scope="module")
def urls(reachable: Path) -> Iterator[tuple[str, str]]:
    """The addresses of a database with that schema: its owner's and a reader's."""
    folder = reachable / "rows"
    folder.mkdir()
    settings = extensions.trusted(binaries(), folder / "extensions")
    with Server(folder / "postgres", settings={**settings, "fsync": "off"}, socket_mode=0o777) as server:
        address = server.ensure()
        server.create_role("owner_of_it", "word")
        server.create_database("shop", owner="owner_of_it")
        server.create_reader("reader", "word")
        own, reader = (address.url("shop", name, "word") for name in ("owner_of_it", "reader"))
        with borrowed.Owner(own) as owner:
            complaint = owner.run(SCHEMA)
        assert complaint is None, complaint
        yield own, reader


def test_every_table_that_can_be_filled_is(urls: tuple[str, str]) -> None:
    filled = rows.fill(*urls, frozenset({"pairs_never"}))
    assert set(filled.empty) == {"hopeless"}, filled
    assert {name: count for name, count in filled.counts.items() if count < rows.ROWS} == {"hopeless": 0}
    kept = rows.kept(urls[1], frozenset())
    assert {len(found) for name, (_, found) in kept.items() if name != "hopeless"} == {rows.ROWS}
    assert all(value is not None for row in kept["kinds"][1] for value in row.values())
    assert len({row["parent_id"] for row in kept["children"][1]}) == rows.ROWS
    assert rows.losses(kept, kept) == ()
    with Tables(urls[1]) as tables:
        assert tables.rows("select relforcerowsecurity from pg_class where relname = 'walled'") == [(True,)]


Values = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), min_size=3, max_size=3)


@given(st.lists(Values, max_size=6), st.lists(Values, max_size=3), st.booleans())
def test_rows_that_came_meanwhile_are_no_loss(before: list[dict[str, int]], more: list[dict[str, int]], keyed: bool) -> None:
    numbered = [row | {"id": number} for number, row in enumerate([*before, *more])]
    key = ("id",) if keyed else ()
    old, new = {"t": (key, tuple(numbered[: len(before)]))}, {"t": (key, tuple(reversed(numbered)))}
    assert rows.losses(old, new) == ()


@given(st.lists(Values, min_size=1, max_size=6, unique_by=str), st.data())
def test_a_row_that_is_gone_or_changed_is_a_loss(before: list[dict[str, int]], data: st.DataObject) -> None:
    numbered = tuple(row | {"id": number} for number, row in enumerate(before))
    chosen = data.draw(st.integers(0, len(before) - 1))
    changed = tuple(row | ({"a": 9} if row["id"] == chosen else {}) for row in numbered)
    emptied = tuple(row | ({"a": None} if row["id"] == chosen else {}) for row in numbered)
    fewer = tuple(row for row in numbered if row["id"] != chosen)
    count = len(before)
    for key in ((), ("id",)):
        old = {"t": (key, numbered)}
        assert rows.losses(old, {"t": (key, changed)}) == (Loss("t", "a", f"1 of {count} values of t.a are changed"),)
        assert rows.losses(old, {"t": (key, emptied)}) == (Loss("t", "a", f"1 of {count} values of t.a are lost"),)
        assert rows.losses(old, {"t": (key, fewer)}) == (Loss("t", "", f"1 of {count} rows of table t are lost"),)
    assert rows.losses({"t": ((), numbered)}, {}) == (Loss("t", "", f"all {count} rows of table t are lost"),)
