"""Canonical bytes: one per JSON value, whatever order it was built in, and back to the same value."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.canonical import canonical, digest

SAFE = 2**53 - 1
LEAVES = st.none() | st.booleans() | st.integers(-SAFE, SAFE) | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


@given(VALUES)
def test_what_is_written_reads_back_as_the_same_value(value: Any) -> None:
    # JavaScript writes large numbers without a point; as floats they are what they were.
    assert json.loads(canonical(value), parse_int=float) == value


@given(st.dictionaries(st.text(), LEAVES, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(value: dict[str, Any], chance: Any) -> None:
    items = list(value.items())
    chance.shuffle(items)
    assert canonical(dict(items)) == canonical(value)


def test_the_example_of_rfc_8785_comes_out_as_printed_there() -> None:
    text = (
        r'{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],'
        r' "string": "\u20ac$\u000F\u000aA\u0027\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}'
    )
    printed = (
        r'{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        r'"string":"€$\u000f\nA' + r"'" + r'B\"\\\\\"/"}'
    )
    assert canonical(json.loads(text)).decode() == printed


def test_keys_are_sorted_by_utf16_as_the_rfc_asks() -> None:
    assert canonical({"\ufb33": 1, "😀": 2, "€": 3}) == '{"€":3,"😀":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, "\udcff", {1: 2}, {1, 2}, b"x"], ids=repr)
def test_what_json_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        canonical({"deep": [value]})


def test_a_digest_names_its_algorithm() -> None:
    assert digest(b"abc") == f"sha256:{hashlib.sha256(b'abc').hexdigest()}"
