"""Decisions: what a system answered, with the model, the version, the sources and the confidence it rested on.

Ours is a span with `readiness.decision.kind`; applications may set these attributes with plain OpenTelemetry. In traces
without one, the outermost span of a chain, an agent or a call of a model is the decision, with whatever is known of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from readiness.formats.forest import Forest, Key, key
from readiness.formats.genai import GENERATION, ModelCall, dialect_of, innermost, of_span, structured, text
from readiness.formats.otlp import Attributes, Span, Value

PREFIX: Final = "readiness.decision."
OUTCOMES: Final = ("answered", "abstained", "refused", "fallback")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_CHAINS: Final = frozenset({"CHAIN", "AGENT", "workflow", "agent", "invoke_agent", "invoke_workflow"})
_DOCUMENT: Final = re.compile(r"((?:retrieval\.documents|reranker\.output_documents)\.\d{1,6}\.document\.)(?:id|metadata|content)")


@dataclass(frozen=True, slots=True)
class Source:
    """What a decision looked at: its name, and the `sha256:…` of it, empty where nobody told."""

    name: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision; texts are empty where nobody told.

    `confidence` is None where none was stated, and not a number where what was stated is none. `outcome` is one of
    OUTCOMES, or what else was stated. `error` says how it ended where it ended in one. `file` and `line` are the place
    in the code, as the instrumentation told it.
    """

    trace_id: str
    span_id: str
    dialect: str
    kind: str
    model: str
    model_version: str
    prompt_version: str
    confidence: float | None
    sources: tuple[Source, ...]
    input_digest: str
    output_digest: str
    outcome: str
    experiment: str
    project: str
    error: str
    start_ns: int
    end_ns: int
    file: str = ""
    line: int = 1

    @property
    def id(self) -> str:
        """The id of the decision: `<trace id>-<span id>`."""
        return f"{self.trace_id}-{self.span_id}"


def decisions(spans: Iterable[Span]) -> tuple[Decision, ...]:
    """The decisions among the spans, by time."""
    forest = Forest(spans)
    calls = {(call.trace_id, call.span_id): call for call in innermost(forest)}
    ours = [span for span in forest.spans.values() if text(span.attributes, f"{PREFIX}kind")]
    told = {span.trace_id for span in ours}
    foreign = [span for span in _outermost(forest, calls) if span.trace_id not in told]
    found = [_decision(span, forest, calls) for span in (*ours, *foreign)]
    return tuple(sorted(found, key=lambda item: (item.start_ns, item.span_id)))


def _outermost(forest: Forest, calls: Mapping[Key, ModelCall]) -> list[Span]:
    """Chains, agents and calls that no other one holds; a chain only where a model was asked within it."""

    def decides(span: Span) -> bool:
        if key(span) in calls:
            return calls[key(span)].kind == GENERATION
        return _is_chain(span.attributes) or (_holds(forest, span) and (call := of_span(span)) is not None and call.kind == GENERATION)

    nearest = forest.nearest(decides)
    outermost = [span for place, span in forest.spans.items() if nearest[place] is None and decides(span)]
    return [span for span in outermost if any(calls[key(one)].kind == GENERATION for one in forest.below(span) if key(one) in calls)]


def _is_chain(attributes: Attributes) -> bool:
    names = ("openinference.span.kind", "traceloop.span.kind", "gen_ai.operation.name")
    return bool(dialect_of(attributes)) and any(text(attributes, name) in _CHAINS for name in names)


def _holds(forest: Forest, span: Span) -> bool:
    return key(span) in forest.children


