"""Decisions: ours as stated, foreign ones by their outermost span, each with what is known of it and no more."""

from __future__ import annotations

import math

import pytest

from readiness.formats.decisions import Source, decisions, source_of
from readiness.formats.otlp import Attributes, Value
from tests.formats.spans import TRACE, captured, span

CHAT: dict[str, Value] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "small",
    "gen_ai.response.model": "small-2026-01-01",
}
DIGEST = "sha256:" + "ab" * 32
OURS: dict[str, Value] = {
    "readiness.decision.kind": "answer",
    "readiness.decision.model": "extractive",
    "readiness.decision.model_version": "3",
    "readiness.decision.prompt_version": "7",
    "readiness.decision.confidence": 0.83,
    "readiness.decision.sources": (f"doc-12@{DIGEST}", "doc-13"),
    "readiness.decision.input_digest": DIGEST,
    "readiness.decision.output_digest": DIGEST,
    "readiness.decision.outcome": "answered",
    "readiness.decision.experiment": "b",
    "code.file.path": "/app/main.py",
    "code.line.number": 12,
}


def test_our_own_span_is_read_in_full() -> None:
    found = decisions([span(1, "POST /ask"), span(2, "answer", 1, OURS, at=(3, 9))])
    assert len(found) == 1
    one = found[0]
    assert one.id == f"{TRACE}-{2:016x}"
    assert (one.dialect, one.kind, one.model, one.model_version, one.prompt_version) == ("readiness", "answer", "extractive", "3", "7")
    assert (one.confidence, one.sources) == (0.83, (Source("doc-12", DIGEST), Source("doc-13")))
    assert (one.input_digest, one.output_digest, one.outcome, one.experiment, one.project) == (DIGEST, DIGEST, "answered", "b", "shop")
    assert (one.error, one.start_ns, one.end_ns, one.file, one.line) == ("", 3, 9, "/app/main.py", 12)


def test_calls_beside_a_decision_of_ours_are_no_decisions_of_their_own() -> None:
    spans = [span(1, "POST /ask"), span(2, "answer", 1, OURS), span(3, "chat", 2, CHAT), span(4, "chat", 1, CHAT)]
    assert [item.dialect for item in decisions(spans)] == ["readiness"]


def test_what_our_span_leaves_out_is_taken_from_the_calls_within() -> None:
    spans = [span(1, attributes={"readiness.decision.kind": "answer"}), span(2, parent=1, attributes=CHAT)]
    one = decisions(spans)[0]
    assert (one.model, one.model_version, one.confidence, one.sources) == ("small", "small-2026-01-01", None, ())


@pytest.mark.parametrize("value", [True, "0.8", (0.8,), float("nan")])
def test_a_confidence_that_is_no_number_is_not_taken_for_none(value: bool | str | tuple[float] | float) -> None:
    one = decisions([span(1, attributes={"readiness.decision.kind": "answer", "readiness.decision.confidence": value})])[0]
    assert one.confidence is not None
    assert math.isnan(one.confidence)


def test_a_whole_number_is_a_confidence_too() -> None:
    assert decisions([span(1, attributes=OURS | {"readiness.decision.confidence": 1})])[0].confidence == 1.0


def test_a_decision_that_ended_in_an_error_says_so_unless_it_has_an_outcome() -> None:
    failed = {"readiness.decision.kind": "answer"}
    assert decisions([span(1, attributes=failed, status="error")])[0].error == "an error"
    assert decisions([span(1, attributes=OURS, status="error")])[0].error == ""


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ("doc-12", Source("doc-12")),
        (f"doc@12@{DIGEST}", Source("doc@12", DIGEST)),
        ("ada@example.org", Source("ada@example.org")),
        (f"@{DIGEST}", Source(f"@{DIGEST}")),
        ("doc@sha256:12", Source("doc@sha256:12")),
    ],
)
def test_a_source_is_a_name_with_or_without_a_digest(written: str, source: Source) -> None:
    assert source_of(written) == source


def test_of_a_plain_client_each_generation_is_a_decision() -> None:
    found = decisions(captured("openai-v2").spans)
    assert [(item.kind, item.model, item.model_version, item.confidence, item.sources) for item in found] == [
        ("chat", "fake-1", "fake-1-2026-01-01", None, ())
    ] * 4 + [("chat", "", "", None, ())]
    assert [bool(item.error) for item in found] == [False] * 4 + [True]


def test_of_openinference_each_generation_without_a_chain_is_a_decision() -> None:
    found = decisions(captured("openinference-openai").spans)
    assert [(item.kind, item.model_version) for item in found] == [("llm", "fake-1-2026-01-01")] * 4 + [("llm", "")]


def test_of_a_chain_and_an_agent_the_whole_is_the_decision_with_what_it_looked_up() -> None:
    found = decisions(captured("openllmetry-langchain").spans)
    assert [(item.kind, item.model_version, [source.name for source in item.sources]) for item in found] == [
        ("invoke_agent", "fake-1-2026-01-01", ["sql-vacuum.html", "app-pgdump.html"]),
        ("invoke_agent", "fake-1-2026-01-01", ["tool:lookup_order"]),
    ]
    assert {item.project for item in found} == {"support-assistant"}


def test_a_chain_that_asks_no_model_is_no_decision() -> None:
    assert decisions([span(1, attributes={"openinference.span.kind": "CHAIN"}), span(2, parent=1)]) == ()


RETRIEVED: dict[str, Value] = {
    "openinference.span.kind": "RETRIEVER",
    "retrieval.documents.0.document.id": "doc-1",
    "retrieval.documents.1.document.metadata": '{"source": "manual.pdf"}',
}


@pytest.mark.parametrize(
    ("attributes", "names"),
    [
        (RETRIEVED, ["doc-1", "manual.pdf"]),
        ({"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": '[{"id": "a", "score": 0.5}, 3]'}, ["a"]),
        ({"gen_ai.data_source.id": "handbook"}, ["handbook"]),
        ({"openinference.span.kind": "TOOL", "tool.name": "lookup"}, ["tool:lookup"]),
        ({"gen_ai.operation.name": "vector_db_retrieve", "traceloop.entity.output": "no json"}, []),
        ({"db.statement": "select"}, []),
    ],
)
def test_what_was_looked_up_beside_a_call_before_it_ended_is_its_source(attributes: Attributes, names: list[str]) -> None:
    spans = [span(1, "POST /ask"), span(2, "look up", 1, attributes, at=(0, 3)), span(3, "chat", 1, CHAT, at=(4, 9))]
    found = decisions(spans)
    assert [[source.name for source in item.sources] for item in found] == [names]
    later = [spans[0], span(2, "look up", 1, attributes, at=(10, 13)), spans[2]]
    assert [item.sources for item in decisions(later)] == [()]
