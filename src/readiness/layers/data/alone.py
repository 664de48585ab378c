"""Judges the clauses that no aggregate can: rows that are none, physical types, references, rules in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from readiness.errors import Refused
from readiness.layers.data import render_queries, thresholds
from readiness.layers.data.dialect import Form, Relation
from readiness.layers.data.evidence import Kind, Status
from readiness.layers.data.plan import Clause
from readiness.layers.data.results import Result, masked
from readiness.layers.data.words import phrase
from readiness.sequence.wording import counted
from readiness.world.query import Database


def judge(database: Database, relation: Relation, clause: Clause, others: Mapping[str, Relation]) -> Result:
    """What becomes of a clause that is asked in a query of its own, after the scan."""
    if clause.kind is Kind.READABLE:
        return _readable(database, relation, clause)
    if clause.kind is Kind.PHYSICAL:
        return _physical(database, relation, clause)
    if clause.kind is Kind.REFERENCE:
        return _reference(database, relation, clause, others)
    return _sql(database, relation, clause)


def _readable(database: Database, relation: Relation, clause: Clause) -> Result:
    """Whether every row of a CSV file was one: those that were not are kept in tables of their own by the scan."""
    if not relation.broken:
        return Result(clause, Status.HOLDS)
    try:
        broken = int(str(database.rows(relation.broken)[0][0]))
    except Refused as error:
        return Result(clause, Status.ERROR, f"{clause.object}: {error.message}")
    if not broken:
        return Result(clause, Status.HOLDS, measured=0)
    rows = f"{counted(broken, 'row')} without the columns of the header"
    return Result(clause, Status.FAILS, f"{relation.where}: {rows}", broken)


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
        return Result(clause, Status.ERROR, f"{clause.subject}: the SQL rule was refused: {masked(error.message)}")
    if len(found) != 1 or len(found[0]) != 1 or found[0][0] is None:
        return Result(clause, Status.ERROR, f"{clause.subject}: the SQL rule gave no single value")
    value = found[0][0]
    measured = value if isinstance(value, int | float | Decimal | bool | str) else str(value)
    shown = "a text" if isinstance(measured, str) and not clause.public else measured
    said = f"{clause.subject}: the SQL rule gave {shown}, {thresholds.said(clause.conditions, '')}"
    return Result(clause, Status.HOLDS if thresholds.met(measured, clause.conditions) else Status.FAILS, said, measured)
