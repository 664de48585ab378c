"""Servers in a folder every user can reach, stopped whatever a test did to them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from readiness.errors import CannotJudge
from readiness.world import files
from readiness.world.postgres import Server, process

LOOSE = {"fsync": "off"}
"""For clusters that need not survive the machine."""

NAMESPACE = ("unshare", "--user", "--map-user=61200", "--map-group=61200", "--", "true")
needs_namespaces = pytest.mark.skipif(
    os.geteuid() == 0 and subprocess.run(NAMESPACE, capture_output=True, check=False).returncode != 0,
    reason="without user namespaces the server of root runs as somebody else",
)

_SHM = Path("/dev/shm")
MEMORY = _SHM if _SHM.is_dir() and os.access(_SHM, os.W_OK) and files.free_bytes(_SHM) > 1 << 30 else Path("/var/tmp")
"""Where a cluster is made and copied ten times faster than on a disk; what is about the disk does not lie here."""


def end(server: Server) -> None:
    """Stops a server, by force where it does not listen any more."""
    pid = process.postmaster(server.data)
    with contextlib.suppress(CannotJudge):
        server.stop()
        return
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGQUIT)


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder as `workplace` is, in memory where there is enough."""
    folder = Path(tempfile.mkdtemp(prefix="readiness-tests-", dir=MEMORY))
    folder.chmod(0o755)
    yield folder
    files.remove_tree(folder)


@pytest.fixture
def server(memory: Path) -> Iterator[Server]:
    """A server that was not started yet."""
    found = Server(memory / "project/.readiness/postgres", settings=LOOSE)
    try:
        yield found
    finally:
        end(found)


@pytest.fixture(scope="session")
def made() -> Iterator[Server]:
    """A cluster with a row in it and no server, made once to be copied."""
    with tempfile.TemporaryDirectory(prefix="readiness-tests-", dir=MEMORY) as folder:
        with Server(Path(folder) / "made", settings=LOOSE) as server:
            ask(server, "create table t as select 7 as n")
        yield server


@pytest.fixture
def stopped(made: Server, server: Server) -> Server:
    """A copy of that cluster, as if it had been made where it lies."""
    subprocess.run(["mkdir", "-p", server.folder.parent], check=True)
    subprocess.run(["cp", "-a", made.folder, server.folder], check=True)
    server.adopt()
    return server


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """A server that the tests of a module share."""
    with (
        tempfile.TemporaryDirectory(prefix="readiness-tests-", dir=MEMORY) as folder,
        Server(Path(folder) / "shared", settings=LOOSE) as server,
    ):
        yield server


def ask(server: Server, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
    """The rows a statement gives the administrator."""
    with psycopg.connect(server.ensure().url(database), autocommit=True) as connection:
        done = connection.execute(statement.encode())
        return done.fetchall() if done.description else []


@pytest.fixture
def mounted(workplace: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts file systems in memory with the options given; skipped where that is not allowed."""
    made: list[Path] = []

    def mount(options: str) -> Path:
        target = workplace / f"mounted{len(made)}"
        target.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", target], capture_output=True, check=False)
        if done.returncode != 0:
            pytest.skip("only root can mount, and not everywhere")
        made.append(target)
        return target

    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount")
    yield mount
    for target in made:
        subprocess.run(["umount", "-l", target], check=True)
