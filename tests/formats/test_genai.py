"""Calls of models: real captures of four dialects, exactly; stacked instrumentations count a call once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.genai import EMBEDDING, GENERATION, model_calls
from readiness.formats.genai_messages import Message
from readiness.formats.otlp import Attributes, Event, LogRecord, Span, Value
from tests.formats.spans import TRACE, captured, span

CHAT: dict[str, Value] = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "small"}
EMBED: dict[str, Value] = {"gen_ai.operation.name": "embeddings", "gen_ai.provider.name": "openai", "gen_ai.request.model": "tiny"}
QUESTION = Message("user", "where is order A-1001?")
SHIPPED = Message("assistant", 'Based on the context: {"status":"shipped"}')


def test_the_legacy_convention_with_its_content_in_log_events() -> None:
    batch = captured("openai-v2")
    calls = model_calls(batch.spans, batch.logs)
    assert [(call.kind, call.request_model, call.response_model, call.input_tokens, call.output_tokens) for call in calls] == [
        (EMBEDDING, "fake-embed", "fake-embed", 4, None),
        (GENERATION, "fake-1", "fake-1-2026-01-01", 18, 10),
        (GENERATION, "fake-1", "fake-1-2026-01-01", 10, 6),
        (GENERATION, "fake-1", "fake-1-2026-01-01", 12, 1),
        (GENERATION, "fake-1", "fake-1-2026-01-01", 13, 5),
        (GENERATION, "fake-1", "", None, None),
    ]
    assert {(call.dialect, call.provider) for call in calls} == {("opentelemetry-legacy", "openai")}
    assert calls[1].asked == (Message("system", "You answer from context."), Message("user", "How do I reclaim disk space?"))
    assert calls[1].answered == (Message("assistant", "Based on the context: How do I reclaim disk space?"),)
    assert (calls[3].asked, calls[3].answered, calls[3].finish_reasons) == ((QUESTION,), (), ("tool_calls",))
    assert (calls[4].asked, calls[4].answered) == ((QUESTION, Message("tool", '{"status":"shipped"}')), (SHIPPED,))
    assert calls[5].error == "RateLimitError"
    assert model_calls(batch.spans)[1].asked == ()


def test_openinference_with_its_content_in_numbered_attributes() -> None:
    calls = model_calls(captured("openinference-openai").spans)
    assert [(call.kind, call.request_model, call.response_model, call.input_tokens, call.output_tokens) for call in calls] == [
        (EMBEDDING, "fake-embed", "fake-embed", 4, None),
        (GENERATION, "fake-1", "fake-1-2026-01-01", 18, 10),
        (GENERATION, "fake-1", "fake-1-2026-01-01", 10, 6),
        (GENERATION, "fake-1", "fake-1-2026-01-01", 12, 1),
        (GENERATION, "fake-1", "fake-1-2026-01-01", 13, 5),
        (GENERATION, "fake-1", "", None, None),
    ]
    assert {(call.dialect, call.provider) for call in calls} == {("openinference", "openai")}
    assert calls[4].asked == (QUESTION, Message("tool", '{"status":"shipped"}'))
    assert calls[4].answered == (SHIPPED,)
    assert "429" in calls[5].error


def test_openllmetry_where_workflows_tasks_and_tools_are_no_calls() -> None:
    calls = model_calls(captured("openllmetry-langchain").spans)
    assert [(call.kind, call.request_model, call.response_id, call.input_tokens, call.output_tokens) for call in calls] == [
        (GENERATION, "fake-1", "chatcmpl-ce96234ae397", 31, 9),
        (GENERATION, "fake-1", "chatcmpl-ef14146a1e84", 12, 1),
        (GENERATION, "fake-1", "chatcmpl-ddbf193afe42", 13, 5),
    ]
    assert {call.dialect for call in calls} == {"openllmetry"}
    assert calls[0].asked[1] == Message("user", "how do I return space?")
    assert calls[2].answered == (SHIPPED,)


def test_the_current_convention_with_its_content_in_attributes() -> None:
    said = '[{"role": "user", "parts": [{"type": "text", "content": "hello"}]}]'
    answered: Value = ({"role": "assistant", "parts": ({"type": "text", "content": "hi"}, {"type": "tool_call", "name": "x"})},)
    call = model_calls([span(1, attributes=CHAT | {"gen_ai.input.messages": said, "gen_ai.output.messages": answered})])[0]
    assert (call.dialect, call.operation, call.provider) == ("opentelemetry", "chat", "openai")
    assert (call.asked, call.answered) == ((Message("user", "hello"),), (Message("assistant", "hi"),))


def test_a_chain_around_a_client_around_http_is_one_call() -> None:
    langchain: Attributes = {"traceloop.span.kind": "workflow", "gen_ai.operation.name": "invoke_agent"}
    outer: Attributes = {"llm.request.type": "chat", "gen_ai.request.model": "small", "gen_ai.system": "Langchain"}
    spans = [
        span(1, "chain", attributes=langchain),
        span(2, "ChatOpenAI.chat", 1, outer),
        span(3, "wrapper", 2),
        span(4, "chat small", 3, CHAT),
        span(5, "POST", 4, {"http.request.method": "POST"}),
    ]
    assert [call.span_id for call in model_calls(spans)] == [f"{4:016x}"]
    assert [call.span_id for call in model_calls(reversed(spans))] == [f"{4:016x}"]
    assert [call.span_id for call in model_calls(spans[:2])] == [f"{2:016x}"]


def test_an_embedding_within_a_generation_does_not_hide_it() -> None:
    calls = model_calls([span(1, attributes=CHAT, at=(0, 9)), span(2, parent=1, attributes=EMBED, at=(1, 2))])
    assert [call.kind for call in calls] == [GENERATION, EMBEDDING]


def test_two_calls_within_one_wrapper_are_two() -> None:
    assert len(model_calls([span(1, attributes=CHAT), span(2, parent=1, attributes=CHAT), span(3, parent=1, attributes=CHAT)])) == 2


def test_two_instrumentations_side_by_side_tell_of_one_call() -> None:
    other: Attributes = {"openinference.span.kind": "LLM", "llm.model_name": "small"}
    twins = [span(1, attributes=CHAT, at=(0, 9), scope="a"), span(2, attributes=other, at=(1, 8), scope="b")]
    assert [call.span_id for call in model_calls(twins)] == [f"{2:016x}"]
    four = [*twins, span(3, attributes=CHAT, at=(10, 19), scope="a"), span(4, attributes=other, at=(11, 18), scope="b")]
    assert len(model_calls(four)) == 2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (span(1, attributes=CHAT, at=(0, 9), scope="a"), span(2, attributes=CHAT, at=(1, 8), scope="a")),
        (span(1, attributes=CHAT, at=(0, 5), scope="a"), span(2, attributes=CHAT, at=(6, 8), scope="b")),
        (span(1, attributes=CHAT, at=(0, 9), scope="a"), span(2, attributes=CHAT | {"gen_ai.request.model": "big"}, at=(1, 8), scope="b")),
        (span(1, attributes=CHAT, at=(0, 9), scope="a"), span(2, attributes=CHAT, at=(1, 8), scope="b", trace="1" * 32)),
        (
            span(1, attributes=CHAT | {"gen_ai.response.id": "x"}, at=(0, 9), scope="a"),
            span(2, attributes=CHAT | {"gen_ai.response.id": "y"}, at=(1, 8), scope="b"),
        ),
        (
            span(1, attributes=CHAT | {"gen_ai.usage.input_tokens": 3}, at=(0, 9), scope="a"),
            span(2, attributes=CHAT | {"gen_ai.usage.input_tokens": 4}, at=(1, 8), scope="b"),
        ),
    ],
    ids=["one scope", "one after the other", "two models", "two traces", "two answers", "two sizes"],
)
def test_calls_that_only_look_alike_stay_two(first: Span, second: Span) -> None:
    assert len(model_calls([first, second])) == 2


def test_an_answer_id_that_a_server_gives_every_time_does_not_merge_calls() -> None:
    same = CHAT | {"gen_ai.response.id": "chatcmpl-1"}
    assert len(model_calls([span(number, attributes=same, at=(number, number)) for number in range(1, 6)])) == 5


def test_an_export_that_came_twice_counts_once() -> None:
    batch = captured("openai-v2")
    assert model_calls([*batch.spans, *batch.spans], batch.logs) == model_calls(batch.spans, batch.logs)


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"http.request.method": "POST"},
        {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup", "gen_ai.provider.name": "x"},
        {"gen_ai.operation.name": "create_agent", "gen_ai.request.model": "small", "gen_ai.provider.name": "x"},
        {"openinference.span.kind": "RETRIEVER"},
        {"openinference.span.kind": 3},
        {"traceloop.span.kind": "task", "gen_ai.request.model": "small"},
        {"llm.request.type": "rerank", "gen_ai.request.model": "small"},
    ],
)
def test_what_is_no_call_of_a_model_is_none(attributes: Attributes) -> None:
    assert model_calls([span(1, attributes=attributes)]) == ()


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"gen_ai.system": "openai", "gen_ai.request.model": "small"}, ("opentelemetry-legacy", "chat", "small", "")),
        ({"llm.request.type": "completion", "llm.request.model": "small"}, ("openllmetry", "completion", "small", "")),
        ({"openinference.span.kind": "llm", "llm.model_name": "small-2"}, ("openinference", "llm", "", "small-2")),
        ({"openinference.span.kind": "LLM", "llm.invocation_parameters": '{"model": "small"'}, ("openinference", "llm", "", "")),
    ],
)
def test_older_and_sparser_spans_are_understood(attributes: Attributes, expected: tuple[str, ...]) -> None:
    call = model_calls([span(1, attributes=attributes)])[0]
    assert (call.dialect, call.operation, call.request_model, call.response_model) == expected


def test_older_content_in_numbered_attributes_and_in_span_events() -> None:
    numbered = CHAT | {"gen_ai.prompt.10.content": "b", "gen_ai.prompt.2.content": "a", "gen_ai.completion.0.content": "c"}
    call = model_calls([span(1, attributes=numbered)])[0]
    assert ([message.text for message in call.asked], [message.text for message in call.answered]) == (["a", "b"], ["c"])
    one = span(1, attributes=CHAT)
    events = (
        Event("gen_ai.user.message", 1, {"content": "a"}),
        Event("gen_ai.choice", 2, {"message": {"content": "b"}}),
        Event("x", 3, {}),
    )
    with_events = Span(one.trace_id, one.span_id, "", "chat", 3, 0, 0, "unset", "", one.attributes, {}, "x", events)
    call = model_calls([with_events])[0]
    assert (call.asked, call.answered) == ((Message("user", "a"),), (Message("assistant", "b"),))


def test_content_in_the_event_of_the_whole_operation() -> None:
    attributes: Attributes = {"gen_ai.input.messages": ({"role": "user", "parts": ({"type": "text", "content": "hello"},)},)}
    record = LogRecord(1, TRACE, f"{1:016x}", 0, "gen_ai.client.inference.operation.details", None, attributes, {}, "x")
    assert model_calls([span(1, attributes=CHAT)], [record])[0].asked == (Message("user", "hello"),)


parents = st.lists(st.integers(0, 8), min_size=8, max_size=8)


@given(parents, st.lists(st.sampled_from([CHAT, EMBED, {}]), min_size=8, max_size=8), st.randoms())
def test_the_count_depends_neither_on_order_nor_on_loops_of_parents(above: list[int], kinds: list[Attributes], chance: object) -> None:
    spans = [span(number + 1, parent=parent, attributes=kind) for number, (parent, kind) in enumerate(zip(above, kinds, strict=True))]
    calls = model_calls(spans)
    shuffled = spans[:]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random under another name
    assert {call.span_id for call in model_calls(shuffled)} == {call.span_id for call in calls}
    assert len(calls) <= sum(bool(kind) for kind in kinds)


def test_a_long_chain_of_spans_is_walked_once() -> None:
    spans = [span(number, parent=number - 1, attributes=CHAT if number % 2 else {}) for number in range(1, 20_000)]
    assert len(model_calls(spans)) == 1
