"""Findings survive being written to an evidence file and read back."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.canonical import canonical
from readiness.formats.findings import from_json, to_json
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy

WORDS = st.text(max_size=12)
PLACES = st.none() | st.builds(Location, WORDS, st.integers(1, 10**6))
FINDINGS = st.builds(
    Finding,
    WORDS,
    st.sampled_from([outcome for outcome in Outcome if outcome not in (Outcome.WAITS, Outcome.WAIVED)]),
    st.sampled_from(Basis),
    WORDS,
    WORDS,
    WORDS,
    WORDS,
    st.sampled_from(Cause),
    PLACES,
    st.builds(Remedy, WORDS, WORDS),
    st.lists(st.builds(Problem, WORDS, WORDS, PLACES), max_size=2).map(tuple),
    st.lists(WORDS, max_size=2).map(tuple),
    st.integers(0, 10**9),
)
PLAIN = to_json(Finding("infrastructure.starts", Outcome.FAILS, Basis.EXECUTED, location=Location("app.py", 3)))


@given(FINDINGS)
def test_a_finding_comes_back_as_it_was_written(finding: Finding) -> None:
    assert from_json(json.loads(canonical(to_json(finding)))) == finding


def test_every_field_is_written() -> None:
    assert set(PLAIN) == {item.name for item in fields(Finding)}


@pytest.mark.parametrize("name", PLAIN)
def test_a_finding_without_one_of_its_fields_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        from_json({key: value for key, value in PLAIN.items() if key != name})


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "passed"},
        {"basis": "hearsay"},
        {"cause": "bad luck"},
        {"location": 3},
        {"location": {}},
        {"remedy": {"txt": ""}},
        {"remedy": None},
        {"problems": [3]},
        {"problems": None},
        {"elapsed_ms": "soon"},
    ],
    ids=repr,
)
def test_what_is_no_finding_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        from_json({**PLAIN, **change})
