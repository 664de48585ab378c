"""The database that the project makes grants exactly what its access policies say.

Proves: who may do what in the database is decided by the policies in the repository, and by nothing that was done beside them.
Needed above: a contract says little about data that others can change, and a trace little about who could have read it.
Executed: the demo fills a fresh PostgreSQL 18 by the project's own migrations; then the live catalogue is compared with what
the policies come to: privileges on tables and columns, PUBLIC, memberships over any number of steps, owners, roles exempt from
row security, row security and whether it binds the owner, row policies, views, rules, security definer functions, partitions
and default privileges.
Row policies written in other words than the plan's are `unknown`: whether two conditions are the same cannot be told.
Cannot see: rights that are given in production by hand, roles that only production has, and tables no policy is bound to.
Repair: `readiness access plan` prints the statements that the database lacks; write them into a migration.
Source: a table whose owner the application connects as, so that row security, which was on, never applied to anybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from readiness.errors import CannotJudge
from readiness.formats.access_audit import APPLY, Audited, Drift, Source
from readiness.layers.security import locating, recreated
from readiness.layers.security.recreated import Absent, Recreated
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import agreeing, counted, listed
from readiness.world.context import Context

ID = "security.grants-match"
PLAN = "readiness access plan"
_OURS = "the role of the demo"
_EXPECTED = "the database grants what the policies say"


@dataclass(frozen=True, slots=True)
class Observed:
    """What was compared and every difference with its place; `absent` says why nothing was, `trouble` why it could not be.

    `doubt` is the fault of a policy that was left out, so that a difference by which less is permitted says nothing.
    """

    absent: Absent | None = None
    audited: Audited = field(default_factory=Audited)
    policies: int = 0
    places: tuple[Location | None, ...] = ()
    doubt: str = ""
    trouble: str = ""


def observe(context: Context) -> Observed:
    """Has the demo make its database, and compares the catalogue, which is only read."""
    found = recreated.look(context)
    if isinstance(found, Absent):
        return Observed(found)
    try:
        audited = _audited(found)
    except CannotJudge as error:
        return Observed(trouble=error.message)
    texts = locating.texts(context.project) if audited.drift else {}
    places = tuple(locating.place(drift, texts) for drift in audited.drift)
    return Observed(None, audited, len(found.policies), places, found.doubt)


def _audited(found: Recreated) -> Audited:
    """The differences, without those of the roles that are made here: the demo's own, which owns what it makes, and ours."""
    from readiness.layers.security.auditing.whole import audited

    with recreated.asking(), recreated.reading(found.database) as connection:
        whole = audited(found.access, connection, found.administrators | found.ours, found.policies)
        lets_in = {str(row[0]) for row in connection.execute("select rolname from pg_roles where rolcanlogin").fetchall()}
    others = (drift for drift in whole.drift if drift.role not in found.ours or drift.source is Source.ROW_SECURITY)
    # a role that is taken on and never logs in needs no right to connect
    kept = (drift for drift in others if drift.source is not Source.DATABASE or drift.opens or drift.role in lets_in)
    return replace(whole, drift=tuple(_named(drift, found) for drift in kept))


def _named(drift: Drift, found: Recreated) -> Drift:
    """A difference as it would be said of any database: ours has a name of this run."""
    name = found.database.name
    text = drift.text.replace(f"the database {name}", "the database").replace(name, _OURS)
    return replace(drift, text=text, role="" if drift.role == name else drift.role)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails for each difference; a role that nothing makes, and what could not be seen, is `unknown`."""
    if observed.absent is not None:
        return observed.absent.finding(ID)
    if observed.trouble:
        return no_finding(ID, observed.trouble, Cause.CONFIGURATION, Remedy("let the schema say what the database has", PLAN))
    whole = observed.audited
    pairs = [(drift, place) for drift, place in zip(whole.drift, observed.places, strict=True) if drift.source is not Source.ROLE]
    if observed.doubt:
        pairs = [(drift, place) for drift, place in pairs if drift.opens]
    notes = tuple(dict.fromkeys([*(drift.text for drift in _missing(whole)), *(f"{one.what}: {one.why}" for one in whole.unseen)]))
    if any(drift.source is not Source.ROW_POLICY for drift, _ in pairs):
        return _fails(observed, pairs, notes)
    if pairs:
        return _otherwise(pairs[0][0])
    if observed.doubt:
        return no_finding(ID, f"the policies are not sound: {observed.doubt}", Cause.CONFIGURATION, Remedy("correct them", recreated.LINT))
    if missing := _missing(whole):
        names = listed(drift.role for drift in missing)
        reason = f"nothing that the demo runs makes {names}, which the policies name: what {agreeing(len(missing), 'it', 'they')} may do \
was not compared"
        remedy = Remedy("make the roles in a migration, so that every environment has them", PLAN)
        return no_finding(ID, reason, Cause.CONFIGURATION, remedy)
    if whole.unseen:
        return no_finding(ID, f"it could not be told {notes[0]}", Cause.TOOL)
    text = f"{counted(whole.tables, 'table')} as {counted(observed.policies, 'policy')} {agreeing(observed.policies, 'says', 'say')}"
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, "policies", _EXPECTED, text)


def _otherwise(drift: Drift) -> Finding:
    """Two conditions may decide the same in other words: that is tried row by row, and proven by neither."""
    reason = f"{drift.text}, and whether it decides the same is not proven"
    return no_finding(ID, reason, Cause.CONFIGURATION, Remedy("write it as the plan does: that it decides as the policy is proven", PLAN))


def _missing(whole: Audited) -> list[Drift]:
    return [drift for drift in whole.drift if drift.source is Source.ROLE]


def _fails(observed: Observed, pairs: list[tuple[Drift, Location | None]], notes: tuple[str, ...]) -> Finding:
    problems = tuple(Problem(_subject(drift), f"{drift.text} ({drift.said})", place) for drift, place in pairs)
    first = problems[0]
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    repair = pairs[0][0].repair
    text = "write what the plan prints into a migration" if repair == APPLY else f"write into a migration: {repair}"
    notes = (*notes, *([f"left out, since it means nothing: {observed.doubt}"] if observed.doubt else []))
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, first.subject, _EXPECTED, f"{first.text}{more}", first.text, Cause.PROJECT,
        first.location, Remedy(text, PLAN), problems, notes,
    )  # fmt: skip


def _subject(drift: Drift) -> str:
    """What a waiver would name: the source, who, what and on which table."""
    what = f"{drift.privilege}{f' ({drift.column})' if drift.column else ''}"
    words = (drift.role, what, f"on {drift.table}" if drift.table else "")
    return f"{drift.source}: {' '.join(word for word in words if word) or drift.text}"
