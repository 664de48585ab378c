"""The experiment behind an attribution: which cells are run, with which seeds, and when it is enough.

A cell is the set of factors that come from B; the others come from A. First a screening: each factor alone from B, each
alone from A, with two seeds; one whose swap changes no bit is inert. Then all combinations of the live ones, seed after
seed, until the looks that were planned beforehand decide or the runs are used up. What is random is paired by its seed.
Combining rather than changing one thing at a time: Fisher's factorial designs; screening first: Box and Meyer (1986).
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Final, Protocol

Cell = frozenset[str]
"""The factors that come from B."""

PAIRS_AT_MOST: Final = 6
"""The most live players whose combinations are all run; more are sampled by permutations."""
SCREENING_SEEDS: Final = (0, 1)
UNSEEDED_SEEDS: Final = tuple(range(8))
"""Seeds with which A and B are run before it is believed that a seed changes nothing."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a cell gave: the metric, and a digest of all its outputs."""

    value: float
    digest: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a cell gave no result that can be used."""

    reason: str


class Measure(Protocol):
    """Runs a cell with a seed; `again` tells repetitions of the very same run apart."""

    def __call__(self, cell: Cell, seed: int, again: int) -> Measured | Failed:
        """What the run gave."""
        ...


class NoAttribution(Exception):
    """Nothing can be attributed, for the reason given: a side does not run, or the runs do not suffice."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How far an experiment goes: the error of an interval, that of blaming any factor at all, the smallest effect, the runs.

    Blaming is held to less than an interval, since t at few seeds of a metric that is not normal is not exact.

    `looks` are the numbers of seeds after which the intervals are looked at; as many of them are planned as `max_runs` pays.
    """

    alpha: float = 0.05
    blame: float = 0.04
    min_effect: float = 0.0
    max_runs: int = 400
    looks: tuple[int, ...] = (8, 20, 50)


@dataclass(frozen=True, slots=True)
class Unrunnable:
    """A cell that gave nothing: the factors from B, the seed, why."""

    cell: tuple[str, ...]
    seed: int
    reason: str


@dataclass(frozen=True, slots=True)
class Screened:
    """What the screening found. `players` are groups of factors that can only be swapped together, mostly of one each.

    `honoured`: the same seed gives the same metric; `bitwise`: and the same outputs; `seeded`: another seed another one.
    `exact`: all combinations of the live ones are run, else permutations of them are sampled.
    """

    live: tuple[Cell, ...]
    inert: tuple[Cell, ...]
    honoured: bool
    bitwise: bool
    seeded: bool
    exact: bool = True


class Inseparable(Exception):
    """Two players turned out to run only together."""


@dataclass(slots=True)
class Laboratory:
    """Runs cells, each once. `runs` counts them, `unrunnable` lists those that gave nothing."""

    measure: Measure
    factors: tuple[str, ...]
    max_runs: int
    seen: dict[tuple[Cell, int, int], Measured | Failed] = field(default_factory=dict)
    unrunnable: list[Unrunnable] = field(default_factory=list)

    @property
    def runs(self) -> int:
        """How many runs this took."""
        return len(self.seen)

    @property
    def everything(self) -> Cell:
        """The cell that is B."""
        return frozenset(self.factors)

    def ask(self, cell: Cell, seed: int, again: int = 0) -> Measured | Failed:
        """What a cell gives. Raises NoAttribution where a whole side gives nothing, or no run is left."""
        key = (cell, seed, again)
        if key not in self.seen:
            if self.runs >= self.max_runs:
                raise NoAttribution(f"{self.max_runs} runs do not suffice: {self.wanted(seed)}")
            self.seen[key] = self._checked(cell, seed, self.measure(cell, seed, again))
        return self.seen[key]

    def _checked(self, cell: Cell, seed: int, found: Measured | Failed) -> Measured | Failed:
        if isinstance(found, Measured) and not math.isfinite(found.value):
            found = Failed(f"the metric is {'NaN' if math.isnan(found.value) else 'infinite'}")
        if isinstance(found, Failed):
            if cell in (frozenset(), self.everything):
                raise NoAttribution(f"{found.reason} in cell {'B' if cell else 'A'} (SEED={seed})")
            self.unrunnable.append(Unrunnable(tuple(name for name in self.factors if name in cell), seed, found.reason))
        return found

    def wanted(self, seed: int) -> str:
        """What was still to be run, for a message."""
        return "the screening was not finished" if seed <= SCREENING_SEEDS[-1] else f"seed {seed} was not finished"

    def need(self, cell: Cell, seed: int, again: int = 0) -> Measured:
        """As `ask`, of a cell that has to give something. Raises Inseparable where it does not."""
        found = self.ask(cell, seed, again)
        if isinstance(found, Failed):
            raise Inseparable
        return found


def union(players: Iterable[Cell]) -> Cell:
    """The factors of several players together."""
    return frozenset[str]().union(*players)


def screen(lab: Laboratory) -> Screened:
    """Runs A, B and every swap of one factor, and says which of them change anything at all.

    Factors that do not run apart are made one player (the cells that failed say which).
    """
    empty, everything = frozenset[str](), lab.everything
    pairs = [(lab.need(cell, 0), lab.need(cell, 0, 1)) for cell in (empty, everything)]
    honoured = all(one.value == two.value for one, two in pairs)
    bitwise = honoured and all(one.digest == two.digest for one, two in pairs)
    players = tuple(frozenset((name,)) for name in lab.factors)
    while True:
        try:
            changing = _swaps(lab, players, honoured=honoured, bitwise=bitwise)
            break
        except Inseparable:
            players = merged(lab, players)
    live = tuple(player for player in players if player in changing)
    inert = tuple(player for player in players if player not in changing)
    return Screened(live, inert, honoured, bitwise, _is_seeded(lab, honoured=honoured, bitwise=bitwise))


def _swaps(lab: Laboratory, players: tuple[Cell, ...], *, honoured: bool, bitwise: bool) -> set[Cell]:
    changing = set()
    for seed in SCREENING_SEEDS if honoured else SCREENING_SEEDS[:1]:
        sides = lab.need(frozenset(), seed), lab.need(lab.everything, seed)
        for player in players:
            swapped = lab.need(player, seed), lab.need(lab.everything - player, seed)
            if not honoured or any(differ(one, two, bitwise=bitwise) for one, two in zip(sides, swapped, strict=True)):
                changing.add(player)
    return changing


def differ(one: Measured, two: Measured, *, bitwise: bool) -> bool:
    """Whether two runs differ in a bit: of the metric, and of the outputs where those repeat themselves."""
    return one.value != two.value or (bitwise and one.digest != two.digest)


def _is_seeded(lab: Laboratory, *, honoured: bool, bitwise: bool) -> bool:
    """Whether the seed makes a difference, in what was seen so far or in more seeds of A and B."""
    if not honoured:
        return True
    by_cell: dict[Cell, Measured] = {}
    for (cell, _, _), found in list(lab.seen.items()):
        if isinstance(found, Measured) and differ(by_cell.setdefault(cell, found), found, bitwise=bitwise):
            return True
    for seed in UNSEEDED_SEEDS:
        if any(differ(by_cell[cell], lab.need(cell, seed), bitwise=bitwise) for cell in (frozenset[str](), lab.everything)):
            return True
    return False


def merged(lab: Laboratory, players: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """The players with those made one that a failing cell shows to run only together.

    The cells around the failing one are tried: one more from B, one less. What makes it run tells who needs whom, as in
    isolating a failure-inducing difference (Zeller and Hildebrandt, 2002). Where nothing does, all become one.
    """
    for failed in lab.unrunnable:
        chosen = [player for player in players if player <= frozenset(failed.cell)]
        others = [player for player in players if player not in chosen]
        if not chosen or not others or union(chosen) != frozenset(failed.cell):
            continue
        adding = [other for other in others if _runs(lab, union([*chosen, other]), failed.seed)]
        leaving = [one for one in chosen if _runs(lab, union(chosen) - one, failed.seed)]
        together = [*(leaving[:1] or chosen), *(adding[:1] or others)] if adding or leaving else list(players)
        kept = [player for player in players if player not in together]
        return tuple(sorted([*kept, union(together)], key=lambda player: min(lab.factors.index(name) for name in player)))
    raise NoAttribution("a cell failed and no combination runs in its place")


def _runs(lab: Laboratory, cell: Cell, seed: int) -> bool:
    return isinstance(lab.ask(cell, seed), Measured)


def coalitions(players: tuple[Cell, ...]) -> Iterator[Cell]:
    """All combinations of players, in the order of their masks."""
    for mask in range(1 << len(players)):
        yield union(player for i, player in enumerate(players) if mask >> i & 1)


def designed(lab: Laboratory, screened: Screened, settings: Settings) -> Screened:
    """The same, with permutations in place of all combinations where those are too many, or more than the runs pay."""
    live = len(screened.live)
    exact = live <= PAIRS_AT_MOST and (live < 4 or _affordable(lab, screened, settings) >= min(settings.looks[0], 8))
    return replace(screened, exact=exact)


def cells_of(screened: Screened, seed: int, factors: Cell) -> set[Cell]:
    """The cells one seed needs: A and B, B but for what is inert, and the combinations or permutations in between."""
    everything = union(screened.live)
    found = {frozenset[str](), factors, *([everything] if screened.inert and screened.honoured else [])}
    if screened.exact:
        return found | {cell for cell in coalitions(screened.live) if cell != everything or screened.inert}
    forward = order_of(len(screened.live), seed)
    for order in (forward, forward[::-1]):
        found |= {union(screened.live[player] for player in order[:length]) for length in range(1, len(order))}
    return found | {everything if screened.inert else factors}


def order_of(players: int, seed: int) -> tuple[int, ...]:
    """The order in which the players join with a seed, where permutations are sampled: random, and each time the same."""
    order = list(range(players))
    random.Random(f"order {seed}").shuffle(order)  # noqa: S311  a design, no secret
    return tuple(order)


def _affordable(lab: Laboratory, screened: Screened, settings: Settings) -> int:
    """How many seeds, up to the last look, the runs left will pay."""
    left = settings.max_runs - lab.runs
    for seed in range(settings.looks[-1]):
        left -= sum((cell, seed, 0) not in lab.seen for cell in cells_of(screened, seed, lab.everything))
        if left < 0:
            return seed
    return settings.looks[-1]


def planned(lab: Laboratory, screened: Screened, settings: Settings) -> tuple[int, ...]:
    """The looks that the runs left will pay, decided before the first of them.

    Raises NoAttribution where they pay fewer than three seeds.
    """
    if not screened.seeded:
        return (1,)
    affordable = _affordable(lab, screened, settings)
    if affordable < 3:
        needed = lab.runs + sum(len(cells_of(screened, seed, lab.everything)) for seed in range(3))
        raise NoAttribution(f"{settings.max_runs} runs do not suffice: about {needed} are needed for three seeds")
    looks = [look for look in settings.looks if look <= affordable]
    if not looks or (len(looks) < len(settings.looks) and affordable >= looks[-1] * 1.3):
        looks.append(affordable)
    return tuple(looks)


def screening_runs(factors: int) -> int:
    """How many runs the screening of so many differing factors takes where every cell runs."""
    swaps = 2 * factors if factors > 2 else 2 * (factors - 1)
    return len(SCREENING_SEEDS) * (2 + swaps) + 2


def pairs_of(count: int) -> list[tuple[int, int]]:
    """All pairs of so many players."""
    return list(combinations(range(count), 2))
