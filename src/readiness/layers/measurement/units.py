"""Units of the business, and the number they give over a window. Nothing here infers: no effect is claimed from a baseline."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from readiness.formats.outcomes import Aggregate, Window


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
    """A window measured: complete `units`, those still `open`, and the `value` of the complete ones; None without any."""

    window: Window
    units: int
    open: int
    value: float | None

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
    return Baseline(window, len(done), len(inside) - len(done), value)
