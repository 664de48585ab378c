"""Understands a request: which entities it names, what the application says of them, and who agreed to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from readiness.sdk.answers import APPROVAL, REQUEST, UNKNOWN, Approval, Denied, Entity
from readiness.sdk.loading import Loaded
from readiness.sdk.recording import digest

if TYPE_CHECKING:
    from readiness.formats.cedar.deciding import Request
    from readiness.formats.cedar.entities import Entity as Described
    from readiness.formats.cedar.entities import Uid


class Question(NamedTuple):
    """A request as the policies take it, what the application says of the entities in it, and what was `given`."""

    loaded: Loaded
    request: Request
    described: tuple[Described, ...]
    digest: str
    given: tuple[str | Entity, str, str | Entity, Mapping[str, object] | None]

    def under(self, loaded: Loaded) -> Question:
        """The same, understood anew where the policies changed since. Raises Denied where it is another request by now."""
        if loaded is self.loaded:
            return self
        found = question(loaded, *self.given)
        if found.digest != self.digest:
            raise Denied(APPROVAL, "the request is another one by now")
        return found


class Named(NamedTuple):
    """An entity by its name, and what is said of it and of those it leads to."""

    uid: Uid
    described: tuple[Described, ...]


def question(
    loaded: Loaded, principal: str | Entity, action: str, resource: str | Entity, context: Mapping[str, object] | None
) -> Question:
    """The request in the policies' own words. Raises Denied where it names what nobody knows, or is none."""
    from readiness.formats.cedar import guards
    from readiness.formats.cedar.deciding import Request

    named = loaded.actions.get(str(action))
    if named is None:
        raise Denied(REQUEST, f"no action `{action}` that anybody can ask for")
    given = dict(context or {})
    if guards.APPROVED_BY in given:
        raise Denied(REQUEST, f"`{guards.APPROVED_BY}` is not for the context: whoever agreed is handed over as `approval`")
    who, what = _known(loaded, principal), _known(loaded, resource)
    nested: list[Described] = []
    plain = {str(name): _value(value, nested) for name, value in given.items()}
    described = merged([*who.described, *what.described, *nested])
    request = Request(who.uid, named, what.uid, plain)
    said = [str(who.uid), named, str(what.uid), plain, [entity.json for entity in described]]
    return Question(loaded, request, described, digest(said), (principal, action, resource, context))


def _known(loaded: Loaded, given: str | Entity) -> Named:
    """An entity that the policies describe, or that is described here."""
    from readiness.formats.cedar.entities import parse_uid

    if isinstance(given, Entity):
        nested: list[Described] = []
        uid = _uid(given)
        if given.attributes or given.parents or uid not in loaded.known:
            nested.insert(0, _described(given, nested))
        return Named(uid, tuple(nested))
    found = parse_uid(given)
    if found is None:
        raise Denied(REQUEST, f'`{given}` names nobody and nothing: write it as Type::"id"')
    if found not in loaded.known:
        raise Denied(UNKNOWN, f"nobody described {found}: hand over an Entity, or add it to entities.json")
    return Named(found, ())


def _uid(given: Entity) -> Uid:
    from readiness.formats.cedar.entities import Uid

    return Uid(str(given.type), str(given.id))


def _described(given: Entity, nested: list[Described]) -> Described:
    from readiness.formats.cedar.entities import Entity as Known

    attributes = {str(name): _value(value, nested) for name, value in given.attributes.items()}
    parents = tuple(_referred(parent, nested) for parent in given.parents)
    return Known(_uid(given), attributes, parents)


def _referred(given: Entity, nested: list[Described]) -> Uid:
    """The name of an entity that another one leads to; what is said of it goes to `nested`."""
    if given.attributes or given.parents:
        nested.append(_described(given, nested))
    return _uid(given)


def _value(value: object, nested: list[Described]) -> object:
    """A value as Cedar's JSON writes it."""
    if isinstance(value, Entity):
        return {"__entity": _referred(value, nested).json}
    if isinstance(value, Mapping):
        return {str(key): _value(one, nested) for key, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted((_value(one, nested) for one in value), key=repr)  # in one order, for the digest of the request
    if isinstance(value, (list, tuple)):
        return [_value(one, nested) for one in value]
    if not isinstance(value, (str, int)):
        raise Denied(REQUEST, f"a value is a text, a whole number, a truth value or an Entity, got {type(value).__name__}")
    return value


def merged(found: Sequence[Described]) -> tuple[Described, ...]:
    """Each entity once. Raises Denied where one is described twice and differently."""
    kept: dict[Uid, Described] = {}
    for entity in found:
        if kept.setdefault(entity.uid, entity) != entity:
            raise Denied(REQUEST, f"{entity.uid} is described twice, and not the same")
    return tuple(kept.values())


def approver(asked: Question, given: object, *, asked_now: bool) -> tuple[Named, tuple[str, str] | None]:
    """Who agreed, and what makes this approval one that counts once. Raises Denied where it is none for this request."""
    who, one = given, None
    if isinstance(given, Approval):
        if given.of != asked.digest:
            raise Denied(APPROVAL, "the approval is one of another request")
        who, one = given.approver, (given.of, given.id)
    elif not asked_now:
        raise Denied(APPROVAL, "an approval says of which request it is: Approval(approver, of)")
    if not isinstance(who, (str, Entity)):
        raise Denied(APPROVAL, f"an approver is named by a text or an Entity, got {type(who).__name__}")
    found = _known(asked.loaded, who)
    if found.uid == asked.request.principal:
        raise Denied(APPROVAL, "nobody agrees to a request of its own")
    return found, one
