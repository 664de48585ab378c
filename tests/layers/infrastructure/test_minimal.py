"""Delta debugging: what is left does it, and nothing of it can be left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.infrastructure.minimal import smallest


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
