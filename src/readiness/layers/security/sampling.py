"""Makes requests out of a schema: every principal type, action and resource, with the values that the policies name.

Where a policy compares with `"customer"`, some entity has that value and some has another; where it names a group, some
principal is in it and some is in none. Few of each, and always the same ones: they exercise policies, they prove nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import Final

from readiness.formats.cedar import Attribute, Declared, EntityType, Policy, Type
from readiness.formats.cedar.deciding import Request
from readiness.formats.cedar.entities import Entity, Uid, parse_uid
from readiness.formats.cedar.tokens import Kind, Token, tokens, unquoted

REQUESTS: Final = 4_000
"""Requests asked, at most."""
ENTITIES: Final = 60
"""Entities made of one type, at most."""
VALUES: Final = 8
"""Values tried of one attribute, at most."""
_LONG: Final = 2**63 - 1
_EXTENSIONS: Final = {"ip": "203.0.113.7", "decimal": "1.5", "datetime": "2026-01-01", "duration": "1h"}
_FUNCTION: Final = {"ipaddr": "ip", "decimal": "decimal", "datetime": "datetime", "duration": "duration"}


@dataclass(frozen=True, slots=True)
class Sample:
    """Entities of every type, and requests between them; `made` are the types for which no entity was given.

    `named` is what policies or the schema call by name and nobody described.
    """

    entities: tuple[Entity, ...]
    requests: tuple[Request, ...]
    made: tuple[str, ...] = ()
    possible: int = 0
    named: frozenset[Uid] = frozenset()

    @property
    def whole(self) -> bool:
        """Whether every request between those entities is asked."""
        return len(self.requests) == self.possible


@dataclass(frozen=True, slots=True)
class _Named:
    """What policies name: texts, whole numbers, arguments of extension functions, entities by type."""

    texts: tuple[str, ...]
    numbers: tuple[int, ...]
    arguments: Mapping[str, tuple[str, ...]]
    entities: tuple[Uid, ...]


def sample(policies: Sequence[Policy], declared: Declared, given: Iterable[Entity] = ()) -> Sample:
    """Requests for every action, between the entities given and those made for the types of which none was given."""
    known = tuple(given)
    maker = _Maker(declared, _named(policies))
    have = {entity.uid.type for entity in known}
    asked = {name for action in declared.actions for name in (*action.principals, *action.resources)}
    lacking = tuple(sorted(asked - have))
    made = [entity for name in lacking for entity in maker.entities(declared.entity(name))]
    pool: dict[str, list[Uid]] = {}
    for entity in (*known, *made):
        pool.setdefault(entity.uid.type, []).append(entity.uid)
    everything = {entity.uid: entity for entity in (*maker.groups.values(), *made, *known)}
    listed = {Uid(kind.name, name) for kind in declared.entities for name in kind.ids}
    named = frozenset({*maker.said.entities, *listed} - {entity.uid for entity in known})
    actions = [action for action in declared.actions if action.asked]
    requests: list[Request] = []
    possible = 0
    for action in actions:
        pairs = [
            (who, what) for p, r in product(action.principals, action.resources) for who in pool.get(p, ()) for what in pool.get(r, ())
        ]
        contexts = maker.records(action.context)
        possible += len(pairs) * len(contexts)
        found = (Request(who, action.uid, what, context) for context in contexts for who, what in pairs)
        requests += _spread(found, len(pairs) * len(contexts), REQUESTS // len(actions))
    return Sample(tuple(everything.values()), tuple(requests), lacking, possible, named)


def _spread(items: Iterator[Request], count: int, most: int) -> Iterator[Request]:
    """All of them, or `most` spread evenly over them: by a step that shares no factor with anything they repeat by."""
    if count <= most:
        return items
    kept = {index * count // most for index in range(most)}
    return (item for index, item in enumerate(items) if index in kept)


def _named(policies: Sequence[Policy]) -> _Named:
    texts: dict[str, None] = {}
    numbers: dict[int, None] = {}
    arguments: dict[str, dict[str, None]] = {}
    entities: dict[Uid, None] = {}
    for policy in policies:
        found = tokens(" ".join(text for text, _ in policy.parts))
        for index, token in enumerate(found):
            before = [item.text for item in found[max(0, index - 2) : index]]
            if token.kind is Kind.TEXT and before[-1:] == ["::"]:
                if (uid := parse_uid(_path(found, index))) is not None:
                    entities[uid] = None
            elif token.kind is Kind.TEXT and before[-1:] == ["("] and before[0] in _EXTENSIONS:
                arguments.setdefault(before[0], {})[unquoted(token.text)] = None
            elif token.kind is Kind.TEXT:
                texts[unquoted(token.text).replace("*", "x")] = None
            elif token.kind is Kind.NUMBER:
                numbers[min(int(token.text), _LONG)] = None
    return _Named(tuple(texts), tuple(numbers), {name: tuple(items) for name, items in arguments.items()}, tuple(entities))


def _path(found: Sequence[Token], end: int) -> str:
    begun = end
    while begun >= 2 and found[begun - 1].text == "::":
        begun -= 2
    return "".join(token.text for token in found[begun : end + 1])


class _Maker:
    """Makes values and entities; `groups` are the entities that others were put into."""

    def __init__(self, declared: Declared, said: _Named) -> None:
        self.declared = declared
        self.said = said
        self.groups: dict[Uid, Entity] = {}

    def entities(self, kind: EntityType) -> list[Entity]:
        """Entities of a type: those that policies name and others, in each group and in none, with each value once."""
        records = self.records(kind.attributes)
        groups = self._groups(kind)
        shapes = [(record, group) for record in records[:1] for group in groups]
        shapes += [(record, group) for group in groups for record in records[1:]]
        ids = [uid.id for uid in self.said.entities if uid.type == kind.name]
        tags = self.values(kind.tags)[:1] if kind.tags is not None else []
        word = kind.name.rpartition("::")[2].lower()
        if kind.ids:
            return [Entity(Uid(kind.name, name)) for name in kind.ids]
        found = [Entity(Uid(kind.name, f"{word}-{index + 1}"), *shape) for index, shape in enumerate(shapes[:ENTITIES])]
        for record, group in shapes[-1:]:
            # what policies name is a group itself where its type can be in its own: in each other they would go round
            above = tuple(uid for uid in group if kind.name not in (uid.type, *self.declared.ancestors(uid.type)))
            found += [Entity(Uid(kind.name, name), record, above) for name in ids]
        if tags:
            found += [Entity(Uid(kind.name, f"{word}-tagged"), *shapes[0], dict.fromkeys((*self.said.texts[:VALUES], "other"), tags[0]))]
        return list({entity.uid: entity for entity in found}.values())

    def _groups(self, kind: EntityType) -> list[tuple[Uid, ...]]:
        within = self.declared.ancestors(kind.name)
        single = [(self._within(kind, uid),) for uid in self.said.entities if uid.type in within]
        both = [tuple(sorted({uid for group in single for uid in group}))] if len(single) > 1 else []
        return [(), *single, *both]

    def _within(self, kind: EntityType, group: Uid) -> Uid:
        """The entity to be directly in, so as to be in `group`; made on the way where the group is further up."""
        self.groups.setdefault(group, self._bare(group))
        if group.type in kind.parents:
            return group
        step = next(self.declared.entity(name) for name in kind.parents if group.type in self.declared.ancestors(name))
        between = Uid(step.name, f"within-{group.id}")
        self.groups[between] = Entity(between, self.records(step.attributes)[0], (self._within(step, group),))
        return between

    def _bare(self, uid: Uid) -> Entity:
        return Entity(uid, self.records(self.declared.entity(uid.type).attributes)[0])

    def records(self, attributes: Sequence[Attribute], depth: int = 0) -> list[dict[str, object]]:
        """Records with these attributes: one with the first value of each, then one for each other value, and for each that is left out."""
        choices = {item.name: self.values(item.type, depth) for item in attributes}
        base: dict[str, object] = {name: values[0] for name, values in choices.items()}
        found = [base]
        for item in attributes:
            found += [{**base, item.name: value} for value in choices[item.name][1:]]
            if not item.required:
                found.append({name: value for name, value in base.items() if name != item.name})
        return found

    def values(self, kind: Type, depth: int = 0) -> list[object]:
        """A few values of a type as JSON, those that policies name among them."""
        said = self.said
        match kind.kind:
            case "Bool":
                return [True, False]
            case "Long":
                near = (number + step for number in said.numbers for step in (0, 1, -1))
                return list(islice(dict.fromkeys([1, *(number for number in near if number <= _LONG)]), VALUES))
            case "String":
                return ["other", *said.texts[: VALUES - 1]]
            case "Set" if kind.item is not None:
                items = self.values(kind.item, depth + 1)[: VALUES - 2]
                return [[], *([item] for item in items), items]
            case "Record":
                return list[object](self.records(kind.fields, depth + 1)[:VALUES])
            case "Entity":
                return self._references(kind.name)
            case _:
                function = _FUNCTION[kind.kind]
                words = (*said.arguments.get(function, ()), _EXTENSIONS[function])
                return [{"__extn": {"fn": function, "arg": word}} for word in words[:VALUES]]

    def _references(self, name: str) -> list[object]:
        kind = self.declared.entity(name)
        word = name.rpartition("::")[2].lower()
        ids = kind.ids or (*(uid.id for uid in self.said.entities if uid.type == name), f"{word}-1", f"{word}-2")
        for one in ids:
            uid = Uid(name, one)
            if uid not in self.groups:
                self.groups[uid] = Entity(uid)  # known before it is filled, since types may refer to each other
                self.groups[uid] = self._bare(uid)
        return [{"__entity": Uid(name, one).json} for one in ids[:VALUES]]
