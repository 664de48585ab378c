"""The database goes from the release before to this one and back, and keeps its schema and its rows.

Proves: a release that turns out wrong can be taken back without losing what was written before it.
Needed above: whoever stops a system, or finds it to be wrong, has to be able to go back to what worked.
Executed: an empty PostgreSQL gets the schema of the newest tag in which the migrations were others (else of the newest such
commit), then rows: those that release's demo writes, and some made to fit each table. It is migrated to this release and
back by the way the project has (a downgrade, a `.down.sql`, `rollback` of [infrastructure]); schema and rows are compared.
Cannot see: rows written by this release, which its predecessor may not understand; how long a table full of rows takes.
Repair: write the way down of each migration, and keep in a table of its own what it would throw away.
Source: Sadalage and Ambler, Refactoring Databases, 2006: a change of schema that is deployed has to be undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from readiness.errors import Refused
from readiness.layers.infrastructure import migrating, releases, rows
from readiness.layers.infrastructure.migrating import BOOKKEEPING, Done, State
from readiness.layers.infrastructure.migrations import Plan
from readiness.layers.infrastructure.releases import Release
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted
from readiness.world import borrowed, catalogue
from readiness.world import demo as demos
from readiness.world.catalogue import Difference, Thing
from readiness.world.context import Context
from readiness.world.watched import Database

ID = "infrastructure.rolls-back"


@dataclass(frozen=True, slots=True)
class Way:
    """One schema taken forwards and back: between which releases, where it stopped, and what came of schema and rows.

    `stage` is where it stopped: `none` (there is no release before), `before`, `forwards`, `back`, or empty.
    `unfilled` are tables that this release changes and that no rows could be put into.
    """

    plan: Plan
    release: str = ""
    stage: str = ""
    done: Done = field(default_factory=Done)
    tables: int = 0
    kept: int = 0
    differences: tuple[Difference, ...] = ()
    losses: tuple[rows.Loss, ...] = ()
    unfilled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Observed:
    """Every schema that the project migrates; `cause` and `reason` say why none could be brought up."""

    ways: tuple[Way, ...] = ()
    cause: Cause = Cause.NONE
    reason: str = ""


def observe(context: Context) -> Observed:
    """Takes each kind of migrations forwards and back in a database of its own."""
    plans, cause, reason = migrating.startable(context)
    if not plans:
        return Observed(cause=cause, reason=reason)
    with context.session.progress("taking the database to this release and back"):
        return Observed(tuple(_way(context, plan, number) for number, plan in enumerate(plans)))


def _way(context: Context, plan: Plan, number: int) -> Way:
    sought = releases.before(context, plan)
    if sought.release is None:
        return Way(plan, stage="none", done=Done(sought.cause, sought.reason))
    with borrowed.database(context.session, f"returned_{number}") as database:
        try:
            return _there_and_back(context, plan, sought.release, database)
        except Refused as error:
            return Way(plan, sought.release.name, "before", Done(Cause.TOOL, str(error)))


def _there_and_back(context: Context, plan: Plan, release: Release, database: Database) -> Way:
    then, now = migrating.past(context, release), migrating.present(context, plan)
    done = migrating.apply(context, then, database)
    if not done.ok:
        return Way(plan, release.name, "before", done)
    notes = _demonstrated(context, then, database)
    filled = rows.fill(database.own_url, database.reader_url, BOOKKEEPING)
    noted = migrating.notes(release.plan, database)
    schema, before = catalogue.schema(database.reader_url), rows.kept(database.reader_url, BOOKKEEPING)
    done = migrating.apply(context, now, database, noted)
    if not done.ok:
        return Way(plan, release.name, "forwards", done, notes=notes)
    touched = {item.thing.table for item in catalogue.differences(schema, catalogue.schema(database.reader_url))}
    unfilled = tuple(f"{name} ({reason})" for name, reason in filled.empty.items() if name in touched and not before[name][1])
    done = migrating.back(context, now, database, noted, release.name)
    if not done.ok:
        return Way(plan, release.name, "back", done, unfilled=unfilled, notes=notes)
    differences = catalogue.differences(_own(schema), _own(catalogue.schema(database.reader_url)))
    losses = rows.losses(before, rows.kept(database.reader_url, BOOKKEEPING))
    count = sum(len(found) for _, found in before.values())
    return Way(plan, release.name, "", done, len(before), count, differences, losses, unfilled, (*notes, *_edited(release.plan, plan)))


def _own(schema: Mapping[Thing, str]) -> Mapping[Thing, str]:
    """A schema without what tools keep for themselves."""
    return {thing: text for thing, text in schema.items() if thing.table not in BOOKKEEPING}


def _demonstrated(context: Context, then: State, database: Database) -> tuple[str, ...]:
    """Lets the demo of a release write into its database; a note where it did not run."""
    if then.demo is None or then.environment is None or "postgres" not in then.demo.needs:
        return ()
    ran = demos.once(context.session, then.environment, then.demo, context.project.id, database)
    return () if ran.ok else ("the demo of the release before does not run in today's environment: all rows are made up",)


def _edited(then: Plan, now: Plan) -> tuple[str, ...]:
    """Notes on scripts that were changed after they were released, which no database that has them will notice."""
    old = {script.name: script.up.text for script in then.scripts}
    return tuple(f"{script.up.file} is another than it was when it was released"
                 for script in now.scripts if old.get(script.name, script.up.text) != script.up.text)  # fmt: skip


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where a schema cannot go back, or does not come back as it was."""
    if observed.cause is not Cause.NONE:
        return no_finding(ID, observed.reason, observed.cause)
    if not observed.ways:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="the project has no migrations")
    found = [_one(way) for way in observed.ways]
    for outcome in (Outcome.FAILS, Outcome.UNKNOWN, Outcome.HOLDS):
        these = [finding for finding in found if finding.outcome is outcome]
        if these:
            problems = tuple(problem for finding in these for problem in finding.problems)
            told = "; ".join(finding.observed for finding in these) if outcome is Outcome.HOLDS else these[0].observed
            return replace(these[0], observed=told, problems=problems)
    return found[0]


