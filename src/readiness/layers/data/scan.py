"""Evaluates the clauses on one object: one aggregate scan, then a second query for the rows of failed clauses only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches

from readiness.errors import Refused
from readiness.formats.odcs.contract import Condition
from readiness.layers.data import render_queries, thresholds
from readiness.layers.data.dialect import Form, Relation
from readiness.layers.data.evidence import Kind, Status
from readiness.layers.data.plan import Clause
from readiness.layers.data.render_clauses import Measure, Unjudged, measure, of
from readiness.layers.data.render_text import moment
from readiness.layers.data.words import phrase
from readiness.world.query import Database

_WHOLESALE = (Kind.TYPE, Kind.PRESENT)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one clause: `measured` is its metric where there is one, `text` a line that says why.

    `moot` says of a clause that was not evaluated that there was nothing to evaluate: prose, or what its source lacks.
    """

    clause: Clause
    status: Status
    text: str = ""
    measured: thresholds.Measured | None = None
    predicate: str = ""
    moot: bool = False


@dataclass(frozen=True, slots=True)
class Scanned:
    """The results of one object, one for each clause, with the number of rows and what was seen besides."""

    results: tuple[Result, ...]
    rows: int = 0
    notes: tuple[str, ...] = ()


@dataclass
class _Ask:
    """What is to be measured in the scan, and what it gave."""

    clauses: dict[int, Measure] = field(default_factory=dict)
    found: dict[int, Result] = field(default_factory=dict)


def unreadable(clauses: Sequence[Clause], reason: str, *, fault: bool) -> Scanned:
    """Nothing could be read: a fault of the project fails the clause that it can be, the others cannot be judged."""
    results = []
    for clause in clauses:
        if not clause.executed:
            results.append(_not_executed(clause))
        elif clause.kind is Kind.READABLE and fault:
            results.append(Result(clause, Status.FAILS, f"{clause.object}: {reason}"))
        else:
            results.append(Result(clause, Status.ERROR if fault else Status.NOT_EVALUATED, reason))
    return Scanned(tuple(results))


def evaluate(database: Database, relation: Relation, clauses: Sequence[Clause], others: Mapping[str, Relation], now: datetime) -> Scanned:
    """The result of every clause on a relation, in their order; `others` are the relations references may lead to."""
    ask = _prepared(relation, clauses)
    rows, values = _scanned(database, relation, ask.clauses)
    for index, value in values.items():
        ask.found[index] = _judged(clauses[index], value, rows, ask.clauses[index])
    for index, clause in enumerate(clauses):
        if index in ask.found:
            continue
        ask.found[index] = _by_itself(database, relation, clause, others, rows)
    expected_empty = any(c.kind is Kind.ROW_COUNT and _asks_for_none(c.conditions) for c in clauses)
    results = [_vacuous(ask.found[index], rows, expected_empty=expected_empty) for index in range(len(clauses))]
    results = [_with_examples(database, relation, result, rows) for result in results]
    notes = (*_undeclared(relation, clauses), *_noticed(database, relation, clauses, now))
    return Scanned(tuple(results), rows, notes)


def _asks_for_none(conditions: tuple[Condition, ...]) -> bool:
    return any(c.operator == "mustBe" and c.low == 0 and not isinstance(c.low, bool) for c in conditions)


def _prepared(relation: Relation, clauses: Sequence[Clause]) -> _Ask:
    ask = _Ask()
    for index, clause in enumerate(clauses):
        if not clause.executed:
            ask.found[index] = _not_executed(clause)
        elif clause.kind in (Kind.SQL, Kind.REFERENCE, Kind.READABLE, Kind.PHYSICAL):
            continue
        else:
            prepared = _measure(relation, clause)
            if isinstance(prepared, Result):
                ask.found[index] = prepared
            else:
                ask.clauses[index] = prepared
    return ask


def _not_executed(clause: Clause) -> Result:
    return Result(clause, Status.NOT_EVALUATED, clause.why, moot=clause.kind is Kind.PROSE)


def _measure(relation: Relation, clause: Clause) -> Measure | Result:
    missing = _missing(relation, clause)
    if missing and relation.form is Form.JSON and not relation.columns:
        # without a single key there are no rows, or none that has anything: the type of each property tells which
        return Measure("count(*)" if clause.kind in _WHOLESALE else "0")
    if missing:
        status = Status.FAILS if clause.kind in _WHOLESALE else Status.ERROR
        return Result(clause, status, f"{clause.subject}: {missing}")
    try:
        if clause.kind is Kind.TYPE and (mismatch := of(clause, relation).mismatch):
            return Result(clause, Status.FAILS, f"{clause.subject}: the column {mismatch}")
        found = measure(clause, relation)
    except Unjudged as error:
        return Result(clause, Status.NOT_EVALUATED, error.message, moot=error.moot)
    except Refused as error:
        return Result(clause, Status.ERROR, f"{clause.subject}: {error.message}")
    if clause.kind in _WHOLESALE and len(clause.path) > 1:
        column = relation.columns[".".join(clause.path)]
        # a nested key has no column that could be missing: it is missing where no row has it
        return Measure(f"CASE WHEN count({column.sql}) = 0 THEN count(*) ELSE {found.aggregate} END", found.predicate)
    return found


