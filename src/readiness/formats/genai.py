"""Calls of models, whichever instrumentation told of them, each counted once.

Dialects: OpenTelemetry's GenAI conventions, legacy (`gen_ai.system`, content in log events) and current
(`gen_ai.provider.name`, content in attributes); OpenLLMetry (`traceloop.*`, `llm.request.type`); OpenInference
(`openinference.span.kind`, `llm.model_name`). Sources: semantic-conventions-genai, openllmetry and openinference.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from readiness.formats.forest import Forest, Key, key
from readiness.formats.genai_messages import Message, asked_and_answered
from readiness.formats.otlp import Attributes, LogRecord, Span, Value

GENERATION: Final = "generation"
EMBEDDING: Final = "embedding"
_KINDS: Final = {
    "chat": GENERATION, "text_completion": GENERATION, "completion": GENERATION, "generate_content": GENERATION,
    "generate": GENERATION, "responses": GENERATION, "invoke_model": GENERATION, "embeddings": EMBEDDING, "embedding": EMBEDDING,
}  # fmt: skip
_OPENINFERENCE: Final = {"LLM": GENERATION, "EMBEDDING": EMBEDDING}
_LOOKED_AT: Final = 64
"""How many spans that may be a call told twice are looked at: more at once are no longer told apart by time."""


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a model. `kind` is `generation` or `embedding`; names and counts are empty or None where nobody told.

    `request_model` is what was asked for, `response_model` what answered. `asked` and `answered` are the messages, where
    content was recorded at all. Times are nanoseconds since 1970.
    """

    trace_id: str
    span_id: str
    dialect: str
    kind: str
    operation: str
    provider: str
    request_model: str
    response_model: str
    response_id: str
    input_tokens: int | None
    output_tokens: int | None
    finish_reasons: tuple[str, ...]
    error: str
    scope: str
    start_ns: int
    end_ns: int
    asked: tuple[Message, ...] = ()
    answered: tuple[Message, ...] = ()


def model_calls(spans: Iterable[Span], logs: Iterable[LogRecord] = ()) -> tuple[ModelCall, ...]:
    """Every call of a model among the spans, once, by time.

    Where instrumentations are stacked, a span that holds another of the same kind is not counted: the innermost is the
    call. Two instrumentations that stand side by side are recognised by one span lying within the other in time.
    """
    forest = Forest(spans)
    told: dict[Key, list[LogRecord]] = {}
    for record in logs:
        told.setdefault((record.trace_id, record.span_id), []).append(record)
    calls = innermost(forest)
    return tuple(_with_messages(call, forest, told) for call in sorted(calls, key=lambda item: (item.start_ns, item.span_id)))


def innermost(forest: Forest) -> list[ModelCall]:
    """The calls of a forest, each once, without their messages."""
    read = {place: call for place, span in forest.spans.items() if (call := of_span(span)) is not None}
    outer: set[Key] = set()
    for kind in (GENERATION, EMBEDDING):
        same = {place for place, call in read.items() if call.kind == kind}
        nearest = forest.nearest(_one_of(same))
        outer |= {key(above) for place in same if (above := nearest[place]) is not None}
    return _told_once([call for place, call in read.items() if place not in outer])


def _one_of(places: set[Key]) -> Callable[[Span], bool]:
    return lambda span: key(span) in places


def _with_messages(call: ModelCall, forest: Forest, told: Mapping[Key, list[LogRecord]]) -> ModelCall:
    place = (call.trace_id, call.span_id)
    asked, answered = asked_and_answered(forest.spans[place], told.get(place, ()))
    return replace(call, asked=asked, answered=answered)


def _told_once(calls: list[ModelCall]) -> list[ModelCall]:
    """Without the calls that a second instrumentation, standing beside the first, told as well."""
    groups: dict[tuple[str, str], list[ModelCall]] = {}
    for call in calls:
        groups.setdefault((call.trace_id, call.kind), []).append(call)
    dropped: set[Key] = set()
    for group in groups.values():
        if len({call.scope for call in group}) > 1:
            dropped |= _outer_twins(sorted(group, key=lambda call: (call.start_ns, -call.end_ns)))
    return [call for call in calls if (call.trace_id, call.span_id) not in dropped]


