"""Renders what can be asked of one column: whether it is null, of its declared type, what number or moment it is.

Types are read from the source and never cast to the contract. A CSV file holds texts, and each is tried; a JSON file
holds values with types of their own; a Parquet file or a table holds columns that are of a type as a whole.
"""

# ruff: noqa: S608  rendering SQL is what this module is for; names and values are quoted by render_text
from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from readiness.layers.data import dates
from readiness.layers.data.dialect import FLOATS, Column, Form, fits
from readiness.layers.data.render_text import full, text

_WHOLE: Final = " *[+-]?[0-9]+ *"
_NUMBER: Final = "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"
_NAN: Final = "[+-]?[nN][aA][nN]"
_INFINITE: Final = "[+-]?[iI][nN][fF]([iI][nN][iI][tT][yY])?"
_TRUTH: Final = "(?i:true|false|t|f)|0|1"
_JSON: Final = {
    "string": ("VARCHAR",), "integer": ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"), "boolean": ("BOOLEAN",),
    "number": ("BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT", "DOUBLE"), "object": ("OBJECT",), "array": ("ARRAY",),
}  # fmt: skip
_MOMENTS: Final = ("date", "timestamp", "time")


@dataclass(frozen=True, slots=True)
class Facets:
    """Boolean and value expressions of one column; empty where the column has no such thing.

    `wrong` is true of a value that is not of the declared type; `mismatch` says that no value of the column is;
    `unjudged` says why types and bounds of it cannot be told. `nan` is true of a NaN. `key` is what equality of two
    values is judged by. `moment` is a TIMESTAMPTZ, or a TIME for a `time`. `off_form` is true of a value not written
    in the declared form. A bound is compared as a `cast`; `exact` is the number without rounding, for bounds past 2**53.
    """

    null: str
    text: str
    key: str
    wrong: str = ""
    mismatch: str = ""
    unjudged: str = ""
    number: str = ""
    whole: bool = False
    exact: str = ""
    cast: str = ""
    nan: str = ""
    moment: str = ""
    off_form: str = ""
    size: str = ""
    distinct: str = ""


def facets(column: Column, form: Form, logical: str, written: str) -> Facets:
    """The facets of a column for a property of type `logical` (empty: undeclared) whose dates are `written` like this."""
    if form is Form.CSV:
        return _of_text(column.sql, logical, written)
    if form is Form.JSON:
        return _of_json(column.sql, logical, written)
    return _of_typed(column, form, logical)


def _number(sql: str, form: Form = Form.CSV) -> str:
    shape = f" *({_NUMBER}|{_NAN}|{_INFINITE}) *"
    return f"CASE WHEN {full(sql, shape, form)} THEN TRY_CAST(trim({sql}) AS DOUBLE) END"


def _exact(sql: str) -> str:
    return f"CASE WHEN {full(sql, _WHOLE, Form.CSV)} THEN TRY_CAST(trim({sql}) AS HUGEINT) END"


def _of_text(sql: str, logical: str, written: str) -> Facets:
    null = f"({sql} IS NULL)"
    plain = Facets(null, sql, sql)
    if logical in _MOMENTS:
        return _of_moment(plain, logical, written)
    number = _number(sql)
    wrong = {
        "integer": f"NOT {full(sql, _WHOLE, Form.CSV)}",
        "number": f"({number}) IS NULL",
        "boolean": f"NOT {full(sql, _TRUTH, Form.CSV)}",
        "object": f"coalesce(json_type(CASE WHEN json_valid({sql}) THEN {sql} END), '') <> 'OBJECT'",
        "array": f"coalesce(json_type(CASE WHEN json_valid({sql}) THEN {sql} END), '') <> 'ARRAY'",
    }.get(logical, "")
    listed = f"CASE WHEN json_valid({sql}) AND json_type({sql}) = 'ARRAY' THEN {sql} END"
    return Facets(
        null, sql, sql, wrong, number="" if logical == "string" else number, exact=_exact(sql), cast="DOUBLE PRECISION",
        nan=full(sql, f" *{_NAN} *", Form.CSV), size=f"json_array_length({listed})" if logical == "array" else "",
        distinct=_distinct(listed) if logical == "array" else "",
    )  # fmt: skip


