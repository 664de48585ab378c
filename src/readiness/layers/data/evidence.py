"""What other layers may know of this one: the clauses of contracts, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from readiness.sequence.finding import Location


class Status(StrEnum):
    """What became of a clause. Every clause gets exactly one, and only `holds` is good news.

    `vacuous`: there was no row to judge. `error`: it could not be judged here. `not evaluated`: nothing of it is
    executed, because it is prose, or belongs to another engine, or is beyond this version.
    """

    HOLDS = "holds"
    FAILS = "fails"
    ERROR = "error"
    NOT_EVALUATED = "not evaluated"
    VACUOUS = "vacuous"


class Kind(StrEnum):
    """What a clause asks. Up to `duplicates` it counts violating rows; the value is how messages name it."""

    PRESENT = "present"
    TYPE = "type"
    REQUIRED = "required"
    UNIQUE = "unique"
    KEY = "primary key"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    ABOVE = "exclusiveMinimum"
    BELOW = "exclusiveMaximum"
    MULTIPLE = "multipleOf"
    MIN_LENGTH = "minLength"
    MAX_LENGTH = "maxLength"
    PATTERN = "pattern"
    FORMAT = "format"
    ENUM = "enum"
    MIN_ITEMS = "minItems"
    MAX_ITEMS = "maxItems"
    UNIQUE_ITEMS = "uniqueItems"
    NULLS = "nullValues"
    MISSING = "missingValues"
    INVALID = "invalidValues"
    DUPLICATES = "duplicateValues"
    ROW_COUNT = "rowCount"
    SQL = "sql"
    REFERENCE = "relationship"
    READABLE = "readable"
    PHYSICAL = "physicalType"
    PROSE = "prose"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class Judged:
    """One clause and what became of it: its id, its place in the contract, its status, and one line that says why."""

    clause: str
    location: Location
    status: Status
    text: str = ""
    grave: bool = True
