"""PostgreSQL asked where it is: one connection, one transaction, always rolled back; nothing is pulled but answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from readiness.errors import Refused
from readiness.world.query import TIMEOUT_S, Row


class Tables:
    """A connection to a database at a URL. Imports psycopg at the first use; raises Refused where nobody answers."""

    def __init__(self, url: str) -> None:
        import psycopg

        self._error = psycopg.Error
        try:
            self._connection = psycopg.connect(url)
            self._connection.execute("SET LOCAL TimeZone = 'UTC'")
            self._connection.execute(f"SET LOCAL statement_timeout = {int(TIMEOUT_S * 1000)}")
        except (psycopg.Error, UnicodeError) as error:
            raise Refused(_said(error)) from None

    def rows(self, sql: str) -> list[Row]:
        """Every row of one statement; a failure undoes that statement alone. Raises Refused."""
        try:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                cursor.execute(sql.encode(), prepare=True)  # a prepared statement is one statement, whatever it says
                return list(cursor.fetchall()) if cursor.description else []
        except (self._error, UnicodeError, OverflowError, ValueError) as error:
            raise Refused(_said(error)) from None

    def select(self, sql: str) -> list[Row]:
        """Every row of one query that somebody else wrote; whatever it changes is undone. Raises Refused."""
        body = sql.strip().rstrip(";").strip()
        with self.undone():
            return self.rows(f"SELECT * FROM (\n{body}\n) AS asked")  # noqa: S608  it is meant to be somebody's

    @contextmanager
    def undone(self) -> Iterator[None]:
        """A savepoint that is rolled back."""
        with self._connection.transaction(force_rollback=True):
            yield

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.rollback()
        self._connection.close()


def _said(error: BaseException) -> str:
    line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return line.strip()[:300]
