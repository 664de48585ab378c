"""Runs the query of an outcome over its files or the demo's database, and reads the units it returns."""

from __future__ import annotations

import contextlib
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from readiness.formats import globs
from readiness.formats.outcomes import Aggregate, Metric, Outcome
from readiness.layers.measurement import reading, render_scan
from readiness.layers.measurement.reading import Reading
from readiness.layers.measurement.units import Unit
from readiness.sequence.finding import Cause
from readiness.world.context import Context
from readiness.world.project import Project

if TYPE_CHECKING:
    import duckdb

LONGEST_S: Final = 120
MOST_UNITS: Final = 1_000_000
REQUIRED: Final = ("unit_id", "occurred_at", "value")


@dataclass(frozen=True, slots=True)
class Measured:
    """What a metric gave. `problems` are (line, text) faults of the project; `cause` says why it could not be run."""

    units: tuple[Unit, ...] = ()
    columns: tuple[str, ...] = ()
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)
    problems: tuple[tuple[int, str], ...] = ()
    cause: Cause = Cause.NONE
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Answer:
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[object, ...], ...] = ()
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading)


class _Faulty(Exception):
    """The project is to blame: a line of its file and what is wrong there."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line, self.text = line, text


class _Stopped(Exception):
    """Nobody of the project is to blame."""

    def __init__(self, cause: Cause, reason: str) -> None:
        super().__init__(reason)
        self.cause, self.reason = cause, reason


def run(context: Context, outcome: Outcome) -> Measured:
    """Runs the query once, over the files of the project or in the database its demo made, and returns its units."""
    if not outcome.metric.database:
        return of_project(context.project, outcome)
    return _measured(outcome, lambda: _of_database(context, outcome))


def of_project(project: Project, outcome: Outcome) -> Measured:
    """Runs the query of an outcome over files of the project."""
    return _measured(outcome, lambda: _of_files(project, outcome))


def of_database(url: str, outcome: Outcome) -> Measured:
    """Runs the query of an outcome in a PostgreSQL database, reading only."""
    return _measured(outcome, lambda: _asked_of_database(url, outcome.metric))


def _measured(outcome: Outcome, ask: Callable[[], _Answer]) -> Measured:
    try:
        answer = ask()
    except _Faulty as fault:
        return Measured(problems=((fault.line, fault.text),))
    except _Stopped as stopped:
        return Measured(cause=stopped.cause, reason=stopped.reason)
    line = outcome.metric.sql_line
    missing = [name for name in REQUIRED if name not in answer.columns]
    if missing:
        text = f"the query must return {', '.join(f'`{name}`' for name in missing)}, it returns {', '.join(answer.columns)}"
        return Measured((), answer.columns, answer.tables, answer.reading, ((line, text),))
    units, problems = _units(answer, outcome)
    return Measured(units, answer.columns, answer.tables, answer.reading, tuple((line, text) for text in problems))


def _of_files(project: Project, outcome: Outcome) -> _Answer:
    import duckdb

    metric = outcome.metric
    files = {name: _found(project, patterns, outcome) for name, patterns in metric.tables.items()}
    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    clock = threading.Timer(LONGEST_S, connection.interrupt)
    try:
        connection.execute(render_scan.allow([path for paths in files.values() for path in paths]))
        _confine(connection)
        clock.start()
        columns = {name: _opened(connection, name, paths, outcome) for name, paths in files.items()}
        return _asked(connection, metric, columns)
    except (duckdb.InterruptException, duckdb.OutOfMemoryException) as error:
        raise _Stopped(Cause.NOT_EXERCISED, f"the query of {outcome.id} is too large to run here: {_first_line(error)}") from None
    finally:
        clock.cancel()
        connection.close()


def _confine(connection: duckdb.DuckDBPyConnection) -> None:
    """Only the files named may be read, and types are as they were found: a cast pushed into the reader fails on `false::int`."""
    known = {str(row[0]) for row in connection.execute("select * from duckdb_optimizers()").fetchall()}
    if "type_pushdown" in known:
        connection.execute("set disabled_optimizers = 'type_pushdown'")
    for setting in ("enable_external_access = false", "threads = 2", "memory_limit = '1GB'", "lock_configuration = true"):
        connection.execute(f"set {setting}")


def _found(project: Project, patterns: tuple[str, ...], outcome: Outcome) -> list[str]:
    """Absolute paths of the project's files that match; a link out of the project is none."""
    root = project.root.resolve()
    inside: list[str] = []
    for path in globs.matching(patterns, project.paths):
        with contextlib.suppress(OSError, RuntimeError):  # a link that leads to itself
            place = (root / path).resolve()
            inside += [str(place)] if place.is_file() and place.is_relative_to(root) else []
    if not inside:
        raise _Stopped(Cause.FILE, f"no file of the project matches {' or '.join(patterns)}, which {outcome.file} measures")
    return inside


