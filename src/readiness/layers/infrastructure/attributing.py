"""Seeds until the planned looks decide: what each factor contributes, and how much of one run's difference is chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from readiness.layers.infrastructure import attribution, experiment
from readiness.layers.infrastructure.attributed import Attribution, Interaction, Part, Word
from readiness.layers.infrastructure.attribution import Estimate
from readiness.layers.infrastructure.experiment import Cell, Laboratory, Measure, NoAttribution, Screened, Settings

if TYPE_CHECKING:
    from readiness.layers.infrastructure.attribution import Floats


@dataclass(frozen=True, slots=True)
class _Sample:
    """What the seeds gave so far: `cells` (seeds, 2^n) where all combinations ran, `parts` (seeds, n) where permutations did.

    `ends` are A and B, (seeds, 2).
    """

    cells: Floats | None
    parts: Floats | None
    ends: Floats
    players: int
    paired: bool

    def player(self, index: int, level: float) -> Estimate:
        """The Shapley value of a player."""
        if self.cells is not None:
            return attribution.contrast(self.cells, attribution.shapley_rows(self.players)[index], level, paired=self.paired)
        assert self.parts is not None
        row = [float(other == index) for other in range(self.players)]
        return attribution.contrast(self.parts, row, level, paired=True)

    def pair(self, indices: tuple[int, int], level: float) -> Estimate | None:
        """The interaction of two players; None where permutations were sampled."""
        if self.cells is None:
            return None
        return attribution.contrast(self.cells, attribution.interaction_rows(self.players)[indices], level, paired=self.paired)

    def total(self, level: float) -> Estimate:
        """The whole difference."""
        return attribution.contrast(self.ends, (-1.0, 1.0), level, paired=self.paired)

    def beyond(self, level: float) -> Estimate | None:
        """The whole difference less what each player does alone."""
        if self.cells is None or self.players < 2:
            return None
        row = [0.0] * (1 << self.players)
        row[-1] += 1.0
        row[0] += self.players - 1.0
        for index in range(self.players):
            row[1 << index] -= 1.0
        return attribution.contrast(self.cells, row, level, paired=self.paired)


class _Woken(Exception):
    """A factor taken for inert changed something with a later seed."""

    def __init__(self, screened: Screened) -> None:
        super().__init__()
        self.screened = screened


def attribute(factors: Sequence[str], measure: Measure, settings: Settings) -> Attribution:
    """Runs the experiment over the factors that differ. Raises NoAttribution where nothing can be said."""
    lab = Laboratory(measure, tuple(factors), settings.max_runs)
    screened = experiment.screen(lab)
    notes: list[str] = []
    while True:
        try:
            if not screened.live:
                return _nothing(lab, screened)
            designed = experiment.designed(lab, screened, settings)
            return _looked(lab, designed, settings, notes)
        except _Woken as woken:
            names = [" + ".join(sorted(player)) for player in woken.screened.live if player not in screened.live]
            notes.append(f"{', '.join(names)} changed nothing with the first seeds and did with a later one")
            screened, settings = woken.screened, _half(settings)
        except experiment.Inseparable:
            screened, settings = _remade(lab, screened), _half(settings)


def _half(settings: Settings) -> Settings:
    """What is left after an experiment was begun anew: looks that were already taken are paid for."""
    return replace(settings, alpha=settings.alpha / 2, blame=settings.blame / 2)


def _remade(lab: Laboratory, screened: Screened) -> Screened:
    """The live players anew, after a combination of them did not run; the inert ones come from A in every such cell."""
    together = experiment.merged(lab, screened.live)
    return replace(screened, live=together)


def _nothing(lab: Laboratory, screened: Screened) -> Attribution:
    before, after = lab.need(frozenset(), 0).value, lab.need(lab.everything, 0).value
    zero = Estimate(0.0, 0.0, 0.0, 0.0, len(experiment.SCREENING_SEEDS))
    if before != after:
        raise NoAttribution("every swap changes nothing, and yet A and B differ: the runs do not repeat themselves")
    parts = tuple(Part(_named(lab, player), Word.INERT, zero) for player in screened.inert)
    return Attribution(
        parts, (), before, zero, 0.0, zero, None, 0.0, zero.n, lab.runs, _full(lab, zero.n), (), True, True, screened.seeded, True,
        screened.bitwise, tuple(lab.unrunnable), (),
    )  # fmt: skip


def _named(lab: Laboratory, player: Cell) -> tuple[str, ...]:
    return tuple(name for name in lab.factors if name in player)


def _full(lab: Laboratory, seeds: int) -> int:
    return seeds << len(lab.factors)


def _looked(lab: Laboratory, screened: Screened, settings: Settings, notes: list[str]) -> Attribution:
    looks = experiment.planned(lab, screened, settings)
    rejected: set[int] = set()
    for index, seeds in enumerate(looks):
        sample = _gathered(lab, screened, seeds)
        level = attribution.levels(looks, settings.alpha)[index]
        rejected |= _sure(sample, len(screened.live), looks, index, settings.blame, rejected)
        found = [sample.player(player, level) for player in range(len(screened.live))]
        settled = [player in rejected or item.within(settings.min_effect) for player, item in enumerate(found)]
        if all(settled) or index == len(looks) - 1:
            break
    return _result(lab, screened, settings, sample, found, rejected, (looks, index), all(settled), tuple(notes))


def _sure(sample: _Sample, players: int, looks: tuple[int, ...], index: int, alpha: float, before: set[int]) -> set[int]:
    """The players whose effect is sure among all of them: Holm's steps, at the level this look may spend.

    What was sure at an earlier look stays so (Maurer and Bretz, "Multiple testing in group sequential trials using
    graphical approaches", 2013).
    """
    sure = set(before)
    while len(sure) < players:
        level = attribution.levels(looks, alpha / (players - len(sure)))[index]
        more = {player for player in range(players) if player not in sure and sample.player(player, level).sure}
        if not more:
            break
        sure |= more
    return sure


def _gathered(lab: Laboratory, screened: Screened, seeds: int) -> _Sample:
    """Everything that is to be run for so many seeds, run."""
    import numpy as np

    live, cells, parts, ends = screened.live, [], [], []
    everything = experiment.union(live)
    for seed in range(seeds):
        first, last = lab.need(frozenset(), seed), lab.need(lab.everything, seed)
        if screened.inert and screened.honoured:
            _still_inert(lab, screened, seed, everything, last)
        ends.append((first.value, last.value))
        if screened.exact:
            cells.append([_value(lab, cell, seed, everything, screened) for cell in experiment.coalitions(live)])
        else:
            parts.append(_permuted(lab, screened, seed))
    return _Sample(
        np.asarray(cells, dtype=np.float64) if screened.exact else None,
        None if screened.exact else np.asarray(parts, dtype=np.float64),
        np.asarray(ends, dtype=np.float64),
        len(live),
        screened.honoured,
    )


def _value(lab: Laboratory, cell: Cell, seed: int, everything: Cell, screened: Screened) -> float:
    # where nothing is inert the last combination is B itself
    return lab.need(lab.everything if cell == everything and not screened.inert else cell, seed).value


def _permuted(lab: Laboratory, screened: Screened, seed: int) -> tuple[float, ...]:
    live, everything = screened.live, experiment.union(screened.live)

    def value(mask: int) -> float:
        cell = experiment.union(player for i, player in enumerate(live) if mask >> i & 1)
        return _value(lab, cell, seed, everything, screened)

    return attribution.sampled(len(live), value, experiment.order_of(len(live), seed))


def _still_inert(lab: Laboratory, screened: Screened, seed: int, everything: Cell, last: experiment.Measured) -> None:
    """Compares B with B but for what is inert, with every seed. Raises `_Woken` where that makes a difference."""
    if not experiment.differ(lab.need(everything, seed), last, bitwise=screened.bitwise):
        return
    first = lab.need(frozenset(), seed)
    woken = [
        player
        for player in screened.inert
        if experiment.differ(lab.need(player, seed), first, bitwise=screened.bitwise)
        or experiment.differ(lab.need(lab.everything - player, seed), last, bitwise=screened.bitwise)
    ] or list(screened.inert)
    live = sorted([*screened.live, *woken], key=lambda player: min(lab.factors.index(name) for name in player))
    raise _Woken(replace(screened, live=tuple(live), inert=tuple(player for player in screened.inert if player not in woken)))


def _result(
    lab: Laboratory,
    screened: Screened,
    settings: Settings,
    sample: _Sample,
    found: list[Estimate],
    rejected: set[int],
    stopped: tuple[tuple[int, ...], int],
    decided: bool,
    notes: tuple[str, ...],
) -> Attribution:
    looks, index = stopped
    level = attribution.levels(looks, settings.alpha)[index]
    total = sample.total(level)
    interactions = _interactions(lab, screened, settings, sample, stopped)
    parts = [
        Part(
            _named(lab, player), _word(found[i], i in rejected, settings), found[i],
            found[i].mean / total.mean if total.sure else None,
            _partners(_named(lab, player), interactions), _note(found[i], i in rejected, settings),
        )
        for i, player in enumerate(screened.live)
    ]  # fmt: skip
    zero = Estimate(0.0, 0.0, 0.0, 0.0, total.n)
    parts += [Part(_named(lab, player), Word.INERT, zero, 0.0 if total.sure else None) for player in screened.inert]
    observed = float(sample.ends[0, 1] - sample.ends[0, 0])
    differences = sample.ends[:, 1] - sample.ends[:, 0]
    return Attribution(
        tuple(sorted(parts, key=lambda part: lab.factors.index(part.names[0]))),
        interactions,
        float(sample.ends[:, 0].mean()),
        total,
        observed,
        Estimate(observed - total.mean, observed - total.high, observed - total.low, total.sd, total.n),
        sample.beyond(level),
        float((differences * total.mean <= 0).mean()) if total.mean else 1.0,
        total.n,
        lab.runs,
        _full(lab, total.n),
        looks,
        decided,
        screened.honoured,
        screened.seeded,
        sample.cells is not None,
        screened.bitwise,
        tuple(lab.unrunnable),
        notes,
    )


def _interactions(
    lab: Laboratory, screened: Screened, settings: Settings, sample: _Sample, stopped: tuple[tuple[int, ...], int]
) -> tuple[Interaction, ...]:
    """Every pair with its interval, and whether it is sure among all pairs (Bonferroni)."""
    looks, index = stopped
    pairs = experiment.pairs_of(len(screened.live))
    found = []
    for pair in pairs:
        alone = sample.pair(pair, attribution.levels(looks, settings.alpha)[index])
        among = sample.pair(pair, attribution.levels(looks, settings.alpha / len(pairs))[index])
        if alone is not None and among is not None:
            names = [" + ".join(_named(lab, screened.live[i])) for i in pair]
            found.append(Interaction((names[0], names[1]), alone, among.sure))
    return tuple(found)


def _partners(names: tuple[str, ...], interactions: tuple[Interaction, ...]) -> tuple[str, ...]:
    name = " + ".join(names)
    sure = [item for item in interactions if item.sure and name in item.names]
    return tuple(other for item in sure for other in item.names if other != name)


def _word(estimate: Estimate, sure: bool, settings: Settings) -> Word:
    if sure:
        return Word.SMALL if settings.min_effect and estimate.within(settings.min_effect) else Word.EFFECT
    if estimate.low == estimate.high == 0:
        return Word.NONE
    return Word.CHANCE


def _note(estimate: Estimate, sure: bool, settings: Settings) -> str:
    if estimate.low == estimate.high == 0:
        return "it changes outputs, and not this metric"
    if not sure and settings.min_effect and estimate.within(settings.min_effect):
        return f"no effect beyond {settings.min_effect:g} either way"
    if not sure and estimate.sure:
        return "alone its interval excludes 0, among all factors it does not"
    return ""
