"""OTLP bodies: both encodings say the same, real ones are read in full, and what is none is refused and never trips."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from readiness.formats import otlp
from readiness.formats.otlp import Batch, Refused, read
from tests.formats.spans import CAPTURES, captured

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
IDS = ("traceId", "spanId", "parentSpanId")

texts = st.text(st.characters(codec="utf-8"), max_size=12)
plain = st.one_of(
    texts.map(lambda value: AnyValue(string_value=value)),
    st.booleans().map(lambda value: AnyValue(bool_value=value)),
    st.integers(-(2**63), 2**63 - 1).map(lambda value: AnyValue(int_value=value)),
    st.floats(allow_nan=False).map(lambda value: AnyValue(double_value=value)),
    st.binary(max_size=8).map(lambda value: AnyValue(bytes_value=value)),
    st.just(AnyValue()),
)


def nested(inner: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[AnyValue]:
    arrays = st.lists(inner, max_size=3).map(lambda items: AnyValue(array_value=ArrayValue(values=items)))
    pairs = st.lists(st.builds(KeyValue, key=texts, value=inner), max_size=3, unique_by=lambda pair: pair.key)
    return arrays | pairs.map(lambda items: AnyValue(kvlist_value=KeyValueList(values=items)))


attributes = st.lists(
    st.builds(KeyValue, key=texts, value=st.recursive(plain, nested, max_leaves=6)), max_size=4, unique_by=lambda pair: pair.key
)
times = st.integers(0, 2**64 - 1)


@st.composite
def traces(draw: st.DrawFn) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    for _ in range(draw(st.integers(0, 2))):
        resource = message.resource_spans.add()
        resource.resource.attributes.extend(draw(attributes))
        scope = resource.scope_spans.add()
        scope.scope.name = draw(texts)
        for _ in range(draw(st.integers(0, 3))):
            span: Any = scope.spans.add(
                trace_id=draw(st.binary(min_size=16, max_size=16)), span_id=draw(st.binary(min_size=8, max_size=8)),
                parent_span_id=draw(st.just(b"") | st.binary(min_size=8, max_size=8)), name=draw(texts), kind=draw(st.integers(0, 5)),
                start_time_unix_nano=draw(times), end_time_unix_nano=draw(times), attributes=draw(attributes),
            )  # fmt: skip
            span.status.code = draw(st.integers(0, 2))
            span.events.add(name=draw(texts), time_unix_nano=draw(times), attributes=draw(attributes))
    return message


def as_json(value: Any) -> Any:
    """The JSON of OTLP: that of proto3, with ids in hex and enumerations as numbers."""
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: base64.b64decode(item).hex() if key in IDS else as_json(item) for key, item in value.items()}


def body(message: Any) -> bytes:
    return json.dumps(as_json(MessageToDict(message, use_integers_for_enums=True))).encode()


@given(traces())
def test_protobuf_and_json_say_the_same(message: ExportTraceServiceRequest) -> None:
    one = read("/v1/traces", PROTOBUF, message.SerializeToString())
    other = read("/v1/traces", f"{JSON}; charset=utf-8", body(message))
    assert one == other
    sent = [span for resource in message.resource_spans for scope in resource.scope_spans for span in scope.spans]
    assert len(one.spans) + len(one.rejected) == len(sent)
    assert [span.start_ns for span in one.spans] == [span.start_time_unix_nano for span in sent if any(span.trace_id) and any(span.span_id)]


def read_or_reason(path: str, kind: str, data: bytes) -> Batch | str:
    try:
        return read(path, kind, data)
    except Refused as refused:
        return str(refused)


@given(st.sampled_from(sorted(otlp.SIGNALS)), st.sampled_from([PROTOBUF, JSON, "", "text/plain"]), st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(path: str, kind: str, data: bytes) -> None:
    assert read_or_reason(path, kind, data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner)
)
keys = st.sampled_from(["scopeSpans", "spans", "traceId", "spanId", "attributes", "value", "arrayValue", "status", "resource"])
shaped = st.recursive(json_values, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3), max_leaves=8)


@given(shaped)
def test_any_json_is_read_or_refused(value: object) -> None:
    assert read_or_reason("/v1/traces", JSON, json.dumps({"resourceSpans": value}).encode())


@given(st.integers(0, 2669))
def test_a_body_cut_short_is_refused_or_holds_less(length: int) -> None:
    whole = (CAPTURES / "openai-v2/009-traces.pb").read_bytes()
    assert len(whole) == 2670
    found = read_or_reason("/v1/traces", PROTOBUF, whole[:length])
    assert isinstance(found, str) or len(found.spans) < 7


@pytest.mark.parametrize(
    ("path", "kind", "data", "said"),
    [
        ("/v1/other", JSON, b"{}", "no path of OTLP"),
        ("/v1/traces", "text/html", b"{}", "the content type must be"),
        ("/v1/traces", "", b"{}", "the content type must be"),
        ("/v1/traces", PROTOBUF, b'{"resourceSpans": []}', "no protobuf of OTLP traces"),
        ("/v1/traces", PROTOBUF, b"\xc2\x3e\x01\x61", "hold nothing of OTLP traces"),
        ("/v1/traces", JSON, b'{"resourceSpans": [', "no JSON of OTLP"),
        ("/v1/traces", JSON, b"[]", "no object"),
        ("/v1/logs", JSON, b'{"resourceSpans": []}', "has no `resourceLogs`"),
        ("/v1/traces", JSON, b'{"resourceSpans": [{"scopeSpans": 3}]}', "no OTLP traces"),
        ("/v1/traces", JSON, b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}', "must be hexadecimal"),
        ("/v1/traces", JSON, b'{"resourceSpans": ' + b"[" * 100_000, "no JSON of OTLP"),
    ],
)
def test_what_is_no_export_is_refused_with_the_reason(path: str, kind: str, data: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        read(path, kind, data)


def test_a_body_that_is_too_long_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(Refused, match="21 bytes are more than the 20"):
        read("/v1/traces", JSON, b'{"resourceSpans": []}', limit=20)


def test_lengths_that_lie_are_no_reason_to_reserve_memory() -> None:
    lying = b"\x0a" + b"\xff\xff\xff\xff\x07" + struct.pack(">I", 1)  # a field of two gigabytes, of which four bytes follow
    with pytest.raises(Refused):
        read("/v1/traces", PROTOBUF, lying)


def test_one_span_with_a_bad_id_does_not_cost_the_others() -> None:
    message = ExportTraceServiceRequest()
    spans = message.resource_spans.add().scope_spans.add().spans
    spans.add(name="no id")
    spans.add(name="short", trace_id=b"a" * 16, span_id=b"b" * 4)
    spans.add(name="odd parent", trace_id=b"a" * 16, span_id=b"b" * 8, parent_span_id=b"c")
    spans.add(name="good", trace_id=b"a" * 16, span_id=b"b" * 8, parent_span_id=bytes(8))
    batch = read("/v1/traces", PROTOBUF, message.SerializeToString())
    assert [(span.name, span.parent_id) for span in batch.spans] == [("good", "")]
    assert [text.partition("`")[2].partition("`")[0] for text in batch.rejected] == ["no id", "short", "odd parent"]


def test_a_log_record_is_read_from_json_with_its_event_and_span() -> None:
    message = ExportLogsServiceRequest()
    record = message.resource_logs.add().scope_logs.add().log_records.add(trace_id=b"a" * 16, span_id=b"b" * 8, observed_time_unix_nano=5)
    record.body.string_value = "hello"
    record.attributes.add(key="event.name").value.string_value = "gen_ai.choice"
    found = read("/v1/logs", JSON, body(message)).logs
    assert [(item.time_ns, item.trace_id, item.event, item.body) for item in found] == [(5, "61" * 16, "gen_ai.choice", "hello")]
    assert read("/v1/logs", PROTOBUF, message.SerializeToString()).logs == found


def test_the_captures_are_read_in_full() -> None:
    counts = {name: captured(name) for name in ("openai-v2", "openinference-openai", "openllmetry-langchain")}
    assert {name: (len(batch.spans), len(batch.logs), len(batch.metrics)) for name, batch in counts.items()} == {
        "openai-v2": (7, 12, 2),
        "openinference-openai": (7, 0, 0),
        "openllmetry-langchain": (17, 0, 2),
    }
    assert not any(batch.rejected for batch in counts.values())
    assert {span.resource["service.name"] for batch in counts.values() for span in batch.spans} == {"support-assistant"}
    assert [(metric.name, metric.kind) for metric in counts["openai-v2"].metrics] == [
        ("gen_ai.client.operation.duration", "histogram"),
        ("gen_ai.client.token.usage", "histogram"),
    ]
    vector = counts["openinference-openai"].spans[0].attributes["embedding.embeddings.0.embedding.vector"]
    assert isinstance(vector, tuple)
    assert (len(vector), vector[0]) == (256, -0.0625)
    failed = [span for span in counts["openai-v2"].spans if span.status == "error"]
    assert [span.message for span in failed] == ["Error code: 429 - rate limited"]
