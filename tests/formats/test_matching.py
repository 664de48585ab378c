"""Requests are the same where they say the same, and nothing is taken for the same that only looks alike."""

from __future__ import annotations

import gzip
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import matching
from readiness.formats.matching import Canonical, canonical

URL = "https://api.vendor.example/v1/chat/completions"
JSON_TYPE = [("Content-Type", "application/json")]
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def of(value: Any, url: str = URL, **more: Any) -> Canonical:
    return canonical("POST", url, JSON_TYPE, json.dumps(value).encode(), **more)


def shuffled(value: Any, order: random.Random) -> Any:
    """The same JSON with its keys in another order."""
    if isinstance(value, dict):
        items = list(value.items())
        order.shuffle(items)
        return {key: shuffled(item, order) for key, item in items}
    return [shuffled(item, order) for item in value] if isinstance(value, list) else value


@given(values, st.randoms(use_true_random=False))
def test_the_order_of_keys_and_white_space_say_nothing(value: Any, order: random.Random) -> None:
    spaced = json.dumps(shuffled(value, order), indent=3, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert canonical("post", URL, JSON_TYPE, spaced).key == of(value).key


@given(values, values)
def test_two_bodies_are_the_same_only_where_they_are(one: Any, other: Any) -> None:
    equal = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (of(one).key == of(other).key) is equal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": "1"}), ({"a": 1}, {"a": 1.0}), ({"a": {"b": 1}}, {"a.b": 1}), ({"a": []}, {"a": {}}), ({"a": None}, {}),
        ({"a": [1, 2]}, {"a": [2, 1]}), ({"a[0]": 1}, {"a": [1]}), ({"a": True}, {"a": "true"}), ([], {}), ({"": 1}, 1),
        ({"messages": [{"role": "user"}]}, {"messages": [{"role": "user"}, {}]}),
    ],
)  # fmt: skip
def test_what_only_looks_alike_is_told_apart(one: Any, other: Any) -> None:
    assert of(one).key != of(other).key


def test_queries_are_sorted_and_repeated_names_keep_their_order() -> None:
    def asked(query: str) -> str:
        return canonical("GET", f"https://h.example/p?{query}", [], b"").key

    assert asked("a=1&b=2") == asked("b=2&a=1")
    assert asked("a=1&a=2") != asked("a=2&a=1")
    assert asked("a=1") != asked("a=1&a=1")
    assert asked("a=") != asked("b=")


def test_the_usual_port_the_case_of_a_host_and_headers_that_decide_nothing_are_left_out() -> None:
    one = canonical("GET", "https://API.example:443/x", [("User-Agent", "a/1"), ("X-Stainless-Retry-Count", "1"), ("Date", "now")], b"")
    assert one.key == canonical("GET", "https://api.example/x", [], b"").key
    assert one.key != canonical("GET", "https://api.example:8443/x", [], b"").key
    assert one.key != canonical("GET", "https://api.example/x", [("anthropic-version", "2023-06-01")], b"").key
    assert one.key != canonical("HEAD", "https://api.example/x", [], b"").key


def parts(boundary: str, content: bytes = b"\x00\xff") -> tuple[list[tuple[str, str]], bytes]:
    mark = boundary.encode()
    body = b'--%s\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n%s\r\n--%s--\r\n' % (mark, content, mark)
    return [("Content-Type", f"multipart/form-data; boundary={boundary}")], body


def test_parts_are_the_same_whatever_stands_between_them() -> None:
    one, other = (canonical("POST", URL, *parts(boundary)) for boundary in ("abc", "99-xyz"))
    assert one.key == other.key
    assert one.key != canonical("POST", URL, *parts("abc", b"\x00\xfe")).key


def test_compressed_and_plain_bodies_and_forms() -> None:
    packed = canonical("POST", URL, [*JSON_TYPE, ("Content-Encoding", "gzip")], gzip.compress(b'{"b": 1, "a": 2}'))
    assert packed.key == of({"a": 2, "b": 1}).key
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    assert canonical("POST", URL, form, b"a=1&b=2").key == canonical("POST", URL, form, b"b=2&a=1").key
    assert canonical("POST", URL, form, b'{"a": 1, "b": 2}').key == canonical("POST", URL, form, b'{"b": 2,"a": 1}').key
    assert canonical("POST", URL, [], b"\xff\x00").key != canonical("POST", URL, [], b"\xff\x01").key


def test_what_is_volatile_is_left_out_where_it_is_named() -> None:
    assert of({"request_id": "1", "q": 1}).key == of({"request_id": "2", "q": 1}).key
    assert of({"session": "1", "q": 1}).key != of({"session": "2", "q": 1}).key
    assert of({"session": "1"}, volatile=("session",)).key == of({"session": {"x": 1}}, volatile=("session",)).key
    nested = ("messages[].at",)
    assert of({"messages": [{"at": 1}], "at": 1}, volatile=nested).key == of({"messages": [{"at": 2}], "at": 1}, volatile=nested).key
    assert of({"messages": [], "at": 1}, volatile=nested).key != of({"messages": [], "at": 2}, volatile=nested).key
    placed = of({"file": "/tmp/run-1/a.txt"}, tidy=lambda text: text.replace("/tmp/run-1/", ""))
    assert placed.key == of({"file": "a.txt"}).key


def test_the_nearest_is_named_with_what_differs() -> None:
    recorded = [of({"model": "a", "messages": [{"content": "how long does it take"}]}), of({"model": "b"}, "https://other.example/")]
    index, text = matching.nearest(of({"model": "a", "messages": [{"content": "how long does it last"}], "top_p": 1}), recorded)
    assert (index, text) == (
        0, '`messages[0].content` was "how long does it take" and is "how long does it last"; `top_p` was not there and is 1'
    )  # fmt: skip
    long = matching.difference(of({"q": "x" * 300 + "a"}), of({"q": "x" * 300 + "b"}))
    assert len(long) < 140
    assert 'b"' in long
    assert matching.difference(of({}), of({"a": 1, "b": 2, "c": 3})).endswith("; and 2 more")
    assert "the host was" in matching.nearest(of({}), [of({}, "https://other.example/v1/chat/completions")])[1]
    assert matching.nearest(of({}), []) == (-1, "")


@given(values, st.lists(values, min_size=1, max_size=4))
def test_the_nearest_of_what_holds_it_is_itself(value: Any, others: list[Any]) -> None:
    recorded = [of(item) for item in [*others, value]]
    index, text = matching.nearest(of(value), recorded)
    assert recorded[index].key == of(value).key
    assert text == ""
