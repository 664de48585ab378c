"""OTLP over HTTP: bodies of exports, in protobuf or in JSON, as frozen spans, log records and metrics.

Source: the OpenTelemetry protocol 1.x. Its JSON is that of proto3, except that trace and span ids are hexadecimal.
A body that is none raises `Refused`; a single span that cannot be one is left out and told in `Batch.rejected`, so that
one bad span does not cost its whole batch. The protobuf library is imported when the first body is read.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

BODY_BYTES: Final = 16 << 20
"""The longest inflated body that is read."""
SIGNALS: Final = {"/v1/traces": "traces", "/v1/logs": "logs", "/v1/metrics": "metrics"}
_STATUS: Final = ("unset", "ok", "error")
_IDS: Final = frozenset({"traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id"})

Value: TypeAlias = "str | bool | int | float | bytes | tuple[Value, ...] | Mapping[str, Value] | None"
Attributes: TypeAlias = Mapping[str, Value]


class Refused(ValueError):
    """A body that is no OTLP export, with the reason in one line."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened during a span, at a time in nanoseconds since 1970."""

    name: str
    time_ns: int
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Span:
    """One span. Ids are lower-case hex, `parent_id` is empty for a root; times are nanoseconds since 1970.

    `kind` is OTLP's number (2 server, 3 client), `status` is `unset`, `ok` or `error`.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: int
    start_ns: int
    end_ns: int
    status: str
    message: str
    attributes: Attributes
    resource: Attributes
    scope: str
    events: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One log record; the ids are empty where it belongs to no span."""

    time_ns: int
    trace_id: str
    span_id: str
    severity: int
    event: str
    body: Value
    attributes: Attributes
    resource: Attributes
    scope: str


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its kind (`sum`, `gauge`, `histogram` …) and how many points of it came."""

    name: str
    unit: str
    kind: str
    points: int
    resource: Attributes
    scope: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What one body holds; `rejected` says of each span or record left out why."""

    spans: tuple[Span, ...] = ()
    logs: tuple[LogRecord, ...] = ()
    metrics: tuple[Metric, ...] = ()
    rejected: tuple[str, ...] = field(default=())


def read(path: str, content_type: str, body: bytes, limit: int = BODY_BYTES) -> Batch:
    """The content of one export, by the path it was sent to and its content type.

    Raises Refused where the path or type is none of OTLP's, or the body is too long, cut short or something else.
    """
    signal = SIGNALS.get(path.partition("?")[0])
    if signal is None:
        raise Refused(f"`{path}` is no path of OTLP")
    if len(body) > limit:
        raise Refused(f"{len(body)} bytes are more than the {limit} that are read")
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        message = _from_json(signal, body)
    elif kind == "application/x-protobuf":
        message = _from_protobuf(signal, body)
    else:
        raise Refused(f"the content type must be application/x-protobuf or application/json, got `{kind}`")
    return {"traces": _traces, "logs": _logs, "metrics": _metrics}[signal](message)


# The generated messages have no types of their own that say more than this; they do not leave this module.
def _empty(signal: str) -> Any:
    if signal == "traces":
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        return ExportTraceServiceRequest()
    if signal == "logs":
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

        return ExportLogsServiceRequest()
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    return ExportMetricsServiceRequest()


def _from_protobuf(signal: str, body: bytes) -> Any:
    from google.protobuf.message import DecodeError

    message = _empty(signal)
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise Refused(f"{len(body)} bytes are no protobuf of OTLP {signal}") from None
    if body and not message.ListFields():
        raise Refused(f"{len(body)} bytes hold nothing of OTLP {signal}")
    return message


