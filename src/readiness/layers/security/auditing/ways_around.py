"""What lets others come to the rows of a table without asking it: views, functions, partitions, and what is to come."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from readiness.formats.access_audit import Drift, Source, Unseen
from readiness.layers.security.auditing.surroundings import Function, Given, Relation
from readiness.layers.security.auditing.wanted import Wanted
from readiness.layers.security.binding import VERBS
from readiness.layers.security.render_condition import identifier
from readiness.layers.security.standing import PUBLIC, Held, Standing

_KINDS: Final = {"v": (Source.VIEW, "the view"), "m": (Source.MATERIALISED_VIEW, "the materialised view")}
_COMMENT: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_PART: Final = r'(?:[^\W\d][\w$]*|"(?:[^"]|"")+")'
_WORD: Final = re.compile(rf"(?:({_PART})\s*\.\s*)?({_PART})")
_READ: Final = frozenset({"sql", "plpgsql"})
Name = tuple[str, str]


def compare(wanted: Wanted) -> Iterator[Drift]:
    """Everything by which somebody comes to a table in another way than by asking it."""
    tables = {one.oid: one for one in wanted.standing}
    for reader in wanted.around.readers:
        yield from _reader(reader, tables[reader.origin], wanted)
    for kin in wanted.around.kin:
        yield from _kin(kin, tables[kin.origin], wanted)
    yield from _defaults(wanted)
    yield from _spaces(wanted)


def _others(held: Iterable[Held], wanted: Wanted) -> Iterator[Held]:
    """Privileges of those who are bound by policies."""
    return (one for one in held if one.grantee == PUBLIC or one.grantee not in wanted.exempt)


def _reader(reader: Relation, one: Standing, wanted: Wanted) -> Iterator[Drift]:
    if reader.invoker:
        return
    source, what = _KINDS.get(reader.kind, (Source.RULE, "a rule of"))
    quoted = f"{identifier(reader.schema)}.{identifier(reader.name)}"
    repair = f"alter view {quoted} set (security_invoker = true)"
    for held in _others(reader.held, wanted):
        if held.privilege not in VERBS or wanted.unbound(held.grantee, one, held.privilege):
            continue
        who = "everybody" if held.grantee == PUBLIC else held.grantee
        text = f"{who} has {held.privilege} on {what} {reader.called}, which reads {one.called} with the rights of {reader.owner}"
        taken = (
            f"revoke {held.privilege} on {quoted} from {who if who == PUBLIC else PUBLIC if held.grantee == PUBLIC else identifier(who)}"
        )
        policies = wanted.sources([one])
        yield Drift(
            source, held.grantee, one.called, text, held.privilege, held.column, policies, repair=repair if reader.kind == "v" else taken
        )


def _kin(kin: Relation, one: Standing, wanted: Wanted) -> Iterator[Drift]:
    what = "holds rows of" if kin.lower else "shows the rows of"
    where = f"{identifier(kin.schema)}.{identifier(kin.name)}"
    for held in _others(kin.held, wanted):
        if held.privilege in VERBS and wanted.unbound(held.grantee, one, held.privilege):
            continue
        who = "everybody" if held.grantee == PUBLIC else held.grantee
        text = f"{who} has {held.privilege} on {kin.called}, which {what} {one.called} and is asked without its row policies"
        repair = f"revoke {held.privilege} on {where} from {PUBLIC if held.grantee == PUBLIC else identifier(held.grantee)}"
        yield Drift(Source.PARTITION, held.grantee, one.called, text, held.privilege, held.column, wanted.sources([one]), repair=repair)
    if kin.owner not in wanted.trusted and kin.owner != one.owner:
        text = f"{kin.owner} owns {kin.called}, which {what} {one.called}"
        yield Drift(Source.PARTITION, kin.owner, one.called, text, policies=wanted.sources([one]), repair=f"alter table {where} owner to …")


def _defaults(wanted: Wanted) -> Iterator[Drift]:
    for given in wanted.around.defaults:
        if given.role != PUBLIC and given.role in wanted.exempt:
            continue
        who = "everybody" if given.role == PUBLIC else given.role
        where = f" in {given.schema}" if given.schema else ""
        text = f"{who} will have {given.privilege} on every table that {given.owner} makes{where}"
        to = PUBLIC if given.role == PUBLIC else identifier(given.role)
        inside = f" in schema {identifier(given.schema)}" if given.schema else ""
        repair = f"alter default privileges for role {identifier(given.owner)}{inside} revoke {given.privilege} on tables from {to}"
        yield Drift(Source.DEFAULT_PRIVILEGE, given.role, "", text, given.privilege, repair=repair)


def _spaces(wanted: Wanted) -> Iterator[Drift]:
    for given in wanted.around.spaces:
        if given.privilege == "create" and (given.role == PUBLIC or given.role not in wanted.exempt):
            yield _creates(given, wanted)
    have: dict[Name, set[str]] = {}
    for given in wanted.around.spaces:
        have.setdefault((given.schema, given.privilege), set()).add(given.role)
    asked = {(schema, "usage", role) for one in wanted.standing for schema in (one.facts.schema,) for role in _roles(one, wanted)}
    asked |= {("", "connect", role) for one in wanted.standing for role in _roles(one, wanted)}
    for schema, privilege, role in sorted(asked if wanted.around.spaces and wanted.around.members_seen else ()):
        if not _has(role, have.get((schema, privilege), set()), wanted):
            on = f"schema {identifier(schema)}" if schema else f"database {identifier(wanted.around.database)}"
            text = f"{role} lacks {privilege} on {f'the schema {schema}' if schema else 'the database'}, and so comes to no table of it"
            source = Source.SCHEMA if schema else Source.DATABASE
            said = tuple(sorted({text for grant, found in wanted.compiled.sources.items() if grant.role == role for text in found}))
            yield Drift(source, role, "", text, privilege, "", said, opens=False, repair=f"grant {privilege} on {on} to {identifier(role)}")


def _creates(given: Given, wanted: Wanted) -> Drift:
    who = "everybody" if given.role == PUBLIC else given.role
    where = f"the schema {given.schema}" if given.schema else f"the database {wanted.around.database}"
    owns = ", which it owns" if given.role == given.owner else ""
    text = f"{who} may create in {where}{owns}: what it makes can stand in the way of the tables"
    on = f"schema {identifier(given.schema)}" if given.schema else f"database {identifier(wanted.around.database)}"
    to = PUBLIC if given.role == PUBLIC else identifier(given.role)
    source = Source.SCHEMA if given.schema else Source.DATABASE
    repair = f'alter {on} owner to …, or administrators = ["{given.role}"] in [security]' if owns else f"revoke create on {on} from {to}"
    return Drift(source, given.role, "", text, "create", repair=repair)


def _roles(one: Standing, wanted: Wanted) -> set[str]:
    return {grant.role for grant in wanted.grants(one) if grant.role in wanted.roles}


def _has(role: str, holders: set[str], wanted: Wanted) -> bool:
    if PUBLIC in holders or role in holders:
        return True
    return any((way := wanted.reach.into(holder).get(role)) is not None and way.how == "inherits" for holder in holders)


# --- functions -----------------------------------------------------------------------------------------------------------


def functions(wanted: Wanted) -> tuple[list[Drift], list[Unseen]]:
    """Functions that read a table with the rights of their owner, and those of which that cannot be told."""
    drift: list[Drift] = []
    unseen: list[Unseen] = []
    words = {one: frozenset(_words(one.body)) for one in wanted.around.functions}
    told: set[Function] = set()
    for table in wanted.standing:
        for function in _reading(table, words, wanted):
            if function.owner in wanted.trusted or function.owner in wanted.holders[table.called] or _super(function.owner, wanted):
                told.add(function)
                drift += _calls(function, table, wanted)
    for function in words:
        if function not in told and function.definer and _callers(function, wanted) and _dark(function) and _able(function, wanted):
            why = "its statements are put together when it runs" if function.language in _READ else f"it is written in {function.language}"
            unseen.append(Unseen(f"whether {function.called}, which runs with the rights of {function.owner}, reads a table", why))
    return drift, unseen


def _reading(table: Standing, words: dict[Function, frozenset[Name]], wanted: Wanted) -> list[Function]:
    """Functions with the rights of their owner that name the table, a view over it, a partition of it, or a function that does."""
    around = [one for one in (*wanted.around.readers, *wanted.around.kin) if one.origin == table.oid]
    names = {(table.facts.schema, table.facts.name), *((one.schema, one.name) for one in around)}
    oids = {table.oid, *(one.oid for one in around)}
    found: set[Function] = set()
    while True:
        plain = {name for _, name in names}
        schemas = {("", name) for name in plain} | names
        more = {one for one, said in words.items() if one not in found and (one.uses & oids or said & schemas)}
        if not more:
            return sorted((one for one in found if one.definer), key=lambda one: one.called)
        found |= more
        names |= {(one.schema, one.name) for one in more}


def _words(body: str) -> Iterator[Name]:
    for schema, name in _WORD.findall(_COMMENT.sub(" ", body)):
        yield (_folded(schema), _folded(name))


def _folded(word: str) -> str:
    return word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()


def _callers(function: Function, wanted: Wanted) -> list[str]:
    return [who for who in function.callers if who == PUBLIC or who not in wanted.exempt]


def _calls(function: Function, table: Standing, wanted: Wanted) -> Iterator[Drift]:
    for caller in _callers(function, wanted):
        if wanted.unbound(caller, table, "select"):
            continue
        who = "everybody" if caller == PUBLIC else caller
        text = f"{who} may call {function.called}, which comes to {table.called} with the rights of {function.owner}"
        called = f"{identifier(function.schema)}.{identifier(function.name)}({function.arguments})"
        repair = f"revoke execute on function {called} from {PUBLIC if caller == PUBLIC else identifier(caller)}"
        yield Drift(Source.FUNCTION, caller, table.called, text, "execute", "", wanted.sources([table]), repair=repair)


def _dark(function: Function) -> bool:
    """Whether what a function does cannot be read from its body."""
    return function.language not in _READ or (function.language == "plpgsql" and ("", "execute") in set(_words(function.body)))


def _able(function: Function, wanted: Wanted) -> bool:
    holds = any(function.owner in wanted.holders[one.called] for one in wanted.standing)
    return holds or function.owner in wanted.trusted or _super(function.owner, wanted)


def _super(name: str, wanted: Wanted) -> bool:
    role = wanted.roles.get(name)
    return role is not None and role.superuser
