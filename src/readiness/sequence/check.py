"""What the kernel knows of a check: its name, its layer and when it is required."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from readiness.sequence.layers import Layer
from readiness.sequence.mode import Mode
from readiness.sequence.stakes import Stakes


class Cost(IntEnum):
    """What observing takes, cheapest first; checks run in this order, so that the first fact is not kept waiting."""

    STATIC = 0
    INSTALL = 1
    RUN = 2
    LONG = 3


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """One line of the catalogue: a true statement about a project, owned by one layer.

    `required_from` is the mildest stakes at which it is required in production, None where it only advises.
    `modes` names the other modes that require it too; a check that production never requires and a mode does is a condition of
    that mode alone, and is looked at in no other. `layer` is None for a condition on approval: the organization is
    no sixth layer. `history` says that the check looks at commits too, so that its evidence is bound to one;
    `beyond` says that it looks at the rest of the repository a project is a part of; `live` that it looks at what is
    running, so that its evidence counts for a day.
    """

    id: str
    layer: Layer | None
    title: str
    cost: Cost
    module: str
    required_from: Stakes | None = Stakes.ANNOYANCE
    modes: frozenset[Mode] = frozenset()
    history: bool = False
    beyond: bool = False
    live: bool = False

    def required(self, mode: Mode, stakes: Stakes) -> bool:
        """Whether this check blocks at these stakes in this mode."""
        if mode is Mode.PRODUCTION:
            return self.required_from is not None and stakes.rank >= self.required_from.rank
        return mode in self.modes

    def looked_at(self, mode: Mode) -> bool:
        """Whether this check says anything in this mode: a condition of other modes does not."""
        return self.required_from is not None or not self.modes or mode in self.modes
