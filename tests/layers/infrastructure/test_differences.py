"""Where outputs differ: the record, the field, the values, and what is left out because the manifest says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.config.manifest import Demo, Tolerance
from readiness.layers.infrastructure import differences, records
from readiness.world import demo as demos


def found(folder: Path, name: str, one: str, two: str, demo: Demo | None = None) -> list[differences.Difference]:
    paths = [folder / "one", folder / "two"]
    for path, text in zip(paths, (one, two), strict=True):
        path.write_text(text)
    return differences.of_output(name, paths[0], paths[1], demo or Demo())


@pytest.mark.parametrize(
    ("name", "one", "two", "text"),
    [
        ("a.jsonl", '{"d": "x"}\n{"d": 1}\n', '{"d": "x"}\n{"d": 2}\n', "1 of 2 records differ, first a.jsonl:2 `d` 1 → 2"),
        ("a.json", '{"items": [{"d": 1}]}', '{"items": [{"d": 2}]}', "a.json `/items/0/d` 1 → 2"),
        ("a.csv", "id,price\n1,2\n2,3\n", "id,price\n1,2\n2,4\n", "1 of 2 records differ, first a.csv:3 column `price` 3 → 4"),
        ("a.txt", "one\ntwo\n", "one\nTwo\n", "1 of 3 lines differ, first a.txt:2 two → Two"),
        ("a.jsonl", '{"d": 1}\n', '{"d": 1}\n{"d": 2}\n', "a.jsonl 1 records → 2"),
        ("a.json", '{"d": true}', '{"d": 1}', "a.json `d` true → 1"),
        ("a.json", '{"d": 1}', '{"d":1}', 'a.json:1 {"d": 1} → {"d":1}'),
        ("a.json", "{", "[", "a.json:1 { → ["),
    ],
)
def test_the_first_record_that_differs_is_named(tmp_path: Path, name: str, one: str, two: str, text: str) -> None:
    assert differences.summary(found(tmp_path, name, one, two)) == text


def test_the_digest_behind_a_standard_output_is_no_difference_of_its_own(tmp_path: Path) -> None:
    seen = found(tmp_path, demos.STDOUT, "a\nb\nsha1", "a\nc\nsha2")
    assert [item.record for item in seen] == [2]
    assert len(found(tmp_path, demos.STDOUT, "a\nsha1", "a\nsha2")) == 1


def test_tolerances_and_what_is_normalised_are_no_differences(tmp_path: Path) -> None:
    demo = Demo(tolerance={"a.jsonl:s": Tolerance(abs=0.1)}, normalise={"a.jsonl:at": "timestamp", "a.jsonl:key": "id"})
    one = '{"s": 1.0, "at": "2026-01-01T10:00:00Z", "key": "k1"}\n{"s": 2.0, "at": 1767265200, "key": "k1"}\n'
    two = '{"s": 1.05, "at": "2027-03-01", "key": "q7"}\n{"s": 2.0, "at": 1767265999.5, "key": "q7"}\n'
    assert found(tmp_path, "a.jsonl", one, two, demo) == []
    another = two.replace('"q7"}\n{"s": 2.0, "at": 1767265999.5, "key": "q7"', '"q7"}\n{"s": 2.0, "at": 1767265999.5, "key": "q8"')
    assert [item.text for item in found(tmp_path, "a.jsonl", one, another, demo)] == ["a.jsonl:2 `key` <id 1> → <id 2>"]


def test_a_value_that_is_no_time_stays_what_it_is(tmp_path: Path) -> None:
    demo = Demo(normalise={"a.json:at": "timestamp"})
    assert found(tmp_path, "a.json", '{"at": "soon"}', '{"at": "later"}', demo)
    assert found(tmp_path, "a.json", '{"at": 3}', '{"at": 4}', demo)


def test_a_manifest_line_is_offered_only_where_every_value_looks_like_it(tmp_path: Path) -> None:
    one = '{"at": "2026-01-01T10:00:00", "key": "9f0c7f2b-9d1e-4a55-8c1f-0a1b2c3d4e5f", "s": 1}\n'
    two = '{"at": "2026-01-01T10:00:09", "key": "1f0c7f2b-9d1e-4a55-8c1f-0a1b2c3d4e5f", "s": 2}\n'
    seen = found(tmp_path, "out/a.jsonl", one, two)
    assert differences.offered(seen) == '[demo] normalise = { "out/a.jsonl:at" = "timestamp", "out/a.jsonl:key" = "id" }'
    mixed = found(tmp_path, "out/a.jsonl", one + '{"at": "x", "key": "", "s": 1}\n', two + '{"at": "y", "key": "", "s": 1}\n')
    assert "timestamp" not in differences.offered(mixed)
    assert differences.offered(found(tmp_path, "a.txt", "1", "2")) == ""


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(VALUES, max_size=4))
def test_records_are_read_back_as_they_were_written(values: list[object]) -> None:
    data = "".join(f"{json.dumps(value)}\n" for value in values).encode()
    assert records.read("a.jsonl", data) == values


@given(st.binary(max_size=80), st.sampled_from(["a.json", "a.jsonl", "a.csv", "a.txt"]))
def test_any_bytes_are_read_or_left_alone(data: bytes, name: str) -> None:
    records.read(name, data, {f"{name}:x": "id"})
