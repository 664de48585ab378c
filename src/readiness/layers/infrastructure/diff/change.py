"""One change, and all of them: types only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from readiness.layers.infrastructure.evidence import Factor

ORDER: Final = (Factor.MODEL, Factor.PROMPTS, Factor.DATA, Factor.CONFIGURATION, Factor.INFRASTRUCTURE, Factor.CODE)
"""The most consequential first: how much of what a system answers turns on it, and how little else stands in its way.

Model and prompts decide every answer, and no compiler, type or test stands between. Data decides what is answered from, and
nothing but a contract would notice. A setting moves a parameter without review. The environment ought to change nothing, and
changes something without a commit. Code comes last: it changes most, and it is what everybody reviews and tests.
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs: `name` in `place`. `before` is None where it was added, `after` where it was removed.

    An empty text stands for a value that is not shown. `factor` is None for a result: an output or a metric.
    """

    factor: Factor | None
    place: str
    name: str
    before: str | None
    after: str | None

    @property
    def kind(self) -> str:
        """`added`, `removed` or `changed`."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def text(self) -> str:
        """The change in a line."""
        subject = f"{self.place}: {self.name}" if self.place and self.name else self.place or self.name
        if self.kind != "changed":
            value = self.after if self.before is None else self.before
            return f"{subject} {self.kind}{f' ({value})' if value else ''}"
        return f"{subject} {self.before} → {self.after}" if self.before or self.after else f"{subject} changed"

    def mirrored(self) -> Change:
        """The same change, looked at from the other side."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True, slots=True)
class Uncompared:
    """What could not be compared, and why. `may_differ` where something is there to compare, on one side at least."""

    what: str
    why: str
    may_differ: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs between two sides, what could not be compared, and what is odd about one side by itself."""

    changes: tuple[Change, ...]
    uncompared: tuple[Uncompared, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, factor: Factor | None) -> tuple[Change, ...]:
        """The changes of one factor, or of the results."""
        return tuple(change for change in self.changes if change.factor is factor)

    @property
    def same(self) -> bool:
        """Whether nothing differs and nothing was left uncompared that may differ."""
        return not self.changes and not any(item.may_differ for item in self.uncompared)
