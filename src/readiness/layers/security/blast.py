"""What a database credential opens: by the database's own answer where there is one, by the policies where there is none.

The catalogue is asked for every role that a login can act as, through memberships over any number of steps. Rights that
come by PUBLIC, by ownership, by inherited roles and by predefined ones are in PostgreSQL's answer already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from readiness.errors import UsageError
from readiness.formats.access_matrix import Answer, Cell
from readiness.formats.cedar.entities import Entity, Uid, parse_uid
from readiness.layers.security import catalogue, matrix
from readiness.layers.security.policies import Access

if TYPE_CHECKING:
    import psycopg

_NEEDED: Final = ("pg_roles", "pg_class", "pg_namespace", "pg_attribute", "pg_proc", "pg_auth_members")
BY_COLUMN: Final = ("select", "insert", "update")


@dataclass(frozen=True, slots=True)
class Opened:
    """A table that a credential opens. `columns` names those a privilege is limited to, `limited` that row security binds it.

    `way` says how the rights come where the login does not have them by itself; `declared` that only policies say so, with
    `answer` `yes` or `depends`.
    """

    table: str
    kind: str
    privileges: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    readable: tuple[str, ...] = ()
    limited: bool = False
    way: str = ""
    declared: bool = False
    answer: str = ""
    policies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Radius:
    """Everything a role opens in one database, and what is worth knowing besides."""

    role: str
    database: str = ""
    opened: tuple[Opened, ...] = ()
    notes: tuple[str, ...] = ()


def live(connection: psycopg.Connection, role: str) -> Radius:
    """What a login as `role` opens in a database, which is only read.

    Raises UsageError where there is no such role, CannotJudge where the catalogue is closed to whoever asks.
    """
    connection.execute(catalogue.READ_ONLY)
    catalogue.needs(connection, _NEEDED)
    (database,) = connection.execute("select current_database()::text").fetchone() or ("",)
    roles = catalogue.rows(connection, "blast_roles", role=role)
    if not roles:
        raise UsageError(f"there is no role `{role}` in the database {database}", "--role names the one that the credential logs in as")
    ways = {str(row[0]): str(row[1]) for row in roles}
    found: dict[tuple[str, str], Opened] = {}
    for row in catalogue.rows(connection, "blast_tables", roles=list(ways)):
        opened = _opened(row, ways[row[0]])
        if opened.privileges and _adds(opened, [other for (table, _), other in found.items() if table == opened.table]):
            found[opened.table, opened.way] = opened
    beyond = [str(row[0]) for row in catalogue.rows(connection, "blast_beyond", roles=list(ways))]
    return Radius(role, str(database), tuple(found.values()), (*_powers(roles), *beyond))


def _opened(row: catalogue.Row, way: str) -> Opened:
    _, schema, name, kind, limited, whole, *lists = row
    by_column = {verb: tuple(columns) for verb, columns in zip(BY_COLUMN, lists, strict=True) if columns and verb not in whole}
    privileges = tuple(verb for verb in ("select", "insert", "update", "delete", "truncate") if verb in whole or verb in by_column)
    return Opened(f"{schema}.{name}", kind, privileges, by_column, tuple(lists[0]), bool(limited), way)


def _adds(opened: Opened, before: Iterable[Opened]) -> bool:
    """Whether a further role opens something of a table that those before it do not."""
    return all(
        set(opened.privileges) - set(other.privileges)
        or (other.limited and not opened.limited)
        or any(set(opened.columns.get(verb, (verb,))) - set(columns) for verb, columns in other.columns.items())
        for other in before
    )


def _powers(roles: Iterable[catalogue.Row]) -> list[str]:
    notes = []
    for name, way, superuser, bypasses, makes in roles:
        how = f" ({way})" if way else ""
        if superuser:
            notes.append(f"{name}{how} is a superuser: everything on this server is open, every other database too")
        elif bypasses:
            notes.append(f"{name}{how} is not bound by row security")
        if makes and not superuser:
            notes.append(f"{name}{how} may make roles, and give them what it may give itself")
    return notes


def declared(access: Access, role: str) -> tuple[Opened, ...]:
    """What the policies of a project say of a role: the principals of that id whose type stands for roles (`@role`).

    Where no type is bound to roles, those of any type count that have the id. A role that nobody described is taken to be
    in no group.
    """
    schema = access.schema.declared
    bound = {kind.name for kind in schema.entities if kind.said("role") is not None}
    asked = {name for action in schema.actions for name in action.principals}
    uids = {Uid(name, role) for name in (bound or {kind.name for kind in schema.entities})}
    labels = {str(uid) for uid in uids}
    made = matrix.make(access.sound, access.schema, (*access.entities, *_undescribed(access, uids)), access.entity_files)
    labels |= {f"{name} in {label}" for label in tuple(labels) for name in asked}
    verbs = {action.uid: action.said("privilege") or action.name for action in schema.actions}
    tables, columns = ({kind.name: kind.said(word) or "" for kind in schema.entities} for word in ("table", "columns"))
    found: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in made.cells:
        if cell.principal in labels and cell.answer is not Answer.NO:
            kind, name = _parts(cell.resource)
            column = name if columns.get(kind) else ""
            what = columns.get(kind) or tables.get(kind) or kind
            found.setdefault((what, verbs[cell.action], column), []).append(cell)
    return tuple(
        Opened(
            what, "table" if what in {*tables.values(), *columns.values()} else "resource", (verb,), {verb: (column,)} if column else {},
            declared=True, answer="yes" if all(cell.answer is Answer.YES for cell in cells) else "depends",
            policies=tuple(dict.fromkeys(policy.id for cell in cells for policy in cell.policies)),
        )
        for (what, verb, column), cells in found.items()
    )  # fmt: skip


def _undescribed(access: Access, uids: Iterable[Uid]) -> list[Entity]:
    """What nobody needs to describe: principals without attributes that policies name, in no group; and what a schema lists."""
    described = {entity.uid for entity in access.entities}
    simple = {kind.name for kind in access.schema.declared.entities if not any(item.required for item in kind.attributes) and not kind.ids}
    texts = " ".join(f"{policy.principal} {policy.text}" for policy in access.sound)
    listed = [Uid(kind.name, name) for kind in access.schema.declared.entities for name in kind.ids]
    named = [uid for uid in sorted(uids) if uid.type in simple and str(uid) in texts]
    return [Entity(uid) for uid in (*named, *listed) if uid not in described]


def _parts(label: str) -> tuple[str, str]:
    """Type and id of what a row or column of the matrix is called: `Ticket::"T-1"`, `any other Ticket`, `Ticket in …`."""
    uid = parse_uid(label)
    if uid is not None:
        return uid.type, uid.id
    return label.removeprefix("any ").removeprefix("other ").partition(" in ")[0], ""
