"""What a schema declares, read from the text that the engine writes of it, which is regular: one form for each thing."""

from __future__ import annotations

from dataclasses import dataclass, field

from readiness.formats.cedar.tokens import Kind, Token, tokens, unquoted


@dataclass(frozen=True, slots=True)
class Type:
    """A type: `Bool`, `Long`, `String`, an extension, `Set` of `item`, `Record` of `fields`, or `Entity` called `name`."""

    kind: str
    name: str = ""
    item: Type | None = None
    fields: tuple[Attribute, ...] = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of an entity, or a field of a record or of the context."""

    name: str
    type: Type
    required: bool = True


@dataclass(frozen=True, slots=True)
class EntityType:
    """A type of entity: its full name, the types it can be in, its attributes, its ids where they are enumerated."""

    name: str
    parents: tuple[str, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    ids: tuple[str, ...] = ()
    tags: Type | None = None
    annotations: tuple[tuple[str, str], ...] = ()

    def said(self, name: str) -> str | None:
        """What an annotation says, empty where it says nothing; None where it is not there."""
        return dict(self.annotations).get(name)


@dataclass(frozen=True, slots=True)
class Action:
    """An action as `Action::"read"`: who can ask it of what, by type, in which context; `groups` are the actions it is in."""

    uid: str
    principals: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    context: tuple[Attribute, ...] = ()
    groups: tuple[str, ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()

    def said(self, name: str) -> str | None:
        """What an annotation says, empty where it says nothing; None where it is not there."""
        return dict(self.annotations).get(name)

    @property
    def name(self) -> str:
        """The word between its quotes."""
        return unquoted(self.uid[self.uid.index('"') :])

    @property
    def asked(self) -> bool:
        """Whether anybody can ask for it; one that nobody can is a group of others."""
        return bool(self.principals and self.resources)


@dataclass(frozen=True, slots=True)
class Declared:
    """Everything a schema declares, sorted by name."""

    entities: tuple[EntityType, ...] = ()
    actions: tuple[Action, ...] = ()

    def entity(self, name: str) -> EntityType:
        """The type of that name. Raises KeyError where there is none."""
        return next((item for item in self.entities if item.name == name), None) or _missing(name)

    def ancestors(self, name: str) -> tuple[str, ...]:
        """The types that an entity of this type can be in, near ones first, through any number of steps."""
        found: list[str] = []
        todo = list(self.entity(name).parents)
        while todo:
            one = todo.pop(0)
            if one not in found:
                found.append(one)
                todo += self.entity(one).parents
        return tuple(found)


def _missing(name: str) -> EntityType:
    raise KeyError(name)


@dataclass(slots=True)
class _Raw:
    """A declaration before its names are resolved: its namespace and the tokens of its parts."""

    space: str
    name: str
    parents: tuple[str, ...] = ()
    shape: Type | None = None
    ids: tuple[str, ...] = ()
    tags: Type | None = None
    principals: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Reader:
    found: tuple[Token, ...]
    at: int = 0
    space: str = ""
    entities: list[_Raw] = field(default_factory=list)
    actions: list[_Raw] = field(default_factory=list)
    types: dict[str, tuple[str, Type]] = field(default_factory=dict)

    def peek(self) -> str:
        return self.found[self.at].text if self.at < len(self.found) else ""

    def take(self) -> str:
        self.at += 1
        return self.found[self.at - 1].text

    def skip(self, text: str) -> bool:
        if self.peek() == text:
            self.at += 1
            return True
        return False

    def everything(self) -> None:
        while self.at < len(self.found):
            self.declaration()

    def declaration(self) -> None:
        said = self.annotations()
        match self.take():
            case "namespace":
                self.space = self.path()
                self.take()
            case "}":
                self.space = ""
            case "type":
                name = self.take()
                self.take()
                self.types[_qualified(self.space, name)] = (self.space, self.type())
                self.take()
            case "entity":
                self.entity(said)
            case _:
                self.action(said)

    def annotations(self) -> tuple[tuple[str, str], ...]:
        found = []
        while self.skip("@"):
            name, text = self.take(), ""
            if self.skip("("):
                text = unquoted(self.take())
                self.take()
            found.append((name, text))
        return tuple(found)

    def entity(self, said: tuple[tuple[str, str], ...]) -> None:
        raw = _Raw(self.space, self.take(), annotations=said)
        if self.skip("enum"):
            raw.ids = tuple(unquoted(item) for item in self.list())
        if self.skip("in"):
            raw.parents = self.list()
        if self.skip("="):
            raw.shape = self.type()
        if self.skip("tags"):
            raw.tags = self.type()
        self.take()
        self.entities.append(raw)

    def action(self, said: tuple[tuple[str, str], ...]) -> None:
        raw = _Raw(self.space, self.take(), annotations=said)
        if self.skip("in"):
            raw.parents = self.list()
        if self.skip("appliesTo"):
            self.take()
            while not self.skip("}"):
                what, _ = self.take(), self.take()
                if what == "context":
                    raw.shape = self.type()
                elif what == "principal":
                    raw.principals = self.list()
                else:
                    raw.resources = self.list()
                self.skip(",")
        self.take()
        self.actions.append(raw)

    def list(self) -> tuple[str, ...]:
        if not self.skip("["):
            return (self.path(),)
        items = []
        while not self.skip("]"):
            items.append(self.path())
            self.skip(",")
        return tuple(items)

    def path(self) -> str:
        parts = [self.take()]
        while self.skip("::"):
            parts.append(self.take())
        return "::".join(parts)

    def type(self) -> Type:
        if self.skip("{"):
            fields = []
            while not self.skip("}"):
                self.annotations()
                token = self.found[self.at]
                name = unquoted(self.take()) if token.kind is Kind.TEXT else self.take()
                optional = self.skip("?")
                self.take()
                fields.append(Attribute(name, self.type(), not optional))
                self.skip(",")
            return Type("Record", fields=tuple(fields))
        name = self.path()
        if name == "Set":
            self.take()
            item = self.type()
            self.take()
            return Type("Set", item=item)
        return Type("Name", name)


def _qualified(space: str, name: str) -> str:
    return f"{space}::{name}" if space else name


def read(text: str) -> Declared:
    """What a schema declares; `text` is as the engine writes it, so that it is known to be right."""
    reader = _Reader(tokens(text))
    reader.everything()
    names = _Names(reader)
    entities = tuple(names.entity(raw) for raw in reader.entities)
    return Declared(
        tuple(sorted(entities, key=lambda item: item.name)), tuple(sorted(map(names.action, reader.actions), key=lambda item: item.uid))
    )


class _Names:
    """Resolves names as the engine does: in their own namespace first, then as written."""

    def __init__(self, reader: _Reader) -> None:
        self.types = reader.types
        self.known = frozenset(_qualified(raw.space, raw.name) for raw in reader.entities)

    def entity(self, raw: _Raw) -> EntityType:
        parents = tuple(self.one(raw.space, name) for name in raw.parents)
        tags = self.type(raw.space, raw.tags) if raw.tags is not None else None
        return EntityType(_qualified(raw.space, raw.name), parents, self.fields(raw), raw.ids, tags, raw.annotations)

    def action(self, raw: _Raw) -> Action:
        principals, resources = (tuple(self.one(raw.space, name) for name in names) for names in (raw.principals, raw.resources))
        return Action(_qualified(raw.space, f"Action::{raw.name}"), principals, resources, self.fields(raw), raw.parents, raw.annotations)

    def fields(self, raw: _Raw) -> tuple[Attribute, ...]:
        return self.type(raw.space, raw.shape).fields if raw.shape is not None else ()

    def one(self, space: str, name: str) -> str:
        return next((full for full in (_qualified(space, name), name) if full in self.known), name)

    def type(self, space: str, raw: Type) -> Type:
        if raw.kind == "Record":
            return Type("Record", fields=tuple(Attribute(item.name, self.type(space, item.type), item.required) for item in raw.fields))
        if raw.kind == "Set" and raw.item is not None:
            return Type("Set", item=self.type(space, raw.item))
        for full in (_qualified(space, raw.name), raw.name):
            if full in self.types:
                return self.type(*self.types[full])
            if full in self.known:
                return Type("Entity", full)
        return Type(raw.name.removeprefix("__cedar::"))
