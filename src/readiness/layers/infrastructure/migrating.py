"""Migrations carried out on a database: forwards, and back to where another release was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from readiness.config import manifest as manifests
from readiness.config.manifest import Demo
from readiness.errors import InputError, Refused
from readiness.formats import sql_statements
from readiness.layers.infrastructure import addresses, causes, declarations, migrations
from readiness.layers.infrastructure.migrations import Part, Plan, Script
from readiness.layers.infrastructure.releases import Release
from readiness.sequence.finding import Cause, Location
from readiness.world import borrowed, files, watched
from readiness.world import demo as demos
from readiness.world.borrowed import Complaint
from readiness.world.context import Context
from readiness.world.environment import Environment
from readiness.world.project import Project
from readiness.world.sandbox import Ran
from readiness.world.tables import Tables
from readiness.world.watched import Database, Wish

TIMEOUT_S: Final = 120
BOOKKEEPING: Final = frozenset({"alembic_version", "django_migrations", "schema_migrations", "goose_db_version", "flyway_schema_history",
                                "_yoyo_log", "_yoyo_migration", "_yoyo_version", "yoyo_lock", "gorp_migrations"})  # fmt: skip
"""Tables in which tools note what was applied."""
_MISSING_DRIVER: Final = re.compile(r"No module named '(psycopg2?|asyncpg)'")
_EXCEPTION: Final = re.compile(r"\(?(?:psycopg2?|asyncpg|sqlalchemy\.dialects[\w.]*)\.(?:errors|exceptions|dbapi)\.(\w+)'?>?\)?:?\s*(.*)")
_ABSENT_ROLE: Final = re.compile(r'role "[^"]+" does not exist')
_ABSENT_EXTENSION: Final = re.compile(r'extension "([^"]+)" is not available|could not open extension control file')
_FOREIGN: Final = re.compile(r"permission denied|must be (?:owner|superuser|able to SET ROLE)|insufficient ?privilege", re.IGNORECASE)
ROWS_UNFIT: Final = re.compile(
    r"violates (?:check|foreign key|unique|exclusion) constraint|is violated by some row|could not create unique index|"
    r"invalid input (?:syntax|value)|out of range|value too long|cannot be cast",
    re.IGNORECASE,
)
"""What a server says where rows are not such as a new schema wants them."""


@dataclass(frozen=True, slots=True)
class Done:
    """How migrating ended: `cause` is NONE where it did; `irreversible` says that a tool has no way back."""

    cause: Cause = Cause.NONE
    reason: str = ""
    location: Location | None = None
    irreversible: bool = False
    steps: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything asked for was done."""
        return self.cause is Cause.NONE


@dataclass(frozen=True, slots=True)
class State:
    """One state of a project that can be migrated: its files, its migrations, and its demo.

    `environment` is what commands run in, with the files of that state; None where no command is needed.
    """

    project: Project
    environment: Environment | None
    plan: Plan
    demo: Demo | None


def startable(context: Context) -> tuple[tuple[Plan, ...], Cause, str]:
    """The migrations of a project that can be carried out here: none where there are none, or with why commands cannot run."""
    plans = migrations.find(context.project, context.manifest)
    if any(plan.tool != "sql" for plan in plans) and context.session.blocked is not Cause.NONE:
        return (), context.session.blocked, context.session.why_blocked
    return plans, Cause.NONE, ""


def present(context: Context, plan: Plan) -> State:
    """The state of the project that is judged, in a copy of its files of its own."""
    if plan.tool == "sql":
        return State(context.project, None, plan, context.demo.demo)
    session = context.session
    return State(context.project, replace(session.first, tree=session.tree("migrations")), plan, context.demo.demo)


def past(context: Context, release: Release) -> State:
    """The state of a release, with its own demo and, for commands, a copy of its files and the environment of today."""
    session, then = context.session, release.project
    try:
        demo, _ = demos.of(then, manifests.load(then.root))
    except InputError:
        demo = None  # a manifest that was wrong then is no matter of today
    if session.blocked is not Cause.NONE:
        return State(then, None, release.plan, None)
    target = session.sandbox.root / "tree" / f"release-{release.commit[:12]}" / context.project.root.name
    if not target.exists():
        target.mkdir(parents=True)
        files.copy_tree(then.root, then.entries, target)
        session.sandbox.open(target)
    return State(then, replace(session.first, tree=target), release.plan, demo)


