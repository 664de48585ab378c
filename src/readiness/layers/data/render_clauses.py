"""Renders a clause into what is measured in the one scan of its table, and into the rows that violate it.

Policies, each tested on every engine:
- A null violates `required` and keys, is counted by `nullValues`, and nothing else asks anything of it. In a CSV file a
  field is null when it is empty and not quoted; `""` is the empty text. An empty text is no null.
- A NaN is a number and no null, and lies outside every range; infinities lie where they lie.
- Bounds are compared as they are: 5.0004 is above 5.
- `unique` and `duplicateValues` ignore nulls and count the rows beyond the first of each value.
- `invalidValues` counts values that are none of `validValues`, or do not match `pattern`; nulls are not invalid.
- `missingValues` counts exactly the values listed; without a list, nulls and empty texts.
- A value that is not of its declared type violates the type, and no bound as well; without a declared type it violates
  the bound, since nothing else would notice it.
"""

# ruff: noqa: S608  rendering SQL is what this module is for; names and values are quoted by render_text
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from readiness.errors import Refused
from readiness.formats.odcs.contract import Value
from readiness.layers.data import dates
from readiness.layers.data.dialect import Form, Relation
from readiness.layers.data.evidence import Kind
from readiness.layers.data.plan import Clause
from readiness.layers.data.render_columns import Facets, facets
from readiness.layers.data.render_text import clock, full, moment, number, search, text

FORMATS: Final = {
    "email": "[^@ ]+@[^@ ]+[.][^@ .]+",
    "uuid": "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    "uri": "[A-Za-z][A-Za-z0-9+.-]*:[^ ]+",
    "hostname": "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?([.][A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*[.]?",
    "ipv4": "((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])[.]){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])",
    "byte": "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?",
}
"""Formats of strings that are judged. `email` is deliberately loose: who it belongs to is not told by its spelling."""
_WIDTHS: Final = {f"{sign}{bits}": (sign == "i", bits) for sign in "iu" for bits in (8, 16, 32, 64, 128)}
_LEAST: Final = {Kind.MINIMUM: "<", Kind.ABOVE: "<="}
_MOST: Final = {Kind.MAXIMUM: ">", Kind.BELOW: ">="}
_EXACT: Final = 2**53


class Unjudged(Refused):
    """The clause is not judged by this version, and why; or there is nothing to judge in such a source (`moot`)."""

    moot = False


