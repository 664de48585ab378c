"""Writes policies and schema that say what a live database does; what Cedar cannot say is listed, and left closed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from readiness.formats.cedar.tokens import quoted
from readiness.layers.security.binding import BY_COLUMN, KINDS, VERBS
from readiness.layers.security.render_access import on
from readiness.layers.security.render_cedar import Asked, columns, condition, key
from readiness.layers.security.sameness import columns_of, met
from readiness.layers.security.sql_expression import Foreign, Node, parse
from readiness.layers.security.standing import PUBLIC, Held, RowPolicy, Standing

ROLE: Final = "Role"
_TYPES: Final = {"String": "String", "Long": "Long", "Bool": "Bool", "Set": "Set<String>"}


@dataclass
class Generated:
    """A schema and policies by id; `left` says what they do not hold, each with its reason."""

    schema: str = ""
    policies: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The policies as one file."""
        return "\n\n".join(self.policies.values()) + "\n"


def generate(standing: Sequence[Standing]) -> Generated:
    """Policies and schema for these tables, in a fixed order."""
    made = Generated()
    entities = [f"@role\nentity {ROLE} in [{ROLE}];"]
    taken = {ROLE}
    rows: dict[str, list[str]] = {verb: [] for verb in VERBS}
    for one in standing:
        name = _named(one, taken)
        by_column = not one.enabled or any(held.column for held in one.held)
        facts = {policy.name: fact for policy in one.policies if (fact := _fact(policy, one, made)) is not None} if one.enabled else {}
        people = frozenset(name for fact in facts.values() for name in _people(fact))
        if one.enabled:
            entities.append(_entity(one, name, people))
            for verb in VERBS:
                rows[verb].append(name)
            made.left += [] if one.forced else [f"{one.called}: row security does not bind its owner, {one.owner}; it will"]
        elif one.policies:
            made.left.append(f"{one.called}: its row policies, since row security is not on")
        if by_column:
            entities.append(f"@columns({quoted(on(one.facts))})\nentity {name}Columns;")
            for verb in VERBS if not one.enabled else BY_COLUMN:
                rows[verb].append(f"{name}Columns")
        _privileges(one, name, by_column, made, _rows(one, facts, Asked(one, name, ROLE, people), by_column, made))
    actions = [
        f'@privilege("{verb}")\naction "{verb}" appliesTo {{ principal: {ROLE}, resource: [{", ".join(names)}] }};'
        for verb, names in rows.items()
        if names
    ]
    made.schema = "\n\n".join([*entities, *actions]) + "\n"
    return made


def _named(one: Standing, taken: set[str]) -> str:
    words = re.findall(r"[A-Za-z0-9]+", one.facts.name)
    plain = "".join(word[:1].upper() + word[1:] for word in words) or "Table"
    plain = plain if plain[0].isalpha() else f"Table{plain}"
    name, number = plain, 1
    while name in taken or f"{name}Columns" in taken:
        number += 1
        name = f"{plain}{number}"
    taken |= {name, f"{name}Columns"}
    return name


def _entity(one: Standing, name: str, people: frozenset[str]) -> str:
    said = []
    for column in one.facts.columns:
        kind = next((kind for kind in _TYPES if column.type in KINDS[kind]), "")
        if kind:
            said.append(f"  {key(column.name)}{'?' if column.nullable else ''}: {ROLE if column.name in people else _TYPES[kind]},")
    return "\n".join([f"@table({quoted(on(one.facts))})", f"entity {name} = {{", *said, "};"])


def _fact(policy: RowPolicy, one: Standing, made: Generated) -> Node | None:
    """What has to be so for a row to be let through, of a policy that can be said; None where it cannot."""
    known = columns_of(one)
    where = f"{one.called}: the row policy {policy.name}"
    if policy.permissive and (len(policy.roles) != 1 or policy.roles[0] == PUBLIC):
        made.left.append(f"{where}, which is for {', '.join(policy.roles)}: a permit names one role")
        return None
    if not policy.permissive and policy.roles != (PUBLIC,):
        made.left.append(f"{where}, which restricts {', '.join(policy.roles)} and not everybody")
        return None
    try:
        using = met(parse(policy.using, known)) if policy.using else None
        check = met(parse(policy.check, known)) if policy.check else using
    except Foreign as error:
        made.left.append(f"{where}: {error} means nothing in Cedar")
        return None
    fact = check if policy.verb == "insert" else using
    if fact is None or (policy.verb in ("update", "all") and check != fact):
        made.left.append(f"{where}: it asks another thing of new rows than of those that are there")
        return None
    return fact


