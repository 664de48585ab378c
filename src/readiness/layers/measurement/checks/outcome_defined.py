"""What is to improve is an outcome of the business, measured by a query that runs, and no proxy.

Proves: somebody said what gets better and for whom, and the number that shows it can be computed today, from data that was
there before the system.
Needed above: without an outcome an approval is a belief, and no mistake has a price.
Executed: each outcome's query runs over its files (DuckDB, reading those files and nothing else) or in the database the
demo made; every row must be one unit with `unit_id`, `occurred_at` and `value`. From the parsed query the check sees which
tables and columns the value comes from. Refused as proxies: measures of the model (accuracy, F1, tokens, latency …),
predictions compared with labels, telemetry as source, counts of chats or calls, a unit that is the system's own doing, and
whatever no unit had before the first commit of the components (but for designs that compare with units going without).
An outcome is a file `outcomes/<id>.yaml`:

    kind: Outcome
    id: resolution-time
    change: support tickets are resolved 40 % faster
    beneficiary: customers who wait for an answer
    owner: Ada Lovelace <ada@example.org>
    metric:
      source: data/tickets/*.csv      # or {tickets: glob, customers: glob}, or database
      sql: |
        select ticket as unit_id, opened_at as occurred_at, closed_at is not null as complete,
               date_diff('hour', opened_at, closed_at) as value
        from events
    aggregate: median                 # mean | median | proportion | ratio | sum
    direction: decrease               # increase | decrease
    unit: ticket
    measured_in: hours                # may be left out
    maturity: 14d                     # after that a unit no longer changes
    design: before-after              # before-after | randomised | staged | switchback
    baseline: {from: 2025-09-01, to: 2025-11-30}
    target: -40%                      # or the value to reach
    horizon: 90d
    review: 30d
    guardrails:                       # may be left out
      - {name: reopened, sql: "select …", aggregate: proportion, at_most: 0.05}
    adoption: {sql: "select …"}       # may be left out
    value_per_unit: 12                # may be left out; currency: EUR
    errors:
      - {type: wrong answer sent, severity: annoyance, cost: 15, max_rate: 0.05, confidence: 0.95}
    kill: {criterion: resolution slower than the baseline for two reviews, authority: Grace Hopper <grace@example.org>}

Cannot see: whether the business really gains when the number moves; a proxy in words it does not know.
Repair: name what gets cheaper, faster or possible, for whom, and the table where the business keeps it.
Source: "Customer support tickets resolved 40 % faster" is an outcome, "we'll have an AI chatbot" is not.
"""

from __future__ import annotations

from dataclasses import dataclass

from readiness.layers.measurement import building, lint
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Problem, Remedy
from readiness.sequence.mode import Mode
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted
from readiness.world.context import Context

ID = "measurement.outcome-defined"


@dataclass(frozen=True, slots=True)
class Observed:
    """What was found: one line per outcome that runs, every problem, and why an outcome could not be run."""

    production: bool
    files: tuple[str, ...] = ()
    measured: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    cause: Cause = Cause.NONE
    reason: str = ""
    notes: tuple[str, ...] = ()


def observe(context: Context) -> Observed:
    """Reads the outcomes and runs each query once."""
    production = context.manifest.mode.mode is Mode.PRODUCTION
    gathered = lint.gather(context)
    if not gathered.files:
        return Observed(production)
    build = building.began(context, gathered)
    assessed = [lint.assess(context, outcome, build) for outcome in gathered.outcomes]
    stopped = [item for item in assessed if item.cause is not Cause.NONE]
    problems = [*lint.input_problems(gathered), *(problem for item in assessed for problem in item.problems)]
    measured = tuple(
        f"{item.outcome.id}: {counted(len(item.measured.units), 'unit')} of `{item.outcome.unit}`"
        for item in assessed
        if item.cause is Cause.NONE
    )
    notes = () if build.clear else (f"when the build began is not clear: {build.unknown or build.wrong}",)
    first = stopped[0] if stopped else None
    return Observed(
        production, gathered.files, measured, tuple(problems), first.cause if first else Cause.NONE, first.reason if first else "", notes
    )


def judge(observed: Observed, policy: Policy) -> Finding:
    """Holds when every outcome runs and none is a proxy; a query that could not be run here is `unknown`."""
    if not observed.files:
        return _none(production=observed.production)
    subject = observed.files[0]
    if observed.problems:
        return _fails(observed)
    if observed.cause is not Cause.NONE:
        remedy = Remedy("put the data of the baseline into the repository, or a sample of it", "readiness outcome lint")
        return no_finding(ID, observed.reason, observed.cause, remedy if observed.cause is Cause.FILE else None)
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, subject, observed="; ".join(observed.measured[:3]), notes=observed.notes)


def _none(*, production: bool) -> Finding:
    if not production:
        return Finding(
            ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="only what goes to production needs an outcome, and none is defined"
        )
    reason = "nothing says what improves for whom: there is no outcome file"
    remedy = Remedy("say what improves in a file outcomes/<id>.yaml, of which this shows one", "readiness checks outcome-defined")
    return Finding(
        ID, Outcome.FAILS, Basis.OBSERVED, "outcomes", "an outcome whose metric runs", "no outcome is defined", reason, Cause.PROJECT,
        remedy=remedy, problems=(Problem("outcomes", reason),),
    )  # fmt: skip


def _fails(observed: Observed) -> Finding:
    first = observed.problems[0]
    place = f"{first.location.file}:{first.location.line}: " if first.location else ""
    count = len(observed.problems)
    more = f" (and {count - 1} more)" if count > 1 else ""
    remedy = Remedy(f"{place}{first.text}", "readiness outcome lint")
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, first.location.file if first.location else "", "an outcome whose metric runs, and no proxy",
        f"{first.text}{more}", first.text, Cause.PROJECT, first.location, remedy, observed.problems, observed.notes,
    )  # fmt: skip
