"""Who may run a server and who may reach it: root with namespaces and without, ordinary users, a sandboxed one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from readiness.errors import CannotJudge
from readiness.world.postgres import Server, binaries, process
from readiness.world.postgres.means import USERS
from tests.world.conftest import reachable_python
from tests.world.postgres.conftest import LOOSE, ask, end, needs_namespaces

root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")
ORDINARY = 61300

ENSURE = """
import sys
from pathlib import Path
from readiness.errors import CannotJudge
from readiness.world.postgres import Server
server = Server(Path(sys.argv[1]), settings={"fsync": "off"}, binaries=Path(sys.argv[2]) if sys.argv[2:] else None)
try:
    server.ensure()
    server.create_database("made")
    server.stop()
    print(server.ensure().url("made"))
except CannotJudge as error:
    print("refused:", error.message)
"""

WITHOUT_NAMESPACES = """
import ctypes, os, sys
ready, go = os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    if ctypes.CDLL(None).unshare(0x10000000) != 0:
        os._exit(77)
    os.write(ready[1], b".")
    os.read(go[0], 1)
    open("/proc/sys/user/max_user_namespaces", "w").write("0")
    os.execv(sys.argv[1], sys.argv[1:])
os.close(ready[1])
if os.read(ready[0], 1):
    for name in ("uid_map", "gid_map"):
        open(f"/proc/{child}/{name}", "w").write("0 0 65536")
    os.write(go[1], b".")
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
"""Runs a command as a root to whom the kernel gives no user namespace; nobody else is touched by that limit."""


@pytest.fixture
def closed() -> Iterator[Path]:
    """A folder nobody but us can enter, below another one."""
    folder = Path.home() / f".readiness-tests-{os.getpid()}"
    (folder / "project").mkdir(parents=True)
    folder.chmod(0o700)
    yield folder / "project"
    shutil.rmtree(folder)


def rights(folder: Path) -> list[tuple[str, int, int, int]]:
    """Mode and owner of a folder, of all above it, and of what lies beside them."""
    around = [folder, *folder.parents, *folder.iterdir(), *folder.parent.iterdir()]
    found = [(path, path.lstat()) for path in around if path.name not in (".readiness", "postgres")]
    return [(str(path), stat.st_mode, stat.st_uid, stat.st_gid) for path, stat in found]


@needs_namespaces
def test_nothing_outside_its_folder_changes_mode_or_owner(closed: Path) -> None:
    before = rights(closed)
    with Server(closed / ".readiness/postgres", settings=LOOSE) as server:
        assert ask(server, "select 1") == [(1,)]
        assert server.data.stat().st_uid == os.geteuid()
    assert rights(closed) == before


