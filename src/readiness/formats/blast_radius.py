"""What a credential opens, as JSON: tables, privileges and columns with what contracts classify, never a value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

SCHEMA: Final = "readiness/blast-radius/1"
EXECUTED: Final = "executed"
DECLARED: Final = "declared"


@dataclass(frozen=True, slots=True)
class Classified:
    """A column that the credential opens and a contract classifies: the word, whether it is sensitive, and where it says so."""

    column: str
    classification: str
    sensitive: bool
    place: str


@dataclass(frozen=True, slots=True)
class Opening:
    """One table: `basis` says whether the database answered or policies say so. `limits` are the columns of a privilege.

    `rows` is empty where every row is open, else what limits them; `way` how the rights come where not by the login itself.
    """

    table: str
    kind: str
    basis: str
    privileges: tuple[str, ...]
    limits: tuple[tuple[str, tuple[str, ...]], ...] = ()
    rows: str = ""
    way: str = ""
    policies: tuple[str, ...] = ()
    columns: tuple[Classified, ...] = ()


@dataclass(frozen=True, slots=True)
class Blast:
    """The blast radius of one secret: as which role, in which database (empty: none was asked), and everything it opens."""

    name: str
    ref: str
    owner: str
    role: str
    database: str
    openings: tuple[Opening, ...]
    notes: tuple[str, ...]

    @property
    def basis(self) -> str:
        """`executed` where a database answered."""
        return EXECUTED if self.database else DECLARED

    def of(self, basis: str) -> tuple[Opening, ...]:
        """The openings of that basis."""
        return tuple(one for one in self.openings if one.basis == basis)

    @property
    def sensitive(self) -> int:
        """How many sensitive columns it opens, each once."""
        return len({(one.table.rpartition(".")[2], column.column) for one in self.openings for column in one.columns if column.sensitive})


def emit(blast: Blast) -> str:
    """The blast radius as JSON, `readiness/blast-radius/1`."""
    openings = [
        {"table": one.table, "kind": one.kind, "basis": one.basis, "privileges": list(one.privileges),
         "columns_of": {verb: list(columns) for verb, columns in one.limits}, "rows": one.rows or None, "way": one.way or None,
         "policies": list(one.policies),
         "classified": [{"column": item.column, "classification": item.classification, "sensitive": item.sensitive, "place": item.place}
                        for item in one.columns]}
        for one in blast.openings
    ]  # fmt: skip
    whole = {
        "schema": SCHEMA,
        "name": blast.name,
        "ref": blast.ref,
        "owner": blast.owner or None,
        "role": blast.role or None,
        "database": blast.database or None,
        "basis": blast.basis,
        "opens": openings,
        "notes": list(blast.notes),
    }
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