class Moot(Unjudged):
    """There is nothing to judge of this clause in such a source."""

    moot = True


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured of a clause: an aggregate, and the predicate of a violating row where there is one.

    `key` makes a predicate of duplicates: rows whose key occurs more than once.
    """

    aggregate: str
    predicate: str = ""


def measure(clause: Clause, relation: Relation) -> Measure:
    """The measure of a clause that counts rows. Raises Refused where it cannot be asked of this source, and why."""
    kind = clause.kind
    if kind is Kind.ROW_COUNT:
        return Measure("count(*)")
    if kind in (Kind.KEY, Kind.UNIQUE, Kind.DUPLICATES):
        return _duplicates(clause, relation)
    predicate = f"coalesce({violation(clause, relation)}, false)"
    return Measure(f"count(*) FILTER (WHERE {predicate})", predicate)


def of(clause: Clause, relation: Relation) -> Facets:
    """The facets of the column a clause is about. Raises Refused where the source has no such column."""
    return _facets(clause.path, clause, relation)


def _facets(path: tuple[str, ...], clause: Clause, relation: Relation) -> Facets:
    column = relation.columns.get(".".join(path)) if len(path) > 1 else relation.columns.get(path[0])
    if column is None and len(path) > 1 and relation.form is not Form.JSON:
        raise Unjudged("nested properties are judged in JSON only")
    if column is None:
        raise Refused(f"there is no column {'.'.join(path)}")
    return facets(column, relation.form, clause.logical, clause.form)


def _duplicates(clause: Clause, relation: Relation) -> Measure:
    paths = [clause.path] if clause.path else [(name,) for name in clause.columns]
    found = [_facets(path, clause, relation) if clause.path else _facets(path, _plain(clause), relation) for path in paths]
    null = " OR ".join(item.null for item in found)
    key = found[0].key if len(found) == 1 else f"({', '.join(item.key for item in found)})"
    beyond = f"(count(*) FILTER (WHERE NOT ({null})) - count(DISTINCT CASE WHEN NOT ({null}) THEN {key} END))"
    if len(found) > 1:
        beyond = f"(count(*) FILTER (WHERE NOT ({null})) - count(DISTINCT {key}) FILTER (WHERE NOT ({null})))"
    keys = ", ".join(item.key for item in found)
    twice = f"({key} IN (SELECT {keys} FROM {relation.base} AS again WHERE NOT ({null}) GROUP BY {keys} HAVING count(*) > 1))"
    if clause.kind is Kind.KEY:
        return Measure(f"(count(*) FILTER (WHERE {null}) + {beyond})", f"(({null}) OR {twice})")
    return Measure(beyond, f"(NOT ({null}) AND {twice})")


def _plain(clause: Clause) -> Clause:
    return replace(clause, logical="", form="")


def violation(clause: Clause, relation: Relation) -> str:
    """A boolean expression that is true of a row which violates a clause on one property. Raises Refused."""
    column = of(clause, relation)
    kind = clause.kind
    if kind is Kind.PRESENT:
        return "false"
    if kind is Kind.TYPE:
        if column.unjudged:
            raise Unjudged(column.unjudged)
        return f"(NOT {column.null} AND ({column.wrong}))" if column.wrong else "false"
    if kind in (Kind.REQUIRED, Kind.NULLS):
        return column.null
    if kind is Kind.MISSING:
        return _missing(clause, column, relation.form)
    if kind is Kind.INVALID or kind is Kind.ENUM:
        return f"(NOT {column.null} AND ({_invalid(clause, column, relation.form)}))"
    asked = _of_value(clause, column, relation.form)
    return f"(NOT {column.null} AND ({asked}))"


def _of_value(clause: Clause, column: Facets, form: Form) -> str:
    kind, limit = clause.kind, clause.limit
    if kind in _LEAST or kind in _MOST:
        return _outside(clause, column)
    if kind is Kind.MULTIPLE:
        return _multiple(clause, column)
    if kind in (Kind.MIN_LENGTH, Kind.MAX_LENGTH):
        assert limit is not None, "a length is a number"
        return f"length({column.text}) {'<' if kind is Kind.MIN_LENGTH else '>'} {number(limit.value)}"
    if kind is Kind.PATTERN:
        assert limit is not None, "a pattern is a text"
        return f"NOT {search(column.text, limit.text, form)}"
    if kind is Kind.FORMAT:
        return _off_format(clause, column, form)
    return _items(clause, column)


def _items(clause: Clause, column: Facets) -> str:
    if clause.kind is Kind.UNIQUE_ITEMS:
        if not column.distinct:
            raise Refused("it is no list")
        return f"{column.distinct} < {column.size}"
    if not column.size:
        raise Refused("it is no list")
    assert clause.limit is not None, "a number of items is a number"
    return f"{column.size} {'<' if clause.kind is Kind.MIN_ITEMS else '>'} {number(clause.limit.value)}"


def _outside(clause: Clause, column: Facets) -> str:
    assert clause.limit is not None, "a bound is a value"
    operator = _LEAST.get(clause.kind) or _MOST[clause.kind]
    if column.unjudged:
        raise Unjudged(column.unjudged)
    if column.moment and not column.number:
        return f"{column.moment} {operator} {_bound(clause.limit, clause.logical)}"
    if not column.number:
        raise Refused(f"the column {column.mismatch or 'holds no numbers'}")
    if isinstance(clause.limit.value, bool) or not isinstance(clause.limit.value, int | float):
        raise Refused(f"the bound `{clause.limit.text}` is no number")
    outside = _compared(column, operator, clause.limit.value)
    if column.nan:
        outside = f"({column.nan} OR {outside})"
    return outside if clause.logical else f"({outside} OR ({column.number}) IS NULL)"


def _compared(column: Facets, operator: str, limit: int | float) -> str:
    bound = number(limit)
    if isinstance(limit, int) and abs(limit) >= _EXACT and column.exact:
        return f"coalesce({column.exact} {operator} {bound}, ({column.number}) {operator} CAST({bound} AS DOUBLE PRECISION))"
    return f"({column.number}) {operator} {f'CAST({bound} AS {column.cast})' if column.cast else bound}"


def _bound(limit: Value, logical: str) -> str:
    if logical == "time":
        of_day = dates.clock(limit.text)
        if of_day is None:
            raise Refused(f"the bound `{limit.text}` is no time of day")
        return clock(of_day.replace(tzinfo=None))
    at = dates.moment(limit.text)
    if at is None:
        raise Refused(f"the bound `{limit.text}` is no date")
    return moment(at)


def _multiple(clause: Clause, column: Facets) -> str:
    assert clause.limit is not None, "a factor is a number"
    if not column.number:
        raise Refused(f"the column {column.mismatch or 'holds no numbers'}")
    step = number(clause.limit.value)
    # binary fractions are no multiples of 0.1 to the last bit: as much as they lose by division is allowed for
    ratio = f"(({column.number}) / CAST({step} AS DOUBLE PRECISION))"
    off = f"abs({ratio} - round({ratio})) > 1e-9 * greatest(1, abs({ratio}))"
    if column.whole and isinstance(clause.limit.value, int):
        off = f"({column.number}) % {step} <> 0"
    return f"({column.nan} OR {off})" if column.nan else off


def _off_format(clause: Clause, column: Facets, form: Form) -> str:
    assert clause.limit is not None, "a format is a text"
    wanted = clause.limit.text
    if clause.logical in ("date", "timestamp", "time"):
        if column.unjudged:
            raise Unjudged(column.unjudged)
        if not column.off_form:
            raise Moot("a column with a type of its own has no written form")
        return column.off_form
    if wanted in _WIDTHS and column.number:
        signed, bits = _WIDTHS[wanted]
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
        return f"{_compared(column, '<', low)} OR {_compared(column, '>', high)}"
    if wanted not in FORMATS:
        raise Unjudged(f"the format `{wanted}` is not judged by this version")
    return f"NOT {full(column.text, FORMATS[wanted], form)}"


def _missing(clause: Clause, column: Facets, form: Form) -> str:
    values = clause.values or (Value("", None), Value("", ""))
    listed = _listed(tuple(item for item in values if item.value is not None), column, form)
    nulls = column.null if any(item.value is None for item in values) else "false"
    return f"({nulls} OR (NOT {column.null} AND {listed}))"


def _invalid(clause: Clause, column: Facets, form: Form) -> str:
    parts = []
    if clause.values:
        parts.append(f"NOT {_listed(tuple(item for item in clause.values if item.value is not None), column, form)}")
    if clause.limit is not None:
        parts.append(f"NOT {search(column.text, clause.limit.text, form)}")
    return " OR ".join(parts)


def _listed(values: tuple[Value, ...], column: Facets, form: Form) -> str:
    """Whether a value is one of these: by its text, or by its number where both are numbers."""
    texts = [item.text for item in values if form is not Form.POSTGRES or "\0" not in item.text]
    texts += [item.text.lower() for item in values if isinstance(item.value, bool)]
    parts = [f"{column.text} IN ({', '.join(dict.fromkeys(text(item, form) for item in texts))})"] if texts else []
    numbers = [item.value for item in values if isinstance(item.value, int | float) and not isinstance(item.value, bool)]
    if column.number and numbers:
        parts.append(f"coalesce(({column.number}) IN ({', '.join(number(item) for item in numbers)}), false)")
    return f"({' OR '.join(parts)})" if parts else "false"
