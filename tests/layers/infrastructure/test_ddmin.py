"""ddmin: what comes out explains, and without any one of its units it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.infrastructure.ddmin import OutOfRuns, Units, minimal, smallest


@given(st.integers(1, 24).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), min_size=1))))
def test_the_culprits_are_found(case: tuple[int, set[int]]) -> None:
    count, culprits = case
    found = minimal(count, lambda units: culprits <= units)
    assert found.units == culprits
    assert found.whole


@given(st.integers(2, 12), st.data())
def test_what_comes_out_explains_and_is_minimal(count: int, data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(-3, 5), min_size=count, max_size=count))
    weights[0] = 40  # so that all of them together explain

    def explains(units: Units) -> bool:
        return sum(weights[unit] for unit in units) >= 38

    found = minimal(count, explains)
    assert explains(found.units)
    assert not any(explains(found.units - {unit}) for unit in found.units if len(found.units) > 1)


def test_one_of_many_takes_few_questions() -> None:
    asked = []

    def explains(units: Units) -> bool:
        asked.append(units)
        return 77 in units

    assert minimal(128, explains).units == {77}
    assert len(asked) <= 14
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("allowed", [0, 1, 3])
def test_when_the_runs_end_the_smallest_so_far_is_kept(allowed: int) -> None:
    left = [allowed]

    def explains(units: Units) -> bool:
        if not left[0]:
            raise OutOfRuns
        left[0] -= 1
        return {2, 13} <= units

    found = minimal(16, explains)
    assert {2, 13} <= found.units
    assert not found.whole


@given(st.integers(2, 24), st.sets(st.integers(0, 23), min_size=1))
def test_the_one_set_that_does_it_is_found_exactly(count: int, wanted: set[int]) -> None:
    needed = {number % count for number in wanted}
    asked = []

    def does(part: tuple[int, ...]) -> bool:
        asked.append(part)
        return needed <= set(part)

    assert smallest(range(count), does) == tuple(sorted(needed))
    assert all(asked)


@given(st.lists(st.sets(st.integers(0, 9), min_size=1), min_size=1, max_size=4))
def test_of_several_sets_one_is_found_and_nothing_of_it_is_idle(sets: list[set[int]]) -> None:
    def does(part: tuple[int, ...]) -> bool:
        return any(one <= set(part) for one in sets)

    found = smallest(range(10), does)
    assert does(found)
    assert not any(does(tuple(item for item in found if item != left)) for left in found)


def test_a_single_thing_is_not_asked_about() -> None:
    assert smallest(["only"], lambda part: False) == ("only",)
