"""Evaluates the clauses on one object: one aggregate scan, then a second query for the rows of failed clauses only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches

from readiness.errors import Refused
from readiness.formats.odcs.contract import Condition
from readiness.layers.data import alone, render_queries, thresholds
from readiness.layers.data.dialect import Form, Relation
from readiness.layers.data.evidence import Kind, Status
from readiness.layers.data.plan import Clause
from readiness.layers.data.render_clauses import Measure, Unjudged, measure, of
from readiness.layers.data.render_text import moment
from readiness.layers.data.results import Result, masked
from readiness.layers.data.words import phrase
from readiness.sequence.wording import counted
from readiness.world.query import Database

_WHOLESALE = (Kind.TYPE, Kind.PRESENT)


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
    noticeable = _noticeable(relation, clauses, now)
    rows, values, counts = _scanned(database, relation, ask.clauses, [aggregate for *_, aggregate in noticeable])
    for index, value in values.items():
        ask.found[index] = _judged(clauses[index], value, rows, ask.clauses[index])
    for index, clause in enumerate(clauses):
        if index not in ask.found:
            ask.found[index] = alone.judge(database, relation, clause, others)
    expected_empty = any(c.kind is Kind.ROW_COUNT and _asks_for_none(c.conditions) for c in clauses)
    results = [_vacuous(ask.found[index], rows, expected_empty=expected_empty) for index in range(len(clauses))]
    results = [_with_examples(database, relation, result) for result in results]
    seen = [
        f"{subject}: {count} of {counted(rows, 'row')} {what}"
        for (subject, what, _), count in zip(noticeable, counts, strict=False)
        if count
    ]
    return Scanned(tuple(results), rows, (*_undeclared(relation, clauses), *seen))


def _asks_for_none(conditions: tuple[Condition, ...]) -> bool:
    return any(c.operator == "mustBe" and c.low == 0 and not isinstance(c.low, bool) for c in conditions)


def _prepared(relation: Relation, clauses: Sequence[Clause]) -> _Ask:
    ask = _Ask()
    for index, clause in enumerate(clauses):
        if not clause.executed:
            ask.found[index] = _not_executed(clause)
        elif clause.kind is Kind.READABLE and relation.broken and relation.form is not Form.CSV:
            ask.clauses[index] = Measure(relation.broken)
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


def _scanned(
    database: Database, relation: Relation, asked: Mapping[int, Measure], more: Sequence[str]
) -> tuple[int, dict[int, object], tuple[object, ...]]:
    """The number of rows, the value of each measure, and those of `more` aggregates, in one scan."""
    order = list(asked)
    try:
        row = database.rows(render_queries.scan(relation, [*(asked[index].aggregate for index in order), *more]))[0]
        return int(str(row[0])), dict(zip(order, row[1:], strict=False)), row[1 + len(order) :]
    except Refused:
        pass
    # one clause that the engine refuses must not take the others with it
    values: dict[int, object] = {}
    for index in order:
        try:
            values[index] = database.rows(render_queries.scan(relation, [asked[index].aggregate]))[0][1]
        except Refused as error:
            values[index] = error
    return _rows(database, relation), values, _apart(database, relation, more)


def _apart(database: Database, relation: Relation, aggregates: Sequence[str]) -> tuple[object, ...]:
    try:
        return database.rows(render_queries.scan(relation, aggregates))[0][1:]
    except Refused:
        return ()


def _rows(database: Database, relation: Relation) -> int:
    return int(str(database.rows(render_queries.scan(relation, []))[0][0]))


def _judged(clause: Clause, value: object, rows: int, asked: Measure) -> Result:
    if isinstance(value, Refused):
        return Result(clause, Status.ERROR, f"{clause.subject}: {masked(value.message)}")
    count = int(str(value))
    measured: int | Decimal = count
    if clause.unit == "percent":
        measured = Decimal(100 * count) / Decimal(rows) if rows else Decimal(0)
    holds = thresholds.met(measured, clause.conditions)
    return Result(clause, Status.HOLDS if holds else Status.FAILS, phrase(clause, count, rows), measured, asked.predicate)


def _vacuous(result: Result, rows: int, *, expected_empty: bool) -> Result:
    """Nothing is said by no rows but what is about them: `rowCount`, or anything where none is what is asked for."""
    kind = result.clause.kind
    counted = result.status is Status.FAILS and result.measured is not None and kind is not Kind.SQL
    if rows or kind in (Kind.ROW_COUNT, Kind.READABLE, Kind.PHYSICAL) or not (counted or result.status is Status.HOLDS):
        return result
    if expected_empty and not counted:
        return result
    return Result(result.clause, Status.VACUOUS, f"{result.clause.subject}: there are no rows", result.measured)


def _with_examples(database: Database, relation: Relation, result: Result) -> Result:
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


def _short(value: object) -> str:
    text = "" if value is None else " ".join(str(value).split())
    return text if len(text) <= 40 else f"{text[:39]}…"


def _undeclared(relation: Relation, clauses: Sequence[Clause]) -> list[str]:
    declared = {clause.path[0] for clause in clauses if clause.path}
    extra = [name for name in relation.columns if name not in declared and "." not in name]
    if not extra:
        return []
    return [f"{relation.where} has columns the contract does not name: {', '.join(extra[:5])}{' …' if len(extra) > 5 else ''}"]


def _noticeable(relation: Relation, clauses: Sequence[Clause], now: datetime) -> list[tuple[str, str, str]]:
    """Future times and NaNs: violations only where a bound says so, but nobody should have to find out."""
    asked: list[tuple[str, str, str]] = []
    for clause in clauses:
        if clause.kind is not Kind.TYPE or clause.path[0] not in relation.columns or len(clause.path) > 1:
            continue
        column = of(clause, relation)
        if clause.logical in ("date", "timestamp") and column.moment:
            asked.append((clause.subject, "in the future", _counted(f"{column.moment} > {moment(now)}")))
        if clause.logical == "number" and column.nan:
            asked.append((clause.subject, "NaN", _counted(column.nan)))
    return asked


def _counted(predicate: str) -> str:
    return f"count(*) FILTER (WHERE coalesce({predicate}, false))"
