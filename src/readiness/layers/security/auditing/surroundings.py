"""Reads what lies around tables: roles and their memberships, what reads the tables for others, what is to come.

One query for each kind of thing, whatever their number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from readiness.formats.access_audit import Unseen
from readiness.layers.security import catalogue
from readiness.layers.security.standing import Held, Standing

if TYPE_CHECKING:
    import psycopg

_PARTS: Final = {
    "roles": ("pg_roles",),
    "memberships": ("pg_auth_members", "pg_roles"),
    "readers": ("pg_rewrite", "pg_depend", "pg_class", "pg_namespace"),
    "kin": ("pg_inherits", "pg_class", "pg_namespace"),
    "functions": ("pg_proc", "pg_language", "pg_depend", "pg_namespace"),
    "defaults": ("pg_default_acl", "pg_namespace"),
    "spaces": ("pg_namespace", "pg_database"),
}
_MEANT: Final = {
    "roles": "roles that nothing binds", "memberships": "who is in which role", "readers": "views over the tables",
    "kin": "partitions", "functions": "security definer functions", "defaults": "default privileges",
    "spaces": "privileges on schemas and the database",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Role:
    """A role and what it is exempt from; `predefined` ones come with PostgreSQL, `first` is the cluster's own superuser."""

    name: str
    superuser: bool
    bypasses: bool
    makes_roles: bool
    replicates: bool
    predefined: bool
    first: bool


@dataclass(frozen=True, slots=True)
class Membership:
    """A member of a role: has its rights by itself, may take it on by SET ROLE, may give it to others."""

    role: str
    member: str
    inherits: bool
    sets: bool
    gives: bool


@dataclass(frozen=True, slots=True)
class Relation:
    """Something that shows rows of the table `origin`: a view, a partition. `held` are the privileges on it."""

    origin: int
    oid: int
    schema: str
    name: str
    kind: str
    owner: str
    invoker: bool = False
    lower: bool = False
    held: tuple[Held, ...] = ()

    @property
    def called(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Function:
    """A function: whether it is `definer`, i.e. runs with the rights of its owner and can be called; who may call it."""

    schema: str
    name: str
    arguments: str
    owner: str
    definer: bool
    language: str
    body: str
    uses: frozenset[int]
    callers: tuple[str, ...]

    @property
    def called(self) -> str:
        """`schema.name(arguments)`."""
        return f"{self.schema}.{self.name}({self.arguments})"


@dataclass(frozen=True, slots=True)
class Given:
    """A privilege on a schema (the database where that is empty), or on tables to come: of `owner`, for `role`."""

    schema: str
    owner: str
    role: str
    privilege: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All of it; what could not be read is empty, and named in `unseen`."""

    database: str = ""
    version: int = 0
    roles: tuple[Role, ...] = ()
    memberships: tuple[Membership, ...] = ()
    readers: tuple[Relation, ...] = ()
    kin: tuple[Relation, ...] = ()
    functions: tuple[Function, ...] = ()
    defaults: tuple[Given, ...] = ()
    spaces: tuple[Given, ...] = ()
    unseen: tuple[Unseen, ...] = ()

    @property
    def members_seen(self) -> bool:
        """Whether memberships could be read, so that one that is not there is none."""
        return all(one.what != _MEANT["memberships"] for one in self.unseen)


def read(connection: psycopg.Connection, standing: Sequence[Standing]) -> Surroundings:
    """What lies around these tables."""
    closed = set(catalogue.unreadable(connection, sorted({name for names in _PARTS.values() for name in names})))
    oids = [one.oid for one in standing]
    schemas = sorted({one.facts.schema for one in standing})

    def asked(part: str) -> list[catalogue.Row]:
        return [] if closed & set(_PARTS[part]) else catalogue.rows(connection, f"audit_{part}", oids=oids, schemas=schemas)

    readers, kin = asked("readers"), asked("kin")
    held = _held(connection, [row[1] for row in (*readers, *kin)])
    unseen = tuple(
        Unseen(_MEANT[part], f"needs {', '.join(f'SELECT on pg_catalog.{name}' for name in names if name in closed)}")
        for part, names in _PARTS.items()
        if closed & set(names)
    )
    (database,) = connection.execute("select current_database()::text").fetchone() or ("",)
    return Surroundings(
        str(database),
        connection.info.server_version // 10000,
        tuple(Role(*row) for row in asked("roles")),
        tuple(Membership(*row) for row in asked("memberships")),
        tuple(_relation((*row, False), held) for row in readers),
        tuple(_relation((*row[:4], "r", row[4], False, row[5]), held) for row in kin),
        tuple(_function(row) for row in asked("functions")),
        tuple(Given(row[1], row[0], row[2], row[3]) for row in asked("defaults")),
        tuple(Given(*row) for row in asked("spaces")),
        unseen,
    )


def _relation(row: catalogue.Row, held: dict[int, tuple[Held, ...]]) -> Relation:
    origin, oid, schema, name, kind, owner, invoker, lower = row
    return Relation(origin, oid, schema, name, kind, owner, invoker, lower, held.get(oid, ()))


def _function(row: catalogue.Row) -> Function:
    schema, name, arguments, owner, definer, language, body, uses, callers = row
    return Function(schema, name, arguments, owner, definer, language, body, frozenset(uses), tuple(callers))


def _held(connection: psycopg.Connection, oids: list[int]) -> dict[int, tuple[Held, ...]]:
    found: dict[int, tuple[Held, ...]] = {}
    for oid, column, who, giver, what, grantable in catalogue.rows(connection, "catalogue_privileges", oids=oids) if oids else ():
        found[oid] = (*found.get(oid, ()), Held(who, what, column, giver, grantable))
    return found
