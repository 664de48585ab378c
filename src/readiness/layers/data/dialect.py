"""What differs between the engines and the forms data comes in: the kinds of sources, and the types they have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Form(StrEnum):
    """The form of a source: texts (CSV), JSON values, or columns with types of DuckDB or PostgreSQL."""

    CSV = "csv"
    JSON = "json"
    DUCK = "duckdb"
    POSTGRES = "postgres"


@dataclass(frozen=True, slots=True)
class Column:
    """A column as the source has it: its type as the engine writes it, its kind (see KINDS), the expression it is read by."""

    name: str
    type: str
    kind: str
    sql: str
    raw: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """Something to select from: `base` in FROM, its `raw` columns, and the columns a contract may name.

    `broken` counts rows that could not be read as what they should be, in an aggregate over `base`; empty where the
    engine says so by other means. `names` are what a SQL rule may call it; `where` says what it is, for messages;
    `label` is an expression that names a row better than its number does.
    """

    form: Form
    base: str
    raw: tuple[str, ...]
    columns: Mapping[str, Column]
    where: str
    names: tuple[str, ...] = ()
    broken: str = ""
    label: str = ""


_DUCK: Final = (
    (r"(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|BIGNUM|VARINT)", "integer"),
    (r"DECIMAL\(.*\)|DOUBLE|FLOAT", "number"),
    (r"VARCHAR|UUID|ENUM\(.*\)", "string"),
    (r"BOOLEAN", "boolean"),
    (r"DATE", "date"),
    (r"TIMESTAMP.*", "timestamp"),
    (r"TIME|TIME_NS|TIME WITH TIME ZONE", "time"),
    (r".*\[\d*\]", "array"),
    (r"STRUCT\(.*\)|MAP\(.*\)|JSON|VARIANT", "object"),
)
_POSTGRES: Final = {
    "int2": "integer", "int4": "integer", "int8": "integer", "numeric": "number", "float4": "number", "float8": "number",
    "bool": "boolean", "date": "date", "timestamp": "timestamp", "timestamptz": "timestamp", "time": "time", "timetz": "time",
    "json": "object", "jsonb": "object", "hstore": "object", "uuid": "string", "xml": "string", "vector": "array",
    "halfvec": "array", "sparsevec": "array",
}  # fmt: skip
_POSTGRES_CATEGORY: Final = {"S": "string", "E": "string", "A": "array", "C": "object"}
FLOATS: Final = frozenset({"DOUBLE", "FLOAT", "float4", "float8", "numeric"})
"""Types that have a NaN."""


def duck_kind(type_name: str) -> str:
    """The logical type of a DuckDB type, empty for one that is none of the standard's."""
    return next((kind for pattern, kind in _DUCK if re.fullmatch(pattern, type_name, re.DOTALL)), "")


def postgres_kind(type_name: str, category: str) -> str:
    """The logical type of a PostgreSQL type, empty for one that is none of the standard's."""
    return _POSTGRES.get(type_name) or _POSTGRES_CATEGORY.get(category, "")


def fits(logical: str, kind: str) -> bool:
    """Whether a column of this kind is of the declared logical type; every integer is a number, nothing else converts."""
    return logical == kind or (logical == "number" and kind == "integer")
