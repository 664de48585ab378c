"""Metrics a run wrote."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.errors import InputError
from readiness.formats import metrics


@given(st.dictionaries(st.text(max_size=8), st.floats(allow_nan=False) | st.integers(-(2**53), 2**53)))
def test_what_is_written_is_read(values: dict[str, float]) -> None:
    assert metrics.parse(json.dumps(values), "m.json") == values


def test_numbers_json_does_not_have_are_kept() -> None:
    found = metrics.parse('{"a": NaN, "b": Infinity, "c": -Infinity, "d": 1' + "0" * 400 + "}", "m.json")
    assert math.isnan(found["a"])
    assert (found["b"], found["c"], found["d"]) == (math.inf, -math.inf, math.inf)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "m.json:1: is not valid JSON: Expecting value"),
        ("[]", "m.json:1: must be a JSON object"),
        ('[["a", 1]]', "m.json:1: must be a JSON object"),
        ("3", "m.json:1: must be a JSON object"),
        ('{\n"a": {"b": 1}}', 'm.json:2: `a` must be a number, got `[["b", 1]]`'),
        ('{"a": 1,\n"b": true}', "m.json:2: `b` must be a number, got `true`"),
        ('{"a": "1"}', 'm.json:1: `a` must be a number, got `"1"`'),
        ('{"a": 1, "a": 2}', "m.json:1: `a` is there twice"),
        ("[" * 100_000, "m.json:1: is not valid JSON"),
    ],
)
def test_everything_else_is_refused_with_its_line(text: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        metrics.parse(text, "m.json")
    assert caught.value.problems == [problem]