def _of_json(sql: str, logical: str, written: str) -> Facets:
    kind = f"json_type({sql})"
    null = f"({sql} IS NULL OR {kind} = 'NULL')"
    words = f"({sql} ->> '$')"
    plain = Facets(null, words, f"CAST({sql} AS VARCHAR)")
    if logical in _MOMENTS:
        is_text = f"CASE WHEN {kind} = 'VARCHAR' THEN {words} END"
        return _of_moment(Facets(null, f"({is_text})", plain.key), logical, written)
    wrong = f"{kind} NOT IN ({', '.join(text(item) for item in _JSON[logical])})" if logical else ""
    numeric = f"CASE WHEN {kind} IN ({', '.join(text(item) for item in _JSON['number'])}) THEN TRY_CAST({words} AS DOUBLE) END"
    listed = f"CASE WHEN {kind} = 'ARRAY' THEN {sql} END"
    return Facets(
        null, words, plain.key, wrong, number=numeric, exact=_exact(words), cast="DOUBLE PRECISION",
        nan=f"coalesce(isnan({numeric}), false)", size=f"json_array_length({listed})", distinct=_distinct(listed),
    )  # fmt: skip


def _distinct(listed: str) -> str:
    return f"len(list_distinct(CAST(json_extract({listed}, '$[*]') AS VARCHAR[])))"


def _of_moment(plain: Facets, logical: str, written: str) -> Facets:
    """A date, timestamp or time that is written as a text."""
    kind = "TIME" if logical == "time" else "TIMESTAMPTZ"
    words = plain.text
    iso = full(words, dates.ISO[logical], Form.CSV)
    moment = f"CASE WHEN {iso} THEN TRY_CAST(replace({words}, 'Z', '+00') AS {kind}) END"
    if logical == "time":
        moment = f"CASE WHEN {iso} THEN TRY_CAST(regexp_replace({words}, ' ?(Z|[+-][0-9:]+)$', '') AS {kind}) END"
    off = ""
    if written:
        form = dates.form(written)
        if form is None:
            return Facets(plain.null, words, plain.key, unjudged=f"the form `{written}` is not read by this version")
        matched = full(words, form.regex, Form.CSV)
        turned = f"regexp_replace({words}, {text(f'^{form.regex}$')}, {text(form.iso)})"
        own = f"CASE WHEN {matched} THEN TRY_CAST(replace({turned}, 'Z', '+00') AS {kind}) END"
        moment = f"coalesce({own}, {moment})"
        off = f"({own}) IS NULL"
    return Facets(plain.null, words, plain.key, f"({moment}) IS NULL", moment=f"({moment})", off_form=off)


def _of_typed(column: Column, form: Form, logical: str) -> Facets:
    sql, kind = column.sql, column.kind
    null = f"({sql} IS NULL)"
    words = f"CAST({sql} AS {'text' if form is Form.POSTGRES else 'VARCHAR'})"
    mismatch = f"is {column.type}, no {logical}" if logical and not fits(logical, kind) else ""
    floating = column.raw in FLOATS
    cast = "REAL" if column.raw in ("FLOAT", "float4") else "DOUBLE PRECISION" if column.raw in ("DOUBLE", "float8") else ""
    nan = (f"({sql} = 'NaN')" if form is Form.POSTGRES else f"isnan({sql})") if floating and kind == "number" else ""
    moment = {"date": f"(CAST({sql} AS TIMESTAMP) AT TIME ZONE 'UTC')", "time": sql}.get(kind, "")
    if kind == "timestamp":
        zoned = "tz" in column.raw or "WITH TIME ZONE" in column.raw
        moment = sql if zoned else f"(CAST({sql} AS TIMESTAMP) AT TIME ZONE 'UTC')"
    size, distinct = _typed_lists(column, form)
    number = sql if kind in ("integer", "number") else ""
    return Facets(null, words, sql, "", mismatch, "", number, kind == "integer", "", cast, nan, moment, "", size, distinct)


def _typed_lists(column: Column, form: Form) -> tuple[str, str]:
    sql = column.sql
    if column.kind != "array":
        return "", ""
    if form is Form.DUCK:
        return f"len({sql})", f"len(list_distinct({sql}))"
    if column.raw.startswith("_"):
        return f"coalesce(cardinality({sql}), 0)", f"(SELECT count(DISTINCT item) FROM unnest({sql}) AS items(item))"
    return (f"vector_dims({sql})", "") if column.raw == "vector" else ("", "")