def apply(context: Context, state: State, database: Database, noted: frozenset[str] = frozenset()) -> Done:
    """Brings a database to the release of that state; scripts that are `noted` were applied before."""
    plan = state.plan
    if plan.tool == "sql":
        done = scripts(database, [(script, script.up) for script in plan.scripts if script.name not in noted])
        if done.cause is Cause.PROJECT and plan.prepared_by:
            return replace(done, cause=Cause.SERVICE, reason=f"{plan.prepared_by} prepares the database of these: {done.reason}")
        return done
    commands = {
        "manifest": plan.apply,
        "alembic": ("python", "-m", "alembic", *_configuration(plan), "upgrade", "heads"),
        "django": ("python", plan.place, "migrate", "--noinput"),
        "yoyo": ("yoyo", "apply", "--batch", "--no-config-file", "--database", "{DATABASE_URL}", plan.place),
    }
    return _command(context, state, database, commands[plan.tool])


def back(context: Context, state: State, database: Database, noted: frozenset[str], release: str) -> Done:
    """Takes a database back to `release`, in which the tool had `noted` what it applied (as `notes` gives it)."""
    plan = state.plan
    if plan.back:
        return _command(context, state, database, plan.back, {"READINESS_PREVIOUS": release})
    if plan.tool == "sql":
        later = [script for script in reversed(plan.scripts) if script.name not in noted]
        without = next((script for script in later if script.down is None), None)
        if without is not None:
            where = Location(without.up.file, without.up.line)
            return Done(Cause.PROJECT, f"cannot go back: {without.name} has no way down", where, irreversible=True)
        return scripts(database, [(script, script.down) for script in later if script.down is not None])
    if plan.tool == "manifest":
        return Done(Cause.PROJECT, "cannot go back: `migrate` of [infrastructure] has no `rollback` beside it", irreversible=True)
    if plan.tool == "alembic" and len(noted) > 1:
        return Done(Cause.TOOL, f"the release before ends in {len(noted)} heads, and alembic goes back to one")
    done = Done()
    for command in _ways_back(plan, noted, notes(plan, database)):
        done = _command(context, state, database, command)
        if not done.ok:
            return done
    return done


def _ways_back(plan: Plan, before: frozenset[str], now: frozenset[str]) -> list[tuple[str, ...]]:
    """The commands that undo what the tool noted since."""
    if plan.tool == "alembic":
        target = sorted(before)
        return [("python", "-m", "alembic", *_configuration(plan), "downgrade", *(target[:1] or ["base"]))]
    if plan.tool == "yoyo":
        undo = ("yoyo", "rollback", "--batch", "--no-config-file", "--database", "{DATABASE_URL}", "--revision")
        return [(*undo, name, plan.place) for name in sorted(now - before, reverse=True)]
    apps = sorted({name.partition(" ")[0] for name in now - before})
    targets = {app: max((name.partition(" ")[2] for name in before if name.partition(" ")[0] == app), default="zero") for app in apps}
    return [("python", plan.place, "migrate", app, target, "--noinput") for app, target in targets.items()]


def _configuration(plan: Plan) -> tuple[str, ...]:
    return () if plan.place.endswith(".toml") else ("-c", plan.place)


_NOTED: Final = {
    "alembic": ("alembic_version", "select version_num from alembic_version"),
    "django": ("django_migrations", "select app || ' ' || name from django_migrations"),
    "yoyo": ("_yoyo_migration", "select migration_id from _yoyo_migration"),
}


def notes(plan: Plan, database: Database) -> frozenset[str]:
    """What the tool noted in a database as applied: alembic's heads, all migrations of the others, names of scripts."""
    if plan.tool == "sql":
        return frozenset(script.name for script in plan.scripts)
    if plan.tool not in _NOTED:
        return frozenset()
    try:
        with Tables(database.reader_url) as tables:
            return frozenset(str(row[0]) for row in tables.rows(_NOTED[plan.tool][1]))
    except Refused:
        return frozenset()  # the tool made no such table


# Files of SQL, in order


def scripts(database: Database, parts: list[tuple[Script, Part]]) -> Done:
    """Runs parts of scripts in order, each over a connection of its own, and stops at the first that fails."""
    count = 0
    for script, part in parts:
        statements = sql_statements.split(part.text, part.line)
        foreign = next((item for item in statements if item.client), None)
        if foreign is not None:
            said = f"{part.file}:{foreign.line} is for psql, not for a server: {causes.one_line(foreign.text)}"
            return Done(Cause.TOOL, said, Location(part.file, foreign.line))
        with borrowed.Owner(database.own_url) as owner:
            failed = _run(owner, script, statements)
        if failed is not None:
            statement, complaint = failed
            where = Location(part.file, statement.line_at(complaint.position))
            return Done(_blame(complaint.message), f"{where.file}:{where.line}: {complaint.message}", where, steps=count)
        count += 1
    return Done(steps=count)


