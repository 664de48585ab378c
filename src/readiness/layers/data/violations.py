"""The values that violate a clause, outside its bounds by construction, likeliest to be caught first."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final

from readiness.formats import canonical
from readiness.formats.odcs.contract import Value
from readiness.layers.data import dates
from readiness.layers.data.dialect import Column, Form
from readiness.layers.data.evidence import Kind
from readiness.layers.data.plan import Clause

STRANGE: Final = ("", " ", "readiness", "0", "~!#€", "\n", "x" * 300)
"""Texts that a pattern which means anything does not match all of."""
_NOTHING: Final = "readiness: none of these"
_LONGEST: Final = 1_000_000


def values(clause: Clause, column: Column, form: Form) -> list[object]:
    """Values that violate a clause on one column; none where no value of its source can."""
    kind, limit = clause.kind, clause.limit
    if kind in (Kind.REQUIRED, Kind.NULLS):
        return [None]
    if kind is Kind.TYPE:
        return _of_other_type(clause.logical, form)
    if kind in (Kind.MINIMUM, Kind.MAXIMUM, Kind.ABOVE, Kind.BELOW):
        assert limit is not None, "a bound is a value"
        return _outside(kind, limit, clause.logical or column.kind)
    if kind is Kind.MISSING:
        return [item.value if item.value is None else item.text for item in clause.values or (Value("", None),)]
    if kind in (Kind.INVALID, Kind.ENUM):
        return _unlisted(clause, column)
    return _shaped(clause, form)


def _of_other_type(logical: str, form: Form) -> list[object]:
    if form is Form.CSV:
        return [] if logical == "string" else [_NOTHING]
    return [1] if logical == "string" else [_NOTHING]


def _outside(kind: Kind, limit: Value, logical: str) -> list[object]:
    below = kind in (Kind.MINIMUM, Kind.ABOVE)
    if isinstance(limit.value, int | float) and not isinstance(limit.value, bool):
        if kind in (Kind.ABOVE, Kind.BELOW):
            return [limit.value]
        step = 1 if isinstance(limit.value, int) else max(1.0, abs(limit.value) / 100)
        return [limit.value - step if below else limit.value + step]
    if logical == "time":
        return ["00:00:00"] if below else ["23:59:59.999"]
    at = dates.moment(limit.text)
    if at is None:
        return []
    try:
        moved = at + timedelta(days=-2 if below else 2)
    except OverflowError:
        return []
    return [moved.strftime("%Y-%m-%d") if logical == "date" else _written(moved)]


def _written(at: datetime) -> str:
    return canonical.moment(at)


def _unlisted(clause: Clause, column: Column) -> list[object]:
    numbers = [item.value for item in clause.values if isinstance(item.value, int | float) and not isinstance(item.value, bool)]
    found: list[object] = []
    if clause.logical in ("integer", "number") or column.kind in ("integer", "number"):
        found.append(math.floor(max(numbers, default=0)) + 7)
    return [*found, _NOTHING, *STRANGE] if clause.limit is not None else [*found, _NOTHING]


def _shaped(clause: Clause, form: Form) -> list[object]:
    kind, limit = clause.kind, clause.limit
    size = limit.value if limit is not None and isinstance(limit.value, int) and not isinstance(limit.value, bool) else 0
    if kind is Kind.PATTERN:
        return list(STRANGE)
    if kind is Kind.FORMAT:
        return _off_format(clause)
    if kind is Kind.MULTIPLE:
        return [size + 1, 0.5] if size > 1 else [0.5 * float(str(limit.value))] if limit is not None else []
    if kind is Kind.MIN_LENGTH:
        return ["x" * (size - 1)] if size else []
    if kind is Kind.MAX_LENGTH:
        return ["x" * (size + 1)] if size < _LONGEST else []
    if kind is Kind.UNIQUE_ITEMS:
        return [[1, 1]]
    if kind is Kind.MIN_ITEMS:
        return [[1] * (size - 1)] if size else []
    return [[1] * (size + 1)] if kind is Kind.MAX_ITEMS and size < _LONGEST else []


def _off_format(clause: Clause) -> list[object]:
    wanted = clause.limit.text if clause.limit is not None else ""
    if wanted[:1] in ("i", "u") and wanted[1:].isdigit():
        return [2 ** int(wanted[1:])]
    return [_NOTHING, "!"]
