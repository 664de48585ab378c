"""Who is tried: the roles of a database, each with the roles whose rights it has, and as whom the policy engine knows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from readiness.formats.cedar import Action, Declared
from readiness.formats.cedar.entities import Entity, Uid
from readiness.layers.security.auditing.reach import INHERITS
from readiness.layers.security.auditing.wanted import Wanted
from readiness.layers.security.compiling import Grant


@dataclass(frozen=True, slots=True)
class Person:
    """A role: those whose rights it has by itself (`has`, itself among them), and those it can come to in any way."""

    role: str
    has: frozenset[str]
    reaches: frozenset[str]

    @property
    def loose(self) -> bool:
        """Whether it can come to more than it has by itself, so that what it is shown depends on what it takes on."""
        return self.has != self.reaches


def of(wanted: Wanted, ours: frozenset[str], most: int) -> tuple[list[Person], tuple[str, ...]]:
    """The roles of a database that policies bind, up to so many that none names; and the named ones that are not there."""
    named = [name for name in wanted.compiled.roles if name in wanted.roles and name not in wanted.exempt]
    others = [role.name for role in wanted.around.roles if role.name not in {*named, *ours, *wanted.exempt}]
    into = {role: wanted.reach.into(role) for role in wanted.compiled.roles}
    people = []
    for role in (*named, *others[:most]):
        ways = {name: found[role] for name, found in into.items() if role in found}
        has = {name for name, way in ways.items() if way.how == INHERITS}
        people.append(Person(role, frozenset({role, *has}), frozenset({role, *ways})))
    return people, tuple(name for name in wanted.compiled.roles if name not in wanted.roles)


def permitted(person: Person, grants: Iterable[Grant]) -> bool:
    """Whether any of these privileges is one that a role has by itself."""
    return any(grant.role in person.has for grant in grants)


def within_reach(person: Person, grants: Iterable[Grant]) -> bool:
    """Whether any of these privileges is one that a role has or can come to."""
    return any(grant.role in person.reaches for grant in grants)


class Known:
    """The entities that stand for roles: those that the project describes, others made of what the database says."""

    def __init__(
        self, declared: Declared, types: Mapping[str, str], described: Sequence[Entity], likely: Mapping[str, Mapping[str, object]]
    ):
        self._declared = declared
        self._types = types
        self._likely = likely
        self.entities = {entity.uid: entity for entity in described}
        for role, kind in types.items():
            self._add(Entity(Uid(kind, role), likely.get(kind, {})))

    def principals(self, person: Person, action: Action) -> list[Uid]:
        """As whom a role can ask for an action; none where its type cannot."""
        kind = self._types.get(person.role)
        kinds = [kind] if kind in action.principals else list(action.principals)
        if kind is not None and kind not in action.principals:
            kinds = [one for one in action.principals if kind in self._declared.ancestors(one)]
        return [self._principal(one, person) for one in kinds if one is not None]

    def _principal(self, kind: str, person: Person) -> Uid:
        uid = Uid(kind, person.role)
        within = self._declared.entity(kind).parents
        parents = [Uid(self._types[name], name) for name in sorted(person.reaches) if self._types.get(name) in within]
        self._add(Entity(uid, self._likely.get(kind, {}), tuple(one for one in parents if one != uid)))
        return uid

    def _add(self, entity: Entity) -> None:
        """Adds one that is not described. One made as a group before it turned out to be in others gets those."""
        before = self.entities.get(entity.uid)
        if before is None or (not before.parents and entity.parents and before.attributes is entity.attributes):
            self.entities[entity.uid] = entity
