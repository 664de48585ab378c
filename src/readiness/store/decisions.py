"""Decisions of AI systems: what was decided by which model on which sources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from readiness.store import rows
from readiness.store.connection import reported
from readiness.store.queries import named


@dataclass(frozen=True, slots=True)
class Source:
    """What a decision rested on; `digest` tells two contents of one name apart and is empty where it is not known."""

    name: str
    digest: str = ""
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision; `id` is `<trace id>-<span id>` in lower-case hex, `attributes` is JSON, None is what was not told."""

    id: str
    project: str
    started_at: datetime
    run: str | None = None
    duration_ms: float | None = None
    model: str | None = None
    model_version: str | None = None
    prompt_version: str | None = None
    confidence: float | None = None
    output_digest: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()


_COLUMNS: Final = tuple(item.name for item in fields(Decision) if item.name != "sources")
_TEXTS: Final = ("run", "model", "model_version", "prompt_version", "output_digest")


def insert(connection: psycopg.Connection, decisions: Iterable[Decision]) -> int:
    """Stores decisions with their sources, all or none, and returns how many were new; the first word on an id stands.

    Raises CannotJudge where the store cannot be written, psycopg.IntegrityError where an id is none.
    """
    given = {decision.id: decision for decision in reversed(list(decisions))}  # of two with one id the first
    if not given:
        return 0
    with reported(), connection.transaction():
        values = rows.columns(_COLUMNS, map(_row, given.values()))
        new = [given[id_] for (id_,) in connection.execute(named("insert_decisions"), values).fetchall()]
        sources = [_source_row(decision.id, source) for decision in new for source in decision.sources]
        if sources:
            connection.execute(named("insert_decision_sources"), rows.columns(("decision_id", "name", "digest", "score"), sources))
    return len(new)


def _row(decision: Decision) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(decision, name) for name in _COLUMNS}
    row |= {name: rows.optional(getattr(decision, name)) for name in _TEXTS}
    row |= {"project": rows.text(decision.project), "attributes": Jsonb(rows.document(dict(decision.attributes)))}
    return row


def _source_row(decision_id: str, source: Source) -> dict[str, object]:
    return {"decision_id": decision_id, "name": rows.text(source.name), "digest": rows.text(source.digest), "score": source.score}


def find(connection: psycopg.Connection, prefix: str, limit: int = 10) -> tuple[Decision, ...]:
    """The decisions whose id begins like that, by id. Raises UsageError where the prefix is shorter than eight characters."""
    return _read(connection, "find_decisions", {**rows.id_range(prefix), "limit": limit})


def newest(connection: psycopg.Connection, project: str, limit: int = 20) -> tuple[Decision, ...]:
    """The newest decisions of a project, newest first."""
    return _read(connection, "newest_decisions", {"project": rows.text(project), "limit": limit})


def _read(connection: psycopg.Connection, query: str, values: Mapping[str, object]) -> tuple[Decision, ...]:
    with reported():
        found = connection.execute(named(query), values).fetchall()
        ids = [row[0] for row in found]
        sources: dict[str, list[Source]] = {id_: [] for id_ in ids}
        for decision_id, name, digest, score in connection.execute(named("sources_of_decisions"), {"ids": ids}).fetchall():
            sources[decision_id].append(Source(name, digest, score))
    return tuple(_decision(row, tuple(sources[row[0]])) for row in found)


def _decision(row: tuple[Any, ...], sources: tuple[Source, ...]) -> Decision:
    id_, project, run, started_at, duration_ms, model, model_version, prompt_version, confidence, output_digest, attributes = row
    return Decision(
        id_, project, started_at.astimezone(UTC), run, duration_ms, model, model_version, prompt_version, confidence,
        output_digest, attributes, sources,
    )  # fmt: skip
