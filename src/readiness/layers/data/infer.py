"""What can be seen of a file of rows: its columns, the types that every value has, where nothing is missing, what repeats.

Nothing is taken from a sniffer: each candidate is asked as a clause of a contract, by what judges contracts, so that what
is inferred holds on the data it was inferred from. Ranges, patterns and valid values are not looked for: what the data
happens to be is not what it must be.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from readiness.errors import Refused, UsageError
from readiness.formats.odcs.contract import Option, Property, SchemaObject, Value
from readiness.layers.data import locate, plan, scan
from readiness.layers.data.dialect import Form, Relation
from readiness.layers.data.evidence import Status
from readiness.layers.data.locate import Source
from readiness.layers.data.readers import open_files
from readiness.world.duckdb import Duck

_TYPES: Final = ("integer", "number", "boolean", "date", "timestamp", "time", "array", "object", "string")
"""Tried in this order: the first that every value has is the narrowest; 0 and 1 are numbers before they are answers."""
_NO_CODE: Final = r"^[+-]?(0$|0?[.]|[1-9])"
"""How a number begins that is no code: `01234` is a postal code, and would lose its nought as a number."""
_KEY: Final = re.compile(r"(?:.*[_\W])?(?:id|key|uuid|guid|code|sku|isbn|number|no|nr)", re.IGNORECASE)
_CAMEL_KEY: Final = re.compile(r".*[a-z](?:Id|ID|Key|Uuid|Code|Number)")
_FEW: Final = 2
"""Among fewer rows every value differs by itself."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A column: its logical type (empty where every value is missing), the type it is stored as where it has one, whether
    no value is missing, and whether it looks like a key: every value differs, and the name is that of one."""

    name: str
    logical: str
    physical: str = ""
    required: bool = False
    key: bool = False


@dataclass(frozen=True, slots=True)
class Inferred:
    """What was seen of a file, or of several that are one dataset; a table nobody looked into has no columns."""

    file: str
    format: str
    rows: int
    columns: tuple[Seen, ...]


def can_read(file: str) -> bool:
    """Whether a file is of a form that is read here."""
    return _suffix(file) in locate.FORMATS


def is_document(file: str) -> bool:
    """Whether a file is read as a document: one row of a folder of them."""
    return locate.FORMATS.get(_suffix(file)) == "documents"


def argument(name: str, file: str) -> str:
    """How a dataset is named to `readiness data infer`: by its path, its folder, a glob in quotes; a table without a file."""
    return shlex.quote(name) if file else f"--table {shlex.quote(name)}"


def infer(file: str, paths: Mapping[str, Path], now: datetime) -> Inferred:
    """What can be seen of `file`: one, all below a folder, or all of a glob, which lie at `paths`.

    Raises UsageError where they cannot be read as what they are called.
    """
    kinds = {_suffix(path) for path in paths}
    forms = {locate.FORMATS.get(kind, "") for kind in kinds}
    if len(forms) != 1 or forms == {""}:
        what = f"{', '.join(sorted(kind or 'no suffix' for kind in kinds))}"
        raise UsageError(f"{file}: {what} is not read here as one dataset", f"what is read: {', '.join(sorted(locate.FORMATS))}")
    form = forms.pop()
    source = Source(tuple(paths.items()), form, "\t" if kinds == {"tsv"} else "")
    try:
        with Duck(paths.values()) as duck:
            relation = open_files(duck, source, SchemaObject("rows", 1))
            asked = _asked(relation)
            scanned = scan.evaluate(duck, open_files(duck, source, asked), plan.of_object(asked), {}, now)
    except Refused as error:
        raise UsageError(f"{file} cannot be read: {error.message}", "correct it first: a contract cannot describe it") from None
    holding = {result.clause.id for result in scanned.results if result.status is Status.HOLDS}
    broken = next((result.text for result in scanned.results if result.clause.id == "rows.readable" and result.status is Status.FAILS), "")
    if broken:
        raise UsageError(f"{file}: {broken}", "correct it first: a contract cannot describe it")
    if not scanned.rows:
        raise UsageError(f"{file} holds no rows: nothing can be seen in it", "name a file that holds what the others will hold")
    columns = tuple(_seen(relation, index, name, holding, scanned.rows) for index, name in enumerate(relation.columns))
    if form == "documents":  # a table we made of them: nothing is stored so
        columns = tuple(replace(column, physical="") for column in columns)
    return Inferred(file, "documents" if form == "documents" else kinds.pop(), scanned.rows, columns)


def _asked(relation: Relation) -> SchemaObject:
    """An object that asks everything of every column: a property for each type, and one for what is missing and repeats."""
    found = []
    for index, name in enumerate(relation.columns):
        found += [Property(f"c{index}-{kind}", 1, name, kind) for kind in _TYPES]
        found.append(Property(f"c{index}-filled", 1, name, required=True))
        found.append(Property(f"c{index}-key", 1, name, unique=True))
        if relation.form is Form.CSV:
            option = Option("pattern", Value(_NO_CODE, _NO_CODE), 1)
            found.append(Property(f"c{index}-plain", 1, name, "string", options=(option,)))
    return SchemaObject("rows", 1, properties=tuple(found))


def _seen(relation: Relation, index: int, name: str, holding: set[str], rows: int) -> Seen:
    fitting = [kind for kind in _TYPES if f"rows.c{index}-{kind}.type" in holding]
    if {"boolean", "date"} <= set(fitting):
        fitting = []  # no value is both: there is none
    if relation.form is Form.CSV and f"rows.c{index}-plain.pattern" not in holding:
        fitting = [kind for kind in fitting if kind not in ("integer", "number")]
    logical = fitting[0] if fitting else ""
    filled = f"rows.c{index}-filled.required" in holding
    named = index == 0 or bool(_KEY.fullmatch(name) or _CAMEL_KEY.fullmatch(name))
    differs = f"rows.c{index}-key.unique" in holding and logical in ("string", "integer") and rows >= _FEW
    physical = relation.columns[name].raw if relation.form is Form.DUCK else ""
    return Seen(name, logical, physical, filled, filled and differs and named)


def _suffix(file: str) -> str:
    return posixpath.splitext(file)[1].removeprefix(".").lower()
