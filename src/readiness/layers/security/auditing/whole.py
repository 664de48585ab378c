"""Compares the policies of a project with the database at the end of a connection, from the catalogue to every difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from readiness.errors import CannotJudge
from readiness.formats.access_audit import Audited
from readiness.formats.cedar import Policy
from readiness.formats.cedar.entities import Uid
from readiness.layers.security import binding, catalogue, compiling
from readiness.layers.security.auditing import comparing, surroundings
from readiness.layers.security.auditing.wanted import Wanted
from readiness.layers.security.policies import Access

if TYPE_CHECKING:
    import psycopg


def audited(
    access: Access, connection: psycopg.Connection, administrators: frozenset[str], policies: Sequence[Policy] | None = None
) -> Audited:
    """How a database differs from all policies of a project, or from those given. Raises CannotJudge where they mean nothing in it."""
    return comparing.compare(wanted(access, connection, administrators, policies))


def wanted(
    access: Access, connection: psycopg.Connection, administrators: frozenset[str], policies: Sequence[Policy] | None = None
) -> Wanted:
    """What policies come to in a database, and all that is there. Raises CannotJudge where they mean nothing in it."""
    declared = access.schema.declared
    found = catalogue.look(connection, binding.tables(declared))
    bound = binding.bind(declared, found.tables)
    compiled = compiling.compile_policies(access.read.policies if policies is None else policies, declared, bound)
    if compiled.refused:
        said = f"{compiled.refused[0]}{f', and {len(compiled.refused) - 1} more' if len(compiled.refused) > 1 else ''}"
        raise CannotJudge(f"the policies cannot be compared with this database: {said}", "`readiness access plan` says all of it")
    standing = list(found.standing.values())
    around = surroundings.read(connection, standing)
    return Wanted(compiled, standing, around, administrators, _groups(access, bound.roles))


def _groups(access: Access, roles: frozenset[str]) -> dict[str, frozenset[str]]:
    """Of every role the project describes, the roles it is in, over any number of steps."""
    parents = {one.uid: one.parents for one in access.entities if one.uid.type in roles}

    def above(uid: Uid, seen: frozenset[Uid]) -> frozenset[Uid]:
        for parent in parents.get(uid, ()):
            seen = seen if parent in seen else above(parent, seen | {parent})
        return seen

    return {uid.id: frozenset(one.id for one in above(uid, frozenset()) if one.type in roles) for uid in parents}
