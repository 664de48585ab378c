"""Shapley values, interactions and intervals: axioms, published games, tables, and what repeated looks really cost."""

from __future__ import annotations

import math
import random
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.infrastructure import attribution
from readiness.layers.infrastructure.attribution import (
    contrast,
    interaction_rows,
    levels,
    sampled,
    shapley,
    shapley_rows,
    t_interval,
    t_quantile,
)

numbers = st.floats(-1e6, 1e6)


@st.composite
def games(draw: st.DrawFn, least: int = 1, most: int = 4) -> list[float]:
    players = draw(st.integers(least, most))
    return draw(st.lists(numbers, min_size=1 << players, max_size=1 << players))


def by_definition(values: list[float]) -> list[float]:
    """The mean over all orders in which the players join."""
    n = len(values).bit_length() - 1
    totals = [0.0] * n
    for order in permutations(range(n)):
        mask = 0
        for player in order:
            totals[player] += values[mask | 1 << player] - values[mask]
            mask |= 1 << player
    return [total / math.factorial(n) for total in totals]


@given(games())
def test_the_parts_sum_to_the_difference(values: list[float]) -> None:
    assert math.isclose(sum(shapley(values)), values[-1] - values[0], rel_tol=1e-9, abs_tol=1e-3)


@given(games())
def test_it_is_the_mean_over_all_orders(values: list[float]) -> None:
    assert shapley(values) == pytest.approx(by_definition(values), rel=1e-9, abs=1e-3)


@given(games(least=2), st.data())
def test_players_that_add_the_same_get_the_same(values: list[float], data: st.DataObject) -> None:
    n = len(values).bit_length() - 1
    i, j = data.draw(st.permutations(range(n)))[:2]

    def swapped(mask: int) -> int:
        a, b = mask >> i & 1, mask >> j & 1
        return mask & ~(1 << i) & ~(1 << j) | a << j | b << i

    symmetric = [values[min(mask, swapped(mask))] for mask in range(len(values))]
    found = shapley(symmetric)
    assert math.isclose(found[i], found[j], rel_tol=1e-9, abs_tol=1e-3)


@given(games(least=2))
def test_who_adds_nothing_gets_nothing(values: list[float]) -> None:
    without = [values[mask & ~1] for mask in range(len(values))]
    assert shapley(without)[0] == pytest.approx(0, abs=1e-3)


@given(st.integers(1, 4).flatmap(lambda n: st.tuples(*[st.lists(numbers, min_size=1 << n, max_size=1 << n)] * 2)))
def test_two_games_together_are_the_sum_of_both(both: tuple[list[float], list[float]]) -> None:
    together = shapley([a + b for a, b in zip(*both, strict=True)])
    assert together == pytest.approx([a + b for a, b in zip(shapley(both[0]), shapley(both[1]), strict=True)], rel=1e-9, abs=1e-3)


def test_the_glove_game() -> None:
    # one left glove, two right ones: a pair is worth 1 (Shapley and Shubik, 1969): 4/6, 1/6, 1/6
    assert shapley([0, 0, 0, 1, 0, 1, 0, 1]) == pytest.approx((4 / 6, 1 / 6, 1 / 6))


def test_the_airport_game() -> None:
    # a runway costs as much as the largest aircraft needs (Littlechild and Owen, 1973): 8, 11, 13, 18
    needs = [8, 11, 13, 18]
    values = [float(max((needs[i] for i in range(4) if mask >> i & 1), default=0)) for mask in range(16)]
    assert shapley(values) == pytest.approx((8 / 4, 8 / 4 + 3 / 3, 8 / 4 + 3 / 3 + 2 / 2, 8 / 4 + 3 / 3 + 2 / 2 + 5))


def test_the_united_nations_security_council_in_small() -> None:
    # one member with a veto among three, two votes needed: 2/3, 1/6, 1/6
    values = [float(bool(mask & 1) and mask.bit_count() >= 2) for mask in range(8)]
    assert shapley(values) == pytest.approx((2 / 3, 1 / 6, 1 / 6))


def test_another_number_of_values_is_no_game() -> None:
    with pytest.raises(ValueError, match="3 values"):
        shapley([0, 1, 2])


def test_interactions_are_what_goes_beyond_adding_up() -> None:
    additive = [float(bool(mask & 1) * 2 + bool(mask & 2) * 3 + bool(mask & 4) * 5) for mask in range(8)]
    for row in interaction_rows(3).values():
        assert sum(weight * value for weight, value in zip(row, additive, strict=True)) == pytest.approx(0)
    both = [0.0, 0.0, 0.0, 1.0]
    assert sum(weight * value for weight, value in zip(interaction_rows(2)[0, 1], both, strict=True)) == 1
    # the unanimity game of three: Grabisch and Roubens (1999) give each pair 1/2
    unanimous = [0.0] * 7 + [1.0]
    assert [sum(w * v for w, v in zip(row, unanimous, strict=True)) for row in interaction_rows(3).values()] == pytest.approx([0.5] * 3)


