"""A change taken apart: with no unit it is A, with all of them it says what B says, and each is named as people name it."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from collections.abc import Callable

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from readiness.runs.attribute_units import Split, split

scalars = st.one_of(st.integers(-9, 9), st.text("abc", max_size=3), st.booleans())
names = st.text("abcd", min_size=1, max_size=2)
tables = st.recursive(
    st.dictionaries(names, scalars, max_size=3), lambda inner: st.dictionaries(names, inner | scalars, max_size=3), max_leaves=6
)
lines = st.lists(st.sampled_from(["a\n", "b\n", "c\n"]), max_size=8).map("".join)


def taken(path: str, one: str, two: str) -> Split:
    found = split(path, one.encode(), two.encode())
    assert found is not None
    return found


def everything(found: Split) -> frozenset[int]:
    return frozenset(range(len(found.units)))


@given(tables, tables)
def test_settings_by_key(one: dict[str, object], two: dict[str, object]) -> None:
    found = split("c.json", json.dumps(one).encode(), json.dumps(two).encode())
    if found is not None and all(unit.name and not unit.name.startswith("line") for unit in found.units):
        assert json.loads(found.mixture(everything(found))) == two
        assert json.loads(found.mixture(frozenset())) == one


@given(lines, lines)
def test_lines(one: str, two: str) -> None:
    found = split("a.py", one.encode(), two.encode())
    if found is not None:
        assert found.mixture(everything(found)).decode() == two
        assert found.mixture(frozenset()).decode() == one


@pytest.mark.parametrize("kind", ["json", "toml", "yaml"])
def test_each_key_alone(kind: str) -> None:
    dumped = {
        "json": ('{"a": {"b": 1, "c": [1]}, "d": "x"}', '{"a": {"b": 2, "c": [1, 2]}, "e": "y"}'),
        "toml": ("[a]\nb = 1\nc = [1]\n[d]\nx = 1\n", "[a]\nb = 2\nc = [1, 2]\n[e]\nx = 1\n"),
        "yaml": ("a: {b: 1, c: [1]}\nd: x\n", "a: {b: 2, c: [1, 2]}\ne: y\n"),
    }[kind]
    readers: dict[str, Callable[[str], object]] = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}
    read = readers[kind]
    found = taken(f"settings.{kind}", *dumped)
    last, own = ("d.x", "e.x") if kind == "toml" else ("d", "e"), ({"x": 1}, {"x": 1}) if kind == "toml" else ("x", "y")
    assert [unit.label for unit in found.units] == [f"settings.{kind} {key}" for key in ("a.b", "a.c", *last)]
    assert read(found.mixture(frozenset({0})).decode()) == {"a": {"b": 2, "c": [1]}, "d": own[0]}
    assert read(found.mixture(frozenset({2, 3})).decode()) == {"a": {"b": 1, "c": [1]}, "e": own[1]}


def test_columns_of_a_table() -> None:
    found = taken("t.csv", 'id,text,y\n1,"a, b",2\n2,c,3\n', 'id,text,z\n1,"a, c",5\n2,d,6\n')
    assert [unit.name for unit in found.units] == ["column text", "column y", "column z"]
    rows = list(csv.DictReader(io.StringIO(found.mixture(frozenset({0})).decode())))
    assert rows == [{"id": "1", "text": "a, c", "y": "2"}, {"id": "2", "text": "d", "y": "3"}]
    assert found.mixture(everything(found)) == b'id,text,z\n1,"a, c",5\n2,d,6\n'


def test_fields_of_records() -> None:
    found = taken("t.jsonl", '{"a": 1, "b": 2}\n', '{"a": 3, "b": 4}\n')
    assert json.loads(found.mixture(frozenset({1}))) == {"a": 1, "b": 4}


def test_other_numbers_of_rows_are_told_by_lines() -> None:
    found = taken("t.csv", "a\n1\n2\n", "a\n1\n3\n4\n")
    assert [unit.label for unit in found.units] == ["t.csv lines 3-4"]
    assert taken("a.py", "x\ny\n", "x\n").units[0].label == "a.py line 2 of A, taken out"
    assert taken("c.json", "[1]\n", "[2]\n").units[0].label == "c.json line 1"  # no table of keys
    assert taken("c.json", "{", "{}").units[0].label == "c.json line 1"


def test_what_is_no_text_stays_whole() -> None:
    assert split("m.onnx", b"\xff\x00", b"\xfe\x00") is None
    assert split("big.csv", b"a\n" * (3 << 20), b"b\n") is None
