"""The exact interval of a proportion: published values, and that it covers as often as it says."""

from __future__ import annotations

from functools import cache
from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.sequence.interval import cases_without_error, clopper_pearson, proportion_in_draws

interval = cache(clopper_pearson)


@pytest.mark.parametrize(
    ("successes", "trials", "lower", "upper"),
    [
        (0, 10, 0.0, 0.3085),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1.0),
        (1, 20, 0.0013, 0.2487),
        (20, 100, 0.1267, 0.2918),
    ],
)
def test_the_published_values_are_met(successes: int, trials: int, lower: float, upper: float) -> None:
    assert clopper_pearson(successes, trials) == pytest.approx((lower, upper), abs=5e-5)


@pytest.mark.parametrize("trials", [1, 7, 300])
def test_without_a_success_the_upper_bound_has_a_closed_form(trials: int) -> None:
    assert clopper_pearson(0, trials, 0.9) == pytest.approx((0, 1 - 0.05 ** (1 / trials)), abs=1e-8)


@pytest.mark.parametrize("trials", [5, 20, 60])
@pytest.mark.parametrize("p", [0.02, 0.2, 0.5, 0.93])
def test_simulated_experiments_are_covered_at_least_95_times_in_100(p: float, trials: int) -> None:
    chance, experiments = Random(f"{p}/{trials}"), 2000
    counts = [sum(chance.random() < p for _ in range(trials)) for _ in range(experiments)]
    covered = sum(interval(count, trials)[0] <= p <= interval(count, trials)[1] for count in counts)
    assert covered / experiments >= 0.95


@given(st.floats(0, 1), st.integers(1, 25))
def test_the_probability_of_covering_is_at_least_the_confidence(p: float, trials: int) -> None:
    inside = [k for k in range(trials + 1) if interval(k, trials)[0] - 1e-9 <= p <= interval(k, trials)[1] + 1e-9]
    assert sum(comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in inside) >= 0.95 - 1e-9


@given(st.integers(1, 60), st.data())
def test_the_interval_holds_the_estimate_and_mirrors_when_success_and_failure_swap(trials: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, trials))
    lower, upper = interval(successes, trials)
    assert 0 <= lower <= successes / trials <= upper <= 1
    assert interval(trials - successes, trials) == pytest.approx((1 - upper, 1 - lower), abs=1e-8)


def test_more_confidence_asks_for_a_wider_interval() -> None:
    narrow, wide = clopper_pearson(3, 20, 0.9), clopper_pearson(3, 20, 0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


@pytest.mark.parametrize(("successes", "trials", "confidence"), [(-1, 5, 0.95), (6, 5, 0.95), (0, 0, 0.95), (1, 2, 0.0), (1, 2, 1.0)])
def test_impossible_counts_are_refused(successes: int, trials: int, confidence: float) -> None:
    with pytest.raises(ValueError, match=f"no interval for {successes} of {trials}"):
        clopper_pearson(successes, trials, confidence)


@pytest.mark.parametrize(
    ("max_rate", "confidence", "cases"), [(0.05, 0.95, 59), (0.01, 0.95, 299), (0.2, 0.9, 11), (0.5, 0.5, 1), (0, 0.95, None)]
)
def test_how_many_cases_without_an_error_show_a_rate(max_rate: float, confidence: float, cases: int | None) -> None:
    assert cases_without_error(max_rate, confidence) == cases


@given(st.floats(1e-4, 0.99), st.floats(0.5, 0.9999))
def test_that_many_cases_bound_the_rate_and_one_less_does_not(max_rate: float, confidence: float) -> None:
    cases = cases_without_error(max_rate, confidence)
    assert cases is not None
    assert (1 - max_rate) ** cases <= (1 - confidence) * (1 + 1e-9)
    assert (1 - max_rate) ** (cases - 1) > (1 - confidence) * (1 - 1e-9)


@pytest.mark.parametrize(("max_rate", "confidence"), [(1, 0.9), (-0.1, 0.9), (0.1, 0), (0.1, 1)])
def test_impossible_questions_are_refused(max_rate: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="no number of cases"):
        cases_without_error(max_rate, confidence)


@given(st.integers(1, 40), st.data())
def test_a_sequence_keeps_exactly_what_its_martingale_keeps(population: int, data: st.DataObject) -> None:
    draws = data.draw(st.integers(1, population))
    successes = data.draw(st.integers(0, draws))
    lower, upper = proportion_in_draws(successes, draws, population)
    posterior = {
        count: comb(count, successes) * comb(population - count, draws - successes) / comb(population + 1, draws + 1)
        for count in range(population + 1)
    }
    assert sum(posterior.values()) == pytest.approx(1)
    kept = [count for count, share in posterior.items() if share * (population + 1) > 0.05]
    assert (lower, upper) == (kept[0] / population, kept[-1] / population)
    assert lower <= successes / draws <= upper


@pytest.mark.parametrize(("population", "share"), [(30, 0.4), (200, 0.4), (200, 0.9), (1000, 0.05)])
def test_a_sequence_looked_at_after_every_draw_misses_at_most_five_times_in_100(population: int, share: float) -> None:
    chance, experiments = Random(f"{population}/{share}"), 1000
    hits = round(share * population)
    missed = 0
    for _ in range(experiments):
        drawn = chance.sample([1] * hits + [0] * (population - hits), min(40, population))
        sums = [sum(drawn[: n + 1]) for n in range(len(drawn))]
        missed += any(not covers(hits, successes, n, population) for n, successes in enumerate(sums, 1))
    assert missed / experiments <= 0.05


@cache
def covers(hits: int, successes: int, draws: int, population: int) -> bool:
    lower, upper = proportion_in_draws(successes, draws, population)
    return lower <= hits / population <= upper


def test_when_everything_was_drawn_nothing_is_left_to_estimate() -> None:
    assert proportion_in_draws(3, 7, 7) == (3 / 7, 3 / 7)


@pytest.mark.parametrize(
    ("successes", "draws", "population", "confidence"), [(2, 1, 9, 0.95), (0, 0, 9, 0.95), (1, 9, 8, 0.95), (1, 2, 3, 1.0)]
)
def test_an_impossible_sequence_is_refused(successes: int, draws: int, population: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="no interval"):
        proportion_in_draws(successes, draws, population, confidence)
