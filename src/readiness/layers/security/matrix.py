"""Makes the access matrix: every principal, action and resource, asked of the policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from readiness.formats.access_matrix import Answer, Cell, Matrix
from readiness.formats.cedar import Policy, ReadSchema
from readiness.formats.cedar.deciding import Decision, Engine, Request
from readiness.formats.cedar.entities import Entity, Uid
from readiness.formats.cedar.policies import parse
from readiness.formats.cedar.validation import can_match
from readiness.layers.security import sampling

Key = tuple[str, str, str]


def make(policies: Sequence[Policy], schema: ReadSchema, given: Iterable[Entity] = (), files: tuple[str, ...] = ()) -> Matrix:
    """The matrix of the entities given; of types for which none is given, of the groups that policies name.

    A cell sums up every context, and for a group every value that policies name. Where the answer is the same each time
    but some policy could change it by its conditions, it depends: a sample proves nothing.
    """
    given = tuple(given)
    known = {entity.uid for entity in given}
    live = [policy for policy in policies if not policy.template]
    sample = sampling.sample(live, schema.declared, given)
    decisions = Engine(live, schema.text, sample.entities).decide(sample.requests)
    grouped = {entity.uid.type for entity in sample.entities if entity.parents and entity.uid not in known}
    everything = {entity.uid: entity for entity in sample.entities}
    labels = {entity.uid: _label(entity, {*known, *sample.named}, grouped, everything) for entity in sample.entities}
    cells: dict[Key, list[tuple[Request, Decision]]] = {}
    for request, decision in zip(sample.requests, decisions, strict=True):
        cells.setdefault((labels[request.principal], request.action, labels[request.resource]), []).append((request, decision))
    turning = _Turning(live, Engine(_scopes(live), schema.text, sample.entities), schema, frozenset(known), sample.named)
    made = tuple(_cell(key, found, turning) for key, found in cells.items())
    return Matrix(made, tuple(live), files, sample.made, len(sample.requests))


def _label(entity: Entity, named: set[Uid], grouped: set[str], everything: Mapping[Uid, Entity]) -> str:
    """The name of an entity; of one that was made, what it stands for: others of its type, in the same groups."""
    if entity.uid in named:
        return str(entity.uid)
    within = " and ".join(sorted(str(group) for parent in entity.parents for group in _named_groups(parent, named, everything)))
    return f"{entity.uid.type} in {within}" if within else f"any {'other ' if entity.uid.type in grouped else ''}{entity.uid.type}"


def _named_groups(group: Uid, named: set[Uid], everything: Mapping[Uid, Entity]) -> list[Uid]:
    """The group, or what it is in where it was only made to lead there."""
    return [group] if group in named else [up for parent in everything[group].parents for up in _named_groups(parent, named, everything)]


def _scopes(policies: Sequence[Policy]) -> tuple[Policy, ...]:
    """The policies without their conditions, all of them permits, numbered: what they say of who, what and which."""
    bare = (f'@id("{number}") permit ({one.principal}, {one.action}, {one.resource});' for number, one in enumerate(policies))
    return parse("\n".join(bare), "").policies


@dataclass(frozen=True, slots=True)
class _Turning:
    """Which policies could turn an answer that the sample gave each time: by values that no request had.

    Of entities that are described nothing is open but the context. What a policy names and nobody described may be in
    any group and have any value; a group has its groups, so that a policy for others cannot apply, but any value.
    """

    policies: Sequence[Policy]
    scopes: Engine
    schema: ReadSchema
    known: frozenset[Uid]
    named: frozenset[Uid]

    def of(self, request: Request, effect: str) -> list[Policy]:
        """The policies of that effect that could apply to requests such as this one, though they did not."""
        pair = (request.principal, request.resource)
        (decision,) = self.scopes.decide([request])
        within = {int(policy.id) for policy in decision.policies}
        undescribed = any(uid in self.named for uid in pair)
        asked = [one for number, one in enumerate(self.policies) if one.effect == effect and (undescribed or number in within)]
        return [policy for policy in asked if can_match(policy, self.schema, " && ".join(self._kinds(request)))]

    def settled(self, request: Request) -> bool:
        """Whether nothing is open: both are described, and the action has no context."""
        context = next(action.context for action in self.schema.declared.actions if action.uid == request.action)
        return request.principal in self.known and request.resource in self.known and not context

    def _kinds(self, request: Request) -> list[str]:
        sides = (("principal", request.principal), ("resource", request.resource))
        kinds = [f"{side} == {uid}" if uid in self.named else f"{side} is {uid.type}" for side, uid in sides]
        return [*kinds, f"action == {request.action}"]


def _cell(key: Key, found: list[tuple[Request, Decision]], turning: _Turning) -> Cell:
    who, action, what = key
    allowed = {decision.allowed for _, decision in found}
    policies = {policy.id: policy for _, decision in found for policy in decision.policies}
    answer = Answer.DEPENDS if len(allowed) == 2 else Answer.YES if True in allowed else Answer.NO
    erred = {policy.id: policy for _, decision in found for policy, _ in decision.erred}
    if erred:
        policies, answer = policies | erred, Answer.DEPENDS
    request = found[0][0]
    if answer is not Answer.DEPENDS and not turning.settled(request):
        could = turning.of(request, "forbid" if answer is Answer.YES else "permit")
        conditional = answer is Answer.YES and all(policy.clauses for policy in policies.values())
        policies |= {policy.id: policy for policy in could}
        answer = Answer.DEPENDS if could or conditional else answer
    return Cell(who, action, what, answer, tuple(sorted(policies.values(), key=lambda policy: (policy.file, policy.line))))
