"""The tables of a database as whoever puts rows into them has to know them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readiness.world.tables import Tables


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its `type` as SQL writes it, the `base` type below a domain with its `modifier`, the labels of an enum.

    `element` is the type of an array's items. `counted` columns number their rows themselves, `made` ones take no value.
    """

    name: str
    type: str
    base: str
    modifier: int = -1
    labels: tuple[str, ...] = ()
    element: str = ""
    needed: bool = False
    default: bool = False
    counted: bool = False
    made: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: columns, and the table and its columns that they refer to."""

    columns: tuple[str, ...]
    schema: str
    table: str
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """A check constraint: its name, its text, and its columns."""

    name: str
    text: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table that rows can be put into."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    refers: tuple[Reference, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def words(self) -> str:
        """The table as a reader would call it."""
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


def tables(url: str) -> tuple[Table, ...]:
    """Every such table of the database at a URL, by name. Raises Refused where it cannot be asked."""
    query = Path(__file__).with_name("sql").joinpath("fillable.sql").read_text(encoding="utf-8")
    with Tables(url) as database:
        return tuple(_table(json.loads(str(row[0]))) for row in database.rows(query))


def _table(told: dict[str, Any]) -> Table:
    return Table(
        told["schema"],
        told["name"],
        tuple(_column(item) for item in told["columns"] or ()),
        tuple(told["key"] or ()),
        tuple(Reference(tuple(item["columns"]), item["schema"], item["name"], tuple(item["to"])) for item in told["refers"] or ()),
        tuple(Check(item["name"], item["text"], tuple(item["columns"] or ())) for item in told["checks"] or ()),
    )


def _column(told: dict[str, Any]) -> Column:
    return Column(
        told["name"], told["type"], told["base"], told["modifier"], tuple(told["labels"] or ()), told["element"] or "",
        bool(told["needed"]), bool(told["default"]), bool(told["counted"]), bool(told["made"]),
    )  # fmt: skip
