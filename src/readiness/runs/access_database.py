"""`access plan`, `apply` and `audit`: what policies come to in a live PostgreSQL, carried out, compared, written down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from readiness.errors import CannotJudge, UsageError
from readiness.runs.access import sound

if TYPE_CHECKING:
    import psycopg

    from readiness.formats.access_audit import Audited
    from readiness.layers.security.policies import Access
    from readiness.layers.security.render_access import Step

WAIT_S: Final = 10
"""How long a second `apply` waits for a first one."""
LOCK: Final = 0x72656164_61636373
"""The advisory lock of whoever changes access: `readaccs`, as a number."""


@dataclass(frozen=True, slots=True)
class Planned:
    """The statements that a database lacks, or why there are none; `notes` are what is not changed."""

    steps: tuple[Step, ...] = ()
    refused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def script(self) -> str:
        """The statements as one transaction; empty where nothing is to be done."""
        from readiness.layers.security import render_access

        return render_access.script(self.steps)

    @property
    def digest(self) -> str:
        """What tells this plan from another."""
        from readiness.layers.security import render_access

        return render_access.digest(self.steps)


def plan(root: Path, url: str) -> Planned:
    """What the policies of a project come to in a database, which is only read.

    Raises InputError where the policies are wrong, UsageError and CannotJudge where the database cannot be asked.
    """
    from readiness.layers.security import catalogue

    access = sound(root)
    with connected(url) as connection:
        connection.execute(catalogue.READ_ONLY)
        return _planned(access, connection)


def apply(root: Path, url: str, shown: str) -> Planned:
    """Carries out the plan that was shown, all of it or nothing; `shown` is its digest or the beginning of it.

    Raises UsageError where the plan is another one by now, CannotJudge where somebody else changes access at the same
    time, where the right to carry it out lacks, or where the database does not decide the same afterwards.
    """
    from psycopg import errors

    access = sound(root)
    with connected(url) as connection:
        try:
            with connection.transaction():
                return _applied(access, connection, shown)
        except errors.LockNotAvailable:
            raise CannotJudge(f"somebody else changes access at the same time, since {WAIT_S} s", "try again") from None
        except errors.InsufficientPrivilege as error:
            text = str(error).strip().partition("\n")[0]
            raise CannotJudge(f"nothing was changed: {text}", "only who owns the tables, or a superuser, can apply a plan") from None
        except (
            errors.SerializationFailure,
            errors.DeadlockDetected,
            errors.UndefinedObject,
            errors.DuplicateObject,
            errors.InternalError_,
        ):
            raise CannotJudge("nothing was changed: somebody else changed the same tables meanwhile", "plan again") from None


def _applied(access: Access, connection: psycopg.Connection, shown: str) -> Planned:
    connection.execute(f"set local lock_timeout = '{WAIT_S}s'".encode())
    connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
    planned = _planned(access, connection)
    if planned.refused:
        return planned
    if not planned.digest.startswith(shown):
        raise UsageError("the plan is another one than the one that was shown: policies or database changed", "plan again, and read it")
    for step in planned.steps:
        connection.execute(step.sql.encode())
    left = _planned(access, connection)
    if left.steps or left.refused:
        said = left.refused[0] if left.refused else left.steps[0].sql
        raise CannotJudge(f"nothing was changed: after all of it the database would still lack: {said}", "plan again")
    return planned


def _planned(access: Access, connection: psycopg.Connection) -> Planned:
    from readiness.layers.security import binding, catalogue, compiling, render_access

    declared = access.schema.declared
    found = catalogue.look(connection, binding.tables(declared))
    compiled = compiling.compile_policies(access.read.policies, declared, binding.bind(declared, found.tables))
    refused = (*compiled.refused, *_unfit(compiled.roles, catalogue.roles(connection, compiled.roles)))
    if refused:
        return Planned(refused=refused)
    notes = tuple(f"the owner of {name}, {owner}, keeps its privileges" for name, owner in sorted(found.owners.items()))
    return Planned(render_access.steps(compiled, found.standing.values()), notes=notes)


def audit(root: Path, url: str) -> Audited:
    """How a live database differs from the policies of a project; it is only read, in one snapshot.

    Raises InputError where the policies are wrong, CannotJudge where they mean nothing in this database or where the
    tables cannot be seen.
    """
    from readiness.config import manifest as manifests
    from readiness.layers.security.auditing.whole import audited

    access = sound(root)
    administrators = frozenset(manifests.load(root).security.administrators)
    with connected(url) as connection, connection.transaction():
        connection.execute("set transaction isolation level repeatable read, read only")
        return audited(access, connection, administrators)


@dataclass(frozen=True, slots=True)
class Written:
    """Policies and schema made from a database: their texts, what they do not hold, and what a plan would change by them."""

    policies: str
    schema: str
    count: int
    left: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()


def generate(url: str, schemas: tuple[str, ...] = ()) -> Written:
    """Policies and schema that say what a database does, which is only read; without schemas of all but PostgreSQL's own.

    Raises UsageError where there is no table.
    """
    from readiness.layers.security import catalogue, generating, policies

    with connected(url) as connection:
        connection.execute(catalogue.READ_ONLY)
        names = [str(row[0]) for row in catalogue.rows(connection, "generate_tables", schemas=list(schemas))]
        if not names:
            raise UsageError("there is no table to write policies for", "--schema names the schema they lie in")
        made = generating.generate(list(catalogue.look(connection, names).standing.values()))
        access = policies.assess({"access.cedar": made.text.encode(), "access.cedarschema": made.schema.encode()})
        for fault in access.faults:
            if fault.policy in made.policies:
                made.left.append(f"the policy {fault.policy}: {fault.text}")
                del made.policies[fault.policy]
        access = policies.assess({"access.cedar": made.text.encode(), "access.cedarschema": made.schema.encode()})
        planned = _planned(access, connection) if made.policies else Planned()
    return Written(made.text, made.schema, len(made.policies), (*made.left, *planned.refused), planned.steps)


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """A connection to a database, closed afterwards. Raises UsageError and CannotJudge where it cannot be asked."""
    from readiness.store.connection import connect, reported

    with reported(), connect(url) as connection:
        yield connection


def _unfit(names: Iterable[str], known: Mapping[str, bool]) -> list[str]:
    return [
        f"the role `{name}` is not bound by row security" if name in known else f"there is no role `{name}` in the database"
        for name in names
        if known.get(name, True)
    ]
