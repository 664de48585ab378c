"""The checks that were run, and how far each project got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Final

import psycopg

from readiness.store import rows
from readiness.store.connection import reported
from readiness.store.queries import named


@dataclass(frozen=True, slots=True)
class CheckRun:
    """One run of `check`: `id` is `r-<uuid7>`, `tree` the digest judged, `layer_held` the highest layer that holds."""

    id: str
    project: str
    tree: str
    as_of: datetime
    layer_held: int
    outcome: str
    exit_code: int


_COLUMNS: Final = tuple(item.name for item in fields(CheckRun))


def insert(connection: psycopg.Connection, runs: Iterable[CheckRun]) -> int:
    """Stores runs, all or none, and returns how many were new; the first word on an id stands."""
    values = rows.columns(_COLUMNS, ({**asdict(run), "project": rows.text(run.project)} for run in runs))
    with reported():
        return len(connection.execute(named("insert_check_runs"), values).fetchall())


def find(connection: psycopg.Connection, prefix: str, limit: int = 10) -> tuple[CheckRun, ...]:
    """The runs whose id begins like that, by id. Raises UsageError where the prefix is shorter than eight characters."""
    return _read(connection, "find_check_runs", {**rows.id_range(prefix), "limit": limit})


def newest(connection: psycopg.Connection, project: str, limit: int = 20) -> tuple[CheckRun, ...]:
    """The newest runs of a project, newest first."""
    return _read(connection, "newest_check_runs", {"project": rows.text(project), "limit": limit})


def _read(connection: psycopg.Connection, query: str, values: Mapping[str, object]) -> tuple[CheckRun, ...]:
    with reported():
        found = connection.execute(named(query), values).fetchall()
    return tuple(
        CheckRun(id_, project, tree, as_of.astimezone(UTC), held, outcome, code) for id_, project, tree, as_of, held, outcome, code in found
    )
