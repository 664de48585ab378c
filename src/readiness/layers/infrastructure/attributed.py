"""What an attribution says: types only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from readiness.layers.infrastructure.attribution import Estimate
from readiness.layers.infrastructure.experiment import Unrunnable


class Word(StrEnum):
    """What can be said of a factor."""

    EFFECT = "effect"
    SMALL = "below the minimum effect"
    CHANCE = "chance"
    NONE = "no effect"
    INERT = "inert"


@dataclass(frozen=True, slots=True)
class Part:
    """One factor, or several that run only together: its Shapley value with its interval.

    `share` is of the whole difference, None where that is not sure. `interacts` names those it surely interacts with.
    """

    names: tuple[str, ...]
    word: Word
    estimate: Estimate
    share: float | None = None
    interacts: tuple[str, ...] = ()
    note: str = ""

    @property
    def name(self) -> str:
        """The factors in words."""
        return " + ".join(self.names)


@dataclass(frozen=True, slots=True)
class Interaction:
    """What two parts do together beyond what each does alone; `sure` among all pairs at once."""

    names: tuple[str, str]
    estimate: Estimate
    sure: bool


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where the difference between A and B comes from, over `seeds` seeds.

    `before` is the mean of A, `total` the mean difference B - A, `observed` the difference of the single runs with SEED=0,
    `chance` what of it the seeds explain (`observed` - mean) with the interval of the mean. `beyond` is the difference from
    what the factors do one at a time. `looks` were planned, `decided` says whether every factor was settled;
    `paired`, `seeded` and `bitwise` what was seen of seeds (as in `Screened`), `exact` that no permutations were sampled.
    """

    parts: tuple[Part, ...]
    interactions: tuple[Interaction, ...]
    before: float
    total: Estimate
    observed: float
    chance: Estimate
    beyond: Estimate | None
    wrong_sign: float
    seeds: int
    runs: int
    full: int
    looks: tuple[int, ...]
    decided: bool
    paired: bool
    seeded: bool
    exact: bool
    bitwise: bool
    unrunnable: tuple[Unrunnable, ...]
    notes: tuple[str, ...]
