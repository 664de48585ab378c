"""How much of a difference is due to each factor: Shapley values, interactions, intervals, and honest looks at them.

A coalition is a bit mask: bit i says that player i comes from B. Values are given for all 2^n coalitions, in the order
of their masks. Sources: Shapley, "A value for n-person games" (1953); Grabisch and Roubens, "An axiomatic approach to the
concept of interaction" (1999); the use for a change of results: Zhang et al., "'Why did the model fail?': attributing
model performance changes to distribution shifts" (ICML 2023); why single runs mislead: Bouthillier et al., "Accounting
for variance in machine learning benchmarks" (MLSys 2021).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import factorial, inf, sqrt
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FIRST_SHARE: Final = 0.5
"""The part of the admissible error that the first look may spend; the later ones share the rest evenly.

Most of it goes first, since most factors that matter show at once; a rule that spends late (O'Brien and Fleming) would
make nearly every attribution wait for seeds it does not need."""
_GRID: Final = 801
_ROUNDING: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `n` seeds with its interval, at the level of the look it was made at, and the standard deviation."""

    mean: float
    low: float
    high: float
    sd: float
    n: int

    @property
    def sure(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0

    def within(self, bound: float) -> bool:
        """Whether the whole interval lies within ±`bound`."""
        return -bound <= self.low and self.high <= bound


@lru_cache(maxsize=64)
def shapley_rows(n: int) -> tuple[tuple[float, ...], ...]:
    """Of each of `n` players the weights of all 2^n coalitions: the weighted sum of the values is its Shapley value.

    Player i gets the mean of v(S + i) - v(S), each S of size k weighing k! (n - k - 1)! / n!.
    """
    weights = [factorial(k) * factorial(n - k - 1) / factorial(n) for k in range(n)]
    return tuple(
        tuple(weights[mask.bit_count() - 1] if mask >> i & 1 else -weights[mask.bit_count()] for mask in range(1 << n)) for i in range(n)
    )


@lru_cache(maxsize=64)
def interaction_rows(n: int) -> dict[tuple[int, int], tuple[float, ...]]:
    """Of each pair of `n` players the weights of its Shapley interaction index (Grabisch and Roubens, 1999).

    It is the mean of v(S + i + j) - v(S + i) - v(S + j) + v(S), each S of size k weighing k! (n - k - 2)! / (n - 1)!;
    0 where the two only add up.
    """
    weights = [factorial(k) * factorial(n - k - 2) / factorial(n - 1) for k in range(n - 1)]
    return {(i, j): tuple(_paired_weight(mask, i, j, weights) for mask in range(1 << n)) for i, j in combinations(range(n), 2)}


def _paired_weight(mask: int, i: int, j: int, weights: list[float]) -> float:
    both, others = (mask >> i & 1) + (mask >> j & 1), mask & ~(1 << i) & ~(1 << j)
    return weights[others.bit_count()] * (-1 if both == 1 else 1)


def shapley(values: Sequence[float]) -> tuple[float, ...]:
    """The exact Shapley value of each player of a game with 2^n values. Raises ValueError for another number of values."""
    n = len(values).bit_length() - 1
    if len(values) != 1 << n:
        raise ValueError(f"{len(values)} values are no game: expected a power of two")
    return tuple(sum(weight * value for weight, value in zip(row, values, strict=True)) for row in shapley_rows(n))


def sampled(players: int, value: Callable[[int], float], order: Sequence[int]) -> tuple[float, ...]:
    """What each player adds when they join in `order`, and in its reverse, averaged: unbiased where the order is random.

    Sampling permutations in pairs of opposites: Mitchell et al., "Sampling permutations for Shapley value estimation"
    (JMLR 2022). The parts sum to the whole difference in each permutation.
    """
    added = [0.0] * players
    for joined in (order, tuple(reversed(order))):
        mask, before = 0, value(0)
        for player in joined:
            mask |= 1 << player
            after = value(mask)
            added[player] += (after - before) / 2
            before = after
    return tuple(added)


def t_quantile(level: float, degrees: float) -> float:
    """The two-sided quantile of Student's t: the part `level` of it lies beyond, at both ends together."""
    return inf if degrees < 1e-9 else _t_quantile(level, degrees)


@lru_cache(maxsize=4096)
def _t_quantile(level: float, degrees: float) -> float:
    from scipy.special import stdtrit  # type: ignore[import-untyped]  # scipy ships no types

    return float(stdtrit(degrees, 1 - level / 2))


def t_interval(samples: Floats, level: float) -> Estimate:
    """The t-interval of a mean, `level` being the error admitted at both ends together; samples: shape (n,), n >= 2.

    Where all samples are the same, the interval is that one value.
    """
    n = len(samples)
    mean, sd = float(samples.mean()), float(samples.std(ddof=1))
    half = t_quantile(level, n - 1) * sd / sqrt(n)
    return Estimate(mean, mean - half, mean + half, sd, n)


def contrast(values: Floats, row: Sequence[float], level: float, *, paired: bool) -> Estimate:
    """The weighted sum of cells with its interval; values: shape (seeds, cells), row: one weight a cell.

    Paired, each seed gives one sum. Unpaired, where a seed does not make two cells alike, the variances of the cells are
    added, with the degrees of freedom of Welch and Satterthwaite. A sum that is 0 but for rounding is 0.
    """
    import numpy as np

    weights = np.asarray(row, dtype=np.float64)
    sums = values @ weights
    scale = float(np.abs(values).max(initial=0.0))
    sums[np.abs(sums) <= _ROUNDING * scale] = 0.0
    if len(sums) == 1:
        only = float(sums[0])
        return Estimate(only, only, only, 0.0, 1)
    if paired:
        spread = float(sums.max() - sums.min())
        return t_interval(sums if spread > _ROUNDING * scale else np.full_like(sums, sums[0]), level)
    return _welch(values, weights, sums, level)


def _welch(values: Floats, weights: Floats, sums: Floats, level: float) -> Estimate:
    n = len(sums)
    parts = weights**2 * values.var(axis=0, ddof=1) / n
    squared = float(parts.sum())
    degrees = squared**2 / float((parts**2).sum() / (n - 1)) if squared else n - 1
    mean = float(sums.mean())
    half = t_quantile(level, degrees) * sqrt(squared)
    return Estimate(mean, mean - half, mean + half, float(sums.std(ddof=1)), n)


@lru_cache(maxsize=256)
def levels(looks: tuple[int, ...], alpha: float) -> tuple[float, ...]:
    """The error each look may make so that all of them together make `alpha`: `looks` are numbers of seeds, ascending.

    Looking again after every few seeds with a plain interval finds something in nothing much more often than it says. Here
    the error is spent (Lan and DeMets, "Discrete sequential boundaries for clinical trials", 1983), FIRST_SHARE of it at
    the first look; the boundary of each look is solved on the joint distribution of all looks (Armitage, McPherson and
    Rowe, 1969), and used as a level for t (Jennison and Turnbull, "Group sequential methods", 2000, section 3.8). Intervals
    at these levels hold whenever one stops (Jennison and Turnbull, "Repeated confidence intervals", 1989).
    """
    from scipy.special import ndtr, ndtri

    if len(looks) == 1:
        return (alpha,)
    spent = [FIRST_SHARE * alpha] + [(1 - FIRST_SHARE) * alpha / (len(looks) - 1)] * (len(looks) - 1)
    bound = -float(ndtri(spent[0] / 2)) * sqrt(looks[0])
    found = [spent[0]]
    points, density = _first_density(bound, looks[0])
    for before, now, share in zip(looks, looks[1:], spent[1:], strict=False):
        bound = _boundary(points, density, now - before, share, sqrt(now))
        found.append(2 * float(ndtr(-bound / sqrt(now))))
        points, density = _next_density(points, density, bound, now - before)
    return tuple(found)


def _first_density(bound: float, n: int) -> tuple[Floats, Floats]:
    import numpy as np

    points = np.linspace(-bound, bound, _GRID)
    return points, _normal(points, n)


def _next_density(points: Floats, density: Floats, bound: float, step: int) -> tuple[Floats, Floats]:
    import numpy as np

    after = np.linspace(-bound, bound, _GRID)
    moved = density[None, :] * _normal(after[:, None] - points[None, :], step)
    return after, np.asarray(np.trapezoid(moved, points, axis=1), dtype=np.float64)


def _normal(x: Floats, variance: float) -> Floats:
    import numpy as np

    found: Floats = np.exp(-(x**2) / (2 * variance)) / sqrt(2 * np.pi * variance)
    return found


def _boundary(points: Floats, density: Floats, step: int, share: float, root: float) -> float:
    """Where the sum of this look must lie, either side, to be beyond with probability `share` and not before."""
    import numpy as np
    from scipy.special import ndtr

    def beyond(bound: float) -> float:
        return 2 * float(np.trapezoid(density * ndtr((points - bound) / sqrt(step)), points))

    low, high = 0.0, 10 * root
    while high - low > 1e-9 * root:
        middle = (low + high) / 2
        low, high = (middle, high) if beyond(middle) > share else (low, middle)
    return (low + high) / 2
