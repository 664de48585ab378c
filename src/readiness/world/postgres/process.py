"""The server as a process: started apart from us, known to live by a lock it holds, asked by `pg_isready`.

Every process of a server inherits a locked descriptor of the file `alive`. As long as one of them lives the lock is
held, whatever was killed, whichever process has its id now, and on whichever side of a container.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Final

from readiness.errors import CannotJudge
from readiness.world.postgres import programs
from readiness.world.postgres.address import Address
from readiness.world.postgres.means import Means

LOCK_LIMIT_S: Final = 180
ASKED_LIMIT_S: Final = 2
"""How long somebody may hold the lock of the living only to ask whether anything lives."""

LOG_LIMIT_BYTES: Final = 1 << 20
_PROC: Final = Path("/proc")


class State(Enum):
    """What `pg_isready` found: a server that works, one that is starting or ending, or none that answers."""

    ACCEPTS = 0
    REJECTS = 1
    SILENT = 2


def state(binaries: Path, address: Address) -> State:
    """Asks a server how it is."""
    if not address.socket.exists():
        return State.SILENT
    argv = [os.fspath(binaries / "pg_isready"), "-q", "-t", "2", "-h", os.fspath(address.socket_folder), "-p", str(address.port)]
    argv += ["-U", address.user]  # else it looks up our own name, and not everybody has one
    asked = subprocess.run(argv, env=programs.ENVIRONMENT, stdin=subprocess.DEVNULL, check=False)
    return {0: State.ACCEPTS, 1: State.REJECTS}.get(asked.returncode, State.SILENT)


def _open(path: Path, flags: int) -> int:
    """Opens a file of the folder, made if need be for whoever owns the folder; never through a link."""
    handle = os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    owner = path.parent.stat()
    if os.geteuid() == 0 and os.fstat(handle).st_uid != owner.st_uid:
        os.fchown(handle, owner.st_uid, owner.st_gid)
    return handle


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock_within(handle: int, limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while not _try_lock(handle):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@contextmanager
def alone(folder: Path) -> Iterator[int]:
    """Lets one process at a time start or stop the server of a folder. Raises CannotJudge after three minutes.

    Gives the descriptor of the lock: a program that inherits it keeps others out even if we are killed.
    """
    handle = _open(folder / "lock", os.O_RDWR)
    try:
        if not _lock_within(handle, LOCK_LIMIT_S):
            raise CannotJudge(f"another process has been starting the database in {folder} for {LOCK_LIMIT_S} s", "end that process")
        yield handle
    finally:
        os.close(handle)


def lives(folder: Path) -> bool:
    """Whether any process of the server of a folder lives."""
    handle = _open(folder / "alive", os.O_RDWR)
    try:
        return not _try_lock(handle)
    finally:
        os.close(handle)


def postmaster(data: Path) -> int | None:
    """The id of the process that has a data folder open as a server; None where the file that names it is stale."""
    pid = _noted(data / "postmaster.pid")
    if pid is None or not _PROC.joinpath("self/cwd").exists():
        return pid
    with contextlib.suppress(OSError):
        if os.path.samestat(_PROC.joinpath(str(pid), "cwd").stat(), data.stat()):
            return pid
    return None


def _noted(lock: Path) -> int | None:
    try:
        return int(lock.read_text(encoding="utf-8").split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def forget_dead(data: Path, socket: Path) -> None:
    """Removes stale lock files whose process id is taken, by some other process or by the dead one nobody waited for.

    PostgreSQL would stop before them. To be called only while `lives` says no; a server that somebody started by hand
    is left alone, as is another one's socket.
    """
    pid = _noted(data / "postmaster.pid")
    if pid is not None and _exists(pid) and postmaster(data) is None:
        (data / "postmaster.pid").unlink()
    lock = socket.with_name(f"{socket.name}.lock")
    pid = _noted(lock)
    if pid is not None and _exists(pid) and not _serves(pid):
        lock.unlink()


def _exists(pid: int) -> bool:
    return _PROC.joinpath(str(pid)).exists()


def _serves(pid: int) -> bool:
    """Whether a process works in the data folder of some cluster."""
    try:
        return _PROC.joinpath(str(pid), "cwd/PG_VERSION").exists()
    except OSError:
        return False


def launch(folder: Path, means: Means, settings: Mapping[str, str]) -> int:
    """Starts the server, apart from our session and terminal; returns where in `log` its words begin, in bytes."""
    data = folder / "data"
    argv = [os.fspath(means.bin / "postgres"), "-D", means.named(data)]
    for name, value in settings.items():
        argv += ["-c", f"{name}={value}"]
    alive, log = _open(folder / "alive", os.O_RDWR), _open(folder / "log", os.O_WRONLY | os.O_APPEND)
    try:
        if not _lock_within(alive, ASKED_LIMIT_S):
            raise CannotJudge(f"a server that does not end keeps the database in {folder}", "end its processes")
        if os.fstat(log).st_size > LOG_LIMIT_BYTES:
            os.truncate(log, 0)
        begins = os.fstat(log).st_size
        # A shell starts it and ends at once, so that it is nobody's child who could forget to wait for it.
        means.run(["/bin/sh", "-c", '"$@" &', "sh", *argv], data, output=log, kept=(alive,))
    finally:
        os.close(log)
        os.close(alive)
    return begins