def _decision(span: Span, forest: Forest, calls: Mapping[Key, ModelCall]) -> Decision:
    within = list(forest.below(span))
    own = [span.attributes, *(one.attributes for one in within if one is not span and not text(one.attributes, f"{PREFIX}kind"))]
    asked = sorted((calls[key(one)] for one in within if key(one) in calls), key=lambda call: call.start_ns)
    last = next((call for call in reversed(asked) if call.kind == GENERATION and not call.error), None)
    outcome = _own_text(own, "outcome")
    failed = span.status == "error" and not outcome
    return Decision(
        span.trace_id, span.span_id, _dialect(span), _own_text(own, "kind") or _kind(span),
        _own_text(own, "model") or (last.request_model or last.response_model if last else ""),
        _own_text(own, "model_version") or (last.response_model if last else ""),
        _own_text(own, "prompt_version"), _confidence(own), _declared(own) or _retrieved(span, within, forest),
        _own_text(own, "input_digest"), _own_text(own, "output_digest"), outcome, _own_text(own, "experiment"),
        text(span.resource, "service.name"), span.message or "an error" if failed else "", span.start_ns, span.end_ns,
        text(span.attributes, "code.file.path", "code.filepath"), _line(span.attributes),
    )  # fmt: skip


def _dialect(span: Span) -> str:
    return "readiness" if text(span.attributes, f"{PREFIX}kind") else dialect_of(span.attributes)


def _kind(span: Span) -> str:
    return text(span.attributes, "gen_ai.operation.name", "traceloop.span.kind", "openinference.span.kind", "llm.request.type").lower()


def _line(attributes: Attributes) -> int:
    value = attributes.get("code.line.number", attributes.get("code.lineno"))
    return value if isinstance(value, int) and value > 0 else 1


def _own_text(attributes: list[Attributes], name: str) -> str:
    return next((found for one in attributes if (found := text(one, PREFIX + name))), "")


def _confidence(attributes: list[Attributes]) -> float | None:
    for one in attributes:
        value = one.get(f"{PREFIX}confidence")
        if value is not None:
            return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else float("nan")
    return None


def _declared(attributes: list[Attributes]) -> tuple[Source, ...]:
    found: list[Source] = []
    for one in attributes:
        value = one.get(f"{PREFIX}sources")
        names = value if isinstance(value, tuple) else (value,)
        found += [source_of(name) for name in names if isinstance(name, str) and name]
    return tuple(dict.fromkeys(found))


def source_of(name: str) -> Source:
    """A source as it is written: `name`, or `name@sha256:…`."""
    before, _, digest = name.rpartition("@")
    return Source(before, digest) if before and _DIGEST.fullmatch(digest) else Source(name)


def _retrieved(span: Span, within: list[Span], forest: Forest) -> tuple[Source, ...]:
    """What was looked up within a decision; and beside it, before it ended, since few retrievers know of the chain."""
    beside = [one for one in forest.children.get((span.trace_id, span.parent_id), []) if one.start_ns <= span.end_ns]
    spans = sorted({key(one): one for one in (*within, *(beside if span.parent_id else ()))}.values(), key=lambda one: one.start_ns)
    return tuple(dict.fromkeys(Source(name) for one in spans for name in _looked_up(one.attributes) if name))


def _looked_up(attributes: Attributes) -> list[str]:
    found = [text(attributes, "gen_ai.data_source.id"), *_names(structured(attributes.get("gen_ai.retrieval.documents")))]
    if text(attributes, "gen_ai.operation.name") == "vector_db_retrieve":
        output = structured(attributes.get("traceloop.entity.output"))
        found += _names(output.get("documents") if isinstance(output, Mapping) else None)
    if text(attributes, "gen_ai.operation.name") == "execute_tool" or text(attributes, "openinference.span.kind").upper() == "TOOL":
        tool = text(attributes, "gen_ai.tool.name", "tool.name")
        found += [f"tool:{tool}"] if tool else []
    for prefix in dict.fromkeys(match[1] for name in attributes if (match := _DOCUMENT.fullmatch(name))):
        found += _names(({"id": attributes.get(f"{prefix}id"), "metadata": structured(attributes.get(f"{prefix}metadata"))},))
    return found


def _names(documents: Value) -> list[str]:
    """What documents are called: the source they state, else their id."""
    found = []
    for document in documents if isinstance(documents, tuple) else ():
        if isinstance(document, Mapping):
            metadata = document.get("metadata")
            stated = text(metadata, "source", "file_path", "url") if isinstance(metadata, Mapping) else ""
            found.append(stated or str(document.get("id") or ""))
    return found