def _outer_twins(group: list[ModelCall]) -> set[Key]:
    starts = [call.start_ns for call in group]
    dropped: set[Key] = set()
    used: set[tuple[Key, str]] = set()
    for index, outer in enumerate(group):
        first = max(bisect_left(starts, outer.start_ns), index + 1)
        for inner in group[first : first + _LOOKED_AT]:
            mark = ((inner.trace_id, inner.span_id), outer.scope)
            if inner.start_ns <= outer.end_ns and mark not in used and _same(outer, inner):
                used.add(mark)
                dropped.add((outer.trace_id, outer.span_id))
                break
    return dropped


def _same(outer: ModelCall, inner: ModelCall) -> bool:
    if outer.scope == inner.scope or inner.end_ns > outer.end_ns:
        return False
    if outer.response_id and inner.response_id:
        return outer.response_id == inner.response_id
    tokens = [(call.input_tokens, call.output_tokens) for call in (outer, inner) if call.input_tokens is not None]
    if len(tokens) == 2 and tokens[0] != tokens[1]:
        return False
    return bool({outer.request_model, outer.response_model} & {inner.request_model, inner.response_model} - {""})


def of_span(span: Span) -> ModelCall | None:
    """The call of a model a span tells of, with what the span itself says; None where it tells of none."""
    attributes = span.attributes
    dialect = dialect_of(attributes)
    operation = _operation(attributes, dialect)
    kind = _OPENINFERENCE.get(operation, "") if dialect == "openinference" else _KINDS.get(operation.lower(), "")
    if not kind:
        return None
    given = _parameters(attributes) if dialect == "openinference" else {}
    return ModelCall(
        span.trace_id, span.span_id, dialect, kind, operation.lower(),
        text(attributes, "gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "llm.vendor"),
        text(attributes, "gen_ai.request.model", "llm.request.model") or text(given, "model"),
        text(attributes, "gen_ai.response.model", "llm.response.model", "llm.model_name", "embedding.model_name"),
        text(attributes, "gen_ai.response.id"),
        _count(attributes, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.usage.prompt_tokens", "llm.token_count.prompt"),
        _count(attributes, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.usage.completion_tokens",
               "llm.token_count.completion"),
        _texts(attributes, "gen_ai.response.finish_reasons", "llm.finish_reason"),
        text(attributes, "error.type") or (span.message or "error" if span.status == "error" else ""),
        span.scope, span.start_ns, span.end_ns,
    )  # fmt: skip


def dialect_of(attributes: Attributes) -> str:
    """Which convention a span's attributes follow; empty where they follow none of the four."""
    if "openinference.span.kind" in attributes:
        return "openinference"
    if "llm.request.type" in attributes or any(name.startswith("traceloop.") for name in attributes):
        return "openllmetry"
    if "gen_ai.provider.name" in attributes:
        return "opentelemetry"
    if "gen_ai.system" in attributes:
        return "opentelemetry-legacy"
    return "opentelemetry" if "gen_ai.operation.name" in attributes else ""


def _operation(attributes: Attributes, dialect: str) -> str:
    if dialect == "openinference":
        return text(attributes, "openinference.span.kind").upper()
    if named := text(attributes, "gen_ai.operation.name", "llm.request.type"):
        return named
    # Before operations had names, a span with a provider and the model asked for was a call of it.
    aside = {"traceloop.span.kind", "gen_ai.tool.name", "gen_ai.agent.name"} & attributes.keys()
    return "chat" if dialect and not aside and text(attributes, "gen_ai.request.model") else ""


def _parameters(attributes: Attributes) -> Attributes:
    """The request as OpenInference keeps it: as JSON in a string."""
    for name in ("llm.invocation_parameters", "embedding.invocation_parameters", "input.value"):
        found = structured(attributes.get(name))
        if isinstance(found, Mapping) and "model" in found:
            return found
    return {}


def structured(value: Value) -> Value:
    """A value that may be JSON in a string, taken apart; the string itself where it is none."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return _frozen(json.loads(value))
    except (ValueError, RecursionError):
        return value


def _frozen(value: Value) -> Value:
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return {name: _frozen(item) for name, item in value.items()} if isinstance(value, Mapping) else value


def text(attributes: Attributes, *names: str) -> str:
    """The first of these attributes that is a text and not empty."""
    for name in names:
        value = attributes.get(name)
        if isinstance(value, str) and value:
            return value
    return ""


def _count(attributes: Attributes, *names: str) -> int | None:
    for name in names:
        value = attributes.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    return None


def _texts(attributes: Attributes, *names: str) -> tuple[str, ...]:
    for name in names:
        value = attributes.get(name)
        if isinstance(value, tuple):
            return tuple(item for item in value if isinstance(item, str))
        if isinstance(value, str) and value:
            return (value,)
    return ()
