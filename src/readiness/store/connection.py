"""The connection to the store, brought up to date.

Connections commit each statement by itself; what belongs together stands in `with connection.transaction()`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import psycopg
from psycopg import errors

from readiness.errors import CannotJudge, UsageError
from readiness.store.migrate import migrate
from readiness.store.queries import named
from readiness.world.postgres import Address, Server

VARIABLE: Final = "READINESS_DATABASE_URL"
FOLDER: Final = ".readiness/postgres"
NAME: Final = "readiness"
"""The embedded server's database and the role that owns it."""

_REFUSALS: Final = (psycopg.OperationalError, errors.InsufficientPrivilege, errors.ReadOnlySqlTransaction)


@contextmanager
def reported() -> Iterator[None]:
    """Turns what the database cannot or may not do (full, gone, closed to us) into CannotJudge."""
    try:
        yield
    except _REFUSALS as error:
        raise CannotJudge(f"the store: {_first_line(error)}", "what was stored stays; try again once it is repaired") from None


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0]


def connect(url: str) -> psycopg.Connection:
    """Connects to a database. Raises UsageError where the address is none, CannotJudge where nobody lets us in."""
    try:
        # Without prepared statements it also works through a pooler that changes sessions between transactions.
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10, application_name="readiness", prepare_threshold=None)
        connection.execute("set time zone 'UTC'")
    except psycopg.ProgrammingError:  # its text would repeat parts of the address, and the password is one
        raise UsageError("the address of the database is none", f"{VARIABLE} is like postgresql://user:password@host/database") from None
    except psycopg.OperationalError as error:
        raise CannotJudge(f"the database does not let us in: {_first_line(error)}", f"see {VARIABLE}") from None
    return connection


def open_store(root: Path) -> psycopg.Connection:
    """The migrated store of a project: what `READINESS_DATABASE_URL` names, else the embedded server in the project's folder.

    Raises UsageError and CannotJudge as `connect` and `migrate` do.
    """
    url = os.environ.get(VARIABLE)
    connection = connect(url) if url else _embedded(Server(_folder(root)))
    try:
        with reported():
            migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _folder(root: Path) -> Path:
    """The folder of the embedded server. Raises CannotJudge where the project would lead us elsewhere by a link."""
    for path in (root / FOLDER, (root / FOLDER).parent):
        if path.is_symlink():
            raise CannotJudge(f"{path} is a link, and the store is kept in the project itself", f"remove it, or set {VARIABLE}")
    return root / FOLDER


def _embedded(server: Server) -> psycopg.Connection:
    """Connects to the embedded server as a role that is no superuser, made with its database at first use."""
    address = server.ensure()
    url = address.url(NAME, NAME, _password(address))
    with suppress(CannotJudge):
        return connect(url)
    _prepare(server, address)
    return connect(url)


def _password(address: Address) -> str:
    return hmac.new(address.password.encode(), NAME.encode(), hashlib.sha256).hexdigest()


def _prepare(server: Server, address: Address) -> None:
    """Makes role and database, which others may have done in the meantime; no other role gets in."""
    with reported(), connect(address.url("postgres")) as administrator:
        administrator.execute(named("lock_preparation"))
        if not administrator.execute(named("store_roles")).fetchall():
            server.create_role(NAME, _password(address), createdb=False, createrole=False)
        if not administrator.execute(named("store_databases")).fetchall():
            server.create_database(NAME, NAME)
        administrator.execute(named("close_store"))
