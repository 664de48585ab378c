"""Who comes to the rights of a role by memberships, over any number of steps, and how.

Rights come by themselves along memberships that inherit; before these, along such as SET ROLE takes, or such as one can
give oneself. What a role is (a superuser, exempt from row security) is never inherited, and has to be taken on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from readiness.layers.security.auditing.surroundings import Membership

INHERITS: Final = "inherits"
SETS: Final = "set role"
GIVES: Final = "gives it to itself"
_RANK: Final = {INHERITS: 0, SETS: 1, GIVES: 2}


@dataclass(frozen=True, slots=True)
class Way:
    """How a member comes to a role: by itself, by SET ROLE, or by giving itself a membership; over which roles."""

    how: str
    path: tuple[str, ...]

    def __str__(self) -> str:
        words = {INHERITS: "", SETS: ", by SET ROLE", GIVES: ", which it can give to itself"}
        return f"{' → '.join(self.path)}{words[self.how]}"


class Reach:
    """The memberships of a cluster, asked in the direction of the members."""

    def __init__(self, memberships: Iterable[Membership]) -> None:
        self._members: dict[str, list[Membership]] = {}
        for one in memberships:
            self._members.setdefault(one.role, []).append(one)

    def into(self, role: str, *, taken_on: bool = False) -> dict[str, Way]:
        """Each member that comes to a role's rights, in the easiest way; `taken_on` where they are not inherited."""
        found: dict[str, Way] = {}
        todo = [Way(SETS if taken_on else INHERITS, (role,))]
        while todo:
            todo.sort(key=lambda way: (_RANK[way.how], len(way.path)))
            way = todo.pop(0)
            for edge in self._members.get(way.path[0], ()):
                step = self._step(edge, way, first=len(way.path) == 1 and taken_on)
                if step is None or edge.member in way.path:
                    continue
                before = found.get(edge.member)
                if before is None or _RANK[step.how] < _RANK[before.how]:
                    found[edge.member] = step
                    todo.append(step)
        return found

    @staticmethod
    def _step(edge: Membership, way: Way, *, first: bool) -> Way | None:
        path = (edge.member, *way.path)
        if way.how == INHERITS and edge.inherits and not first:
            return Way(INHERITS, path)
        if edge.sets:
            return Way(SETS if way.how != GIVES else GIVES, path)
        return Way(GIVES, path) if edge.gives else None
