"""Everything that is wrong with one outcome, found by running its query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from readiness.formats import outcomes
from readiness.formats.outcomes import Gathered, Outcome
from readiness.layers.measurement import metric, proxies, units
from readiness.layers.measurement.building import Build
from readiness.layers.measurement.metric import Measured
from readiness.layers.measurement.units import Baseline
from readiness.sequence.finding import Cause, Location, Problem
from readiness.sequence.stakes import Stakes
from readiness.world.context import Context


@dataclass(frozen=True, slots=True)
class Assessed:
    """An outcome with what its query gave. `baseline` is None where it declares none; `cause` says why it was not run."""

    outcome: Outcome
    measured: Measured
    baseline: Baseline | None
    problems: tuple[Problem, ...]
    cause: Cause = Cause.NONE
    reason: str = ""


def gather(context: Context) -> Gathered:
    """The outcomes of a project."""
    return outcomes.gather(context.project.paths, context.project.text, context.manifest.measurement.outcomes)


def assess(context: Context, outcome: Outcome, build: Build) -> Assessed:
    """Runs the metric of an outcome and its guardrails, and says what is wrong."""
    measured = metric.run(context, outcome)
    baseline = units.measure(measured.units, outcome.aggregate, outcome.baseline) if outcome.baseline else None
    found = [
        *(_problem(outcome, "metric.sql", text, line) for line, text in measured.problems),
        *(_problem(outcome, proxy.key, proxy.text) for proxy in proxies.found(outcome, measured.reading, measured.tables)),
        *_severity(outcome, context.manifest.stakes),
    ]
    if not measured.cause and not measured.problems:
        found += [
            *_timing(outcome, measured, build),
            *_columns(outcome, measured),
            *_target(outcome, baseline),
            *_guardrails(context, outcome),
        ]
    return Assessed(outcome, measured, baseline, tuple(found), measured.cause, measured.reason)


def _timing(outcome: Outcome, measured: Measured, build: Build) -> Iterator[Problem]:
    if build.commit is None or outcome.design.prospective:  # there, units without the system are compared at the same time
        return
    if any(unit.occurred_at < build.commit.at for unit in measured.units):
        return
    text = f"no unit occurred before {build.commit.at:%Y-%m-%d}, when the build began: what only the system makes is no outcome"
    yield _problem(outcome, "metric.sql", text)


def _columns(outcome: Outcome, measured: Measured) -> Iterator[Problem]:
    if outcome.design.prospective and "variant" not in measured.columns:
        text = f"a {outcome.design} design compares variants, and the query returns no `variant`"
        yield _problem(outcome, "design", text)


def _target(outcome: Outcome, baseline: Baseline | None) -> Iterator[Problem]:
    if baseline is None or baseline.value is None:
        return
    target = outcome.target.of(baseline.value)
    better = target > baseline.value if outcome.direction == "increase" else target < baseline.value
    if not better and not outcome.target.relative:
        text = f"the target {target:g} is no {outcome.direction} from the baseline {baseline.value:.4g}"
        yield _problem(outcome, "target", text)
    elif not better:
        yield _problem(outcome, "target", f"a relative target leads nowhere from a baseline of {baseline.value:.4g}: state a value")


def _severity(outcome: Outcome, stakes: Stakes) -> Iterator[Problem]:
    worst = max(outcome.errors, key=lambda item: item.severity.rank, default=None)
    if worst is not None and worst.severity.rank > stakes.rank:
        text = f"the error `{worst.type}` is of severity `{worst.severity}`, the stakes of the project are `{stakes}`: declare these too"
        yield _problem(outcome, "errors", text, worst.line)


def _guardrails(context: Context, outcome: Outcome) -> Iterator[Problem]:
    for rail in outcome.guardrails:
        asked = replace(outcome.metric, sql=rail.sql, sql_line=rail.line, exact=False)
        measured = metric.run(context, replace(outcome, metric=asked, aggregate=rail.aggregate))
        for line, text in measured.problems:
            yield _problem(outcome, f"guardrails.{rail.name}", f"guardrail {rail.name}: {text}", line)


def _problem(outcome: Outcome, key: str, text: str, line: int = 0) -> Problem:
    return Problem(f"{outcome.id}: {key}", text, Location(outcome.file, line or outcome.line(key)))


def input_problems(gathered: Gathered) -> tuple[Problem, ...]:
    """The lines of files that cannot be read, as problems."""
    found = []
    for line in gathered.problems:
        file, number, text = line.split(":", 2)
        found.append(Problem(f"{file}: {text.strip()}", text.strip(), Location(file, int(number))))
    return tuple(found)