def _people(fact: Node) -> Iterator[str]:
    """Columns that are compared with the current user, and so hold names of roles."""
    if fact.kind in ("=", "<>") and any(part.kind == "user" for part in fact.parts):
        yield from (column.text.partition(" ")[2] for column in columns(fact))
    for part in fact.parts:
        yield from _people(part)


def _rows(one: Standing, facts: dict[str, Node], asked: Asked, by_column: bool, made: Generated) -> set[tuple[str, str]]:
    """Writes the row policies; returns the roles and verbs whose privilege is granted with them."""
    have = {(held.grantee, held.privilege) for held in one.held}
    served: set[tuple[str, str]] = set()
    for policy in one.policies:
        fact = facts.get(policy.name)
        if fact is None:
            continue
        verbs = VERBS if policy.verb == "all" else (policy.verb,)
        role = policy.roles[0]
        where = f"{one.called}: the row policy {policy.name}"
        lacking = [verb for verb in verbs if policy.permissive and (role, verb) not in have]
        try:
            text = condition(fact, asked)
        except Foreign as error:
            made.left.append(f"{where}: {error} means nothing in Cedar")
            continue
        if lacking:
            made.left.append(f"{where}, since {role} has no {' and no '.join(lacking)} on the table: it gives nothing")
        elif policy.name in made.policies:
            made.left.append(f"{where}: another table has a policy of that name")
        else:
            made.policies[policy.name] = _policy(policy.name, policy.permissive, role, verbs, asked.type, text)
            served |= {(role, verb) for verb in verbs if policy.permissive and (not by_column or verb not in BY_COLUMN)}
    return served


def _policy(name: str, permits: bool, role: str, verbs: Iterable[str], what: str, text: str) -> str:
    actions = [f'Action::"{verb}"' for verb in verbs]
    action = f"action == {actions[0]}" if len(actions) == 1 else f"action in [{', '.join(actions)}]"
    who = f"principal in {ROLE}::{quoted(role)}" if permits else "principal"
    clause = "" if text == "true" and permits else f"\n{'when' if permits else 'unless'} {{ {text} }}"
    return f"@id({quoted(name)})\n{'permit' if permits else 'forbid'} ({who}, {action}, resource is {what}){clause};"


def _privileges(one: Standing, name: str, by_column: bool, made: Generated, served: set[tuple[str, str]]) -> None:
    whole = {(held.grantee, held.privilege) for held in one.held if not held.column}
    for held in one.held:
        what = f"{one.called}: {held.privilege}{f' ({held.column})' if held.column else ''} of {held.grantee}"
        reason = _unsaid(held, one)
        if reason:
            made.left.append(f"{what}, {reason}")
        elif (held.grantee, held.privilege) in served or (held.column and (held.grantee, held.privilege) in whole):
            continue
        elif not by_column or (one.enabled and held.privilege not in BY_COLUMN):
            made.left.append(f"{what}, which no row policy that is said serves: it gives no row")
        else:
            resource = f"resource == {name}Columns::{quoted(held.column)}" if held.column else f"resource is {name}Columns"
            base = "_".join(["grant", held.privilege, one.facts.name, *([held.column] if held.column else []), "to", held.grantee])
            ident = base if base not in made.policies else f"{base}_in_{one.facts.schema}"
            who = f"principal in {ROLE}::{quoted(held.grantee)}"
            made.policies[ident] = f'@id({quoted(ident)})\npermit ({who}, action == Action::"{held.privilege}", {resource});'


def _unsaid(held: Held, one: Standing) -> str:
    """Why a privilege cannot be said; empty where it can."""
    if held.grantee == PUBLIC:
        return "which is everybody: a permit names a role"
    if held.grantee.startswith("pg_"):
        return "which is a role of PostgreSQL's own"
    if held.privilege not in VERBS:
        return "which no policy decides on"
    if held.grantor != one.owner:
        return f"which {held.grantor} gave on"
    return "with the right to give it on" if held.grantable else ""
