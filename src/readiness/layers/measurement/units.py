"""Units of the business, and the number they give over a window. Nothing here infers: no effect is claimed from a baseline."""

from __future__ import annotations

import hashlib
import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from readiness.formats.canonical import canonical
from readiness.formats.outcomes import Aggregate, Window
from readiness.sequence.evidence import Digest


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: when it occurred (UTC), whether it is complete, its value and denominator where it has them."""

    id: str
    occurred_at: datetime
    complete: bool
    value: float | None
    denominator: float | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A window measured: complete `units`, those still `open`, and the `value` of the complete ones; None without any.

    `rows` is the digest of every unit in the window; None in a lock that was made before locks held it.
    """

    window: Window
    units: int
    open: int
    value: float | None
    rows: Digest | None = None

    def same(self, other: Baseline) -> bool:
        """Whether both say the same, but for the last digits of floating-point sums."""
        if (self.window, self.units) != (other.window, other.units) or self.value is None or other.value is None:
            return False
        return math.isclose(self.value, other.value, rel_tol=1e-9, abs_tol=1e-12)


_METHODS: Final[dict[Aggregate, Callable[[list[float], list[float]], float]]] = {
    Aggregate.MEAN: lambda values, _: math.fsum(values) / len(values),
    Aggregate.MEDIAN: lambda values, _: float(statistics.median(values)),
    Aggregate.PROPORTION: lambda values, _: math.fsum(values) / len(values),
    Aggregate.RATIO: lambda values, below: math.fsum(values) / math.fsum(below),
    Aggregate.SUM: lambda values, _: math.fsum(values),
}


def measure(units: Iterable[Unit], aggregate: Aggregate, window: Window) -> Baseline:
    """The number the units of a window give; a ratio is the sum of values over the sum of denominators."""
    inside = [unit for unit in units if window.starts <= unit.occurred_at < window.ends]
    done = [unit for unit in inside if unit.complete and unit.value is not None]
    below = [unit.denominator or 0.0 for unit in done]
    empty = not done or (aggregate is Aggregate.RATIO and math.fsum(below) == 0)
    value = None if empty else _METHODS[aggregate]([unit.value or 0.0 for unit in done], below)
    return Baseline(window, len(done), len(inside) - len(done), value, rows_digest(inside))


def rows_digest(units: Iterable[Unit]) -> Digest:
    """The digest of units, whatever order they come in: SHA-256 over the canonical bytes of each, one a line, by id.

    Numbers count to nine significant digits, so that the last digits of a sum, which differ between machines, do not.
    """
    whole = hashlib.sha256()
    for unit in sorted(units, key=lambda item: item.id):
        row = [unit.id, unit.occurred_at.isoformat(), unit.complete, _nine(unit.value), _nine(unit.denominator)]
        whole.update(canonical(row) + b"\n")
    return Digest(f"sha256:{whole.hexdigest()}")


def _nine(number: float | None) -> str | None:
    return None if number is None else f"{number + 0.0:.9g}"
