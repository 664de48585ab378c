"""Which steps of a path carry the difference between its ends: halves that change something are halved again.

A path is states 0 … n, step i leads from state i - 1 to state i. What each state gives is measured with the same seeds, so
that a step's effect is a paired difference; effects may be spread over several steps and go up and down. Git's own bisect
asks for one first bad commit and takes that to be all (`git help bisect`); here every half is weighed, so two culprits are
two. A half that as a whole changes nothing is not looked into: what cancels out within it stays unseen.

A stretch of m of n steps is held to change something at m / n of the admitted error, and only where the stretch around it
was: then no step without effect is named with more than that error in all (Meinshausen, "Hierarchical testing of variable
importance", Biometrika, 2008).
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from readiness.layers.infrastructure import attribution
from readiness.layers.infrastructure.attribution import Estimate
from readiness.layers.infrastructure.ddmin import OutOfRuns

Values = Sequence[float]
"""The metric of one state, a value a seed."""
_EPSILON = 1e-9


class Why(StrEnum):
    """Why a stretch of several steps was not narrowed further."""

    DOES_NOT_RUN = "the states between do not run"
    CHANCE = "which of them cannot be told from chance"
    RUNS = "the runs ended"
    SMALL = "each half changes less than the minimum effect"
    ENOUGH = "it was not needed for the share"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The steps `first` … `last` (from 1), what they change together, and that as a share of the whole difference.

    `why` says why several steps were not told apart; None for a single one.
    """

    first: int
    last: int
    effect: Estimate
    share: float
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What carries the difference: `carrying` the fewest that do, `against` those that take some of it back.

    `share` is what both together make; `whole` says that it is what was asked for and that every part of it is a single
    step. `skipped` are states that gave nothing.
    """

    carrying: tuple[Stretch, ...]
    against: tuple[Stretch, ...]
    share: float
    whole: bool
    skipped: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked: the share to explain, the smallest effect of interest, the admitted error, whether seeds pair states."""

    share: float = 0.9
    min_effect: float = 0.0
    alpha: float = 0.04
    paired: bool = True


def narrowed(steps: int, values: Callable[[int], Values | None], asked: Asked) -> Narrowed:
    """Narrows `steps` steps down; `values` of a state is None where it does not run, and is given for 0 and `steps`.

    `values` may raise OutOfRuns: then what is known by then is said.
    """
    return _Search(steps, values, asked).run()


class _Search:
    """One search: the stretches found to change something, by what they change."""

    def __init__(self, steps: int, values: Callable[[int], Values | None], asked: Asked) -> None:
        self.steps, self.asked = steps, asked
        self._ask = values
        self._known: dict[int, Values | None] = {}
        self.total = self._between(0, steps, asked.alpha).mean
        self.singles: list[Stretch] = []
        self.rest: list[Stretch] = []
        self.open: list[tuple[float, int, int]] = []

    def run(self) -> Narrowed:
        """Splits the stretch that changes most, until what is named suffices or nothing can be split."""
        if self.total:
            self._take(0, self.steps)
        most = max(self.asked.min_effect, (1 - self.asked.share) * abs(self.total))
        while self.open:
            size, low, high = self.open[0]
            if -size <= most * (1 + _EPSILON) and self._enough(-size):
                self._close(Why.ENOUGH)
                break
            heapq.heappop(self.open)
            try:
                self._split(low, high)
            except OutOfRuns:
                self.rest.append(self._stretch(low, high, Why.RUNS))
                self._close(Why.RUNS)
        return self._said()

    def _enough(self, size: float) -> bool:
        """Whether single steps carry the share, and no stretch left may hold a step that changes more than one of them."""
        chosen = self._chosen(self.singles)
        least = min((abs(item.effect.mean) for item in chosen if self._along(item)), default=0.0)
        return size <= least * (1 + _EPSILON) and self._suffices(chosen)

    def _values(self, state: int) -> Values | None:
        if state not in self._known:
            self._known[state] = self._ask(state)
        return self._known[state]

    def _between(self, low: int, high: int, level: float) -> Estimate:
        import numpy as np

        ends = self._values(low), self._values(high)
        assert ends[0] is not None
        assert ends[1] is not None
        return attribution.contrast(np.asarray(ends, dtype=np.float64).T, (-1.0, 1.0), level, paired=self.asked.paired)

    def _estimate(self, low: int, high: int) -> Estimate:
        return self._between(low, high, self.asked.alpha * (high - low) / self.steps)

    def _stretch(self, low: int, high: int, why: Why | None = None) -> Stretch:
        effect = self._estimate(low, high)
        return Stretch(low + 1, high, effect, effect.mean / self.total, why if high - low > 1 else None)

    def _take(self, low: int, high: int) -> None:
        if high - low == 1:
            self.singles.append(self._stretch(low, high))
        else:
            heapq.heappush(self.open, (-abs(self._estimate(low, high).mean), low, high))

    def _close(self, why: Why) -> None:
        self.rest += [self._stretch(low, high, why) for _, low, high in self.open]
        self.open = []

    def _split(self, low: int, high: int) -> None:
        """Takes those halves of a stretch that change something; the stretch itself where neither, or no state between runs."""
        middle = (low + high) // 2
        between = sorted(range(low + 1, high), key=lambda state: (abs(state - middle), state))
        found = next((state for state in between if self._values(state) is not None), None)
        if found is None:
            self.rest.append(self._stretch(low, high, Why.DOES_NOT_RUN))
            return
        halves = [(low, found), (found, high)]
        sure = [half for half in halves if self._estimate(*half).sure]
        live = [half for half in sure if abs(self._estimate(*half).mean) > self.asked.min_effect]
        for half in live:
            self._take(*half)
        if not live:
            self.rest.append(self._stretch(low, high, Why.SMALL if len(sure) == len(halves) else Why.CHANCE))

    # What is said in the end

    def _along(self, found: Stretch) -> bool:
        return found.share > 0

    def _chosen(self, items: Sequence[Stretch]) -> tuple[Stretch, ...]:
        """The fewest that carry the share, what goes against them counted in; all of them where they do not suffice."""
        against = sum(item.share for item in items if not self._along(item))
        chosen: list[Stretch] = []
        for item in sorted((item for item in items if self._along(item)), key=lambda item: -item.share):
            if chosen and sum(one.share for one in chosen) + against >= self.asked.share * (1 - _EPSILON):
                break
            chosen.append(item)
        return (*chosen, *(item for item in items if not self._along(item)))

    def _suffices(self, chosen: Sequence[Stretch]) -> bool:
        return sum(item.share for item in chosen) >= self.asked.share * (1 - _EPSILON)

    def _said(self) -> Narrowed:
        chosen = self._chosen([*self.singles, *(item for item in self.rest if not self._along(item) and item.why is not Why.ENOUGH)])
        if not self._suffices(chosen):
            chosen = self._chosen([*self.singles, *self.rest])
        carrying = tuple(item for item in chosen if self._along(item))
        against = tuple(sorted((item for item in chosen if not self._along(item)), key=lambda item: item.share))
        whole = self._suffices(chosen) and all(item.why is None for item in chosen)
        skipped = tuple(sorted(state for state, found in self._known.items() if found is None))
        return Narrowed(carrying, against, sum(item.share for item in chosen), whole, skipped)
