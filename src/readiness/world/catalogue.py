"""The schema of a database as its own catalogue tells it, and the rows of its tables, for comparing before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readiness.world.tables import Tables

_FOLDER: Final = Path(__file__).with_name("sql")


@dataclass(frozen=True, slots=True, order=True)
class Thing:
    """One part of a schema: its `kind` (table, column, index …), the table it belongs to, its own name there."""

    kind: str
    table: str
    name: str

    @property
    def words(self) -> str:
        """The part as a reader would call it."""
        return f"{self.kind} {'.'.join(part for part in (self.table, self.name) if part)}"


@dataclass(frozen=True, slots=True)
class Difference:
    """A part that is `missing`, `left over` or `changed` in the later of two schemas."""

    thing: Thing
    how: str

    @property
    def words(self) -> str:
        """The difference in one line."""
        return f"{self.thing.words} is {self.how}"


def schema(url: str) -> Mapping[Thing, str]:
    """Every part of the schema of the database at a URL, with its definition. Raises Refused where it cannot be asked."""
    with Tables(url) as database:
        rows = database.rows((_FOLDER / "catalogue.sql").read_text(encoding="utf-8"))
    return {Thing(str(kind), str(table), str(name)): str(definition or "") for kind, table, name, definition in rows}


def differences(before: Mapping[Thing, str], after: Mapping[Thing, str]) -> tuple[Difference, ...]:
    """What differs in the later of two schemas; of a table that is missing or left over only the table itself."""
    found = [Difference(thing, "missing") for thing in before if thing not in after]
    found += [Difference(thing, "left over") for thing in after if thing not in before]
    found += [Difference(thing, "changed") for thing in before if thing in after and after[thing] != before[thing]]
    whole = {(item.thing.table, item.how) for item in found if item.thing.kind == "table"}
    kept = [item for item in found if item.thing.kind == "table" or (item.thing.table, item.how) not in whole]
    return tuple(sorted(kept, key=lambda item: (item.thing.kind != "table", item.thing, item.how)))


def counts(url: str) -> Mapping[str, tuple[object, ...]]:
    """Every table of the database at a URL with how many rows it has, and a sum that changes with any of them. Raises Refused."""
    listing = (_FOLDER / "tables.sql").read_text(encoding="utf-8")
    with Tables(url) as database:
        return {str(name): database.rows(str(query))[0] for name, query in database.rows(listing)}
