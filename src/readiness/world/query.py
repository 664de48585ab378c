"""What every engine that can be asked offers, whether the data lies in files or in tables."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final, Protocol

TIMEOUT_S: Final = 60.0
"""The longest a single query may take: far beyond any scan of a demo's data, short of hanging."""

Row = tuple[object, ...]


class Database(Protocol):
    """An engine that runs one statement at a time, and can undo what was done within a `with`."""

    def rows(self, sql: str) -> list[Row]:
        """Every row of one statement. Raises Refused with the first line of the engine's complaint."""
        ...

    def select(self, sql: str) -> list[Row]:
        """Every row of one SELECT that somebody else wrote. Raises Refused, also where it is anything else."""
        ...

    def undone(self) -> AbstractContextManager[None]:
        """Whatever is changed within is undone at its end."""
        ...
