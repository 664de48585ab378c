"""Outputs are equal by their bytes, or within the tolerances that were stated, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.config.manifest import Tolerance
from readiness.layers.infrastructure.compare import difference

SCORE = {"out.jsonl:score": Tolerance(abs=0.01)}


def differ(tmp_path: Path, one: str, two: str, tolerances: dict[str, Tolerance], name: str = "out.jsonl") -> str:
    for file, text in (("one", one), ("two", two)):
        (tmp_path / file).write_text(text)
    return difference(name, tmp_path / "one", tmp_path / "two", tolerances)


def test_equal_bytes_are_equal(tmp_path: Path) -> None:
    assert differ(tmp_path, "a\n", "a\n", {}) == ""


def test_the_first_line_that_differs_is_named(tmp_path: Path) -> None:
    assert differ(tmp_path, "a\nb\n", "a\nc\n", {}) == "out.jsonl:2: `b`, then `c`"


def test_a_number_may_move_within_its_tolerance(tmp_path: Path) -> None:
    assert differ(tmp_path, '{"score": 0.5}\n', '{"score": 0.505}\n', SCORE) == ""
    assert "allowed 0.01" in differ(tmp_path, '{"score": 0.5}\n', '{"score": 0.52}\n', SCORE)


def test_a_tolerance_for_one_field_excuses_no_other(tmp_path: Path) -> None:
    assert "`rank`" in differ(tmp_path, '{"score": 0.5, "rank": 1}\n', '{"score": 0.5, "rank": 1.001}\n', SCORE)


@pytest.mark.parametrize(("one", "two"), [("NaN", "NaN "), ("0.5", "NaN"), ("0.5", '"0.5"'), ("true", "1"), ("0.5", "null")])
def test_what_is_no_number_is_never_within_a_tolerance(tmp_path: Path, one: str, two: str) -> None:
    assert differ(tmp_path, f'{{"score": {one}}}\n', f'{{"score": {two}}}\n', SCORE) != ""


def test_records_missing_at_the_end_are_a_difference(tmp_path: Path) -> None:
    assert differ(tmp_path, '{"score": 1}\n{"score": 1}\n', '{"score": 1}\n', SCORE) == "out.jsonl: 2 records, then 1"


@given(st.floats(-1e6, 1e6), st.floats(-0.1, 0.1), st.floats(0, 0.05))
def test_the_tolerance_is_exactly_the_stated_one(
    tmp_path_factory: pytest.TempPathFactory, value: float, shift: float, allowed: float
) -> None:
    folder = tmp_path_factory.mktemp("compare")
    moved = value + shift
    found = differ(folder, f'{{"score": {value!r}}}', f'{{"score": {moved!r}}}', {"out.json:score": Tolerance(abs=allowed)}, "out.json")
    assert (found == "") == (abs(value - moved) <= allowed)


def test_what_differs_late_in_a_long_line_is_shown(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("same " * 40 + "left" + " and so on" * 20)
    two.write_text("same " * 40 + "right" + " and so on" * 20)
    found = difference("out.txt", one, two, {})
    assert "left and so on" in found
    assert "right and so on" in found
    assert len(found) < 200
