"""Every clause of a contract catches a violation planted for it.

Proves: the contracts would notice; a clause that nothing violates is no promise.
Needed above: that data changed is only known where something was there to notice.
Executed: the first thousand rows are copied (in DuckDB; a table of the demo's database into a temporary one that is
taken away again); for every clause one violation is planted, outside its bounds by construction, and the clause must
catch it. A rule in SQL, whose meaning is not known, is tried by spoiling its columns one way after another.
Cannot see: rules in SQL that no change tried breaks, and clauses that are not executed; each is named.
Repair: ask something of the values: `required`, a range, a pattern, a list of valid values, a quality rule.
Source: a contract that lists columns and asks nothing of them holds of any data at all.
"""

from __future__ import annotations

from dataclasses import dataclass

from readiness.errors import Refused
from readiness.formats.odcs import Contract
from readiness.layers.data import contracts, evaluation
from readiness.layers.data.bite import Bite, Caught, bite
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted
from readiness.world.context import Context

ID = "data.contracts-bite"


@dataclass(frozen=True, slots=True)
class Observed:
    """How many violations were planted and caught; what was missed, what asks nothing, what could not be tried."""

    contracts: int = 0
    planted: int = 0
    caught: int = 0
    problems: tuple[Problem, ...] = ()
    untried: tuple[str, ...] = ()
    unopened: tuple[str, ...] = ()
    cause: Cause = Cause.NOT_EXERCISED


def observe(context: Context) -> Observed:
    """Plants a violation of every clause of every contract in a copy of its data."""
    found = contracts.find(context.project, context.manifest)
    if not found.read:
        return Observed(len(found.invalid_files), unopened=tuple(f"{file} is no valid contract" for file in found.invalid_files))
    where = evaluation.places(context)
    bites: list[tuple[Contract, Bite]] = []
    problems: list[Problem] = []
    unopened = [f"{file} is no valid contract" for file in found.invalid_files]
    for contract in found.read:
        if not contract.objects:
            problems.append(Problem(contract.file, f"{contract.file} has no schema: it cannot be violated", Location(contract.file)))
        with evaluation.opened(contract, where, evaluation.connection(context)) as objects:
            for item in objects:
                if not any(clause.on_values for clause in item.clauses):
                    problems.append(_asks_nothing(contract, item))
                elif item.relation is None or item.database is None:
                    unopened.append(f"{item.item.name}: {item.reason}")
                else:
                    try:
                        beside = evaluation.beside(objects, item)
                        bites += [(contract, b) for b in bite(item.database, item.relation, item.clauses, beside, context.now)]
                    except Refused as error:
                        unopened.append(f"{item.item.name}: {error.message}")
    missed = [_missed(contract, item) for contract, item in bites if item.caught is Caught.MISSED]
    return Observed(
        len(found.read) + len(found.invalid_files),
        sum(item.caught is not Caught.UNPLANTED for _, item in bites),
        sum(item.caught is Caught.CAUGHT for _, item in bites),
        (*problems, *missed),
        tuple(item.text for _, item in bites if item.caught is Caught.UNPLANTED),
        tuple(unopened),
        where.cause,
    )


def _asks_nothing(contract: Contract, item: evaluation.Opened) -> Problem:
    name = item.item.name
    text = f"{name} names columns and asks nothing of their values: it cannot be violated"
    return Problem(f"{contract.file}: {name}", text, Location(contract.file, item.item.line))


def _missed(contract: Contract, item: Bite) -> Problem:
    return Problem(item.clause.id, item.text, Location(contract.file, item.clause.line))


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where a clause misses what was planted for it, or a contract asks nothing; shows how many were caught."""
    if not observed.contracts:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.EXECUTED, reason="there is no data contract")
    rate = f"{observed.caught} of {counted(observed.planted, 'planted violation')} caught"
    untried = tuple(dict.fromkeys(observed.untried))
    notes = tuple(f"not tried: {text}" for text in untried[:5])
    if len(untried) > 5:
        notes += (f"and {len(untried) - 5} more were not tried",)
    if observed.problems:
        first = observed.problems[0]
        remedy = Remedy("ask something of the values that data could fail: required, a range, a pattern, valid values")
        if first.location is not None:
            remedy = Remedy(remedy.text, f"sed -n {first.location.line},+3p {first.location.file}")
        return Finding(
            ID, Outcome.FAILS, Basis.EXECUTED, first.subject, "every clause catches a violation", rate, first.text, Cause.PROJECT,
            first.location, remedy, observed.problems, notes,
        )  # fmt: skip
    if observed.unopened or not observed.planted:
        reason = observed.unopened[0] if observed.unopened else "no violation could be planted"
        remedy = Remedy("give the contract data that can be read", "readiness check --only contracts-hold")
        return no_finding(ID, f"nothing could be planted in {reason}" if observed.unopened else reason, observed.cause, remedy)
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed=rate, notes=notes)
