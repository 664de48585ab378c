"""A database on a server beside the demo's, given back with everything that was made through it, and statements run in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from readiness.world import servers, watched
from readiness.world.postgres import statements
from readiness.world.session import Session
from readiness.world.watched import Database

TIMEOUT_S: Final = 120
"""The longest one statement of a migration may take on a database that is empty, or nearly so."""


@contextmanager
def database(session: Session, label: str) -> Iterator[Database]:
    """A fresh database for the time of the `with`. Roles and databases made through it are removed with it.

    Raises CannotJudge where no server can be started.
    """
    _, address = session.spare
    servers.clear(session, address)
    before = statements.standing(address)
    try:
        yield watched.fresh_database(session, label, spare=True)
    finally:
        statements.restore(address, before)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What the server said against a statement: SQLSTATE, its message, the 1-based position where it names one, the constraint."""

    state: str
    message: str
    position: int = 0
    constraint: str = ""


class Owner:
    """A connection with the rights of the demo, in which each statement is its own transaction unless one is begun."""

    def __init__(self, url: str) -> None:
        import psycopg

        self._error = psycopg.Error
        self._connection = psycopg.connect(url, autocommit=True, connect_timeout=10)
        self._connection.execute(f"SET statement_timeout = {TIMEOUT_S * 1000}")
        self._connection.execute("SET TimeZone = 'UTC'")

    def run(self, sql: str) -> Complaint | None:
        """Runs one statement; what the server said against it, None where nothing."""
        try:
            self._connection.execute(sql.encode())
        except self._error as error:
            told = error.diag
            position = int(told.statement_position or 0)
            return Complaint(
                told.sqlstate or "", told.message_primary or str(error).partition("\n")[0], position, told.constraint_name or ""
            )
        except (UnicodeError, ValueError) as error:
            return Complaint("", str(error))
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with contextlib.suppress(self._error):
            self._connection.close()
