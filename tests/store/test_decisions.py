"""Decisions go in and come out as they were, once, with everything they rested on."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readiness.errors import CannotJudge, UsageError
from readiness.store import decisions
from readiness.store.decisions import Decision, Source

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def decision(number: int, **more: object) -> Decision:
    made = Decision(f"{number:032x}-{number:016x}", "assistant", NOON + timedelta(seconds=number))
    return replace(made, **more)  # type: ignore[arg-type]


FULL = decision(
    0xABC,
    run="r-1",
    duration_ms=12.5,
    model="small",
    model_version="3",
    prompt_version="7",
    confidence=0.75,
    output_digest="sha256:00",
    attributes={"retries": 2, "tags": ["a", None, True], "unit": {"x": 1.5}},
    sources=(Source("docs", "sha256:01", 0.9), Source("docs", "sha256:02", 0.8), Source("web")),
)


def test_a_decision_comes_back_as_it_was(store: psycopg.Connection) -> None:
    assert decisions.insert(store, [FULL, decision(2)]) == 2
    assert decisions.find(store, FULL.id) == (FULL,)
    assert decisions.newest(store, "assistant") == (FULL, decision(2))
    assert decisions.newest(store, "other") == ()


def test_the_first_word_on_an_id_stands(store: psycopg.Connection) -> None:
    assert decisions.insert(store, [FULL, replace(FULL, model="other")]) == 1
    assert decisions.insert(store, [replace(FULL, model="third", sources=(Source("late"),)), decision(2)]) == 1
    assert decisions.find(store, FULL.id) == (FULL,)


def test_nothing_to_store_is_no_work(store: psycopg.Connection) -> None:
    assert decisions.insert(store, []) == 0


def test_all_are_stored_or_none(store: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        decisions.insert(store, [decision(1), replace(FULL, id="no-id")])
    assert decisions.newest(store, "assistant") == ()


def test_a_prefix_of_eight_names_what_begins_with_it(store: psycopg.Connection) -> None:
    alike = [replace(decision(number), id=f"abcdef0{number:025x}-{number:016x}") for number in range(1, 4)]
    decisions.insert(store, [*alike, decision(9)])
    assert decisions.find(store, "abcdef00") == tuple(alike)
    assert decisions.find(store, alike[1].id[:-1]) == (alike[1],)
    assert decisions.find(store, "abcdef00", limit=2) == tuple(alike[:2])
    assert decisions.find(store, "abcdef0%") == decisions.find(store, "abcdef_0") == decisions.find(store, "fffffffff") == ()
    with pytest.raises(UsageError, match="too short"):
        decisions.find(store, "abcdef0")


def test_the_newest_come_first_and_no_more_than_asked_for(store: psycopg.Connection) -> None:
    decisions.insert(store, [decision(number) for number in (3, 1, 2)])
    assert decisions.newest(store, "assistant", limit=2) == (decision(3), decision(2))


def test_times_come_back_in_utc(store: psycopg.Connection) -> None:
    decisions.insert(store, [decision(1, started_at=datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2))))])
    (found,) = decisions.newest(store, "assistant")
    assert (found.started_at, found.started_at.tzinfo) == (NOON, UTC)


def test_what_postgresql_cannot_hold_is_replaced(store: psycopg.Connection) -> None:
    strange = decision(
        1, model="a\0b", attributes={"k\0": "\ud83d\ude00 \ud800", "n": [math.nan, math.inf]}, sources=(Source("s\0", "\udfff"),)
    )
    decisions.insert(store, [strange])
    (found,) = decisions.newest(store, "assistant")
    assert found.model == "a\ufffdb"
    assert found.attributes == {"k\ufffd": "\N{GRINNING FACE} \ufffd", "n": ["nan", "inf"]}
    assert found.sources == (Source("s\ufffd", "\ufffd"),)


def test_values_are_never_part_of_a_query(store: psycopg.Connection) -> None:
    evil = "'; drop table decision; --%(id)s $1"
    decisions.insert(store, [decision(1, project=evil, model=evil, attributes={evil: evil})])
    (found,) = decisions.newest(store, evil)
    assert (found.model, found.attributes) == (evil, {evil: evil})


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    project=TEXTS,
    attributes=st.dictionaries(TEXTS, JSON, max_size=4),
    confidence=st.none() | NUMBERS,
    sources=st.lists(st.builds(Source, TEXTS, TEXTS, st.none() | NUMBERS), max_size=3, unique_by=lambda item: (item.name, item.digest)),
    started_at=st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  the strategy adds the zone
)
def test_any_decision_survives_the_round_trip(
    store: psycopg.Connection,
    project: str,
    attributes: dict[str, object],
    confidence: float | None,
    sources: list[Source],
    started_at: datetime,
) -> None:
    given_one = decision(
        7, project=project, attributes=attributes, confidence=confidence, started_at=started_at, sources=tuple(sources), model=project
    )
    with store.transaction(force_rollback=True):
        assert decisions.insert(store, [given_one]) == 1
        (found,) = decisions.find(store, given_one.id)
    assert replace(found, sources=()) == replace(given_one, sources=())
    assert set(found.sources) == set(sources)


def test_ten_thousand_go_in_at_once(store: psycopg.Connection) -> None:
    many = [decision(number, sources=(Source("docs", str(number)),)) for number in range(10_000)]
    assert decisions.insert(store, many) == 10_000
    assert decisions.insert(store, many[-10:]) == 0


def test_a_store_that_is_gone_is_told(store: psycopg.Connection) -> None:
    store.close()
    with pytest.raises(CannotJudge, match="the store: the connection is closed"):
        decisions.insert(store, [FULL])
    with pytest.raises(CannotJudge, match="the store: the connection is closed"):
        decisions.newest(store, "assistant")
