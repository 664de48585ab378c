"""Evaluates contracts on a project's data: where each object lies, what it is opened with, what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from readiness.errors import Refused
from readiness.formats.odcs import Contract
from readiness.formats.odcs.contract import SchemaObject
from readiness.layers.data import plan
from readiness.layers.data.dialect import Relation
from readiness.layers.data.locate import Places, Source, locate
from readiness.layers.data.plan import Clause
from readiness.layers.data.readers import Unreadable, every_table, open_files, open_table
from readiness.sequence.finding import Cause
from readiness.world import demo as demos
from readiness.world.context import Context
from readiness.world.duckdb import Duck
from readiness.world.query import Database
from readiness.world.tables import Tables


@dataclass(frozen=True, slots=True)
class Opened:
    """One object of a contract with its clauses: opened as a `relation`, or not, and then `reason` says why.

    `fault` says that it is the project's own fault that there is nothing to judge.
    """

    item: SchemaObject
    clauses: tuple[Clause, ...]
    source: Source
    database: Database | None = None
    relation: Relation | None = None
    reason: str = ""
    fault: bool = False


Objects = Sequence[Opened]


def places(context: Context) -> Places:
    """Where contracts may find their data: the files that are judged, what the demo wrote, the tables of its database."""
    pristine = context.session.pristine
    files = {entry.path: pristine / entry.path for entry in context.project.entries if entry.mode != "120000"}
    demo = context.demo.demo
    if demo is None:
        return Places(files)
    written = [path for path in demos.declared(demo) if path not in files]
    if "postgres" not in demo.needs and not written:
        return Places(files)
    if why := not_run(context):
        return Places(files, no_tables=why, cause=context.session.blocked or Cause.NOT_EXERCISED)
    run = context.demo.first
    files |= {path: run.outputs[path] for path in written if path in run.outputs}
    if run.database is None:
        return Places(files)
    try:
        with connection(context)() as tables:
            return Places(files, every_table(tables))
    except Refused as error:
        return Places(files, no_tables=f"the demo's database does not answer: {error.message}", cause=Cause.TOOL)


def not_run(context: Context) -> str:
    """Why nothing is known of a run of the demo; empty where it ran and ended well."""
    if context.demo.demo is None:
        return "there is no demo"
    if context.session.blocked:
        return context.session.why_blocked
    ran = context.demo.first.ran
    return (
        "" if ran.ok else "the demo did not run: " + ("it did not end in time" if ran.timed_out else f"it ends with exit {ran.exit_code}")
    )


@contextmanager
def opened(contract: Contract, where: Places, connect: Callable[[], Tables]) -> Iterator[Objects]:
    """Every object of a contract, opened; `connect` opens the demo's database when a table is wanted."""
    sources = [(item, locate(contract, item, where)) for item in contract.objects]
    with ExitStack() as stack:
        paths = [path for _, source in sources for _, path in source.files]
        duck = stack.enter_context(Duck(paths)) if paths else None
        tables: list[Tables] = []

        def database() -> Tables:
            if not tables:
                tables.append(stack.enter_context(connect()))
            return tables[0]

        yield [_open(item, source, duck, database) for item, source in sources]


def _open(item: SchemaObject, source: Source, duck: Duck | None, connect: Callable[[], Tables]) -> Opened:
    clauses = plan.of_object(item)
    if source.reason or not source.found:
        return Opened(item, clauses, source, reason=source.reason, fault=source.absent)
    try:
        if source.table is not None:
            database = connect()
            return Opened(item, clauses, source, database, open_table(database, source.table, item))
        assert duck is not None, "there is an engine where there are files"
        return Opened(item, clauses, source, duck, open_files(duck, source, item))
    except Unreadable as error:
        return Opened(item, clauses, source, reason=error.message, fault=True)
    except Refused as error:
        return Opened(item, clauses, source, reason=error.message)


def beside(objects: Objects, this: Opened) -> dict[str, Relation]:
    """The relations that a reference of `this` may lead to: those the same engine sees."""
    return {other.item.name: other.relation for other in objects if other.relation is not None and other.database is this.database}


def connection(context: Context) -> Callable[[], Tables]:
    """What opens the database of the demo's first run, as the demo's own role."""

    def connect() -> Tables:
        database = context.demo.first.database
        if database is None:
            raise Refused("the demo has no database")
        return Tables(database.reader_url)

    return connect