@given(games(least=2, most=5), st.integers(0, 1000))
def test_sampled_parts_sum_to_the_difference(values: list[float], seed: int) -> None:
    n = len(values).bit_length() - 1
    order = random.Random(seed).sample(range(n), n)
    assert math.isclose(sum(sampled(n, lambda mask: values[mask], order)), values[-1] - values[0], rel_tol=1e-9, abs_tol=1e-3)


def test_sampling_is_unbiased() -> None:
    values = [float(random.Random(mask).random()) for mask in range(16)]
    found = [sampled(4, lambda mask: values[mask], order) for order in permutations(range(4))]
    assert np.mean(found, axis=0) == pytest.approx(shapley(values))


@pytest.mark.parametrize(("level", "degrees", "printed"), [
    (0.05, 1, 12.706), (0.05, 7, 2.365), (0.05, 30, 2.042), (0.01, 9, 3.250), (0.10, 5, 2.015), (0.001, 19, 3.883),
])  # fmt: skip
def test_t_quantiles_are_those_of_the_tables(level: float, degrees: float, printed: float) -> None:
    assert t_quantile(level, degrees) == pytest.approx(printed, abs=5e-4)


def test_an_interval_by_hand() -> None:
    # Student's own sleep data (1908): the extra hours of ten patients, mean 1.58, sd 1.23
    found = t_interval(np.array([1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]), 0.05)
    assert [found.mean, found.sd] == pytest.approx([1.58, 1.23], abs=0.001)
    assert [found.low, found.high] == pytest.approx([0.70, 2.46], abs=0.001)


def test_a_sum_that_is_nothing_but_rounding_is_nothing() -> None:
    values = np.array([[0.1 + 0.2, 0.3], [0.1, 0.1], [0.7, 0.7]])
    found = contrast(values, (-1.0, 1.0), 0.05, paired=True)
    assert (found.mean, found.low, found.high, found.sure) == (0, 0, 0, False)


def test_pairing_takes_out_what_seeds_share() -> None:
    rng = np.random.default_rng(3)
    shared = rng.normal(0, 5, 12)
    values = np.column_stack([shared, shared + 1 + rng.normal(0, 0.1, 12)])
    assert contrast(values, (-1.0, 1.0), 0.05, paired=True).sure
    assert not contrast(values, (-1.0, 1.0), 0.05, paired=False).sure


def test_unpaired_is_the_interval_of_welch() -> None:
    # R: t.test(c(1,2,3,4), c(2,4,6,9)) has 4.3 degrees of freedom and the interval -7.31 to 1.81
    values = np.array([[1.0, 2], [2, 4], [3, 6], [4, 9]])
    from scipy import stats  # type: ignore[import-untyped]

    theirs = stats.ttest_ind(values[:, 1], values[:, 0], equal_var=False).confidence_interval(0.95)
    found = contrast(values, (-1.0, 1.0), 0.05, paired=False)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


def test_boundaries_are_those_of_the_literature() -> None:
    # two looks at 0.5 and 1 that spend 0.025 each: the first is z = 2.241; the second solves P(|Z1| < 2.241, |Z2| > c) = 0.025
    first, second = levels((10, 20), 0.05)
    assert first == pytest.approx(0.025)
    from scipy import stats

    bound = -stats.norm.ppf(second / 2)
    joint = stats.multivariate_normal([0, 0], [[1, math.sqrt(0.5)], [math.sqrt(0.5), 1]])
    inside = joint.cdf([2.2414, bound], lower_limit=[-2.2414, -bound])
    assert 1 - inside == pytest.approx(0.05, abs=1e-4)


def test_the_looks_together_spend_the_whole_error_and_no_more() -> None:
    rng = np.random.default_rng(1)
    looks = (8, 20, 50)
    draws = rng.normal(size=(20_000, looks[-1]))
    found = np.zeros(len(draws), dtype=bool)
    naive = found.copy()
    for look, level in zip(looks, levels(looks, 0.05), strict=True):
        t = draws[:, :look].mean(axis=1) / draws[:, :look].std(axis=1, ddof=1) * math.sqrt(look)
        found |= np.abs(t) > t_quantile(level, look - 1)
        naive |= np.abs(t) > t_quantile(0.05, look - 1)
    assert found.mean() == pytest.approx(0.05, abs=0.005)
    assert naive.mean() > 0.09  # what looking again with plain intervals would do


def test_one_look_spends_everything() -> None:
    assert levels((13,), 0.05) == (0.05,)


@given(st.lists(st.integers(2, 60), min_size=1, max_size=5, unique=True).map(sorted), st.sampled_from([0.05, 0.02, 0.01]))
def test_no_look_spends_more_than_all_of_them(looks: list[int], alpha: float) -> None:
    found = levels(tuple(looks), alpha)
    assert len(found) == len(looks)
    assert all(0 < level <= alpha for level in found)


def test_weights_of_a_player_alone() -> None:
    assert shapley_rows(1) == ((-1.0, 1.0),)
    assert attribution.t_quantile(0.05, 0) == math.inf