def _missing(relation: Relation, clause: Clause) -> str:
    wanted = [clause.path[0]] if clause.path else list(clause.columns)
    for name in wanted:
        if name not in relation.columns:
            near = [other for other in relation.columns if other.lower() == name.lower()]
            near = near or get_close_matches(name, list(relation.columns), n=1)
            what = "no row has the key" if relation.form is Form.JSON else "there is no column"
            return f"{what} {name}" + (f"; there is {near[0]}" if near else "")
    return ""


def _scanned(database: Database, relation: Relation, asked: Mapping[int, Measure]) -> tuple[int, dict[int, object]]:
    order = list(asked)
    try:
        row = database.rows(render_queries.scan(relation, [asked[index].aggregate for index in order]))[0]
        return int(str(row[0])), dict(zip(order, row[1:], strict=True))
    except Refused:
        pass
    # one clause that the engine refuses must not take the others with it
    values: dict[int, object] = {}
    for index in order:
        try:
            values[index] = database.rows(render_queries.scan(relation, [asked[index].aggregate]))[0][1]
        except Refused as error:
            values[index] = error
    return _rows(database, relation), values


def _rows(database: Database, relation: Relation) -> int:
    return int(str(database.rows(render_queries.scan(relation, []))[0][0]))


def _judged(clause: Clause, value: object, rows: int, asked: Measure) -> Result:
    if isinstance(value, Refused):
        return Result(clause, Status.ERROR, f"{clause.subject}: {_masked(value.message)}")
    count = int(str(value))
    measured: int | Decimal = count
    if clause.unit == "percent":
        measured = Decimal(100 * count) / Decimal(rows) if rows else Decimal(0)
    holds = thresholds.met(measured, clause.conditions)
    return Result(clause, Status.HOLDS if holds else Status.FAILS, phrase(clause, count, rows), measured, asked.predicate)


def _by_itself(database: Database, relation: Relation, clause: Clause, others: Mapping[str, Relation], rows: int) -> Result:
    if clause.kind is Kind.READABLE:
        return _readable(database, relation, clause)
    if clause.kind is Kind.PHYSICAL:
        return _physical(database, relation, clause)
    if clause.kind is Kind.REFERENCE:
        return _reference(database, relation, clause, others)
    return _sql(database, relation, clause)


def _readable(database: Database, relation: Relation, clause: Clause) -> Result:
    if not relation.broken:
        return Result(clause, Status.HOLDS)
    try:
        if relation.form is Form.CSV:  # what the scan could not read is kept in tables of its own
            broken = int(str(database.rows(relation.broken)[0][0]))
        else:
            broken = int(str(database.rows(render_queries.scan(relation, [relation.broken]))[0][1]))
    except Refused as error:
        return Result(clause, Status.ERROR, f"{clause.object}: {error.message}")
    if not broken:
        return Result(clause, Status.HOLDS, measured=0)
    what = "without the columns of the header" if relation.form is Form.CSV else "that is no JSON object"
    return Result(clause, Status.FAILS, f"{relation.where}: {broken} row{'s' if broken != 1 else ''} {what}", broken)


def _physical(database: Database, relation: Relation, clause: Clause) -> Result:
    if relation.form is not Form.POSTGRES:
        return Result(clause, Status.NOT_EVALUATED, "physical types are compared in databases only", moot=True)
    assert clause.limit is not None, "a physical type is a text"
    column = relation.columns.get(clause.path[0]) if len(clause.path) == 1 else None
    if column is None:
        return Result(clause, Status.ERROR, f"{clause.subject}: there is no such column")
    try:
        known, actual = database.rows(render_queries.physical(clause.limit.text.strip().lower(), column.type))[0]
    except Refused:
        known, actual = None, None
    if known is None:
        return Result(clause, Status.NOT_EVALUATED, f"PostgreSQL has no type {clause.limit.text}", moot=True)
    size = clause.limit.text.partition("(")[2].replace(" ", "")
    if known == actual and (not size or size == column.type.partition("(")[2].replace(" ", "")):
        return Result(clause, Status.HOLDS)
    return Result(clause, Status.FAILS, f"{clause.subject}: the column is {column.type}, no {clause.limit.text}")


