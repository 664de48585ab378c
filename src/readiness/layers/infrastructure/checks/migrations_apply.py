"""The migrations make the schema in an empty database, and applying them again changes nothing.

Proves: the database of another environment can be made from what the repository holds, and a deployment can be repeated.
Needed above: rights, contracts and outcomes are asked of tables that have to be there.
Executed: every schema the project migrates is brought up in an empty PostgreSQL 18 by `migrate` of [infrastructure], by
alembic, Django or yoyo in the project's own environment, or file by file where they are numbered SQL (golang-migrate, dbmate,
goose, Flyway and the like). A command is then run a second time; the schema and its rows must stay as they are.
Cannot see: other databases than PostgreSQL, extensions our server lacks, what happens to a database that is full.
Repair: mend the statement that is named, and apply everything to an empty database as a part of your tests.
Source: a schema that was once changed by hand in production and that no migration makes any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from readiness.layers.infrastructure import migrating
from readiness.layers.infrastructure.migrating import Done, State
from readiness.layers.infrastructure.migrations import Plan
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted
from readiness.world import borrowed, catalogue
from readiness.world.catalogue import Thing
from readiness.world.context import Context
from readiness.world.watched import Database

ID = "infrastructure.migrations-apply"


@dataclass(frozen=True, slots=True)
class Applied:
    """One schema brought up: by what, how many migrations, how it ended, what it made, what a second time did.

    `other` names the database that the migrations are for where none of ours was touched.
    """

    plan: Plan
    done: Done
    tables: int = 0
    again: Done = field(default_factory=Done)
    moved: tuple[str, ...] = ()
    made_nothing: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """Every schema that the project migrates; `cause` and `reason` say why none could be brought up."""

    applied: tuple[Applied, ...] = ()
    cause: Cause = Cause.NONE
    reason: str = ""


def observe(context: Context) -> Observed:
    """Applies each kind of migrations to a database of its own."""
    plans, cause, reason = migrating.startable(context)
    if not plans:
        return Observed(cause=cause, reason=reason)
    with context.session.progress("applying the migrations to an empty database"):
        return Observed(tuple(_applied(context, plan, number) for number, plan in enumerate(plans)))


def _applied(context: Context, plan: Plan, number: int) -> Applied:
    state = migrating.present(context, plan)
    with borrowed.database(context.session, f"migrated_{number}") as database:
        done = migrating.apply(context, state, database)
        if not done.ok:
            return Applied(plan, done)
        made = catalogue.schema(database.reader_url)
        own = {thing.table for thing in made if thing.kind == "table"} - migrating.BOOKKEEPING
        if not own and not _others(made):
            return Applied(plan, done, made_nothing=True)
        if plan.tool == "sql":
            return Applied(plan, done, len(own))
        again, moved = _again(context, state, database, made)
        return Applied(plan, done, len(own), again, moved)


def _others(made: Mapping[Thing, str]) -> set[Thing]:
    """What was made besides tables and what a tool keeps for itself."""
    return {
        thing for thing in made if thing.table not in migrating.BOOKKEEPING and thing.kind in ("function", "type", "schema", "sequence")
    }


def _again(context: Context, state: State, database: Database, made: Mapping[Thing, str]) -> tuple[Done, tuple[str, ...]]:
    rows = catalogue.counts(database.reader_url)
    again = migrating.apply(context, state, database)
    if not again.ok:
        return again, ()
    moved = [item.words for item in catalogue.differences(made, catalogue.schema(database.reader_url))]
    after = catalogue.counts(database.reader_url)
    moved += [
        f"rows of table {name} are changed" for name in sorted({*rows, *after} - migrating.BOOKKEEPING) if rows.get(name) != after.get(name)
    ]
    return again, tuple(moved)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where any schema is not made, or not left alone by a second time."""
    if observed.cause is not Cause.NONE:
        return no_finding(ID, observed.reason, observed.cause)
    if not observed.applied:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="the project has no migrations")
    found = [_one(item) for item in observed.applied]
    for outcome in (Outcome.FAILS, Outcome.UNKNOWN, Outcome.HOLDS):
        these = [finding for finding in found if finding.outcome is outcome]
        if these:
            first = these[0]
            problems = tuple(problem for finding in these for problem in finding.problems)
            told = "; ".join(finding.observed for finding in these) if outcome is Outcome.HOLDS else first.observed
            notes = tuple(finding.reason for finding in found if finding.outcome is Outcome.NOT_APPLICABLE)
            return replace(first, observed=told, problems=problems, notes=(*first.notes, *notes))
    return found[0]


