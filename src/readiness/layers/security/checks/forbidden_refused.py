"""What the access policies forbid is refused by the database, to each role, and what they permit works.

Proves: the policies are enforced where the data lies, whatever the application forgets to ask.
Needed above: data is only as trustworthy as the list of those who can change it, and evidence only as secret as its table.
Executed: the demo fills a fresh PostgreSQL 18. Then we connect as each role, and as one that has nothing, and try every
privilege: a forbidden statement has to end with SQLSTATE 42501, a permitted one has to work, so that refusing everything
fails too. A seeded sample of rows is put to the policy engine, and each is held against what the role is shown and can
change. Every try is undone.
Cannot see: roles that only production has, rows the demo does not make, and what the application lets through itself.
Repair: `readiness access plan` prints the statements that the database lacks; write them into a migration.
Source: a test that looked whether the policy was there, and never whether the forbidden read failed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Final

from readiness.errors import CannotJudge
from readiness.layers.security import locating, recreated
from readiness.layers.security.recreated import Absent, Recreated
from readiness.layers.security.standing import PUBLIC
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import agreeing, counted, listed
from readiness.world.context import Context
from readiness.world.postgres import statements

if TYPE_CHECKING:
    import psycopg

    from readiness.layers.security.people import Person
    from readiness.layers.security.trying import Fault, Trial, Tried

ID = "security.forbidden-refused"
PLAN = "readiness access plan"
STRANGER: Final = "readiness_stranger"
NOBODY: Final = "a role that nobody gave anything"
OTHERS: Final = 20
"""How many of the roles that no policy names are tried."""
_EXPECTED = "what is forbidden is refused, what is permitted works"


@dataclass(frozen=True, slots=True)
class Observed:
    """What was tried, every fault with its place, the roles that are named and nobody makes; `absent` says why nothing was tried."""

    absent: Absent | None = None
    roles: int = 0
    statements: int = 0
    refused: int = 0
    done: int = 0
    decided: int = 0
    denied: int = 0
    faults: tuple[Fault, ...] = ()
    places: tuple[Location | None, ...] = ()
    unsettled: tuple[str, ...] = ()
    empty: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    doubt: str = ""
    trouble: str = ""


def observe(context: Context) -> Observed:
    """Has the demo make its database, and tries everything as each role."""
    found = recreated.look(context)
    if isinstance(found, Absent):
        return Observed(found)
    try:
        with context.session.progress("trying what is forbidden and what is permitted"):
            tried, missing = _tried(context, found)
    except CannotJudge as error:
        return Observed(trouble=error.message)
    texts = locating.texts(context.project) if tried.faults else {}
    return Observed(
        None, tried.roles, tried.statements, tried.refused, tried.done, tried.decided, tried.denied, tuple(tried.faults),
        tuple(_place(fault, texts) for fault in tried.faults), tuple(dict.fromkeys(tried.unsettled)), tuple(sorted(tried.empty)), missing,
        found.doubt,
    )  # fmt: skip


def _tried(context: Context, found: Recreated) -> tuple[Tried, tuple[str, ...]]:
    from readiness.layers.security import binding, catalogue, people
    from readiness.layers.security.auditing.whole import wanted
    from readiness.layers.security.row_decisions import Decisions
    from readiness.layers.security.trying import Trial

    declared = found.access.schema.declared
    with recreated.asking():
        with recreated.reading(found.database) as reader:
            whole = wanted(found.access, reader, found.administrators | found.ours, found.policies)
            bound = binding.bind(declared, catalogue.look(reader, binding.tables(declared)).tables)
            decisions = Decisions(found.access, found.policies, bound, whole.compiled.types)
            trial = Trial(whole, bound, decisions, reader)
        everybody, missing = people.of(whole, found.ours, OTHERS)
        _as_everybody(context, found, trial, everybody)
    return trial.tried, missing


def _as_everybody(context: Context, found: Recreated, trial: Trial, everybody: list[Person]) -> None:
    from readiness.layers.security.people import Person

    for person in everybody:
        word = token_urlsafe(18)
        with (
            statements.logging_in(found.address, found.database.name, person.role, word),
            _connected(found, person.role, word) as connection,
        ):
            trial.try_as(person, connection)
    with _stranger(context, found) as connection:
        if connection is not None:
            trial.try_as(Person(STRANGER, frozenset({STRANGER}), frozenset({STRANGER})), connection, NOBODY)


@contextmanager
def _connected(found: Recreated, role: str, word: str) -> Iterator[psycopg.Connection]:
    """A connection as that role, whatever was done in it undone."""
    import psycopg

    with psycopg.connect(found.address.url(found.database.name, role, word), connect_timeout=10) as connection:
        try:
            yield connection
        finally:
            if not connection.closed:
                connection.rollback()


@contextmanager
def _stranger(context: Context, found: Recreated) -> Iterator[psycopg.Connection | None]:
    """A connection as a role of ours that was given nothing; None where such a one is not even let in."""
    import psycopg

    word = token_urlsafe(18)
    context.session.roles_given.add(STRANGER)
    statements.create_role(found.address, STRANGER, word, createdb=False, createrole=False)
    try:
        try:
            connection = psycopg.connect(found.address.url(found.database.name, STRANGER, word), connect_timeout=10)
        except psycopg.OperationalError:
            yield None
            return
        with connection:
            yield connection
            connection.rollback()
    finally:
        statements.drop_role(found.address, STRANGER)


def _place(fault: Fault, texts: dict[str, str]) -> Location | None:
    """What gives a role too much, or else where row security is said or the policy stands."""
    role = PUBLIC if fault.role == STRANGER else fault.role
    patterns = locating.row_policies(fault.table, role) if fault.by_row else locating.given(fault.table, role)
    return locating.first((*patterns, *locating.table_made(fault.table)), texts) or locating.policy(fault.policies)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails for each thing that went otherwise; what could not be tried is `unknown`."""
    if observed.absent is not None:
        return observed.absent.finding(ID)
    if observed.trouble:
        return no_finding(ID, observed.trouble, Cause.CONFIGURATION, Remedy("let the schema say what the database has", PLAN))
    pairs = [
        (fault, place) for fault, place in zip(observed.faults, observed.places, strict=True) if fault.opens or not observed.doubt
    ]  # fmt: skip
    if pairs:
        return _fails(observed, pairs)
    if observed.doubt:
        return no_finding(ID, f"the policies are not sound: {observed.doubt}", Cause.CONFIGURATION, Remedy("correct them", recreated.LINT))
    return _untried(observed) or Finding(ID, Outcome.HOLDS, Basis.EXECUTED, "policies", _EXPECTED, _told(observed), notes=_notes(observed))


