"""What stands in a database: its tables with their owners, privileges, row security and row policies, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from readiness.layers.security.binding import TableFacts

PUBLIC = "public"
"""Everybody, as a grantee and in a row policy; no role can be called that."""


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """A privilege somebody was given on a table, or on a column of it; `grantable` where it may be passed on."""

    grantee: str
    privilege: str
    column: str = ""
    grantor: str = ""
    grantable: bool = False


@dataclass(frozen=True, slots=True)
class RowPolicy:
    """A row policy: permissive or restrictive, for one command or `all`, for roles, with its conditions as they are stored."""

    name: str
    permissive: bool
    verb: str
    roles: tuple[str, ...]
    using: str = ""
    check: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A table as it stands: whether row security is enabled, and forced on its owner; `loose` are columns in which two
    texts that differ may be equal."""

    facts: TableFacts
    owner: str
    enabled: bool = False
    forced: bool = False
    held: tuple[Held, ...] = ()
    policies: tuple[RowPolicy, ...] = ()
    loose: frozenset[str] = frozenset()
    oid: int = 0

    @property
    def called(self) -> str:
        """`schema.name`, as people write it."""
        return f"{self.facts.schema}.{self.facts.name}"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables by the names they were asked for; names that are no table are left out."""

    standing: Mapping[str, Standing] = field(default_factory=dict)

    @property
    def tables(self) -> Mapping[str, TableFacts]:
        """What policies are compiled against."""
        return {name: one.facts for name, one in self.standing.items()}

    @property
    def owners(self) -> Mapping[str, str]:
        """Who owns each table."""
        return {name: one.owner for name, one in self.standing.items()}
