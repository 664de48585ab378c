"""What differs in the roles: those that nothing binds, those that are missing, and who comes to them by membership."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from readiness.formats.access_audit import Drift, Source
from readiness.layers.security.auditing.reach import INHERITS, Way
from readiness.layers.security.auditing.tables import altered
from readiness.layers.security.auditing.wanted import Wanted, named
from readiness.layers.security.render_condition import identifier
from readiness.layers.security.standing import PUBLIC, Standing

_POWERS = {
    "pg_read_all_data": "reads every table",
    "pg_write_all_data": "writes every table",
    "pg_maintain": "locks and rewrites every table",
    "pg_read_server_files": "reads the files of the server, and so every table",
    "pg_write_server_files": "writes the files of the server",
    "pg_execute_server_program": "runs programs as the server",
}
_GRANTS_ANY = 16
"""From this version on a role that makes roles gives memberships only in those that it may."""


def compare(wanted: Wanted, granted: Iterable[Drift]) -> Iterator[Drift]:
    """Everything that differs in the roles; `granted` are privileges that were found on tables and should not be there."""
    yield from _absent(wanted)
    yield from _unbound(wanted)
    yield from _members(wanted, list(granted))
    yield from _described(wanted)


def _absent(wanted: Wanted) -> Iterator[Drift]:
    for role in wanted.compiled.roles if wanted.roles else ():
        if role not in wanted.roles:
            policies = {source for grant, said in wanted.compiled.sources.items() if grant.role == role for source in said}
            policies |= {rule.source for rule in wanted.compiled.rules if rule.role == role}
            text = f"there is no role {role}"
            repair = f"create role {identifier(role)} nologin"
            yield Drift(Source.ROLE, role, "", text, policies=tuple(sorted(policies)), opens=False, repair=repair)


def _unbound(wanted: Wanted) -> Iterator[Drift]:
    every = wanted.sources(wanted.standing)
    rowed = [one for one in wanted.standing if wanted.by_row(one)]
    for role in wanted.around.roles:
        if role.name in wanted.trusted or role.predefined:
            continue
        if role.superuser:
            text = f"{role.name} is a superuser: nothing binds it"
            yield Drift(Source.SUPERUSER, role.name, "", text, policies=every, repair=altered(role.name, "nosuperuser"))
            continue
        if role.bypasses and (open_to := [one for one in rowed if role.name in wanted.holders[one.called]]):
            text = f"{role.name} is exempt from row security, and has rights on {named(open_to)}"
            table = open_to[0].called if len(open_to) == 1 else ""
            yield Drift(
                Source.BYPASSRLS, role.name, table, text, policies=wanted.sources(open_to), repair=altered(role.name, "nobypassrls")
            )
        if role.makes_roles and wanted.around.version < _GRANTS_ANY:
            text = f"{role.name} may make roles, and so give itself a membership in any"
            yield Drift(Source.CREATEROLE, role.name, "", text, repair=altered(role.name, "nocreaterole"))
        if role.replicates:
            text = f"{role.name} may replicate: it can copy the whole cluster"
            yield Drift(Source.REPLICATION, role.name, "", text, policies=every, repair=altered(role.name, "noreplication"))


@dataclass(frozen=True, slots=True)
class _Power:
    """What whoever comes to a role can do with it; `taken_on` where it is not inherited."""

    role: str
    text: str
    policies: tuple[str, ...]
    taken_on: bool = False
    table: str = ""
    privilege: str = ""


def _members(wanted: Wanted, granted: list[Drift]) -> Iterator[Drift]:
    seen: set[tuple[str, str]] = set()
    for power in (*_powers(wanted), *_given(wanted, granted)):
        for member, way in wanted.reach.into(power.role, taken_on=power.taken_on).items():
            if member not in wanted.exempt and (member, power.role) not in seen:
                seen.add((member, power.role))
                yield _membership(member, way, power)


def _powers(wanted: Wanted) -> Iterator[_Power]:
    """Roles whose members can do what no policy permits, strongest first."""
    every = wanted.sources(wanted.standing)
    for one in wanted.around.roles:
        if one.superuser:
            yield _Power(one.name, "is a superuser", every, taken_on=True)
        elif one.name in _POWERS:
            yield _Power(one.name, _POWERS[one.name], every)
    owned: dict[str, list[Standing]] = {}
    for table in wanted.standing:
        owned.setdefault(table.owner, []).append(table)
    for owner, tables in sorted(owned.items()):
        yield _Power(owner, f"owns {named(tables)}", wanted.sources(tables), table=tables[0].called if len(tables) == 1 else "")
    for name in sorted(wanted.trusted & set(wanted.roles)):
        yield _Power(name, "administers", every)


def _given(wanted: Wanted, granted: list[Drift]) -> Iterator[_Power]:
    """Roles that are exempt from row security, or were granted what they should not have."""
    for one in wanted.around.roles:
        open_to = [table for table in wanted.standing if wanted.by_row(table) and one.name in wanted.holders[table.called]]
        if one.bypasses and not one.superuser and open_to:
            yield _Power(one.name, "is exempt from row security", wanted.sources(open_to), taken_on=True)
    for drift in granted:
        if drift.role not in (PUBLIC, "") and drift.role not in wanted.exempt:
            text = f"has {drift.privilege} on {drift.table}"
            yield _Power(drift.role, text, drift.policies, table=drift.table, privilege=drift.privilege)


def _membership(member: str, way: Way, power: _Power) -> Drift:
    text = f"{member} is in {power.role}, which {power.text} ({way})"
    repair = f"revoke {identifier(way.path[1])} from {identifier(member)}"
    return Drift(Source.MEMBERSHIP, member, power.table, text, power.privilege, "", power.policies, repair=repair)


def _described(wanted: Wanted) -> Iterator[Drift]:
    """Where the project says which roles somebody is in, whether the database has it so."""
    members = {role: wanted.reach.into(role) for role in wanted.compiled.roles if role in wanted.roles}
    for who, groups in sorted(wanted.groups.items() if wanted.around.members_seen else ()):
        if who not in wanted.roles or who in wanted.exempt:
            continue
        for role, into in members.items():
            way = into.get(who)
            if role == who or (way is None and role not in groups):
                continue
            given = f"grant {identifier(role)} to {identifier(who)}"
            if role not in groups and way is not None:
                repair = f"revoke {identifier(way.path[1])} from {identifier(who)}"
                yield Drift(Source.MEMBERSHIP, who, "", f"{who} is in {role} ({way}), and no entity says so", repair=repair)
            elif way is None:
                yield Drift(Source.MEMBERSHIP, who, "", f"{who} is not in {role}, as the entities say", opens=False, repair=given)
            elif way.how != INHERITS:
                text = f"{who} is in {role} without INHERIT ({way}): what policies permit it comes only by SET ROLE"
                yield Drift(Source.MEMBERSHIP, who, "", text, opens=False, repair=given)
