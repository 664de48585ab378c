"""What policies decide on single rows of a database: a bounded sample of them as entities, put to the policy engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from readiness.formats.cedar import Attribute, Policy, Type
from readiness.formats.cedar.deciding import Engine, Request
from readiness.formats.cedar.entities import Entity, Uid
from readiness.layers.security import render_tries, sampling
from readiness.layers.security.binding import Binding, Bound, TableFacts
from readiness.layers.security.compiling import said
from readiness.layers.security.people import Known, Person
from readiness.layers.security.policies import Access

if TYPE_CHECKING:
    import psycopg

ROWS: Final = 200
"""How many rows of a table are drawn."""
RARE: Final = 60
"""How many more are taken for the rarest values of a column."""
SEED: Final = 7


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its handle while nobody writes, its key, and its columns as JSON has them."""

    handle: str
    key: str
    columns: Mapping[str, Any]  # whatever types a table has


@dataclass(frozen=True, slots=True)
class Said:
    """What policies say of a row: whether it is allowed, and which of them decide."""

    allowed: bool
    policies: tuple[str, ...] = ()


def sample(connection: psycopg.Connection, bound: Bound) -> tuple[Row, ...]:
    """Rows of a table, asked by who sees all of them."""
    columns = [attribute.name for attribute in bound.type.attributes]
    text = render_tries.sampled(bound.table, columns, ROWS, RARE)
    return tuple(Row(*row) for row in connection.execute(text.encode(), {"seed": SEED}).fetchall())


class Decisions:
    """Asks the engine for any number of rows at once, of whoever asks."""

    def __init__(self, access: Access, policies: Sequence[Policy], binding: Binding, types: Mapping[str, str]) -> None:
        declared = access.schema.declared
        made = sampling.sample(policies, declared, access.entities)
        likely = {entity.uid.type: entity.attributes for entity in reversed(made.entities)}
        self._contexts = {request.action: request.context for request in reversed(made.requests)}
        self._access, self._policies, self._binding = access, policies, binding
        self._others = made.entities
        self.known = Known(declared, types, access.entities, likely)

    def of(self, person: Person, verb: str, bound: Bound, rows: Sequence[Row]) -> dict[str, Said | None]:
        """By handle what policies say; None where it depends on as whom a role asks."""
        actions = [
            one for one in self._access.schema.declared.actions
            if self._binding.verbs.get(one.uid) == verb and bound.type.name in one.resources
        ]  # fmt: skip
        if not actions:
            return dict.fromkeys((row.handle for row in rows), Said(allowed=False))
        (action,) = actions
        principals = self.known.principals(person, action)
        found = [entity(row, bound) for row in rows]
        known = {**{one.uid: one for one in self._others}, **self.known.entities, **{one.uid: one for one in found}}
        engine = Engine(self._policies, self._access.schema.text, known.values())
        context = self._contexts.get(action.uid, {})
        asked = [Request(uid, action.uid, one.uid, context) for one in found for uid in principals]
        decisions = iter(engine.decide(asked))
        decided: dict[str, Said | None] = {}
        for row in rows:
            said_of = [next(decisions) for _ in principals]
            told = {one.allowed for one in said_of} or {False}
            names = tuple(dict.fromkeys(said(policy) for one in said_of for policy in one.policies))
            decided[row.handle] = Said(told.pop(), names) if len(told) == 1 else None
        return decided


def entity(row: Row, bound: Bound) -> Entity:
    """A row as the entity that policies decide on: a null is an attribute that is left out."""
    given = {one.name: _value(row.columns[one.name], one) for one in bound.type.attributes if row.columns.get(one.name) is not None}
    return Entity(Uid(bound.type.name, row.key), given)


def _value(value: object, attribute: Attribute) -> object:
    if attribute.type.kind == "Set" and isinstance(value, list):
        item = attribute.type.item
        return [_reference(one, item) for one in dict.fromkeys(value) if one is not None]
    return _reference(value, attribute.type)


def _reference(value: object, kind: Type | None) -> object:
    if kind is not None and kind.kind == "Entity":
        return {"__entity": Uid(kind.name, str(value)).json}
    return value


def tables(binding: Binding) -> dict[tuple[str, str], Bound]:
    """The tables whose rows are decided on, by schema and name."""
    return {_key(bound.table): bound for bound in binding.rows.values()}


def _key(table: TableFacts) -> tuple[str, str]:
    return (table.schema, table.name)
