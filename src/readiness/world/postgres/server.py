"""One server for a folder: started once, found again by every process, stopped on request.

The folder holds `data` (the cluster), `made` (that it was made here), `log`, and two lock files: `lock` for who starts
or stops it, `alive` for the server's own processes. The socket lies in `data`, which is closed to other users; in a
short folder of its own where that path is too long for a socket, or where other users are to reach it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self

from readiness.errors import CannotJudge
from readiness.world import files
from readiness.world.postgres import address as addresses
from readiness.world.postgres import cluster, failures, process, programs, statements
from readiness.world.postgres import means as ways
from readiness.world.postgres.address import Address
from readiness.world.postgres.means import Means
from readiness.world.postgres.process import State

START_LIMIT_S: Final = 120
"""How long a server may start, which after a crash means to repeat what was not yet in its tables."""

UNSEEN_LIMIT_S: Final = 15
"""How long a server may live without a socket before it counts as out of reach."""

STOP_LIMIT_S: Final = 60
_SOCKET_PREFIX: Final = "readiness-postgres-"

SETTINGS: Final = MappingProxyType(
    {
        "listen_addresses": "",
        "port": str(addresses.PORT),
        "password_encryption": "scram-sha-256",
        "cluster_name": "readiness",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
        # Neither statements nor rows: what they hold belongs to the project's users.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
    }
)
"""What every server is started with; settings of the caller come last."""


class Server:
    """The server of a folder. As a context manager it is stopped at the end, for clusters that are thrown away.

    `settings` apply when this process is the one to start it. `socket_mode` is the mode of the socket: with rights for
    others, such as 0o777, they can reach it, and the password alone keeps them out. `socket_folder` is where the socket
    has to lie, such as in a folder that a sandbox shows. `binaries` are another PostgreSQL's programs.
    """

    def __init__(
        self,
        folder: Path,
        *,
        settings: Mapping[str, str] = MappingProxyType({}),
        socket_mode: int = 0o700,
        socket_folder: Path | None = None,
        binaries: Path | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self.settings = settings
        self.socket_mode = socket_mode
        self.socket_folder = socket_folder
        self._given = binaries

    @property
    def binaries(self) -> Path:
        """The folder of the programs used. Raises CannotJudge where there are none."""
        return self._given or programs.binaries()

    def ensure(self) -> Address:
        """The address of the running server, started where it is not running; any number of processes may ask at once.

        Raises CannotJudge where it cannot run here.
        """
        with failures.usable(self.folder):
            found = self._answering()
            if found is not None:
                return found
            self.folder.mkdir(parents=True, exist_ok=True)
            with process.alone(self.folder) as lock:
                return self._running() or self._start(lock)

    def stop(self) -> None:
        """Stops the server; whoever is connected loses the connection, and nothing that was committed.

        Nothing happens where none runs. Raises CannotJudge where it does not end.
        """
        if not self.data.exists():
            return
        with failures.usable(self.folder), process.alone(self.folder):
            if process.lives(self.folder):
                self._end()
            self._remove_socket_folder()
            programs.remove_copy(self.folder)

    def adopt(self) -> None:
        """Vouches for a cluster that was copied here, such as a restored backup. Never call this for one that came with a project."""
        with failures.usable(self.folder), process.alone(self.folder):
            cluster.vouch(self.folder, self.data)

    def create_database(self, name: str, owner: str | None = None, *, template: str | None = None) -> None:
        """Makes a database, owned by the administrator or `owner`, empty or a copy of `template`.

        Raises CannotJudge where it exists already.
        """
        statements.create_database(self.ensure(), name, owner, template)

    def drop_database(self, name: str) -> None:
        """Removes a database, also under those connected to it; nothing happens where there is none."""
        statements.drop_database(self.ensure(), name)

    def create_role(self, name: str, password: str, *, createdb: bool = True, createrole: bool = True) -> None:
        """Makes a role that may log in; never a superuser, who could run programs. Raises CannotJudge where it exists."""
        statements.create_role(self.ensure(), name, password, createdb=createdb, createrole=createrole)

    def create_reader(self, name: str, password: str) -> None:
        """Makes a role that may read everything and change nothing. Raises CannotJudge where it exists."""
        statements.create_reader(self.ensure(), name, password)

    def __enter__(self) -> Self:
        self.ensure()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _answering(self) -> Address | None:
        if not self.data.exists():
            return None
        cluster.verify(self.folder)
        address = addresses.read_secret(self.data).address(self.data)
        return address if process.state(self.binaries, address) is State.ACCEPTS else None

    def _running(self) -> Address | None:
        """The address of a server that runs already, waited for; None where none does, or none does any more."""
        if not self.data.exists():
            return None
        cluster.verify(self.folder)
        found = self._wait()
        if found is None and process.lives(self.folder):
            self._end()  # its socket is gone, and nobody can reach it any more
        return found

    def _wait(self) -> Address | None:
        """Waits until the server accepts; None once it is gone, or its socket is. Raises CannotJudge after two minutes."""
        address = addresses.read_secret(self.data).address(self.data)
        deadline = time.monotonic() + START_LIMIT_S
        seen = time.monotonic()
        while process.lives(self.folder):
            if process.state(self.binaries, address) is State.ACCEPTS:
                return address
            now = time.monotonic()
            if address.socket.exists():
                seen = now
            if now > seen + UNSEEN_LIMIT_S:
                return None
            if now > deadline:
                pid = process.postmaster(self.data)
                raise CannotJudge(f"the database in {self.folder} runs but accepts nobody", f"wait for it, or end process {pid}")
            time.sleep(0.02)
        return None

    def _start(self, lock: int) -> Address:
        means = self._prepared() if self.data.exists() else cluster.create(self.folder, self.binaries, lock, durable=self._durable)
        sockets = self._place_socket(means)
        process.forget_dead(self.data, addresses.read_secret(self.data).address(self.data).socket)
        begins = process.launch(self.folder, means, {**SETTINGS, **sockets, **self.settings})
        found = self._wait()
        if found is None:
            raise failures.explained("the database did not start", self._log_from(begins), self.folder)
        return found

    @property
    def _durable(self) -> bool:
        return self.settings.get("fsync", "on") != "off"

    def _prepared(self) -> Means:
        """The means for the cluster that is there, which is made ready for them."""
        cluster.verify(self.folder)
        means = ways.find(self.binaries, self.data)
        cluster.verify_version(self.data, means)
        if ways.hand_over(self.data, means):
            cluster.vouch(self.folder, self.data)
        return means

    def _place_socket(self, means: Means) -> dict[str, str]:
        """Decides where the socket lies, notes it for every process, and returns the settings for it."""
        self._remove_socket_folder()
        shared = bool(self.socket_mode & 0o077)
        folder = self.socket_folder
        if folder is None and (shared or not addresses.fits(self.data)):
            folder = Path(tempfile.mkdtemp(prefix=_SOCKET_PREFIX, dir="/tmp"))
            folder.chmod(0o755 if shared else 0o700)
            if means.uid is not None:
                os.chown(folder, means.uid, means.uid)
        addresses.write_secret(self.data, addresses.read_secret(self.data), folder)
        mode = f"{self.socket_mode:04o}"
        # The data folder is the server's working folder; its whole path may lead through folders closed to it.
        return {"unix_socket_directories": os.fspath(folder or "."), "unix_socket_permissions": mode}

    def _remove_socket_folder(self) -> None:
        cluster.verify(self.folder)
        noted = Path(addresses.read_secret(self.data).socket_folder)
        if noted.name.startswith(_SOCKET_PREFIX):
            files.remove_tree(noted)

    def _end(self) -> None:
        pid = process.postmaster(self.data)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_LIMIT_S
        while process.lives(self.folder):
            if time.monotonic() > deadline:
                raise CannotJudge(f"the database in {self.folder} does not end", f"end process {pid}" if pid else "end its processes")
            time.sleep(0.01)

    def _log_from(self, begins: int) -> str:
        return (self.folder / "log").read_bytes()[begins:].decode(errors="replace")