def _opened(connection: duckdb.DuckDBPyConnection, name: str, paths: list[str], outcome: Outcome) -> tuple[str, ...]:
    import duckdb

    try:
        connection.execute(render_scan.view(name, paths))
        return tuple(str(row[0]) for row in connection.execute(render_scan.describe(name)).fetchall())
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:
        files = ", ".join(outcome.metric.tables[name])
        raise _Faulty(outcome.line("metric.source"), f"{files} cannot be read: {_first_line(error)}") from None


def _asked(connection: duckdb.DuckDBPyConnection, metric: Metric, tables: Mapping[str, tuple[str, ...]]) -> _Answer:
    import duckdb

    try:
        statements = connection.extract_statements(metric.sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise _Faulty(metric.sql_line, "the metric must be one SELECT")
        tree = connection.execute(_static("serialise"), [metric.sql]).fetchone()
        cursor = connection.execute(metric.sql)
        names = tuple(str(item[0]).lower() for item in cursor.description or ())
        rows = cursor.fetchmany(MOST_UNITS + 1)
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:
        raise _Faulty(_line(metric, str(error)), f"the query fails: {_first_line(error)}") from None
    _bounded(rows, metric)
    found = reading.of_tree(str(tree[0])) if tree else None
    return _Answer(names, tuple(rows), tables, found or reading.of_text(metric.sql))


def _bounded(rows: list[tuple[object, ...]], metric: Metric) -> None:
    if len(rows) > MOST_UNITS:
        raise _Stopped(Cause.NOT_EXERCISED, f"the query returns more than {MOST_UNITS} units: return larger units, a week of a customer")


def _of_database(context: Context, outcome: Outcome) -> _Answer:
    demo = context.demo.demo
    line = outcome.line("metric.source")
    if demo is None or "postgres" not in demo.needs:
        raise _Faulty(line, 'the metric reads the database of the demo, and [demo] in readiness.toml has no needs = ["postgres"]')
    if context.session.blocked is not Cause.NONE:
        raise _Stopped(context.session.blocked, context.session.why_blocked)
    run = context.demo.first
    if not run.ran.ok or run.database is None:
        raise _Stopped(Cause.NOT_EXERCISED, "the demo did not run to its end, so its database holds nothing to measure")
    return _asked_of_database(run.database.reader_url, outcome.metric)


def _asked_of_database(url: str, metric: Metric) -> _Answer:
    import duckdb
    import psycopg

    try:
        with psycopg.connect(url, options=f"-c statement_timeout={LONGEST_S}s -c default_transaction_read_only=on") as connection:
            tables = {str(name): tuple(columns) for name, columns in connection.execute(_static("columns").encode())}
            cursor = connection.execute(metric.sql.encode(), prepare=True)
            names = tuple(item.name.lower() for item in cursor.description or ())
            rows = cursor.fetchmany(MOST_UNITS + 1) if names else []
    except psycopg.errors.QueryCanceled:
        raise _Stopped(Cause.NOT_EXERCISED, f"the query ran longer than {LONGEST_S} s") from None
    except psycopg.OperationalError as error:
        raise _Stopped(Cause.SERVICE, f"the demo's database cannot be asked: {_first_line(error)}") from None
    except psycopg.Error as error:
        position = error.diag.statement_position
        offset = metric.sql.count("\n", 0, int(position) - 1) if position and metric.exact else 0
        raise _Faulty(metric.sql_line + offset, f"the query fails: {_first_line(error)}") from None
    _bounded(rows, metric)
    with duckdb.connect(":memory:") as parser:
        tree = parser.execute(_static("serialise"), [metric.sql]).fetchone()
    found = reading.of_tree(str(tree[0])) if tree else None
    return _Answer(names, tuple(rows), tables, found or reading.of_text(metric.sql))


def _units(answer: _Answer, outcome: Outcome) -> tuple[tuple[Unit, ...], list[str]]:
    faults: dict[str, list[str]] = {}
    units: list[Unit] = []
    seen: set[str] = set()
    for row in answer.rows:
        cells = dict(zip(answer.columns, row, strict=True))
        name = str(cells["unit_id"])
        wrong, unit = _unit(cells, outcome)
        if cells["unit_id"] is not None and name in seen:
            wrong.append("is there twice: return one row per unit")
        seen.add(name)
        for text in wrong:
            faults.setdefault(text, []).append(name)
        if unit is not None:
            units.append(unit)
    return tuple(units), list(_told(faults)) + ([] if answer.rows else ["the query runs and returns no unit"])


def _told(faults: Mapping[str, list[str]]) -> Iterator[str]:
    for text, names in faults.items():
        more = f", and {len(names) - 1} more units" if len(names) > 1 else ""
        yield f"unit {names[0]} {text}{more}"


def _unit(cells: Mapping[str, object], outcome: Outcome) -> tuple[list[str], Unit | None]:
    wrong: list[str] = []
    when = _moment(cells["occurred_at"])
    if cells["unit_id"] is None:
        wrong.append("has no `unit_id`")
    if when is None:
        wrong.append("has no time in `occurred_at`")
    value, denominator = (_number(cells.get(key), key, wrong) for key in ("value", "denominator"))
    stated = cells.get("complete")
    complete = value is not None if stated is None else bool(stated)
    if complete and value is None and not wrong:
        wrong.append("is complete and has no `value`")
    if outcome.aggregate is Aggregate.PROPORTION and value not in (None, 0.0, 1.0):
        wrong.append("is no 0 or 1 in `value`, which a proportion counts")
    if outcome.aggregate is Aggregate.RATIO and complete and not (denominator or 0.0) > 0:
        wrong.append("has no positive `denominator`, which a ratio divides by")
    return wrong, Unit(str(cells["unit_id"]), when, complete, value, denominator) if when is not None and not wrong else None


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return datetime.combine(value, time(), UTC) if isinstance(value, date) else None


def _number(value: object, key: str, wrong: list[str]) -> float | None:
    if value is None:
        return None
    number = float(value) if isinstance(value, int | float | Decimal) else math.nan
    if math.isfinite(number):
        return number
    wrong.append(f"has no number in `{key}`, but `{str(value)[:40]}`")
    return None


def _static(name: str) -> str:
    return Path(__file__).with_name("sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")


def _line(metric: Metric, said: str) -> int:
    _, _, rest = said.partition("\nLINE ")
    number, colon, _ = rest.partition(":")
    return metric.sql_line + int(number) - 1 if metric.exact and colon and number.isdigit() else metric.sql_line


def _first_line(error: Exception) -> str:
    first = next(iter(str(error).splitlines()), type(error).__name__).strip()
    told = [line for line in str(error).splitlines() if line.startswith("Error when")]
    return f"{first}: {told[0]}" if told else first


def sources(metrics: Iterable[Metric]) -> tuple[str, ...]:
    """The globs of the files that metrics read."""
    return tuple(dict.fromkeys(item for metric in metrics for patterns in metric.tables.values() for item in patterns))
