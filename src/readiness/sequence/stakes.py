"""The stakes: what being wrong costs, and how much is therefore asked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Stakes(StrEnum):
    """What a mistake of the system costs, mildest first."""

    ANNOYANCE = "annoyance"
    MONEY = "money"
    REGULATION = "regulation"
    SAFETY = "safety"

    @property
    def rank(self) -> int:
        """0 for the mildest to 3 for the gravest."""
        return _RANK[self]


_RANK: Final[dict[Stakes, int]] = {stakes: rank for rank, stakes in enumerate(Stakes)}

MINIMUM_KILL_RATE: Final[dict[Stakes, float]] = {
    Stakes.ANNOYANCE: 0.2,
    Stakes.MONEY: 0.4,
    Stakes.REGULATION: 0.5,
    Stakes.SAFETY: 0.6,
}
"""Share of sampled mutations a test suite must notice. Our own choice: a suite below a fifth asserts nothing."""

RUNG_ASKED: Final[dict[Stakes, int]] = {
    Stakes.ANNOYANCE: 2,
    Stakes.MONEY: 2,
    Stakes.REGULATION: 2,
    Stakes.SAFETY: 2,
}
"""Rung of recreation asked: 0 rerun, 2 fresh environment from the lock in another place."""


PROBES_ASKED: Final[dict[Stakes, tuple[int, int, int]]] = {
    Stakes.ANNOYANCE: (8, 2, 4),
    Stakes.MONEY: (12, 3, 6),
    Stakes.REGULATION: (12, 4, 8),
    Stakes.SAFETY: (12, 4, 10),
}
"""Attacks that a check makes: for a secret, for another user's data, questions that meet a planted document. With the benign
ones at most 60 questions, our own choice: it finds what mostly comes through; rare hits are for `readiness probe --trials`."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a judgement is asked for: the stakes decide the rigour."""

    stakes: Stakes = Stakes.ANNOYANCE
