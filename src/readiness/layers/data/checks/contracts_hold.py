"""Every contract holds on the data as it is.

Proves: what a contract promises of its data is so, clause by clause, on the data the project runs with.
Needed above: a decision can only be explained, and an outcome measured, on data that is what it is taken for.
Executed: each clause becomes a condition in one scan of its table, in DuckDB over the files, in PostgreSQL inside the
demo's own database; types are read from the source and never cast to the contract. Every clause ends as holds, fails,
error, not evaluated or vacuous (no rows), and only `holds` is good news.
Cannot see: service levels, rules in prose, rules of other engines (each is named), data that lies elsewhere.
Repair: correct the data, or the clause; a clause's severity `warning` reports without failing.
Source: a range, a NaN, an empty table that a contract checker let pass.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from readiness.errors import Refused
from readiness.layers.data import contracts, evaluation, plan, scan
from readiness.layers.data.evidence import Judged, Status
from readiness.layers.data.results import Result
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted
from readiness.world.context import Context

ID = "data.contracts-hold"


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of every clause, and the problems of contracts that are none; of `prose` there is nothing to execute."""

    contracts: int
    judged: tuple[Judged, ...] = ()
    prose: tuple[Judged, ...] = ()
    invalid: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    cause: Cause = Cause.NOT_EXERCISED


def observe(context: Context) -> Observed:
    """Evaluates every contract of the project."""
    found = contracts.find(context.project, context.manifest)
    if found.none:
        return Observed(0)
    where = evaluation.places(context) if found.read else None
    judged: list[Judged] = []
    prose: list[Judged] = []
    notes: list[str] = []
    for contract in found.read:
        assert where is not None, "there are places where there are contracts"
        service = [Result(clause, Status.NOT_EVALUATED, clause.why, moot=True) for clause in plan.of_service(contract)]
        with evaluation.opened(contract, where, evaluation.connection(context)) as objects:
            scanned = [_scanned(context, objects, item) for item in objects]
        for result in (*(result for item in scanned for result in item.results), *service):
            (prose if result.moot else judged).append(_judged(result, contract.file))
        notes += [note for item in scanned for note in item.notes]
    cause = where.cause if where is not None else Cause.NOT_EXERCISED
    return Observed(len(found.read) + len(found.invalid_files), tuple(judged), tuple(prose), found.invalid, tuple(notes), cause)


def _scanned(context: Context, objects: evaluation.Objects, item: evaluation.Opened) -> scan.Scanned:
    if item.relation is None or item.database is None:
        return scan.unreadable(item.clauses, item.reason, fault=item.fault)
    try:
        return scan.evaluate(item.database, item.relation, item.clauses, evaluation.beside(objects, item), context.now)
    except Refused as error:  # not even its rows can be counted: that says nothing of the other objects
        return scan.unreadable(item.clauses, f"{item.relation.where}: {error.message}", fault=False)


def _judged(result: Result, file: str) -> Judged:
    clause = result.clause
    return Judged(clause.id, Location(file, clause.line), result.status, result.text, clause.grave)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where a clause does, or a contract cannot be read; unknown where a clause could not be judged."""
    if not observed.contracts:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.EXECUTED, reason="there is no data contract")
    counts = Counter(item.status for item in observed.judged)
    summary = _summary(counts, len(observed.prose))
    notes = (*_lenient(observed), *_unproven(observed), *observed.notes)
    failing = [item for item in observed.judged if item.status is Status.FAILS and item.grave]
    problems = (*observed.invalid, *(Problem(item.clause, item.text, item.location) for item in failing))
    if problems:
        first = problems[0]
        told = "; ".join(part for part in (_unread(observed.invalid), summary) if part)
        repair = "correct the contract" if observed.invalid else "correct the data, or the clause where it asks for what is not meant"
        others = tuple(item.text for item in observed.invalid[1:])
        return Finding(
            ID, Outcome.FAILS, Basis.EXECUTED, first.subject, "every clause holds", told, first.text, Cause.PROJECT,
            first.location, Remedy(repair, _show(first)), problems, (*others, *notes),
        )  # fmt: skip
    open_ones = [item for item in observed.judged if item.status not in (Status.HOLDS, Status.FAILS)]
    if open_ones or not counts[Status.HOLDS]:
        return _unknown(open_ones, summary, notes, observed.cause)
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed=summary, notes=notes)


def _unread(invalid: tuple[Problem, ...]) -> str:
    """How many errors contracts have that keep them from being read; empty where all were."""
    if not invalid:
        return ""
    errors = "1 error" if len(invalid) == 1 else f"{len(invalid)} errors"
    files = len({item.location.file for item in invalid if item.location is not None})
    return f"{errors} in {'a contract' if files <= 1 else f'{files} contracts'}"


def _show(problem: Problem) -> str:
    place = problem.location
    return f"sed -n {place.line}p {place.file}" if place is not None else ""


def _unknown(open_ones: list[Judged], summary: str, notes: tuple[str, ...], cause: Cause) -> Finding:
    if not open_ones:
        return no_finding(ID, "no contract has a clause that can be executed", Cause.NOT_EXERCISED)
    first = open_ones[0]
    reason = f"{first.clause} is {first.status}: {first.text}" if first.text else f"{first.clause} is {first.status}"
    remedy = Remedy("give the clause data to be judged on, or take it out", f"sed -n {first.location.line}p {first.location.file}")
    found = no_finding(ID, reason, cause, remedy)
    return replace(found, observed=summary, location=first.location, subject=first.clause, notes=notes)


def _summary(counts: Counter[Status], prose: int) -> str:
    said = ((Status.FAILS, "failing"), (Status.ERROR, "in error"), (Status.VACUOUS, "vacuous"), (Status.HOLDS, "held"))
    parts = [f"{counts[status]} {word}" for status, word in said if counts[status]]
    if left := counts[Status.NOT_EVALUATED] + prose:
        parts.append(f"{left} not evaluated")
    total = sum(counts.values()) + prose
    return f"{counted(total, 'clause')}: {', '.join(parts)}" if total else ""


def _lenient(observed: Observed) -> list[str]:
    return [f"warning: {item.text}" for item in observed.judged if item.status is Status.FAILS and not item.grave]


def _unproven(observed: Observed) -> list[str]:
    """What was not executed, one line for each reason: never silent."""
    groups: dict[str, list[str]] = {}
    for item in observed.prose:
        groups.setdefault(item.text, []).append(item.clause)
    return [f"not evaluated, {why}: {', '.join(ids[:3])}{' …' if len(ids) > 3 else ''}" for why, ids in groups.items()]
