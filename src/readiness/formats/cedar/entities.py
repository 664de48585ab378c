"""Reads and writes entities: `User::"ada"`, and Cedar's JSON of who there is, what, and in which groups."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from readiness.formats.cedar.faults import Fault, nearest
from readiness.formats.cedar.notation import Declared
from readiness.formats.cedar.policies import DEPTH_LIMIT, decoded
from readiness.formats.cedar.schema import ReadSchema, deep
from readiness.formats.cedar.tokens import Kind, quoted, tokens, unquoted


@dataclass(frozen=True, slots=True, order=True)
class Uid:
    """The name of an entity: its full type and its id."""

    type: str
    id: str

    def __str__(self) -> str:
        return f"{self.type}::{quoted(self.id)}"

    @property
    def json(self) -> dict[str, str]:
        """As Cedar's JSON names it."""
        return {"type": self.type, "id": self.id}


def parse_uid(text: str) -> Uid | None:
    """The entity named in Cedar's notation; None where it is none."""
    found = tokens(text)
    if len(found) < 3 or len(found) % 2 == 0 or found[-1].kind is not Kind.TEXT:
        return None
    names, marks = found[:-1:2], found[1::2]
    if any(token.kind is not Kind.WORD for token in names) or any(token.text != "::" for token in marks):
        return None
    return Uid("::".join(token.text for token in names), unquoted(found[-1].text))


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity: its name, its attributes and tags as JSON holds them, and the entities it is in."""

    uid: Uid
    attributes: Mapping[str, object] = field(default_factory=dict)
    parents: tuple[Uid, ...] = ()
    tags: Mapping[str, object] = field(default_factory=dict)

    @property
    def json(self) -> dict[str, object]:
        """As Cedar's JSON writes it."""
        return {
            "uid": self.uid.json,
            "attrs": dict(self.attributes),
            "parents": [parent.json for parent in self.parents],
            "tags": dict(self.tags),
        }


def emit(entities: Iterable[Entity]) -> str:
    """The entities as a JSON document that the engine reads."""
    return json.dumps([entity.json for entity in entities])


def read(data: bytes | None, file: str, schema: ReadSchema) -> tuple[tuple[Entity, ...], tuple[Fault, ...]]:
    """The entities of a file, held against a schema, sorted, or everything that is wrong with it. Actions are left out."""
    text, fault = decoded(file, data)
    if fault is None:
        fault = _nested(text, file)
    if fault is not None:
        return (), (fault,)
    from cedarpy import Entities

    try:
        whole = json.loads(str(Entities.from_json_str(text, schema.text)))
    except ValueError as error:
        return (), tuple(_blamed(text, file, schema)) or (Fault(file, 1, _whole(text, str(error))),)
    found = (_entity(item) for item in whole if item["uid"]["type"].rpartition("::")[2] != "Action")
    return tuple(sorted(found, key=lambda entity: entity.uid)), ()


def _whole(text: str, said: str) -> str:
    return said if isinstance(json.loads(text), list) else "must be a list of entities"


def _blamed(text: str, file: str, schema: ReadSchema) -> Iterator[Fault]:
    """What is wrong with each entity that the engine does not take by itself, since it does not say which one it is."""
    from cedarpy import Entities, Schema

    raw = json.loads(text)
    engine = Schema.from_str(schema.text)
    at = 0
    for item in raw if isinstance(raw, list) else ():
        uid = _uid(item)
        at = max(at, text.find(json.dumps(uid.id, ensure_ascii=False), at)) if uid is not None else at
        try:
            Entities.from_json_str(json.dumps([item]), engine)
        except ValueError as error:
            yield Fault(file, text.count("\n", 0, at) + 1, *_reason(item, uid, schema.declared, str(error)))


def _uid(item: Any) -> Uid | None:  # one entity of a file nobody has checked
    raw = item.get("uid") if isinstance(item, dict) else None
    raw = raw.get("__entity", raw) if isinstance(raw, dict) else None
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str) or not isinstance(raw.get("id"), str):
        return None
    return Uid(raw["type"], raw["id"])


def _reason(item: Any, uid: Uid | None, declared: Declared, said: str) -> tuple[str, str, int, str]:  # as above
    """Text, policy (none), column and suggestion of the fault of an entity."""
    if uid is None:
        return 'is no entity: it needs `"uid": {"type": …, "id": …}`', "", 1, ""
    kind = next((one for one in declared.entities if one.name == uid.type), None)
    if kind is None:
        return f"{uid}: unrecognized entity type `{uid.type}`", "", 1, nearest(uid.type, (one.name for one in declared.entities))
    names = item.get("attrs") if isinstance(item.get("attrs"), dict) else {}
    known = [one.name for one in kind.attributes]
    for name in names:
        if name not in known:
            return f"{uid}: attribute `{name}` on entity type `{uid.type}` not found", "", 1, nearest(name, known)
    for one in kind.attributes:
        if one.required and one.name not in names:
            return f"{uid}: lacks the attribute `{one.name}`", "", 1, ""
    return f"{uid}: its attributes or groups are not of the types that the schema says ({said})", "", 1, ""


def _nested(text: str, file: str) -> Fault | None:
    try:
        raw = json.loads(text)
    except ValueError as error:
        return Fault(file, getattr(error, "lineno", 1), f"is no JSON: {error}", column=getattr(error, "colno", 1))
    except RecursionError:
        return Fault(file, 1, "is nested too deep", limit=True)
    if deep(raw) > DEPTH_LIMIT:
        return Fault(file, 1, f"is nested deeper than the {DEPTH_LIMIT} that are read", limit=True)
    return None


def _entity(raw: dict[str, Any]) -> Entity:  # one entity as the engine writes it
    uid = Uid(raw["uid"]["type"], raw["uid"]["id"])
    parents = tuple(sorted(Uid(item["type"], item["id"]) for item in raw.get("parents", [])))
    return Entity(uid, raw.get("attrs", {}), parents, raw.get("tags", {}))
