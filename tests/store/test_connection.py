"""The store of a project: the embedded one by itself, or the one that is named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from readiness.errors import CannotJudge, UsageError
from readiness.store import check_runs
from readiness.store.connection import FOLDER, NAME, VARIABLE, connect, open_store
from readiness.world.postgres import Server, process
from tests.store.conftest import Databases
from tests.store.test_check_runs import FIRST

OPEN = "import sys, pathlib; from readiness.store.connection import open_store; open_store(pathlib.Path(sys.argv[1])).close()"


@pytest.fixture
def project(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project whose store was not opened yet."""
    monkeypatch.delenv(VARIABLE, raising=False)
    yield workplace
    Server(workplace / FOLDER).stop()


def test_a_store_opens_by_itself_and_quickly_again(project: Path) -> None:
    with open_store(project) as store:
        assert check_runs.insert(store, [FIRST]) == 1
    started = time.monotonic()
    with open_store(project) as store:
        elapsed_s = time.monotonic() - started
        assert check_runs.newest(store, "assistant") == (FIRST,)
        assert store.execute("show fsync").fetchone() == ("on",)
        assert store.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() == (False,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            store.execute("copy check_run to program 'cat'")
    assert elapsed_s < 0.5


def test_nobody_else_of_the_server_gets_into_the_store(project: Path) -> None:
    open_store(project).close()
    server = Server(project / FOLDER)
    server.create_role("demo", "password")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(server.ensure().url(NAME, "demo", "password"))


def test_processes_that_open_the_store_at_once_all_get_it(project: Path) -> None:
    opening = [subprocess.Popen([sys.executable, "-c", OPEN, project]) for _ in range(4)]
    assert [process.wait(60) for process in opening] == [0, 0, 0, 0]


def test_a_store_whose_server_is_killed_opens_again_with_everything(project: Path) -> None:
    with open_store(project) as store:
        check_runs.insert(store, [FIRST])
        pid = process.postmaster(project / FOLDER / "data")
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.2)
        with pytest.raises(CannotJudge, match="the store: "):
            check_runs.newest(store, "assistant")
    with open_store(project) as store:
        assert check_runs.newest(store, "assistant") == (FIRST,)


def test_a_named_database_is_used_and_migrated(empty: str, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, empty)
    with open_store(workplace) as store:
        assert check_runs.insert(store, [FIRST]) == 1
    with open_store(workplace) as store:
        assert check_runs.newest(store, "assistant") == (FIRST,)
    assert not (workplace / ".readiness").exists()


def test_a_database_that_may_not_be_changed_is_told(
    databases: Databases, empty: str, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases.administrator.execute("drop role if exists reader; create role reader login password 'password'")
    with connect(empty) as connection:
        connection.execute("revoke create on schema public from public")
    monkeypatch.setenv(VARIABLE, psycopg.conninfo.make_conninfo(empty, user="reader", password="password"))
    with pytest.raises(CannotJudge, match="permission denied for schema public"):
        open_store(workplace)
    databases.administrator.execute("drop role reader")


@pytest.mark.parametrize("link", [".readiness", FOLDER])
def test_a_link_out_of_the_project_is_not_followed(workplace: Path, monkeypatch: pytest.MonkeyPatch, link: str) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    (workplace / "elsewhere").mkdir()
    (workplace / link).parent.mkdir(exist_ok=True)
    (workplace / link).symlink_to(workplace / "elsewhere")
    with pytest.raises(CannotJudge, match="is a link"):
        open_store(workplace)
    assert list((workplace / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("address", ["nonsense hunter2", "postgresql://u:hunter2@/d?nonsense=1", "postgresql://u:hunter2@[::1/d"])
def test_an_address_that_is_none_is_told_without_its_password(address: str) -> None:
    with pytest.raises(UsageError, match="the address of the database is none") as caught:
        connect(address)
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_a_database_nobody_answers_at_is_told(workplace: Path) -> None:
    with pytest.raises(CannotJudge, match="the database does not let us in") as caught:
        connect(f"postgresql://u:hunter2@/d?host={workplace}")
    assert "hunter2" not in caught.value.message
