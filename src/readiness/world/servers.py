"""On which server the database of a run is made: roles that an earlier run made must not be there, as on a fresh server.

Roles are shared by all databases of a server. What the first run left is looked at afterwards, and so stays where it is;
a later run of a project that makes roles gets its database on a second server, where what the run before it made is removed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from readiness.world.postgres import statements

if TYPE_CHECKING:
    from readiness.world.postgres import Address, Server
    from readiness.world.session import Session
    from readiness.world.watched import Database

FIRST: Final = "first"
"""The label of the run whose database is looked at after others were made."""
_BEGUN: Final = frozenset({"postgres", "template0", "template1"})


def choose(session: Session, label: str) -> tuple[Server, Address]:
    """The server for the database of a run: one without roles of an earlier run. Raises CannotJudge where none starts."""
    own = session.postgres
    if label == FIRST:
        clear(session, own[1])
        return own
    if not _left(session, own[1]):
        return own
    clear(session, session.spare[1])
    return session.spare


def clear(session: Session, address: Address) -> None:
    """Removes what earlier runs left on a server, databases and all, where they left roles; else nothing."""
    if not _left(session, address):
        return
    roles, _ = statements.standing(address)
    begun = frozenset(name for name in roles if name == address.user or name.startswith("pg_"))
    statements.restore(address, (begun, _BEGUN))


def _left(session: Session, address: Address) -> frozenset[str]:
    """The roles of a server that neither PostgreSQL nor this program made."""
    roles, _ = statements.standing(address)
    return frozenset(name for name in roles if name != address.user and not name.startswith("pg_")) - session.roles_given


def of(session: Session, database: Database) -> tuple[Server, Address]:
    """The server that the database of a run is on."""
    beside = session.__dict__.get("spare")
    return beside if beside is not None and beside[1].socket == database.socket else session.postgres
