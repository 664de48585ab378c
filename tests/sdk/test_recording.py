"""Decisions as spans of OpenTelemetry: complete, current, nested, decorated; and nothing of it reaches the host as an error."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import readiness
from readiness.sdk import Decision, DecisionFilter, current, decision
from readiness.sdk.recording import NO_API, NO_PROVIDER, digest
from tests.sdk.conftest import Server

DIGEST = "sha256:" + "0" * 64


def only(spans: InMemorySpanExporter) -> ReadableSpan:
    (found,) = spans.get_finished_spans()
    return found


def stated(span: ReadableSpan) -> dict[str, Any]:
    """What a span says of its decision, without the prefix."""
    found = dict(span.attributes or {})
    return {name.removeprefix("readiness.decision."): value for name, value in found.items() if name.startswith("readiness.decision.")}


def test_a_decision_is_a_span_with_everything_it_rested_on(spans: InMemorySpanExporter) -> None:
    with decision("answer", model="small", model_version="3", prompt_version="7", experiment="b") as made:
        assert trace.get_current_span().get_span_context().span_id == int(made.id.partition("-")[2], 16)
        made.source("doc-12", digest=DIGEST, score=0.8)
        made.source("doc-13")
        made.confidence(0.83)
        made.input("how long?")
        made.output("three days")
    span = only(spans)
    scores = stated(span).pop("source_scores")
    assert (scores[0], scores[1] == scores[1]) == (0.8, False)
    assert {name: value for name, value in stated(span).items() if name != "source_scores"} == {
        "kind": "answer",
        "model": "small",
        "model_version": "3",
        "prompt_version": "7",
        "experiment": "b",
        "sources": (f"doc-12@{DIGEST}", "doc-13"),
        "confidence": 0.83,
        "input_digest": "sha256:" + hashlib.sha256(b"how long?").hexdigest(),
        "output_digest": "sha256:" + hashlib.sha256(b"three days").hexdigest(),
        "outcome": "answered",
    }
    assert (span.attributes or {})["code.file.path"] == __file__
    assert made.id == f"{span.context.trace_id:032x}-{span.context.span_id:016x}"
    assert not trace.get_current_span().get_span_context().is_valid


@pytest.mark.parametrize(("name", "outcome"), [("abstain", "abstained"), ("refuse", "refused"), ("fallback", "fallback")])
def test_what_is_no_answer_says_so(spans: InMemorySpanExporter, name: str, outcome: str) -> None:
    with decision("answer") as made:
        getattr(made, name)()
    assert stated(only(spans)) == {"kind": "answer", "outcome": outcome}


def test_the_version_may_be_known_only_by_the_answer(spans: InMemorySpanExporter) -> None:
    with decision("answer", model="small", model_version="latest") as made:
        made.model(version="small-2026-01-01")
    assert (stated(only(spans))["model"], stated(only(spans))["model_version"]) == ("small", "small-2026-01-01")


def test_an_exception_is_recorded_and_passes(spans: InMemorySpanExporter) -> None:
    error = KeyError("answer")
    with pytest.raises(KeyError) as caught, decision("answer"):
        raise error
    assert caught.value is error
    span = only(spans)
    assert (span.status.is_ok, span.status.description) == (False, "KeyError: 'answer'")
    assert [event.name for event in span.events] == ["exception"]
    assert "outcome" not in stated(span)


def test_spans_within_are_children_and_decisions_may_be_nested(spans: InMemorySpanExporter) -> None:
    with decision("plan") as outer:
        with decision("answer") as inner:
            assert current() is inner
        assert current() is outer
    assert current().id == ""
    child, parent = spans.get_finished_spans()
    assert child.parent is not None
    assert child.parent.span_id == parent.context.span_id


def test_a_decorated_function_is_a_decision_each_time_it_is_called(spans: InMemorySpanExporter) -> None:
    @decision("answer", model="small")
    def answer(question: str) -> str:
        """Answers."""
        current().confidence(0.5)
        return question.upper()

    assert (answer("a"), answer("b"), answer.__name__, answer.__doc__) == ("A", "B", "answer", "Answers.")
    first, second = (stated(span) for span in spans.get_finished_spans())
    assert (first["output_digest"], second["output_digest"], first["confidence"]) == (digest("A"), digest("B"), 0.5)


def test_a_decorated_function_that_abstained_is_not_said_to_have_answered(spans: InMemorySpanExporter) -> None:
    @decision("answer")
    def answer() -> str:
        current().abstain()
        return "I do not know"

    answer()
    assert stated(only(spans)) == {"kind": "answer", "outcome": "abstained"}


def test_coroutines_and_generators_are_decisions_until_they_end(spans: InMemorySpanExporter) -> None:
    @decision("awaited")
    async def awaited() -> str:
        await asyncio.sleep(0)
        return current().id

    @decision("generated")
    def generated() -> Iterator[str]:
        yield current().id
        yield current().id

    @decision("streamed")
    async def streamed() -> AsyncIterator[str]:
        yield current().id
        await asyncio.sleep(0)
        yield current().id

    async def collected() -> list[str]:
        return [item async for item in streamed()]

    ids = [asyncio.run(awaited()), *generated(), *asyncio.run(collected())]
    assert all(ids)
    assert (ids[1] == ids[2], ids[3] == ids[4]) == (True, True)
    assert [stated(span)["kind"] for span in spans.get_finished_spans()] == ["awaited", "generated", "streamed"]


def test_concurrent_decisions_do_not_mix(spans: InMemorySpanExporter) -> None:
    async def one(number: int) -> None:
        with decision("answer") as made:
            await asyncio.sleep(0.001 * (number % 3))
            current().source(f"doc-{number}")
            assert current() is made

    async def many() -> None:
        await asyncio.gather(*(one(number) for number in range(20)))

    asyncio.run(many())
    assert sorted(stated(span)["sources"] for span in spans.get_finished_spans()) == sorted((f"doc-{n}",) for n in range(20))


class Hostile:
    """An object that fails at everything it is asked."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __float__(self) -> float:
        raise RuntimeError("no number")

    def __bool__(self) -> bool:
        raise RuntimeError("no truth")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no equal")

    __hash__ = None  # type: ignore[assignment]


anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.just(Hostile()), st.just({1: object()}),
    st.just(float("nan")), st.just("\ud800"), st.lists(st.integers()),
)  # fmt: skip


STEPS = st.tuples(st.sampled_from(["model", "source", "confidence", "input", "output", "fallback"]), anything, anything)


@given(st.lists(STEPS, max_size=6), anything)
def test_nothing_a_decision_is_given_raises(steps: list[tuple[str, Any, Any]], kind: Any) -> None:
    with decision(kind, model=kind, model_version=kind) as made:
        for name, first, second in steps:
            getattr(made, name)(first)
            if name == "source":
                made.source(first, digest=second, score=second)
    assert isinstance(made.id, str)


def test_a_decision_used_in_strange_ways_raises_nothing(spans: InMemorySpanExporter) -> None:
    made = decision("answer")
    made.output("before it begins")
    with made, made:
        pass
    with made:
        made.output("again")
    made.confidence(1)
    made.__exit__(None, None, None)
    assert current().id == ""


def test_a_broken_provider_does_not_reach_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def get_tracer(self, *args: object) -> object:
            raise RuntimeError("broken")

    monkeypatch.setattr(trace, "get_tracer_provider", Broken)
    with decision("answer") as made:
        made.output("three days")
    assert made.id == ""


def test_log_lines_carry_the_trace_and_the_decision(spans: InMemorySpanExporter) -> None:
    record = logging.LogRecord("app", logging.INFO, __file__, 1, "hello", None, None)
    other = logging.LogRecord("app", logging.INFO, __file__, 1, "hello", None, None)
    with decision("answer") as made:
        assert DecisionFilter().filter(record)
    assert DecisionFilter().filter(other)
    assert record.__dict__["decision_id"] == made.id
    assert f"{record.__dict__['trace_id']}-{record.__dict__['span_id']}" == made.id
    assert [other.__dict__[name] for name in ("trace_id", "span_id", "decision_id")] == ["", "", ""]


WITHOUT = """
import sys
sys.modules["opentelemetry"] = None
import logging
logging.basicConfig(format="%(message)s")
from readiness import decision, setup
print(setup())
for _ in range(3):
    with decision("answer", model="m") as d:
        d.source("doc"); d.confidence(0.5); d.output("x")
print(repr(d.id))
"""


def test_without_opentelemetry_everything_goes_on_and_it_is_said_once(server: Server) -> None:
    done = server.run(WITHOUT)
    assert (done.returncode, done.stdout) == (0, "False\n''\n")
    assert done.stderr.count(NO_API) == 1


def test_without_a_provider_it_is_said_once(server: Server) -> None:
    done = server.run("from readiness import decision\nfor _ in range(3):\n    with decision('answer') as d: d.output('x')\n")
    assert (done.returncode, done.stderr.count(NO_PROVIDER)) == (0, 1)


HEAVY = {"psycopg", "duckdb", "cryptography", "yaml", "google", "opentelemetry", "urllib.request", "ssl", "asyncio", "inspect"}
LIGHT = """
import json, sys, time
before = set(sys.modules)
import readiness
plain = set(sys.modules) - before
from readiness import decision, stopped, setup
print(json.dumps([sorted(plain), sorted(set(sys.modules) - before)]))
"""


SDK = ("answers", "asking", "authorizing", "correlation", "counting", "exporting", "guarding", "loading", "recording", "stopping",
       "surroundings")  # fmt: skip


def test_importing_it_loads_the_standard_library_alone(server: Server) -> None:
    plain, whole = json.loads(server.run(LIGHT).stdout)
    assert [name for name in plain if name.startswith("readiness")] == ["readiness"]
    assert len(plain) <= 2
    assert HEAVY & set(whole) == set()
    assert {name for name in whole if name.startswith("readiness")} == {
        "readiness",
        "readiness.sdk",
        *(f"readiness.sdk.{name}" for name in SDK),
    }


def test_the_package_offers_what_its_stub_says() -> None:
    assert readiness.decision is decision
    assert get_type_hints(readiness.stopped)["return"] is bool
    with pytest.raises(AttributeError, match="no attribute 'decide'"):
        _ = readiness.decide  # type: ignore[attr-defined]
    assert isinstance(readiness.decision("answer"), Decision)