def _run(
    owner: borrowed.Owner, script: Script, statements: tuple[sql_statements.Statement, ...]
) -> tuple[sql_statements.Statement, Complaint] | None:
    whole = script.whole and not any(item.alone for item in statements)
    if whole:
        owner.run("begin")
    for item in statements:
        complaint = owner.run(item.text)
        if complaint is not None:
            return item, complaint
    complaint = owner.run("commit") if whole else None
    return (statements[-1], complaint) if complaint is not None and statements else None


def _blame(message: str) -> Cause:
    """Whose fault it is that a server refused a statement."""
    if _ABSENT_EXTENSION.search(message):
        return Cause.SYSTEM
    if _ABSENT_ROLE.search(message):
        return Cause.SERVICE
    return Cause.TOOL if _FOREIGN.search(message) else Cause.PROJECT


# Commands of tools


def _command(context: Context, state: State, database: Database, argv: tuple[str, ...], extra: Mapping[str, str] | None = None) -> Done:
    """Runs a command with the database given by every name the project has for it; a driver that is not there is replaced."""
    assert state.environment is not None, "only files of SQL need none"
    folder = state.environment.tree / state.plan.folder
    environment = replace(state.environment, tree=folder)
    base = addresses.named(state.project, state.plan, database)
    ran = _watched(context, environment, state, addresses.with_scheme(base, ""), argv, extra)
    wanting = _MISSING_DRIVER.search(ran.said)
    if not ran.ok and wanting and (scheme := addresses.installed(state.environment)):
        ran = _watched(context, environment, state, addresses.with_scheme(base, scheme), argv, extra)
    if not ran.ok and _of_command(ran, state).cause is Cause.CONFIGURATION:
        documented = {name: value for name, value in declarations.documented(state.project).items() if value and name not in base.env}
        documented.pop("DATABASE_URL", None)
        ran = _watched(context, environment, state, addresses.with_scheme(base, ""), argv, {**documented, **(extra or {})})
    return Done(steps=1) if ran.ok else _of_command(ran, state)


def _watched(
    context: Context, environment: Environment, state: State, database: Database, argv: tuple[str, ...], extra: Mapping[str, str] | None
) -> Ran:
    demo = state.demo or Demo()
    env = {**demo.env, **{name: demos.canary(name) for name in demo.secrets}, **(extra or {})}
    env = {name: value for name, value in env.items() if name != "DATABASE_URL"}
    asked = Demo(command=argv, timeout_s=TIMEOUT_S)
    ran, _ = watched.run(context.session, environment, asked, list(argv), env, Wish("migrations", context.project.id, database=database))
    return ran


def _of_command(ran: Ran, state: State) -> Done:
    """What a command that failed is put down to, and the line of the project it got to."""
    where = _place(ran.said, state)
    if ran.timed_out:
        return Done(Cause.NOT_EXERCISED, f"it was still running after {TIMEOUT_S} s", where)
    missing = re.search(r"No module named '?(alembic|django|yoyo)\b|cannot start (yoyo)\b", ran.said)
    if missing:
        return Done(Cause.NOT_EXERCISED, f"{missing[1] or missing[2]} is not among what the project installs")
    elsewhere = re.search(r"Path doesn't exist: '?([^'\s]+?)'?\.?(?:\s|$)", ran.said) if state.plan.tool == "alembic" else None
    if elsewhere:
        return Done(Cause.NOT_EXERCISED, f"{state.plan.source} means {elsewhere[1]} from a folder above this project")
    if re.search(r"IrreversibleError|NotImplementedError", ran.said):
        return Done(Cause.PROJECT, f"cannot go back: {_last(ran.said)}", where, irreversible=True)
    server = next(iter(_EXCEPTION.findall(ran.said)), None)
    if server is not None and not server[0].startswith(("OperationalError", "ConnectionTimeout")):
        message = causes.one_line(server[1] or server[0])
        place = f"{where.file}:{where.line}: " if where else ""
        return Done(_blame(f"{server[0]} {message}"), f"{place}{message}", where)
    told = causes.of_output(ran.said)
    place = f"{where.file}:{where.line}: " if where and told.cause is Cause.PROJECT else ""
    return Done(told.cause, f"{place}{told.reason}", where)


def _place(said: str, state: State) -> Location | None:
    """The last line of a traceback that lies in the project."""
    root = str(state.environment.tree if state.environment else "")
    found = [(file, int(line)) for file, line in re.findall(r'File "([^"]+)", line (\d+)', said) if file.startswith(f"{root}/")]
    inside = [(file.removeprefix(f"{root}/"), line) for file, line in found]
    own = [item for item in inside if item[0] in state.plan.paths] or inside
    return Location(*own[-1]) if own else None


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if re.search(r"IrreversibleError|NotImplementedError", line)]
    return causes.one_line(lines[-1]) if lines else "it refuses"