def _reference(database: Database, relation: Relation, clause: Clause, others: Mapping[str, Relation]) -> Result:
    target = others.get(clause.target)
    if target is None or (target.form is Form.POSTGRES and relation.form is not Form.POSTGRES):
        return Result(clause, Status.ERROR, f"{clause.subject}: `{clause.target}` cannot be read beside it")
    gone = [c for c in clause.columns if c not in relation.columns] + [c for c in clause.target_columns if c not in target.columns]
    if gone:
        return Result(clause, Status.ERROR, f"{clause.subject}: there is no column {gone[0]}")
    try:
        rows, lost = (int(str(value)) for value in database.rows(render_queries.orphans(clause, relation, target))[0])
    except Refused as error:
        return Result(clause, Status.ERROR, f"{clause.subject}: {error.message}")
    return Result(clause, Status.FAILS if lost else Status.HOLDS, phrase(clause, lost, rows), lost)


def _sql(database: Database, relation: Relation, clause: Clause) -> Result:
    try:
        found = database.select(render_queries.asked(clause, relation))
    except Refused as error:
        return Result(clause, Status.ERROR, f"{clause.subject}: the SQL rule was refused: {_masked(error.message)}")
    if len(found) != 1 or len(found[0]) != 1 or found[0][0] is None:
        return Result(clause, Status.ERROR, f"{clause.subject}: the SQL rule gave no single value")
    value = found[0][0]
    measured = value if isinstance(value, int | float | Decimal | bool | str) else str(value)
    shown = "a text" if isinstance(measured, str) and not clause.public else measured
    said = f"{clause.subject}: the SQL rule gave {shown}, {thresholds.said(clause.conditions, '')}"
    return Result(clause, Status.HOLDS if thresholds.met(measured, clause.conditions) else Status.FAILS, said, measured)


def _vacuous(result: Result, rows: int, *, expected_empty: bool) -> Result:
    """Nothing is said by no rows but what is about them: `rowCount`, or anything where none is what is asked for."""
    kind = result.clause.kind
    counted = result.status is Status.FAILS and result.measured is not None and kind is not Kind.SQL
    if rows or kind in (Kind.ROW_COUNT, Kind.READABLE, Kind.PHYSICAL) or not (counted or result.status is Status.HOLDS):
        return result
    if expected_empty and not counted:
        return result
    return Result(result.clause, Status.VACUOUS, f"{result.clause.subject}: there are no rows", result.measured)


def _with_examples(database: Database, relation: Relation, result: Result, rows: int) -> Result:
    if result.status is not Status.FAILS or not result.predicate or result.predicate == "coalesce(false, false)":
        return result
    clause = result.clause
    shown = "NULL"
    if clause.public and clause.path:
        shown = f"coalesce({of(clause, relation).text}, 'null')"
    if relation.label:
        shown = relation.label if shown == "NULL" else f"({relation.label} || ': ' || {shown})"
    try:
        found = database.rows(render_queries.examples(relation, result.predicate, shown))
    except Refused:
        return result
    texts = [": ".join(part for part in (f"row {n}" if n is not None and not relation.label else "", _short(value)) if part)
             for n, value in found]  # fmt: skip
    listed = ", ".join(text for text in texts if text)
    more = " …" if listed and isinstance(result.measured, int) and result.measured > len(found) else ""
    return Result(clause, result.status, f"{result.text} ({listed}{more})" if listed else result.text, result.measured, result.predicate)


def _masked(message: str) -> str:
    """What an engine says without the value it says it of, which may be anybody's."""
    about_value = re.search("convert|cast|input syntax|out of range|value", message, re.IGNORECASE)
    return re.sub(r"""(["'])(?:(?!\1).)*\1""", "…", message) if about_value else message


def _short(value: object) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _undeclared(relation: Relation, clauses: Sequence[Clause]) -> list[str]:
    declared = {clause.path[0] for clause in clauses if clause.path}
    extra = [name for name in relation.columns if name not in declared and "." not in name]
    if not extra:
        return []
    return [f"{relation.where} has columns the contract does not name: {', '.join(extra[:5])}{' …' if len(extra) > 5 else ''}"]


def _noticed(database: Database, relation: Relation, clauses: Sequence[Clause], now: datetime) -> list[str]:
    """Future times and NaNs: violations only where a bound says so, but nobody should have to find out."""
    asked: list[tuple[str, str]] = []
    for clause in clauses:
        if clause.kind is not Kind.TYPE or clause.path[0] not in relation.columns or len(clause.path) > 1:
            continue
        column = of(clause, relation)
        if clause.logical in ("date", "timestamp") and column.moment:
            asked.append((f"{clause.subject}: {{}} of {{}} rows lie in the future", f"coalesce({column.moment} > {moment(now)}, false)"))
        if clause.logical == "number" and column.nan:
            asked.append((f"{clause.subject}: {{}} of {{}} rows are NaN", f"coalesce({column.nan}, false)"))
    if not asked:
        return []
    try:
        row = database.rows(render_queries.scan(relation, [f"count(*) FILTER (WHERE {predicate})" for _, predicate in asked]))[0]
    except Refused:
        return []
    return [text.format(value, row[0]) for (text, _), value in zip(asked, row[1:], strict=True) if value]
