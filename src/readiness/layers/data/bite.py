"""Plants one violation per clause in a copy of the data, and sees whether that clause catches it.

A copy holds the first thousand rows; a planted row is like the first one but for what is planted. Each attempt is
undone before the next. A clause that already fails on the data as it is has caught something, and needs no proof.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from readiness.errors import Refused
from readiness.layers.data import render_sources, render_text, render_violations, violations
from readiness.layers.data.dialect import Column, Form, Relation, duck_kind
from readiness.layers.data.evidence import Kind, Status
from readiness.layers.data.plan import Clause
from readiness.layers.data.render_clauses import measure, of
from readiness.layers.data.results import Result
from readiness.layers.data.scan import evaluate
from readiness.world.query import Database

COPIED_ROWS: Final = 1000
_MOST_ROWS: Final = 200_000
"""The most rows that are added to cross a threshold; a higher one is not tried."""
_STRUCTURAL: Final = (Kind.READABLE, Kind.PHYSICAL)
_NOWHERE: Final = "readiness: leads nowhere"
_counter: Final = itertools.count()


class Caught(StrEnum):
    """Whether a planted violation was caught, missed, or could not be planted."""

    CAUGHT = "caught"
    MISSED = "missed"
    UNPLANTED = "not planted"


@dataclass(frozen=True, slots=True)
class Bite:
    """What became of the violation planted for one clause."""

    clause: Clause
    caught: Caught
    text: str = ""


@dataclass(frozen=True, slots=True)
class _Copy:
    """A copy to spoil, and the number of its rows."""

    database: Database
    relation: Relation
    others: Mapping[str, Relation]
    now: datetime
    rows: int


def bite(
    database: Database, relation: Relation, clauses: Sequence[Clause], others: Mapping[str, Relation], now: datetime
) -> tuple[Bite, ...]:
    """What became of a violation of each clause that is executed and asks something of rows, in their order."""
    asked = [clause for clause in clauses if clause.executed and clause.kind not in _STRUCTURAL]
    table = relation.names[0] if relation.form is Form.POSTGRES else f"copy_{next(_counter)}"
    try:
        database.rows(render_violations.copied(relation, table, COPIED_ROWS))
    except Refused as error:
        return tuple(Bite(clause, Caught.UNPLANTED, f"the data cannot be copied: {error.message}") for clause in asked)
    base = f"pg_temp.{render_text.name(table)}" if relation.form is Form.POSTGRES else render_text.name(table)
    copied = replace(relation, base=base, broken="", label="")
    if relation.form is Form.JSON and not relation.columns:  # no row tells the keys there should be
        paths = {clause.path for clause in asked if clause.path}
        columns = {".".join(path): Column(path[-1], "JSON", "", render_sources.json_field(path)) for path in paths}
        copied = replace(copied, columns=columns)
    before = evaluate(database, copied, asked, others, now)
    found = tuple(_bitten(_Copy(database, copied, others, now, before.rows), result) for result in before.results)
    database.rows(render_violations.dropped(base))
    return found


def _bitten(copy: _Copy, before: Result) -> Bite:
    clause = before.clause
    if before.status is Status.FAILS:
        return Bite(clause, Caught.CAUGHT, "it fails on the data as it is")
    if before.status in (Status.ERROR, Status.NOT_EVALUATED):
        return Bite(clause, Caught.UNPLANTED, before.text)
    planted = 0
    for statements, relation in _attempts(copy, clause):
        status = _attempt(copy, clause, statements, relation)
        if status is Status.FAILS:
            return Bite(clause, Caught.CAUGHT)
        planted += status is not None
    if not planted or clause.kind is Kind.SQL:
        return Bite(clause, Caught.UNPLANTED, f"{clause.subject}, line {clause.line}: no change tried breaks its {clause.kind} rule")
    return Bite(clause, Caught.MISSED, f"{clause.subject}: {clause.kind}{_limit(clause)} catches nothing")


def _limit(clause: Clause) -> str:
    return f" {clause.limit.text}" if clause.limit is not None else ""


def _attempt(copy: _Copy, clause: Clause, statements: Sequence[str], relation: Relation) -> Status | None:
    """What the clause says of the spoilt copy; None where it could not be spoilt like that."""
    try:
        with copy.database.undone():
            for statement in statements:
                copy.database.rows(statement)
            return evaluate(copy.database, relation, [clause], copy.others, copy.now).results[0].status
    except Refused:
        return None


def _attempts(copy: _Copy, clause: Clause) -> Iterator[tuple[list[str], Relation]]:
    relation = copy.relation
    if clause.kind is Kind.SQL:
        yield from _spoilt(copy, clause)
        return
    if clause.kind is Kind.ROW_COUNT:
        yield [render_violations.removed(relation)], relation
        for many in _crossing(clause):
            yield [render_violations.inserted(relation, {}, many, empty=not copy.rows)], relation
        return
    if clause.kind in (Kind.UNIQUE, Kind.KEY, Kind.DUPLICATES):
        yield from _repeated(copy, clause)
        return
    if clause.kind is Kind.REFERENCE:
        yield from _planted(copy, clause, (clause.columns[0],), [_NOWHERE, -987654321])
        return
    if clause.kind in (Kind.TYPE, Kind.PRESENT):
        column = relation.columns[clause.path[0]]
        found = violations.values(clause, column, relation.form) if relation.form in (Form.CSV, Form.JSON) else []
        if clause.kind is Kind.TYPE:
            yield from _planted(copy, clause, clause.path, found)
        kept = {name: item for name, item in relation.columns.items() if name != clause.path[0]}
        yield [], replace(relation, columns=kept)
        return
    column = relation.columns[".".join(clause.path)]
    yield from _planted(copy, clause, clause.path, violations.values(clause, column, relation.form))


def _planted(copy: _Copy, clause: Clause, path: tuple[str, ...], values: Sequence[object]) -> Iterator[tuple[list[str], Relation]]:
    """One row more with each value; then every row with it, and many rows, where a threshold allows for one."""
    relation = copy.relation
    column = relation.columns[".".join(path)]
    for value in values:
        try:
            changes = _changes(relation, column, path, value)
        except Refused:
            continue
        yield [render_violations.inserted(relation, changes, 1, empty=not copy.rows)], relation
        if clause.kind in (Kind.NULLS, Kind.MISSING, Kind.INVALID):
            yield [render_violations.changed(relation, changes)], relation
            for many in _crossing(clause):
                yield [render_violations.inserted(relation, changes, many, empty=not copy.rows)], relation
    if clause.kind in (Kind.NULLS, Kind.MISSING, Kind.INVALID):  # a metric that must not be low
        predicate = measure(clause, relation).predicate
        yield [render_violations.removed(relation, predicate)], relation


def _changes(relation: Relation, column: Column, path: tuple[str, ...], value: object) -> dict[str, str]:
    if relation.form is not Form.JSON:
        return {column.sql: render_violations.literal(value, column, relation.form)}
    keys = (column.name,) if len(path) == 1 else path
    return {"r": f"json_merge_patch(r, {render_violations.patch(value, keys)})"}


def _crossing(clause: Clause) -> list[int]:
    """How many rows more cross a threshold of this clause."""
    bounds = [
        bound for c in clause.conditions for bound in (c.low, c.high) if isinstance(bound, int | float) and not isinstance(bound, bool)
    ]
    return [int(bound) + 1 for bound in bounds if 0 <= bound < _MOST_ROWS and clause.unit == "rows"]


def _repeated(copy: _Copy, clause: Clause) -> Iterator[tuple[list[str], Relation]]:
    relation = copy.relation
    names = [clause.path] if clause.path else [(name,) for name in clause.columns]
    nulls = [of(replace(clause, path=path), relation).null for path in names]
    filled = f"NOT ({' OR '.join(nulls)})"
    yield [render_violations.repeated(relation, filled)], relation
    yield [render_violations.doubled(relation)], relation
    for many in _crossing(clause):
        yield [render_violations.inserted(relation, {}, many, empty=not copy.rows)], relation
    column = relation.columns[".".join(names[0])]
    same: list[object] = [7, "readiness", "2020-02-02"]
    for value in same:  # nothing there to repeat
        try:
            changes = _changes(relation, column, names[0], value)
        except Refused:
            continue
        many = max([2, *(count + 1 for count in _crossing(clause))])
        yield [render_violations.inserted(relation, changes, many, empty=not copy.rows)], relation


def _spoilt(copy: _Copy, clause: Clause) -> Iterator[tuple[list[str], Relation]]:
    """Whatever might break a rule whose meaning is not known: no rows, all of them twice, a column spoilt."""
    relation, before = copy.relation, []
    columns = list(relation.columns.values())
    if relation.form is not Form.POSTGRES:  # its queries see the view of the file, not the copy: give the view a copy
        table = f"typed_{next(_counter)}"
        before = [render_violations.typed_copy(relation.names[0], table, COPIED_ROWS)]
        before += [render_violations.view_of(name, table) for name in relation.names]
        described = _described(copy.database, relation.names[0])
        relation_table = render_text.name(table)
        columns = [Column(name, kind, duck_kind(kind), render_text.name(name)) for name, kind in described]
    else:
        relation_table = relation.base
    if clause.path:
        wanted = relation.columns[clause.path[0]].name if clause.path[0] in relation.columns else ""
        columns = [column for column in columns if column.name == wanted]
    spoil = replace(relation, base=relation_table)
    for column in columns:
        for value in render_violations.spoilt(column):
            yield [*before, render_violations.changed(spoil, {column.sql: value})], relation
    yield [*before, render_violations.doubled(spoil)], relation
    yield [*before, render_violations.removed(spoil)], relation


def _described(database: Database, called: str) -> list[tuple[str, str]]:
    try:
        return [(str(row[0]), str(row[1])) for row in database.rows(render_violations.described(called))]
    except Refused:
        return []