def _from_json(signal: str, body: bytes) -> Any:
    from google.protobuf.json_format import ParseDict, ParseError

    try:
        data = json.loads(body)
        if not isinstance(data, dict):
            raise Refused("the JSON is no object")
        what = "spans" if signal == "traces" else signal
        if data and not {f"resource{what.capitalize()}", f"resource_{what}"} & data.keys():
            raise Refused(f"the JSON has no `resource{what.capitalize()}`")
        return ParseDict(_with_plain_ids(data), _empty(signal), ignore_unknown_fields=True)
    except Refused:
        raise
    except ParseError as error:
        raise Refused(f"the JSON is no OTLP {signal}: {_line(error)}") from None
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise Refused(f"the body is no JSON of OTLP: {_line(error)}") from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _with_plain_ids(value: Any) -> Any:
    """The same JSON with ids in base64, as proto3 writes bytes. Attribute names are values in OTLP, never keys."""
    if isinstance(value, list):
        return [_with_plain_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: _base64_id(item) if key in _IDS and isinstance(item, str) else _with_plain_ids(item) for key, item in value.items()}


def _base64_id(text: str) -> str:
    try:
        return base64.b64encode(binascii.unhexlify(text)).decode()
    except ValueError:
        raise Refused(f"an id must be hexadecimal, got `{text[:40]}`") from None


def _traces(message: Any) -> Batch:
    spans, rejected = [], []
    for resource, scope, items in _scoped(message.resource_spans, "scope_spans", "spans"):
        for item in items:
            if fault := _fault(item.trace_id, item.span_id, item.parent_span_id):
                rejected.append(f"span `{item.name[:60]}` {fault}")
            else:
                spans.append(_span(item, resource, scope))
    return Batch(spans=tuple(spans), rejected=tuple(rejected))


def _fault(trace_id: bytes, span_id: bytes, parent_id: bytes) -> str:
    if len(trace_id) != 16 or not any(trace_id):
        return "has no valid trace id (16 bytes, not all zero)"
    if len(span_id) != 8 or not any(span_id):
        return "has no valid span id (8 bytes, not all zero)"
    return "names a parent by something that is no span id" if len(parent_id) not in (0, 8) else ""


def _span(item: Any, resource: Attributes, scope: str) -> Span:
    code = item.status.code
    return Span(
        item.trace_id.hex(), item.span_id.hex(), item.parent_span_id.hex() if any(item.parent_span_id) else "", item.name, item.kind,
        item.start_time_unix_nano, item.end_time_unix_nano, _STATUS[code] if 0 <= code < len(_STATUS) else "unset", item.status.message,
        _attributes(item.attributes), resource, scope,
        tuple(Event(event.name, event.time_unix_nano, _attributes(event.attributes)) for event in item.events),
    )  # fmt: skip


def _logs(message: Any) -> Batch:
    records = []
    for resource, scope, items in _scoped(message.resource_logs, "scope_logs", "log_records"):
        for item in items:
            attributes = _attributes(item.attributes)
            records.append(LogRecord(
                item.time_unix_nano or item.observed_time_unix_nano, _log_id(item.trace_id), _log_id(item.span_id), item.severity_number,
                item.event_name or str(attributes.get("event.name", "")), _value(item.body), attributes, resource, scope,
            ))  # fmt: skip
    return Batch(logs=tuple(records))


def _log_id(data: bytes) -> str:
    return data.hex() if any(data) else ""


def _metrics(message: Any) -> Batch:
    found = []
    for resource, scope, items in _scoped(message.resource_metrics, "scope_metrics", "metrics"):
        for item in items:
            kind = item.WhichOneof("data") or ""
            points = len(getattr(item, kind).data_points) if kind else 0
            found.append(Metric(item.name, item.unit, kind, points, resource, scope))
    return Batch(metrics=tuple(found))


def _scoped(resources: Iterable[Any], scopes: str, items: str) -> Iterator[tuple[Attributes, str, Iterable[Any]]]:
    for resource in resources:
        attributes = _attributes(resource.resource.attributes)
        for scope in getattr(resource, scopes):
            yield attributes, scope.scope.name, getattr(scope, items)


def _attributes(pairs: Iterable[Any]) -> dict[str, Value]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Value:
    # Protobuf refuses messages nested deeper than 100, so this recursion ends.
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return tuple(_value(item) for item in value.array_value.values)
    if kind == "kvlist_value":
        return _attributes(value.kvlist_value.values)
    if kind in ("string_value", "bool_value", "int_value", "double_value", "bytes_value"):
        plain: Value = getattr(value, kind)
        return plain
    return None
