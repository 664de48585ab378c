"""The figures of an outcome in words: where it stands, where it is to go, and what was shown of it so far.

No effect is ever claimed here: two numbers, one from before and one from after, are no comparison.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from readiness.formats import approval_words as words
from readiness.formats import intoto
from readiness.formats.approval_page import long_day
from readiness.formats.outcomes import Aggregate, Outcome
from readiness.layers.measurement import locking, metric, units
from readiness.layers.measurement.locking import Lock
from readiness.layers.measurement.units import Baseline
from readiness.sequence.finding import Cause
from readiness.sequence.interval import cases_without_error
from readiness.sequence.wording import plural
from readiness.world.project import Project

_FIGURES: Final = {
    Aggregate.MEAN: "{what} per {unit}, on average",
    Aggregate.MEDIAN: "{what} per {unit}: the middle value, half are below it",
    Aggregate.PROPORTION: "how many out of all, counted per {unit}",
    Aggregate.RATIO: "one total divided by another, counted per {unit}",
    Aggregate.SUM: "the total in {what}, counted per {unit}",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a figure: the `lock` where it counts, the baseline computed today, how many complete units came `later`.

    `measured` is whether the baseline can be computed and is what was locked, None where nobody tried.
    """

    lock: Lock | None = None
    now: Baseline | None = None
    later: int | None = None
    measured: bool | None = None

    @property
    def baseline(self) -> Baseline | None:
        """The baseline as it was locked, else as it was computed today; None without a value."""
        found = self.lock.baseline if self.lock is not None else self.now
        return found if found is not None and found.value is not None else None


def known(project: Project, outcome: Outcome, keys: Collection[str]) -> Known:
    """Reads the lock of an outcome and computes its figure, where that takes files and no run of the system."""
    lock = _lock(project, outcome, keys)
    locked = lock.baseline if lock is not None else None
    if outcome.baseline is None or outcome.metric.database:
        return Known(lock, measured=True if locked is not None and locked.value is not None else None)
    found = metric.of_project(project, outcome)
    if found.cause is not Cause.NONE:
        return Known(lock)
    now = units.measure(found.units, outcome.aggregate, outcome.baseline)
    if found.problems or now.value is None:
        return Known(lock, measured=False)
    later = sum(unit.complete and unit.occurred_at >= outcome.baseline.ends for unit in found.units)
    return Known(lock, now, later, locked is None or now.same(locked))


def _lock(project: Project, outcome: Outcome, keys: Collection[str]) -> Lock | None:
    """The lock beside an outcome, where it is signed by a key that counts and about what the outcome says now."""
    data = project.text(outcome.lock_path).encode()
    try:
        lock = locking.read(data) if data else None
        doubt = locking.believed(data, keys) if data else ""
    except intoto.Refused:
        return None
    if lock is None or doubt or (lock.outcome, lock.outcome_digest) != (outcome.id, outcome.digest):
        return None
    return lock


def figure(outcome: Outcome) -> str:
    """How the figure is made of its units."""
    said = _FIGURES[outcome.aggregate] if outcome.measured_in else _FIGURES[outcome.aggregate].replace(" in {what}", "")
    return said.format(what=outcome.measured_in or "the value", unit=outcome.unit)


def before(outcome: Outcome, found: Known) -> str:
    """Where things stood: the number where there is one, and over which days; empty where no window is stated."""
    if outcome.baseline is None:
        return "none needed: it is compared with others at the same time, who go on without it" if outcome.design.prospective else ""
    days = f"{long_day(outcome.baseline.first)} to {long_day(outcome.baseline.last)}"
    baseline = found.baseline
    if baseline is None or baseline.value is None:
        return days
    return f"{_number(outcome, baseline.value)}, over {counted(baseline.units, outcome.unit)} from {days}"


def aim(outcome: Outcome, found: Known) -> str:
    """Where it is to go, as a number too where the baseline gives one."""
    target, baseline = outcome.target, found.baseline
    side = "less" if outcome.direction == "decrease" else "more"
    if not target.relative:
        return f"{_number(outcome, target.value)} or {side}"
    change = f"{abs(target.value) * 100:g} % {'less' if target.value < 0 else 'more'} than before"
    if baseline is None or baseline.value is None:
        return change
    return f"{_number(outcome, target.of(baseline.value))} or {side}, which is {change}"


def works(outcome: Outcome, found: Known) -> str:
    """What is known of the effect: nothing, and why."""
    if found.baseline is None or outcome.baseline is None:
        return "Not shown: there is no measured figure from before to compare with."
    since = long_day(outcome.baseline.last)
    if found.later is None:
        return f"Not shown: nothing since {since} was looked at."
    if found.later == 0:
        return f"Not shown: there is no figure from after {since} yet."
    more = f"{counted(found.later, outcome.unit)} since {since} could be compared with that, and nobody has done so"
    return f"Not shown: {more}. This version of the tool does not compare, and claims no effect."


def proof(allowed: float, confidence: float) -> str:
    """What it would take to show that mistakes are as rare as is allowed; nothing has shown it yet."""
    if allowed >= 1:
        return "nothing to show: any number is allowed"
    cases = cases_without_error(allowed, confidence)
    if cases is None:
        return "not measured; no number of cases can show that it never happens"
    return f"not measured; about {cases:,} checked cases without a mistake would show it ({confidence * 100:g} % sure)"


def counted(number: int, noun: str) -> str:
    """How many of something: `1 ticket`, `233 tickets`; what is no single word is called a case."""
    if not noun.isalpha():
        noun = "case"
    return f"{number:,} {noun if number == 1 else plural(noun)}"


def _number(outcome: Outcome, value: float) -> str:
    if outcome.aggregate is Aggregate.PROPORTION:
        return words.rate(value)
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    return f"{text} {outcome.measured_in}".strip()