def _untried(observed: Observed) -> Finding | None:
    """`unknown` where something was not tried that could have gone otherwise."""
    if observed.missing:
        names = listed(observed.missing)
        reason = f"nothing that the demo runs makes {names}, which the policies name: what {agreeing(len(observed.missing), 'it', 'they')} \
may do was not tried"
        return no_finding(ID, reason, Cause.CONFIGURATION, Remedy("make the roles in a migration", PLAN))
    if observed.empty:
        reason = f"the demo leaves no row in {listed(observed.empty)}: no decision on a row could be tried"
        return no_finding(ID, reason, Cause.NOT_EXERCISED, Remedy("let the demo fill the tables that policies decide on by row"))
    if observed.unsettled:
        more = f", and {len(observed.unsettled) - 1} more" if len(observed.unsettled) > 1 else ""
        return no_finding(ID, f"it could not be told {observed.unsettled[0]}{more}", Cause.NOT_EXERCISED)
    if not observed.done:
        return no_finding(ID, "no privilege that policies permit could be tried, so refusing proves nothing", Cause.NOT_EXERCISED)
    return None


def _told(observed: Observed) -> str:
    parts = (
        f"{counted(observed.refused, 'forbidden statement')} refused",
        f"{counted(observed.done, 'permitted one')} done",
        f"{counted(observed.decided, 'decision')} on rows as policies say",
    )
    return f"{counted(observed.roles, 'role')}: {', '.join(parts)}"


def _notes(observed: Observed) -> tuple[str, ...]:
    if observed.decided and not observed.denied:
        return ("policies permit every row that was tried to every role that was asked for: none could show a leak",)
    return ()


def _fails(observed: Observed, pairs: list[tuple[Fault, Location | None]]) -> Finding:
    problems = tuple(Problem(_subject(fault), _text(fault), place) for fault, place in pairs)
    first = problems[0]
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    notes = (_told(observed), *([f"left out, since it means nothing: {observed.doubt}"] if observed.doubt else []))
    remedy = Remedy("write what the plan prints into a migration, so that the database itself refuses", PLAN)
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, first.subject, _EXPECTED, f"{first.text}{more}", first.text, Cause.PROJECT,
        first.location, remedy, problems, notes,
    )  # fmt: skip


def _text(fault: Fault) -> str:
    if not fault.opens and not fault.by_row:
        return fault.text
    if not fault.policies:
        return f"{fault.text} (no policy permits it)" if fault.opens else fault.text
    return f"{fault.text} ({'denied' if fault.opens else 'permitted'} by {listed(fault.policies)})"


def _subject(fault: Fault) -> str:
    """What a waiver would name: who, what, on which table."""
    who = "everybody" if fault.role == STRANGER else fault.role
    what = f"{fault.verb}{f' ({fault.column})' if fault.column else ''}{' of rows' if fault.by_row else ''}"
    return f"{who} {what} on {fault.table}{'' if fault.opens else ': refused'}"