def _one(way: Way) -> Finding:
    subject = way.plan.source
    if way.stage == "none":
        if way.done.cause is not Cause.NONE:
            remedy = Remedy(
                "bring the history, or tag the releases", "git fetch --unshallow --tags" if way.done.cause is Cause.FILE else ""
            )
            return no_finding(ID, way.done.reason, way.done.cause, remedy)
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, subject, reason=way.done.reason)
    if way.stage and way.plan.other:
        reason = f"the migrations of {subject} are for {way.plan.other}, and only PostgreSQL is started here"
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, subject, reason=reason)
    if way.stage:
        return _stopped(way)
    if way.losses or way.differences:
        return _changed(way)
    path = f"{way.release} → this release → {way.release}"
    if way.unfilled:
        reason = f"no rows could be put into {way.unfilled[0]}, which this release changes"
        remedy = Remedy("let the demo of the release write such rows: a demo that needs postgres")
        return Finding(
            ID, Outcome.UNKNOWN, Basis.EXECUTED, subject, path, reason, reason, Cause.NOT_EXERCISED, remedy=remedy, notes=way.notes
        )
    text = f"{path}: {counted(way.tables, 'table')} as before, {counted(way.kept, 'row')} kept"
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, subject, path, text, notes=way.notes)


def _stopped(way: Way) -> Finding:
    subject, done = way.plan.source, way.done
    path = f"{way.release} → this release → {way.release}"
    texts = {
        "before": f"{way.release} itself does not apply today: {done.reason}",
        "forwards": f"{way.release} does not become this release: {done.reason}",
        "back": done.reason if done.irreversible else f"the way back to {way.release} fails: {done.reason}",
    }
    cause = done.cause
    if way.stage == "before" and cause is Cause.PROJECT:
        cause = Cause.NOT_EXERCISED  # what was wrong then is none of this release's faults
    if way.stage == "forwards" and migrating.ROWS_UNFIT.search(done.reason):
        cause = Cause.NOT_EXERCISED  # the rows are ours, and nobody said what they must be like
    outcome = Outcome.FAILS if cause is Cause.PROJECT else Outcome.UNKNOWN
    text = texts[way.stage]
    problems = (Problem(subject, text, done.location),) if outcome is Outcome.FAILS else ()
    return Finding(ID, outcome, Basis.EXECUTED, subject, path, text, text, cause, done.location, _remedy(way, cause), problems, way.notes)


def _remedy(way: Way, cause: Cause) -> Remedy:
    if way.done.irreversible:
        texts = {
            "sql": Remedy("write what undoes it beside it, as its .down.sql, or its own `down` part"),
            "manifest": Remedy('say what takes a database back to the release before: rollback = ["…"] in [infrastructure]'),
        }
        return texts.get(way.plan.tool, Remedy("write the way down of that migration"))
    if cause is Cause.PROJECT:
        return Remedy("mend that migration, so that a database with rows in it goes this way", "readiness check --only rolls-back")
    if way.stage == "forwards" and cause is Cause.NOT_EXERCISED:
        return Remedy("let the demo of a release write rows such as it really has: a demo that needs postgres")
    return Remedy("name the commands that do it: migrate and rollback in [infrastructure]")


def _changed(way: Way) -> Finding:
    path = f"{way.release} → this release → {way.release}"
    place = Location(way.plan.scripts[-1].up.file) if way.plan.scripts else Location(way.plan.source)
    problems = [Problem(f"{loss.table}.{loss.column}".rstrip("."), loss.text, place) for loss in way.losses]
    problems += [Problem(item.thing.words, f"{item.words}, other than in {way.release}", place) for item in way.differences]
    more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
    text = f"back at {way.release}, {problems[0].text}{more}"
    remedy = Remedy("let the way down put back exactly what the way up took", "readiness check --only rolls-back")
    return Finding(ID, Outcome.FAILS, Basis.EXECUTED, way.plan.source, path, text, f"back at {way.release}, {problems[0].text}",
                   Cause.PROJECT, place, remedy, tuple(problems), way.notes)  # fmt: skip
