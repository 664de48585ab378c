"""Where a server listens, and the name and password of its administrator."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

from readiness.errors import CannotJudge
from readiness.world import files

ADMINISTRATOR: Final = "postgres"
PORT: Final = 5432
"""A part of the socket's name; nothing listens on a port of the network."""

SOCKET_NAME: Final = f".s.PGSQL.{PORT}"
SOCKET_PATH_LIMIT_BYTES: Final = 103
"""What every system takes as the path of a socket: macOS 103 bytes, Linux 107."""


@dataclass(frozen=True, slots=True)
class Address:
    """A running server: the folder of its socket, and its administrator."""

    socket_folder: Path
    port: int
    user: str
    password: str

    @property
    def socket(self) -> Path:
        """The socket itself."""
        return self.socket_folder / f".s.PGSQL.{self.port}"

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """The address of a database as libpq reads it, for the administrator unless another user is given."""
        who = quote(self.user if user is None else user, safe="")
        word = quote(self.password if password is None else password, safe="")
        host = quote(os.fspath(self.socket_folder), safe="")
        return f"postgresql://{who}:{word}@/{quote(database, safe='')}?host={host}&port={self.port}"


@dataclass(frozen=True, slots=True)
class Secret:
    """What only the owner of a data folder may know: the password, and the socket's folder where it is not that one."""

    password: str
    socket_folder: str = ""

    def address(self, data: Path) -> Address:
        """The address of the server of that data folder."""
        return Address(Path(self.socket_folder) if self.socket_folder else data, PORT, ADMINISTRATOR, self.password)


def new_secret() -> Secret:
    """A password nobody can guess."""
    return Secret(secrets.token_urlsafe(24))


def read_secret(data: Path) -> Secret:
    """The secret kept in a data folder. Raises CannotJudge where it is gone or not to be read."""
    place = data / "readiness.json"
    try:
        return Secret(**json.loads(place.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is damaged"
        raise CannotJudge(f"the password of the database cannot be read from {place}: {why}", "restore that file") from None


def write_secret(data: Path, secret: Secret, socket_folder: Path | None = None) -> Secret:
    """Keeps a secret in a data folder, readable for the folder's owner alone."""
    kept = replace(secret, socket_folder=os.fspath(socket_folder or ""))
    previous = os.umask(0o077)
    try:
        files.write_atomically(data / "readiness.json", json.dumps(asdict(kept)).encode())
    finally:
        os.umask(previous)
    owner = data.stat()
    if owner.st_uid != os.geteuid():
        os.chown(data / "readiness.json", owner.st_uid, owner.st_gid)
    return kept


def fits(folder: Path) -> bool:
    """Whether a socket in that folder has a path a client can open."""
    return len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_LIMIT_BYTES
