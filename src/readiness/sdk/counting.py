"""How often each principal was permitted lately: in the memory of this process, or in a file that processes share.

The window slides: a budget of 1000/day is kept in every span of 24 hours, not from midnight to midnight.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    import sqlite3

    from readiness.formats.cedar.guards import Budget

KEYS_LIMIT: Final = 10_000
"""Principals times policies that are counted in memory at a time; whoever comes beyond is not permitted."""
_WAIT_S: Final = 2.0
"""How long another process may hold the file."""


class Taken(NamedTuple):
    """The policies with room left, which now have one less, and when the next one would have room, in seconds."""

    policies: frozenset[str]
    retry_after_s: float = 0.0


class Counts(Protocol):
    """Counts what is permitted."""

    def take(self, who: str, asked: Sequence[tuple[str, Budget]]) -> Taken:
        """Counts one request of `who` for each of these policies that has room left in its budget."""


class Memory:
    """Counts in this process alone: with several of them, each permits the whole budget."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, keys_limit: int = KEYS_LIMIT) -> None:
        self._clock = clock
        self._limit = keys_limit
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], tuple[float, deque[float]]] = {}
        self._swept = float("-inf")

    def take(self, who: str, asked: Sequence[tuple[str, Budget]]) -> Taken:
        """See `Counts`; beyond the limit of keys nothing has room."""
        with self._lock:
            now, open_, waits = self._clock(), [], []
            for policy, budget in asked:
                times = self._times((who, policy), budget, now)
                if times is None:
                    waits.append(1.0)
                elif len(times) < budget.count:
                    times.append(now)
                    open_.append(policy)
                else:
                    waits.append((times[-budget.count] if budget.count else now) + budget.window_s - now)
            return Taken(frozenset(open_), min(waits, default=0.0))

    def _times(self, key: tuple[str, str], budget: Budget, now: float) -> deque[float] | None:
        found = self._seen.get(key)
        if found is None and len(self._seen) >= self._limit:
            self._sweep(now)
            if len(self._seen) >= self._limit:
                return None
        times: deque[float] = found[1] if found is not None else deque()
        self._seen[key] = (float(budget.window_s), times)
        while times and times[0] <= now - budget.window_s:
            times.popleft()
        return times

    def _sweep(self, now: float) -> None:
        """Forgets whoever asked for nothing in a whole window; at most once a second, since it looks at all of them."""
        if now - self._swept >= 1:
            self._swept = now
            self._seen = {key: (window, times) for key, (window, times) in self._seen.items() if times and times[-1] > now - window}


_TABLE: Final = "create table if not exists permitted (who text not null, policy text not null, at real not null)"
_INDEX: Final = "create index if not exists permitted_at on permitted (who, policy, at)"
_FORGET: Final = "delete from permitted where who = ? and policy = ? and at <= ?"
_COUNT: Final = "select count(*) from permitted where who = ? and policy = ? and at > ?"
_OLDEST: Final = "select at from permitted where who = ? and policy = ? order by at desc limit 1 offset ?"
_INSERT: Final = "insert into permitted values (?, ?, ?)"


class Shared:
    """Counts in a file that processes of one machine share, one at a time; whoever is counted is named by a digest.

    Raises OSError or sqlite3.Error where the file cannot be used.
    """

    def __init__(self, file: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()
        self._opened: list[tuple[int, sqlite3.Connection]] = []

    def take(self, who: str, asked: Sequence[tuple[str, Budget]]) -> Taken:
        """See `Counts`."""
        from readiness.sdk.recording import digest

        name = digest(who)
        with self._lock, self._transaction() as connection:
            now, open_, waits = self._clock(), [], []
            for policy, budget in asked:
                since = now - budget.window_s
                connection.execute(_FORGET, (name, policy, since))
                (count,) = connection.execute(_COUNT, (name, policy, since)).fetchone()
                if count < budget.count:
                    connection.execute(_INSERT, (name, policy, now))
                    open_.append(policy)
                else:
                    (at,) = connection.execute(_OLDEST, (name, policy, budget.count - 1)).fetchone() if budget.count else (now,)
                    waits.append(at + budget.window_s - now)
            return Taken(frozenset(open_), min(waits, default=0.0))

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute("begin immediate")
        try:
            yield connection
        except BaseException:
            connection.execute("rollback")
            raise
        connection.execute("commit")

    def _connection(self) -> sqlite3.Connection:
        """The connection of this process: one that was made before a fork is left alone."""
        if self._opened and self._opened[-1][0] == os.getpid():
            return self._opened[-1][1]
        import sqlite3

        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self._file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        made = sqlite3.connect(self._file, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        for statement in ("pragma journal_mode = wal", "pragma synchronous = normal", _TABLE, _INDEX):
            made.execute(statement)
        self._opened.append((os.getpid(), made))
        return made

    def close(self) -> None:
        """Closes what this process opened."""
        while self._opened:
            pid, connection = self._opened.pop()
            if pid == os.getpid():
                connection.close()
