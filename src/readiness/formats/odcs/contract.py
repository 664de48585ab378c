"""What a data contract says (Open Data Contract Standard 3.0 to 3.2), each part with the line it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Value:
    """A scalar as it was written (`text`) and as YAML reads it (`value`): an unquoted `no` is both `no` and False."""

    text: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator of a rule, spelled as in the standard, and what it compares with; `high` for the two `Between`."""

    operator: str
    low: Scalar
    high: Scalar = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry under `quality`. `kind` is `library`, `sql`, `text` or `custom`; `unit` is `rows` or `percent`.

    `values` are the valid or the missing values of a metric, None where none are listed; `unknown` are keys that the
    standard does not know, which might have meant something.
    """

    kind: str
    name: str
    metric: str
    line: int
    conditions: tuple[Condition, ...] = ()
    values: tuple[Value, ...] | None = None
    pattern: str | None = None
    columns: tuple[str, ...] = ()
    unit: str = "rows"
    query: str = ""
    severity: str = "error"
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """One entry under `logicalTypeOptions`: a scalar, or a list of them."""

    name: str
    value: Value | tuple[Value, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: these properties of one object are found among those of another."""

    line: int
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Property:
    """One property of an object: a column, a field. `lines` holds the line of each key that is judged."""

    name: str
    line: int
    physical_name: str = ""
    logical_type: str = ""
    physical_type: str = ""
    required: bool = False
    unique: bool = False
    primary_key: bool = False
    primary_key_position: int = -1
    classification: str = ""
    options: tuple[Option, ...] = ()
    rules: tuple[Rule, ...] = ()
    references: tuple[Reference, ...] = ()
    properties: tuple[Property, ...] = ()
    has_items: bool = False
    unknown: tuple[tuple[str, int], ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)

    def line_of(self, key: str) -> int:
        """The line of a key of this property, that of the property where it has none."""
        return self.lines.get(key, self.line)


@dataclass(frozen=True, slots=True)
class SchemaObject:
    """One object of the schema: a table, a file, a set of documents."""

    name: str
    line: int
    physical_name: str = ""
    properties: tuple[Property, ...] = ()
    rules: tuple[Rule, ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Server:
    """Where the data lies: `path` is the `path` or `location` of a file, `schema` that of a database."""

    name: str
    type: str
    line: int
    path: str = ""
    format: str = ""
    delimiter: str = ""
    database: str = ""
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in the team of a contract."""

    username: str
    line: int
    role: str = ""
    date_out: date | None = None

    def active(self, today: date) -> bool:
        """Whether this member has not left; the last day is still one in the team."""
        return self.date_out is None or self.date_out >= today


@dataclass(frozen=True, slots=True)
class Sla:
    """One service level: said, and not judged here."""

    property: str
    value: str
    line: int
    unit: str = ""
    element: str = ""


@dataclass(frozen=True, slots=True)
class Contract:
    """A data contract as its file says it; `team_line` is 0 where there is no team at all."""

    file: str
    id: str
    version: str
    status: str
    api_version: str
    name: str = ""
    objects: tuple[SchemaObject, ...] = ()
    servers: tuple[Server, ...] = ()
    members: tuple[Member, ...] = ()
    roles: tuple[str, ...] = ()
    slas: tuple[Sla, ...] = ()
    team_line: int = 0