def _one(item: Applied) -> Finding:
    plan, subject = item.plan, item.plan.source
    expected = "an empty database gets the whole schema"
    if (item.made_nothing or not item.done.ok) and plan.other:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, subject,
                       reason=f"the migrations of {subject} are for {plan.other}, and only PostgreSQL is started here")  # fmt: skip
    if item.made_nothing:
        reason = f"the migrations of {subject} ended well and made nothing in the database they were given"
        remedy = Remedy("let DATABASE_URL say which database is migrated, or name the command that does it: migrate in [infrastructure]")
        return Finding(ID, Outcome.UNKNOWN, Basis.EXECUTED, subject, expected, reason, reason, Cause.CONFIGURATION, remedy=remedy)
    if not item.done.ok:
        return _stopped(subject, expected, item.done, _whereabouts(plan, item.done))
    if not item.again.ok:
        return _stopped(subject, expected, item.again, f"a second time, {item.again.reason}")
    if item.moved:
        reason = f"applied a second time, {item.moved[0]}"
        problems = tuple(Problem(f"{subject} {what}", f"applied a second time, {what}", Location(subject)) for what in item.moved)
        remedy = Remedy("let each migration note that it was applied, and do nothing where it was")
        return Finding(ID, Outcome.FAILS, Basis.EXECUTED, subject, expected, reason, reason, Cause.PROJECT, problems[0].location, remedy,
                       problems)  # fmt: skip
    count = counted(plan.count, "migration") if plan.count else "the migrations"
    again = "" if plan.tool == "sql" else ", and a second time nothing"
    tables = counted(item.tables, "table")
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, subject, expected, f"{count} of {subject} make {tables}{again}")


def _whereabouts(plan: Plan, done: Done) -> str:
    if plan.tool == "sql" and plan.count:
        return f"{done.steps} of {plan.count} apply: {done.reason}"
    return done.reason


def _stopped(subject: str, expected: str, done: Done, observed: str) -> Finding:
    outcome = Outcome.FAILS if done.cause is Cause.PROJECT else Outcome.UNKNOWN
    texts = {
        Cause.PROJECT: "mend that statement, so that an empty database gets the whole schema",
        Cause.SYSTEM: "use what PostgreSQL itself has instead, or have this looked at on a server that has the extension",
        Cause.SERVICE: "make the role a part of the migrations, or let DATABASE_URL say which database is migrated",
        Cause.NETWORK: "let DATABASE_URL say which database is migrated",
        Cause.CONFIGURATION: "document the settings that migrating needs in .env.example, or give them: env in [demo]",
        Cause.TOOL: "name a command that applies the migrations with the rights of an ordinary role: migrate in [infrastructure]",
        Cause.NOT_EXERCISED: "install the tool with the project, or name the command: migrate in [infrastructure]",
    }
    remedy = Remedy(texts.get(done.cause, "check again"), "readiness check --only migrations-apply" if done.cause is Cause.PROJECT else "")
    problems = (Problem(subject, observed, done.location),) if outcome is Outcome.FAILS else ()
    return Finding(ID, outcome, Basis.EXECUTED, subject, expected, observed, done.reason, done.cause, done.location, remedy, problems)
