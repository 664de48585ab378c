"""Exact intervals for a proportion, and one that may be looked at after every draw."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, comb, exp, lgamma, log, log1p


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact two-sided interval of a binomial proportion, as (lower, upper), each in [0, 1].

    Clopper and Pearson (1934): the lower bound p solves P(X >= successes | p) = (1 - confidence) / 2, the upper one
    P(X <= successes | p) = (1 - confidence) / 2. Solved by bisection to 1e-10. Raises ValueError for
    impossible counts or a confidence outside (0, 1).
    """
    if not 0 <= successes <= trials or trials < 1 or not 0 < confidence < 1:
        raise ValueError(f"no interval for {successes} of {trials} at {confidence}")
    tail = (1 - confidence) / 2
    lower = 0.0 if successes == 0 else _solve(lambda p: 1 - _cdf(successes - 1, trials, p), tail, rising=True)
    upper = 1.0 if successes == trials else _solve(lambda p: _cdf(successes, trials, p), tail, rising=False)
    return lower, upper


def proportion_in_draws(successes: int, draws: int, population: int, confidence: float = 0.95) -> tuple[float, float]:
    """An interval of the share of successes in a finite population, as (lower, upper), that holds at every draw at once.

    After each draw without replacement one may look, and stop when one likes: with this confidence no interval of the whole
    sequence misses the share. Waudby-Smith and Ramdas, Confidence sequences for sampling without replacement (NeurIPS 2020):
    R(K) = prior(K) / posterior(K) is a martingale where K is the true number of successes, so that the K with
    R(K) >= 1 / (1 - confidence) can be left out (Ville 1939). With a uniform prior on 0 … N, after k of n,
    posterior(K) = C(K, k) C(N - K, n - k) / C(N + 1, n + 1). When all were drawn only the share itself is left.
    Raises ValueError for impossible counts or a confidence outside (0, 1).
    """
    if not 0 <= successes <= draws or not 1 <= draws <= population or not 0 < confidence < 1:
        raise ValueError(f"no interval for {successes} of {draws} drawn from {population} at {confidence}")
    missed = draws - successes
    bound = (1 - confidence) * comb(population + 1, draws + 1) / (population + 1)

    def kept(count: int) -> bool:
        return comb(count, successes) * comb(population - count, missed) > bound

    least, most = successes, population - missed
    top = max(least, min(most, (population + 1) * successes // draws))  # the posterior rises up to here, and falls after it
    lower = _first(kept, least, top)
    upper = population - _first(lambda count: kept(population - count), population - most, population - top)
    return lower / population, upper / population


def _first(holds: Callable[[int], bool], low: int, high: int) -> int:
    """The smallest number from `low` to `high` for which something holds that, once it does, goes on holding up to `high`."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def cases_without_error(max_rate: float, confidence: float) -> int | None:
    """How many cases, all without an error, show with this confidence that the rate is below `max_rate`; None where none can.

    Clopper and Pearson (1934), the one-sided upper bound with no error in n cases: (1 - max_rate)^n <= 1 - confidence, so
    n = ln(1 - confidence) / ln(1 - max_rate), rounded up. Raises ValueError for a rate outside [0, 1) or a confidence
    outside (0, 1).
    """
    if not 0 <= max_rate < 1 or not 0 < confidence < 1:
        raise ValueError(f"no number of cases for a rate of {max_rate} at {confidence}")
    return ceil(log1p(-confidence) / log1p(-max_rate)) if max_rate > 0 else None


def _cdf(k: int, n: int, p: float) -> float:
    if p in (0.0, 1.0):
        return float(p == 0.0 or k >= n)
    # in logarithms, since the coefficients of many trials are beyond any float
    return min(1.0, sum(exp(lgamma(n + 1) - lgamma(i + 1) - lgamma(n - i + 1) + i * log(p) + (n - i) * log(1 - p)) for i in range(k + 1)))


def _solve(function: Callable[[float], float], target: float, *, rising: bool) -> float:
    low, high = 0.0, 1.0
    while high - low > 1e-10:
        middle = (low + high) / 2
        if (function(middle) < target) == rising:
            low = middle
        else:
            high = middle
    return (low + high) / 2
