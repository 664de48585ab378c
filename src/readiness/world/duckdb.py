"""DuckDB over a few named files: nothing else can be read, nothing can be written, whatever a query says."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from readiness.errors import Refused
from readiness.world.query import TIMEOUT_S, Row


class Duck:
    """An engine in memory that sees these files and no others. Imports DuckDB at the first use."""

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        import duckdb

        self._error = duckdb.Error
        self._extract = duckdb.extract_statements
        self._select = duckdb.StatementType.SELECT
        settings: dict[str, str | bool | int | float | list[str]] = {
            "threads": 2,
            "memory_limit": "2GB",
            "autoinstall_known_extensions": False,
            "temp_directory": "",
        }
        self._connection = duckdb.connect(":memory:", config=settings)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET preserve_insertion_order = true")
        allowed = ", ".join(quoted(str(path)) for path in paths)
        self._connection.execute(f"SET allowed_paths = [{allowed}]")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")

    def rows(self, sql: str) -> list[Row]:
        """Every row of a statement. Raises Refused."""
        timer = threading.Timer(TIMEOUT_S, self._connection.interrupt)
        timer.start()
        try:
            found: list[Row] = self._connection.execute(sql).fetchall()
        except (self._error, UnicodeError) as error:
            raise Refused(said(error)) from None
        finally:
            timer.cancel()
        return found

    def select(self, sql: str) -> list[Row]:
        """Every row of one SELECT that somebody else wrote. Raises Refused, also where it is anything else."""
        try:
            statements = self._extract(sql)
        except self._error as error:
            raise Refused(said(error)) from None
        if len(statements) != 1 or statements[0].type != self._select:
            raise Refused("it is not exactly one SELECT")
        return self.rows(sql)

    def insert(self, table: str, columns: list[list[object]]) -> None:
        """Appends rows, given column by column, to a table."""
        marks = ", ".join("unnest(?)" for _ in columns)
        self._connection.execute(f"INSERT INTO {table} SELECT {marks}", columns)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """A transaction that is rolled back."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._connection.close()


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def said(error: BaseException) -> str:
    """The first line of an engine's complaint, without its class."""
    line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__).strip()
    head, _, rest = line.partition(": ")
    return (rest if head.endswith(("Error", "Exception")) and rest else line)[:300]
