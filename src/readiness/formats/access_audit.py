"""How a live database differs from access policies: where each difference comes from, what sets it right, and its JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SCHEMA: Final = "readiness/access-audit/1"
APPLY: Final = "readiness access apply"


class Source(StrEnum):
    """Where a difference comes from."""

    GRANT = "grant"
    COLUMN_GRANT = "column grant"
    GRANT_OPTION = "grant option"
    PUBLIC = "public"
    MISSING_GRANT = "missing grant"
    ROLE = "missing role"
    MEMBERSHIP = "membership"
    OWNERSHIP = "ownership"
    SUPERUSER = "superuser"
    BYPASSRLS = "bypassrls"
    CREATEROLE = "createrole"
    REPLICATION = "replication"
    ROW_SECURITY = "row security"
    ROW_POLICY = "row policy"
    VIEW = "view"
    MATERIALISED_VIEW = "materialised view"
    RULE = "rule"
    FUNCTION = "security definer function"
    DEFAULT_PRIVILEGE = "default privilege"
    SCHEMA = "schema privilege"
    DATABASE = "database privilege"
    PARTITION = "partition"


@dataclass(frozen=True, slots=True)
class Drift:
    """A difference. `opens` says that somebody can do more than policies permit, else less; `role` is `public` for everybody.

    `policies` are those that deny it (or permit it, where it is less), each as `id at file:line`; none where no policy
    permits it. `repair` is a command or a statement that sets it right.
    """

    source: Source
    role: str
    table: str
    text: str
    privilege: str = ""
    column: str = ""
    policies: tuple[str, ...] = ()
    opens: bool = True
    repair: str = APPLY

    @property
    def said(self) -> str:
        """What policies say about it, in one line."""
        if self.policies:
            return f"{'denied' if self.opens else 'permitted'} by {', '.join(self.policies)}"
        return "no policy permits it"


@dataclass(frozen=True, slots=True)
class Unseen:
    """What could not be seen, and the right that lacks or the reason why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Audited:
    """Everything that differs, what could not be seen, and facts that decide nothing."""

    database: str = ""
    drift: tuple[Drift, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    notes: tuple[str, ...] = ()
    tables: int = 0
    roles: int = 0

    @property
    def exit(self) -> int:
        """0 without a difference, 1 with one, 3 where there is none and not all was seen."""
        return 1 if self.drift else 3 if self.unseen else 0


def emit(audited: Audited) -> str:
    """The JSON of an audit; `outcome` is `holds`, `fails` or `unknown`."""
    drift = [
        {
            "source": one.source,
            "effect": "opens" if one.opens else "closes",
            "role": one.role,
            "table": one.table,
            "privilege": one.privilege,
            "column": one.column,
            "text": one.text,
            "policies": list(one.policies),
            "repair": one.repair,
        }
        for one in audited.drift
    ]
    outcome = {0: "holds", 1: "fails", 3: "unknown"}[audited.exit]
    whole = {
        "schema": SCHEMA, "database": audited.database, "outcome": outcome, "exit": audited.exit, "tables": audited.tables,
        "roles": audited.roles, "drift": drift, "unseen": [{"what": one.what, "why": one.why} for one in audited.unseen],
        "notes": list(audited.notes),
    }  # fmt: skip
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
