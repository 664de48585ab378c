"""Exact intervals for a proportion."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, exp, lgamma, log, log1p


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
