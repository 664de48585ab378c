"""Calls against spans: retries, routers, dated names and unnamed spans lead to no wrong word, and nothing missing is missed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.observability.counting import Asked, count
from readiness.layers.observability.evidence import SeenCall

CHAT = "/chat/completions"


def seen(request: str = "", response: str = "", kind: str = "generation") -> SeenCall:
    return SeenCall("t", "s", kind, request, response, "opentelemetry")


def shortfall(asked: list[Asked], calls: list[SeenCall]) -> list[tuple[str, int, int, tuple[str, ...]]]:
    return [(item.asked.named, item.seen, item.asked.needed, item.others) for item in count(asked, calls).missing]


@pytest.mark.parametrize(
    "calls",
    [
        [seen("small")],
        [seen("openai/small")],
        [seen("small", "small-2026-01-01")],
        [seen("", "small-2026-01-01")],
        [seen("alias", "small")],
        [seen()],
    ],
)
def test_one_answered_call_is_seen_under_any_name_it_may_have(calls: list[SeenCall]) -> None:
    assert shortfall([Asked("small", CHAT, 1, 1)], calls) == []


def test_a_longer_name_is_not_taken_for_a_shorter_one() -> None:
    asked = [Asked("gpt", CHAT, 1, 1), Asked("gpt-mini", CHAT, 1, 1)]
    assert shortfall(asked, [seen("", "gpt-2026-01-01"), seen("", "gpt-mini-2026-01-01")]) == []
    assert shortfall(asked, [seen("", "gpt-mini-2026-01-01")] * 2) == [("gpt", 0, 1, ())]


def test_every_answered_call_needs_a_span_of_its_own() -> None:
    assert shortfall([Asked("small", CHAT, 3, 3)], [seen("small")] * 2) == [("small", 2, 3, ())]


@pytest.mark.parametrize(("made", "answered", "spans", "missing"), [(3, 1, 1, 0), (3, 0, 1, 0), (3, 0, 0, 1), (3, 2, 1, 1), (3, 2, 3, 0)])
def test_failed_calls_may_be_retries_within_one_span(made: int, answered: int, spans: int, missing: int) -> None:
    found = count([Asked("small", CHAT, made, answered)], [seen("small")] * spans)
    assert (len(found.missing), found.surplus) == (missing, 0)


def test_a_span_stands_for_one_call_at_either_endpoint_of_a_model() -> None:
    asked = [Asked("small", CHAT, 1, 1), Asked("small", "/responses", 1, 1)]
    assert shortfall(asked, [seen("small")] * 2) == []
    assert len(shortfall(asked, [seen("small")])) == 1


def test_spans_of_another_model_make_it_unsure_only_where_they_could_be_the_same_calls() -> None:
    asked = [Asked("small", CHAT, 2, 2)]
    assert shortfall(asked, [seen("deployment-7")] * 2) == [("small", 0, 2, ("deployment-7",))]
    assert shortfall(asked, [seen("deployment-7")]) == [("small", 0, 2, ())]
    assert shortfall(asked, [seen("minilm", kind="embedding")] * 5) == [("small", 0, 2, ())]


def test_a_request_that_names_no_model_is_seen_in_any_span_of_its_kind() -> None:
    assert shortfall([Asked("", CHAT, 1, 1)], [seen("deployment-7")]) == []
    assert shortfall([Asked("", CHAT, 1, 1), Asked("small", CHAT, 1, 1)], [seen("small")]) == [(CHAT, 0, 1, ())]


def test_spans_beyond_the_calls_are_counted_and_no_fault() -> None:
    found = count([Asked("small", CHAT, 1, 1)], [seen("small")] * 2 + [seen("minilm", kind="embedding")])
    assert (found.missing, found.surplus) == ((), 2)
    assert count([], [seen("minilm")]).surplus == 1


models = st.sampled_from(["small", "big", "tiny-embed"])
calls_seen = st.lists(
    st.builds(seen, st.sampled_from(["small", "big", "", "x"]), st.just(""), st.sampled_from(["generation", "embedding"]))
)
asked_for = st.lists(
    st.tuples(models, st.integers(1, 4)).map(lambda pair: Asked(pair[0], CHAT, pair[1], pair[1])),
    max_size=3,
    unique_by=lambda item: item.model,
)


@given(asked_for, calls_seen, st.builds(seen, models))
def test_one_more_span_never_makes_more_missing(asked: list[Asked], calls: list[SeenCall], more: SeenCall) -> None:
    def lacking(spans: list[SeenCall]) -> int:
        return sum(item.asked.needed - item.seen for item in count(asked, spans).missing)

    assert lacking([*calls, more]) <= lacking(calls)
    assert lacking(calls) >= sum(item.needed for item in asked) - len(calls)
