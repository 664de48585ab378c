"""The policies of a project beside the database that its own demo makes of them, or why there is nothing to hold against each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from readiness.errors import CannotJudge
from readiness.formats.cedar import Policy
from readiness.layers.security import binding, policies
from readiness.layers.security.policies import Access
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Remedy
from readiness.sequence.verdict import no_finding
from readiness.world import servers
from readiness.world.context import Context
from readiness.world.watched import Database

if TYPE_CHECKING:
    import psycopg

    from readiness.world.postgres import Address

LINT = "readiness access lint"


@dataclass(frozen=True, slots=True)
class Recreated:
    """A database as the demo left it, the policies that are bound to tables of it, and the roles that are ours in there.

    `doubt` is a fault of a forbid that means nothing and is left out: then more may be denied than the others deny, never less.
    """

    access: Access
    policies: tuple[Policy, ...]
    database: Database
    address: Address
    ours: frozenset[str]
    administrators: frozenset[str]
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A database as the demo left it, and the server it is on."""

    database: Database
    address: Address


@dataclass(frozen=True, slots=True)
class Absent:
    """Why nothing is judged: a cause, or none where there is nothing to judge."""

    reason: str
    cause: Cause = Cause.NONE
    remedy: Remedy = field(default_factory=Remedy)

    def finding(self, check: str) -> Finding:
        """What a check says where this is all there is."""
        if self.cause is Cause.NONE:
            return Finding(check, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason=self.reason)
        return no_finding(check, self.reason, self.cause, self.remedy)


def look(context: Context) -> Recreated | Absent:
    """Runs the demo where policies are bound to tables."""
    access = policies.gather(context.project, context.manifest)
    if access.none:
        return Absent("no policy says who may do what")
    if not access.schema.text:
        return Absent(f"the policies have no sound schema: {access.faults[0]}", Cause.CONFIGURATION, Remedy("correct it first", LINT))
    if not binding.tables(access.schema.declared):
        return Absent('no policy is bound to a table: @table("…") on an entity type of the schema binds it')
    sound, doubt = _sound(access)
    if not sound:
        return Absent(f"the policies are not sound: {doubt}", Cause.CONFIGURATION, Remedy("correct them first", LINT))
    return _ran(context, access, sound, doubt)


def _sound(access: Access) -> tuple[tuple[Policy, ...], str]:
    """The policies that are held to, and the first fault where some are left out; none where what is left could permit less."""
    wrong = {fault.policy for fault in access.faults}
    effects = {policy.id: policy.effect for policy in access.read.policies}
    doubt = str(access.faults[0]) if access.faults else ""
    if any(effects.get(name) != "forbid" for name in wrong):
        return (), doubt
    return tuple(policy for policy in access.read.policies if policy.id not in wrong), doubt


def _ran(context: Context, access: Access, sound: tuple[Policy, ...], doubt: str) -> Recreated | Absent:
    demo = context.demo.demo
    if demo is None or "postgres" not in demo.needs:
        missing = "there is no demo" if demo is None else "the demo is given no database"
        remedy = Remedy('let the demo have a database: needs = ["postgres"] in [demo]', "readiness init" if demo is None else "")
        return Absent(f"{missing}, and the policies are bound to tables", Cause.CONFIGURATION, remedy)
    found = made(context)
    if isinstance(found, Absent):
        return found
    named = frozenset(context.manifest.security.administrators)
    ours = frozenset({found.database.name, *context.session.roles_given})
    return Recreated(access, sound, found.database, found.address, ours, named, doubt)


@contextmanager
def asking() -> Iterator[None]:
    """What the server of a recreated database says against us, raised as CannotJudge."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise CannotJudge(f"the database could not be asked: {str(error).strip().partition(chr(10))[0]}") from None


@contextmanager
def reading(database: Database) -> Iterator[psycopg.Connection]:
    """A connection that sees every row and the catalogue as they are at one moment, and writes nothing."""
    import psycopg

    with psycopg.connect(database.reader_url) as connection:
        connection.execute("set transaction isolation level repeatable read, read only")
        yield connection


def made(context: Context) -> Made | Absent:
    """The database that a demo which is given one filled in its first run."""
    session = context.session
    if session.blocked is not Cause.NONE:
        return Absent(session.why_blocked, session.blocked)
    run = context.demo.first
    if not run.ran.ok or run.database is None:
        ended = "it did not end in time" if run.ran.timed_out else f"it ended with exit {run.ran.exit_code}"
        return Absent(f"the demo did not run: {ended}", Cause.NOT_EXERCISED)
    return Made(run.database, servers.of(session, run.database)[1])
