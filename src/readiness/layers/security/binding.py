"""What a policy's words mean in PostgreSQL: annotations of the schema, held against what the database has.

`@table("document")` on an entity type: its entities are the rows of that table, its attributes the columns of the same
names, its id the primary key. `@columns("document")`: its entities are the columns of that table, by name. `@role` on a
principal type or a type that it is in: its entities are roles, by name. `@privilege("select")` on an action: what it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from readiness.formats.cedar import Action, Attribute, Declared, EntityType

VERBS: Final = ("select", "insert", "update", "delete")
BY_COLUMN: Final = ("select", "insert", "update")
"""Privileges that a column can have by itself."""
NAME_LIMIT_BYTES: Final = 63
"""What PostgreSQL keeps of a name; two longer ones may be the same to it."""
_TEXTS: Final = ("text", "character varying")
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "String": _TEXTS,
    "Long": ("bigint", "integer", "smallint"),
    "Bool": ("boolean",),
    "Entity": _TEXTS,
    "Set": ("text[]", "character varying[]"),
}
"""The types of columns that hold what an attribute of that type says, comparison by comparison."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its type as `format_type` writes it without a length, and whether it may be null."""

    name: str
    type: str
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class TableFacts:
    """What a database has: a table, its columns, its primary key, its policies, and who was granted something."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    grantees: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Bound:
    """An entity type and the table its entities are rows or columns of."""

    type: EntityType
    table: TableFacts


@dataclass(frozen=True, slots=True)
class Binding:
    """What is meant by types and actions; `refused` says what cannot be meant, and then nothing is compiled."""

    rows: Mapping[str, Bound] = field(default_factory=dict)
    columns: Mapping[str, Bound] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    verbs: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()


def tables(declared: Declared) -> tuple[str, ...]:
    """The tables that a schema names, as it names them."""
    said = (kind.said(word) for kind in declared.entities for word in ("table", "columns"))
    return tuple(sorted({name for name in said if name is not None}))


def bind(declared: Declared, facts: Mapping[str, TableFacts]) -> Binding:
    """Holds the annotations of a schema against what the database has, by the names the schema uses."""
    refused: list[str] = []
    rows, columns = (_bound(declared, word, facts, refused) for word in ("table", "columns"))
    for bound in rows.values():
        refused += _unfit(bound)
    verbs = {action.uid: verb for action in declared.actions if (verb := _verb(action, refused))}
    roles = frozenset(kind.name for kind in declared.entities if kind.said("role") is not None)
    refused += _ambiguous(declared, verbs)
    refused += [] if tables(declared) else ['the schema names no table: @table("…") on an entity type']
    refused += [] if roles else ["the schema names no roles: @role on a principal type, or on a type that it is in"]
    refused += [] if verbs else ['the schema names no privilege: @privilege("select") on an action']
    return Binding(rows, columns, roles, verbs, tuple(refused))


def _bound(declared: Declared, word: str, facts: Mapping[str, TableFacts], refused: list[str]) -> dict[str, Bound]:
    found: dict[str, Bound] = {}
    for kind in declared.entities:
        name = kind.said(word)
        if name is None:
            continue
        if name not in facts:
            refused.append(f"{kind.name}: the database has no table `{name}`")
        elif any(bound.table == facts[name] for bound in found.values()):
            refused.append(f"{kind.name}: the table `{name}` is another type's already")
        else:
            found[kind.name] = Bound(kind, facts[name])
    return found


def _ambiguous(declared: Declared, verbs: Mapping[str, str]) -> list[str]:
    """Why a privilege could not be told: two actions mean the same one, or an action is about what is no table."""
    bound = {kind.name for kind in declared.entities if {"table", "columns"} & {name for name, _ in kind.annotations}}
    refused: list[str] = []
    first: dict[tuple[str, str], str] = {}
    for action in declared.actions:
        for name in action.resources if action.uid in verbs else ():
            before = first.setdefault((name, verbs[action.uid]), action.uid)
            if before != action.uid:
                refused.append(f"{action.uid}: `{verbs[action.uid]}` of {name} is {before} already")
            if name not in bound:
                refused.append(f"{action.uid}: is `{verbs[action.uid]}`, and {name} is neither a table nor columns of one")
    return refused


def _verb(action: Action, refused: list[str]) -> str:
    verb = action.said("privilege")
    if verb is not None and verb not in VERBS:
        refused.append(f"{action.uid}: `{verb}` is no privilege: {', '.join(VERBS)}")
    return verb if verb in VERBS else ""


def _unfit(bound: Bound) -> list[str]:
    return [text for attribute in bound.type.attributes if (text := _unfitting(bound, attribute))]


def _unfitting(bound: Bound, attribute: Attribute) -> str:
    """Why a column cannot stand for an attribute; empty where it can. A null is an attribute that is left out."""
    where = f"{bound.type.name}.{attribute.name}"
    column = bound.table.column(attribute.name)
    if column is None:
        return f"{where}: the table `{bound.table.name}` has no such column"
    kind = attribute.type.kind
    if kind == "Set" and (attribute.type.item is None or attribute.type.item.kind not in ("String", "Entity")):
        return f"{where}: of sets only those of texts are columns"
    if column.type not in KINDS.get(kind, ()):
        return f"{where}: is {kind}, and the column is {column.type}"
    if attribute.required and column.nullable:
        return f"{where}: is required, and the column may be null"
    return ""