@root
def test_the_server_of_root_has_no_rights_of_root(server: Server) -> None:
    server.ensure()
    status = Path(f"/proc/{process.postmaster(server.data)}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(fields["CapEff"], 16) == 0


@root
def test_root_without_namespaces_takes_another_user_id(closed: Path) -> None:
    before = rights(closed)
    done = as_root_without_namespaces(closed / ".readiness/postgres")
    server = Server(closed / ".readiness/postgres", settings=LOOSE)
    try:
        assert "postgresql://" in done.stdout, done.stderr
        assert "user namespaces" not in done.stderr  # one that is thrown away is nobody's but ours
        assert server.data.stat().st_uid in USERS
        assert ask(server, "select current_database()", "made") == [("made",)]
        server.stop()
        assert ask(server, "select current_database()", "made") == [("made",)]
        assert rights(closed) == before
    finally:
        end(server)


@root
def test_a_database_of_root_goes_on_where_namespaces_are_refused(closed: Path) -> None:
    server = Server(closed / "postgres", settings=LOOSE)
    ask(server, "create table t as select 7 as n")
    server.stop()
    done = as_root_without_namespaces(server.folder)
    try:
        assert "postgresql://" in done.stdout, done.stderr
        assert "user namespaces are refused here" in done.stderr
        assert ask(server, "select n from t") == [(7,)]
    finally:
        end(server)


@root
def test_programs_behind_a_closed_folder_are_copied_for_that_user_id(closed: Path) -> None:
    package = binaries().parent.parent
    for name in (package.name, f"{package.name}.libs"):
        if package.with_name(name).is_dir():
            shutil.copytree(package.with_name(name), closed / name)
    programs = closed / package.name / "pginstall/bin"
    done = as_root_without_namespaces(closed / "postgres", programs)
    server = Server(closed / "postgres", settings=LOOSE)
    try:
        assert "postgresql://" in done.stdout, done.stderr
        assert len(list(Path("/var/tmp").glob("readiness-postgres-*"))) == 1
    finally:
        end(server)
    assert list(Path("/var/tmp").glob("readiness-postgres-*")) == []


def as_root_without_namespaces(*arguments: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", WITHOUT_NAMESPACES, sys.executable, "-c", ENSURE, *map(str, arguments)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("this machine gives no namespaces at all")
    return done


def as_ordinary(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs Python as a user that owns nothing."""
    done = subprocess.run(
        [str(reachable_python().path), "-B", "-c", code, *arguments],
        env={"PYTHONPATH": ":".join(sys.path)},
        cwd="/",
        user=ORDINARY,
        group=ORDINARY,
        extra_groups=[],
        capture_output=True,
        text=True,
        check=False,
    )
    if "ModuleNotFoundError" in done.stderr or "No module named" in done.stderr:
        pytest.skip("an ordinary user cannot read this checkout, or has another Python")
    return done


@root
def test_an_ordinary_user_has_a_server_of_their_own(memory: Path) -> None:
    home = memory / "home"
    home.mkdir()
    os.chown(home, ORDINARY, ORDINARY)
    done = as_ordinary(ENSURE, str(home / "postgres"))
    server = Server(home / "postgres", settings=LOOSE)
    try:
        assert "postgresql://" in done.stdout, done.stderr
        assert server.data.stat().st_uid == ORDINARY
        server.stop()  # as root, which starts it again for its owner
        assert ask(server, "select current_database()", "made") == [("made",)]
        server.stop()
        assert "postgresql://" not in as_ordinary(ENSURE, str(home / "postgres")).stdout  # `made` is there already
    finally:
        end(server)
    assert {path.lstat().st_uid for path in server.folder.rglob("*")} == {ORDINARY}


@root
def test_root_keeps_a_database_in_a_closed_folder_of_somebody_else(memory: Path) -> None:
    project = memory / "home/project"
    project.mkdir(parents=True)
    for folder in (project, project.parent):
        os.chown(folder, ORDINARY, ORDINARY)
        folder.chmod(0o700)
    before = rights(project)
    with Server(project / ".readiness/postgres", settings=LOOSE) as server:
        assert ask(server, "select 1") == [(1,)]
    assert rights(project) == before


@root
def test_an_ordinary_user_is_told_what_they_may_not_do(memory: Path, server: Server) -> None:
    assert "Permission denied" in as_ordinary(ENSURE, str(memory / "postgres")).stdout
    server.ensure()
    server.stop()
    assert "refused:" in as_ordinary(ENSURE, str(server.folder)).stdout


CONNECT = """
import socket, sys
try:
    socket.socket(socket.AF_UNIX).connect(sys.argv[1])
    print("reached")
except OSError as error:
    print("refused", error.strerror)
"""


@root
def test_other_users_reach_the_socket_only_where_they_are_meant_to(memory: Path) -> None:
    with Server(memory / "private", settings=LOOSE) as server:
        assert as_ordinary(CONNECT, str(server.ensure().socket)).stdout == "refused Permission denied\n"
    with Server(memory / "shared", settings=LOOSE, socket_mode=0o777) as server:
        address = server.ensure()
        assert as_ordinary(CONNECT, str(address.socket)).stdout == "reached\n"
        assert address.socket_folder.stat().st_mode & 0o777 == 0o755
        with pytest.raises(psycopg.OperationalError, match="authentication failed"):
            psycopg.connect(address.url("postgres", password="guessed"))


@needs_namespaces
def test_the_socket_lies_where_it_is_wanted(memory: Path) -> None:
    wanted = memory / "sockets"
    wanted.mkdir()
    with Server(memory / "given", settings=LOOSE, socket_folder=wanted) as server:
        assert server.ensure().socket_folder == wanted
        assert ask(server, "select 1") == [(1,)]
    assert wanted.exists()


@root
def test_root_without_any_means_is_told(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setattr("readiness.world.postgres.means._of_root", lambda folder, owner: [])
    with pytest.raises(CannotJudge, match="PostgreSQL does not run as root"):
        server.ensure()
