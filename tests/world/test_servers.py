"""A run finds no role of an earlier run, the first run's database stays, and nothing is moved where no roles are made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from readiness.config import manifest as manifests
from readiness.layers.infrastructure import procedure
from readiness.testing.projects import make_repository
from readiness.world import borrowed, servers, watched
from readiness.world import project as projects
from readiness.world.session import Session
from readiness.world.watched import Database


@pytest.fixture
def session(workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    root = make_repository(tmp_path / "shop", {"main.py": "print(1)\n"})
    project = projects.load(root)
    with closing(Session(project, procedure.discover(project, manifests.load(root)))) as made:
        yield made


def makes_roles(database: Database) -> None:
    """What a migration does that makes its roles, and gives one to another."""
    with psycopg.connect(database.own_url, autocommit=True) as connection:
        connection.execute("create role zeta; create role alpha; grant zeta to alpha; create table t (id int); grant select on t to zeta")


def test_each_run_can_make_the_same_roles_and_the_first_stays(session: Session) -> None:
    first = watched.fresh_database(session, "first")
    makes_roles(first)
    for label in ("again", "elsewhere"):
        database = watched.fresh_database(session, label)
        assert database.socket != first.socket
        assert servers.of(session, database)[1].socket == database.socket
        makes_roles(database)
    with borrowed.database(session, "migrated_0") as lent:
        makes_roles(lent)
    with psycopg.connect(first.reader_url) as connection:
        assert connection.execute("select has_table_privilege('alpha', 't', 'select')").fetchone() == (True,)


def test_without_roles_of_the_project_all_runs_share_a_server(session: Session) -> None:
    made = [watched.fresh_database(session, label) for label in ("first", "again", "attacked")]
    assert len({database.socket for database in made}) == 1
    assert "spare" not in session.__dict__


def test_the_first_run_begins_on_a_clear_server_whoever_was_before(session: Session) -> None:
    makes_roles(watched.fresh_database(session, "attacked"))
    first = watched.fresh_database(session, "first")
    makes_roles(first)
    assert first.socket == session.postgres[1].socket
