"""Says what became of a clause, in one line."""

from __future__ import annotations

from typing import Final

from readiness.layers.data import thresholds
from readiness.layers.data.evidence import Kind
from readiness.layers.data.plan import NONE, Clause
from readiness.sequence.wording import counted

_COUNTED: Final = {
    Kind.REQUIRED: "null",
    Kind.UNIQUE: "a value that is there already",
    Kind.MULTIPLE: "no multiple of {}",
    Kind.MIN_LENGTH: "shorter than {}",
    Kind.MAX_LENGTH: "longer than {}",
    Kind.PATTERN: "without a match of {}",
    Kind.FORMAT: "not written as {}",
    Kind.ENUM: "none of the values allowed",
    Kind.MIN_ITEMS: "with fewer than {} items",
    Kind.MAX_ITEMS: "with more than {} items",
    Kind.UNIQUE_ITEMS: "with items that repeat",
    Kind.MINIMUM: "below minimum {}",
    Kind.MAXIMUM: "above maximum {}",
    Kind.ABOVE: "not above {}",
    Kind.BELOW: "not below {}",
    Kind.KEY: "with a null or a key that is there already",
    Kind.READABLE: "that are no JSON object",
    Kind.REFERENCE: "with a reference that leads to nothing",
}


def phrase(clause: Clause, count: int, rows: int) -> str:
    """What was counted, and what it should have been where that is not zero: `price: 3 of 1200 rows above maximum 100`."""
    limit = clause.limit.text if clause.limit is not None else ""
    if clause.kind in (Kind.TYPE, Kind.PRESENT):
        what = "without it" if clause.kind is Kind.PRESENT else f"no {limit}"
        return f"{clause.subject}: {count} of {counted(rows, 'row')} {what}"
    if clause.kind is Kind.ROW_COUNT:
        return f"{clause.object}: {counted(count, 'row')}, {thresholds.said(clause.conditions, clause.unit)}"
    words = _COUNTED.get(clause.kind)
    if words is not None:
        return f"{clause.subject}: {count} of {counted(rows, 'row')} {words.format(limit)}"
    said = f"{clause.subject}: {clause.kind} is {count} of {counted(rows, 'row')}"
    return said if clause.conditions == NONE else f"{said}, {thresholds.said(clause.conditions, clause.unit)}"
