"""What a database does is written as policies that change nothing in it; what they cannot say is listed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import given

from readiness.cli import main as cli
from readiness.runs import access_database
from readiness.world.postgres import Address
from tests.layers.security.test_compiling import ROLES, SETS, USERS, assess, carried_out

MADE = """
create table doc (id text primary key, title text not null, owner text not null, rank bigint not null,
  open boolean not null, note text, labels text[] not null);
create table sheet (id text primary key, a text, b text, c text);
"""


@pytest.fixture(scope="module")
def database(cluster: Address) -> Iterator[psycopg.Connection]:
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as connection:
        for name in (*ROLES, *USERS):
            connection.execute(psycopg.sql.SQL("create role {}").format(psycopg.sql.Identifier(name)))
        connection.execute(MADE)
        yield connection


@given(SETS)
def test_what_policies_made_is_written_as_policies_that_change_nothing(
    cluster: Address, database: psycopg.Connection, texts: tuple[list[str], list[str], list[str]]
) -> None:
    access = assess(*(text for part in texts for text in part))
    if access.faults:
        return
    carried_out(database, access)
    found = access_database.generate(cluster.url("postgres"))
    assert (found.left, found.steps) == ((), ()), found


BY_HAND = """
create policy own on doc for all to staff using (owner = current_user or note = 'x' or not open);
create policy high on doc for select to desk using (rank between 1 and 5 and title in ('a', 'b') and note like 'a*%');
create policy never on doc as restrictive for select to public using (id <> 'd9' and (note is null or note <> 'secret'));
alter table doc enable row level security;
alter table doc force row level security;
grant select, insert, update, delete on doc to staff;
grant select on doc to desk;
grant select (a, b), insert on sheet to desk;
grant delete on sheet to staff;
"""
UNSAID = """
create policy f on doc for select to desk using (title ~ 'x');
create policy everybody on doc for select using (open);
create policy checked on doc for update to desk using (open) with check (not open);
create policy idle on doc for delete to desk using (true);
grant truncate on doc to desk;
grant select on sheet to public;
grant select on sheet to ann with grant option;
"""


@pytest.fixture
def fresh(cluster: Address, database: psycopg.Connection) -> Iterator[str]:
    """A database of its own, with the same roles."""
    database.execute("create database fresh")
    yield cluster.url("fresh")
    database.execute("drop database fresh with (force)")


def test_what_was_made_by_hand_is_written_so_too(fresh: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with psycopg.connect(fresh, autocommit=True) as connection:
        connection.execute((MADE + BY_HAND).encode())
    found = access_database.generate(fresh)
    assert (found.left, found.steps) == ((), ())
    words = ["access", "generate", "--database-url", fresh, "--project", str(tmp_path)]
    assert cli.main(words) == 0
    assert "a plan would change 0 things" in capsys.readouterr().out
    assert cli.main(["access", "lint", *(str(tmp_path / "policies" / name) for name in ("access.cedar", "access.cedarschema"))]) == 0
    assert cli.main(words) == 2
    assert "is there already" in capsys.readouterr().err


def test_what_cedar_cannot_say_is_listed_and_a_plan_closes_it(fresh: str) -> None:
    with psycopg.connect(fresh, autocommit=True) as connection:
        connection.execute((MADE + BY_HAND + UNSAID).encode())
    found = access_database.generate(fresh)
    said = "\n".join(found.left)
    for name in ("row policy f", "row policy everybody", "row policy checked", "row policy idle", "truncate of desk", "select of public",
                 "select of ann"):  # fmt: skip
        assert name in said, said
    taken = [step.sql for step in found.steps]
    assert sum(text.startswith("drop policy") for text in taken) == 4
    assert sum(text.startswith("revoke") for text in taken) == 3
    assert len(taken) == 7
