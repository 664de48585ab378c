"""What layer 4 observes: types only, the door through which other layers and pages may look."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.sequence.finding import Location


@dataclass(frozen=True, slots=True)
class SeenSource:
    """A source a decision named, with the `sha256:…` of it where it was told."""

    name: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class SeenDecision:
    """A decision that was seen. `id` is `<trace id>-<span id>`; texts are empty where nobody told.

    `confidence` is None where none was stated, and not a number where what was stated is none. `outcome` is `answered`,
    `abstained`, `refused`, `fallback`, or empty; `error` says how it ended where it ended in one. `location` is the
    place in the project, where the instrumentation told it.
    """

    id: str
    kind: str
    model: str
    model_version: str
    prompt_version: str
    confidence: float | None
    sources: tuple[SeenSource, ...]
    outcome: str
    input_digest: str = ""
    experiment: str = ""
    error: str = ""
    dialect: str = ""
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class SeenCall:
    """A call of a model that was seen as a span: what was asked for, what answered, how it was told."""

    trace_id: str
    span_id: str
    kind: str
    request_model: str
    response_model: str
    dialect: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Malformed:
    """An export, or a part of one, that could not be read: where it was sent, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run exported: how many exports, what of them could not be read, their spans, calls and decisions.

    `traces` counts traces but those of questions whether the server is ready; `lost` counts exports that came and were
    not kept whole.
    """

    exports: int = 0
    malformed: tuple[Malformed, ...] = ()
    spans: int = 0
    traces: int = 0
    calls: tuple[SeenCall, ...] = ()
    decisions: tuple[SeenDecision, ...] = ()
    lost: int = 0
