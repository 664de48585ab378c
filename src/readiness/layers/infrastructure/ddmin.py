"""The smallest part of a change that still explains its effect.

ddmin of Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (IEEE TSE, 2002; first in Zeller,
"Yesterday, my program worked. Today, it does not. Why?", 1999): halves, then ever smaller pieces and what is left without
them. What comes out is 1-minimal: without any one of its units it explains less than asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")
Units = frozenset[int]


class OutOfRuns(Exception):
    """No run is left for another test."""


@dataclass(frozen=True, slots=True)
class Minimal:
    """The units found; `whole` is False where the runs ended before it was known that none can be left out."""

    units: Units
    whole: bool


def minimal(count: int, explains: Callable[[Units], bool]) -> Minimal:
    """The minimal set of `count` units that `explains`, which must be true of all of them; each set is asked about once.

    `explains` may raise OutOfRuns: then the smallest set found so far is returned.
    """
    asked: dict[Units, bool] = {}

    def test(units: Units) -> bool:
        if units not in asked:
            asked[units] = explains(units)
        return asked[units]

    best, pieces = tuple(range(count)), 2
    try:
        while len(best) > 1:
            smaller = _smaller(best, min(pieces, len(best)), test)
            if smaller is not None:
                found, pieces = smaller, (2 if len(smaller) * 2 <= len(best) else max(2, pieces - 1))
                best = found
            elif pieces >= len(best):
                break
            else:
                pieces = min(2 * pieces, len(best))
    except OutOfRuns:
        return Minimal(frozenset(best), False)
    return Minimal(frozenset(best), True)


def smallest(items: Sequence[Item], does: Callable[[tuple[Item, ...]], bool]) -> tuple[Item, ...]:
    """A part of `items` for which `does` is true and of which no single item can be left out, in their order.

    `does(items)` must be true; of a single item, or none, nothing is asked.
    """
    found = minimal(len(items), lambda units: does(tuple(items[unit] for unit in sorted(units))))
    return tuple(items[unit] for unit in sorted(found.units))


def _smaller(units: tuple[int, ...], pieces: int, test: Callable[[Units], bool]) -> tuple[int, ...] | None:
    """A piece that explains by itself, else what is left without one; None where neither does."""
    size = -(-len(units) // pieces)
    parts = [units[start : start + size] for start in range(0, len(units), size)]
    for part in parts:
        if test(frozenset(part)):
            return part
    if len(parts) > 2:
        for part in parts:
            rest = tuple(unit for unit in units if unit not in part)
            if test(frozenset(rest)):
                return rest
    return None
