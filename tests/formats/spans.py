"""Spans for tests, and the captures of real instrumentations in tests/assets/otlp."""

from __future__ import annotations

from pathlib import Path

from readiness.formats import otlp
from readiness.formats.otlp import Attributes, Batch, Span

CAPTURES = Path(__file__).parents[1] / "assets/otlp"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def span(
    number: int, name: str = "work", parent: int = 0, attributes: Attributes | None = None, *, at: tuple[int, int] = (0, 0),
    scope: str = "tests", status: str = "unset", trace: str = TRACE,
) -> Span:  # fmt: skip
    """A span with the id `number`, from `at[0]` to `at[1]` nanoseconds."""
    above = f"{parent:016x}" if parent else ""
    resource = {"service.name": "shop"}
    return Span(trace, f"{number:016x}", above, name, 1, *at, status, "", attributes or {}, resource, scope)


def captured(name: str) -> Batch:
    """Everything one instrumentation sent, from all of its bodies."""
    batches = [read(path) for path in sorted((CAPTURES / name).glob("*.pb"))]
    assert batches
    return Batch(
        tuple(item for batch in batches for item in batch.spans),
        tuple(item for batch in batches for item in batch.logs),
        tuple(item for batch in batches for item in batch.metrics),
        tuple(item for batch in batches for item in batch.rejected),
    )


def read(path: Path) -> Batch:
    """One captured body."""
    return otlp.read(f"/v1/{path.stem.partition('-')[2]}", "application/x-protobuf", path.read_bytes())
