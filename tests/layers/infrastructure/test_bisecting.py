"""The search along a path: spread, opposing and hidden effects, states that do not run, and how often it errs."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.infrastructure.bisecting import Asked, Narrowed, Stretch, Values, Why, narrowed
from readiness.layers.infrastructure.ddmin import OutOfRuns


def path(
    effects: Sequence[float], *, sd: float = 0.0, seeds: int = 8, number: int = 0, failing: Sequence[int] = (), most: int = 10**6
) -> tuple[Callable[[int], Values | None], list[int]]:
    """States whose mean is the sum of the steps before, with chance of each state's own; and the list of what was asked."""
    asked: list[int] = []

    def values(state: int) -> Values | None:
        if state not in (0, len(effects)):
            if len(asked) >= most:
                raise OutOfRuns
            asked.append(state)
        if state in failing:
            return None
        rng = random.Random(f"{number} {state}")
        return [sum(effects[:state]) + rng.gauss(0, sd) for _ in range(seeds)]

    return values, asked


def named(found: Sequence[Stretch]) -> list[tuple[int, int]]:
    return [(item.first, item.last) for item in found]


def look(effects: Sequence[float], asked: Asked | None = None, **more: object) -> Narrowed:
    return narrowed(len(effects), path(effects, **more)[0], asked or Asked())  # type: ignore[arg-type]  # keywords of `path`


def test_one_step_of_many_is_found_with_few_states() -> None:
    effects = [0.0] * 64
    effects[40] = 3.0
    values, asked = path(effects)
    found = narrowed(64, values, Asked())
    assert (named(found.carrying), found.against, found.whole) == ([(41, 41)], (), True)
    assert found.share == pytest.approx(1)
    assert len(asked) == 6


def test_a_single_step_needs_no_state() -> None:
    values, asked = path([2.0])
    found = narrowed(1, values, Asked())
    assert (named(found.carrying), found.whole, asked) == ([(1, 1)], True, [])


def test_an_effect_that_is_spread_names_the_fewest_that_carry_the_share() -> None:
    found = look([0, 2.0, 0, 0.1, 1.0, 0, 0, 0.05], Asked(share=0.9))
    assert named(found.carrying) == [(2, 2), (5, 5)]
    assert found.share == pytest.approx(3 / 3.15)
    assert found.whole
    every = look([0, 2.0, 0, 0.1, 1.0, 0, 0, 0.05], Asked(share=1.0))
    assert named(every.carrying) == [(2, 2), (5, 5), (4, 4), (8, 8)]


def test_up_and_down_is_told_with_what_takes_it_back() -> None:
    found = look([5.0, 0, 0, 0, 0, -2.0, 0, 0])
    assert (named(found.carrying), named(found.against)) == ([(1, 1)], [(6, 6)])
    assert found.share == pytest.approx(1)
    assert found.against[0].share == pytest.approx(-2 / 3)


def test_states_that_do_not_run_leave_a_range() -> None:
    effects = [0, 0, 0, 4.0, 0, 0, 0, 0]
    found = look(effects, failing=(3, 4, 5))
    assert named(found.carrying) == [(3, 6)]
    assert found.carrying[0].why is Why.DOES_NOT_RUN
    assert (found.whole, found.skipped) == (False, (3, 4, 5))
    around = look(effects, failing=(4,))
    assert named(around.carrying) == [(4, 5)]


def test_a_skipped_state_beside_the_culprit_does_not_matter() -> None:
    assert named(look([0, 0, 0, 0, 0, 0, 4.0, 0], failing=(4,)).carrying) == [(7, 7)]


def test_when_the_runs_end_a_range_is_left() -> None:
    effects = [0.0] * 64
    effects[40] = 3.0
    found = look(effects, most=3)
    assert found.carrying[0].why is Why.RUNS
    assert found.carrying[0].first <= 41 <= found.carrying[0].last
    assert found.carrying[0].last - found.carrying[0].first < 16


def test_many_small_steps_are_not_told_apart_by_chance() -> None:
    found = look([0.1] * 16, sd=0.5, number=3)
    assert not found.whole
    assert found.carrying[0].why is Why.CHANCE


def test_halves_below_the_minimum_effect_are_left() -> None:
    found = look([0.25] * 8, Asked(min_effect=0.6))
    assert {item.why for item in found.carrying} == {Why.SMALL}
    assert all(item.last - item.first == 3 for item in found.carrying)


def test_no_difference_at_all_names_nothing() -> None:
    assert look([0.0, 1.0, -1.0]) == Narrowed((), (), 0.0, False, ())


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12).filter(any))
def test_without_chance_the_fewest_steps_are_named(sizes: list[int]) -> None:
    found = look([float(size) for size in sizes], seeds=1)
    total, wanted, carried = sum(sizes), 0, 0
    for size in sorted(sizes, reverse=True):
        if carried >= 0.9 * total:
            break
        wanted, carried = wanted + 1, carried + size
    assert len(found.carrying) == wanted
    assert found.whole
    assert found.share >= 0.9 - 1e-9


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=12), st.sets(st.integers(1, 11)))
def test_what_is_named_is_disjoint_and_adds_up(sizes: list[int], failing: set[int]) -> None:
    found = look([float(size) for size in sizes], seeds=1, failing=tuple(state for state in failing if state < len(sizes)))
    steps = [step for item in (*found.carrying, *found.against) for step in range(item.first, item.last + 1)]
    assert len(steps) == len(set(steps))
    assert all(item.effect.mean == pytest.approx(sum(sizes[item.first - 1 : item.last])) for item in (*found.carrying, *found.against))


@pytest.mark.parametrize("paired", [True, False])
def test_a_commit_without_effect_is_rarely_named(paired: bool) -> None:
    times, wrong, right = 150, 0, 0
    for number in range(times):
        rng = random.Random(f"truth {number}")
        effects = [0.0] * 12
        for step in rng.sample(range(12), rng.choice((1, 1, 2))):
            effects[step] = rng.choice((2.0, 4.0, 8.0))
        found = look(effects, Asked(paired=paired), sd=1.0, number=number)
        singles = [item for item in (*found.carrying, *found.against) if item.why is None]
        wrong += any(effects[item.first - 1] == 0 for item in singles)
        right += any(effects[item.first - 1] != 0 for item in singles)
    assert wrong / times <= 0.05
    assert right / times >= 0.5
