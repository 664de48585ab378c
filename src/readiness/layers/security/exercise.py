"""Puts generated requests to the policies, and says which erred and which never decided anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from readiness.formats.cedar import Policy, ReadSchema
from readiness.formats.cedar.deciding import Engine, Request
from readiness.formats.cedar.entities import Entity
from readiness.layers.security import sampling
from readiness.layers.security.sampling import Sample


@dataclass(frozen=True, slots=True)
class Exercised:
    """What came of it: the requests asked, those allowed, the policies that erred with the first request that showed it,
    and those that decided none of them, apart from the ones that match and are always overruled."""

    asked: int = 0
    allowed: int = 0
    erred: tuple[tuple[Policy, Request, str], ...] = ()
    silent: tuple[Policy, ...] = ()
    overruled: tuple[Policy, ...] = ()


def exercise(policies: Sequence[Policy], schema: ReadSchema, given: Iterable[Entity] = ()) -> Exercised:
    """Asks every request of the sample. Raises CannotJudge where the engine does not answer."""
    live = [policy for policy in policies if not policy.template]
    made = sampling.sample(live, schema.declared, given)
    decisions = Engine(live, schema.text, made.entities).decide(made.requests)
    erred: dict[str, tuple[Policy, Request, str]] = {}
    for request, decision in zip(made.requests, decisions, strict=True):
        for policy, text in decision.erred:
            erred.setdefault(policy.id, (policy, request, text))
    spoke = {policy.id for decision in decisions for policy in decision.policies}
    silent = [policy for policy in live if policy.id not in spoke and policy.id not in erred]
    overruled = _matching([policy for policy in silent if policy.effect == "permit"], schema, made)
    return Exercised(
        len(decisions),
        sum(decision.allowed for decision in decisions),
        tuple(erred.values()),
        tuple(policy for policy in silent if policy not in overruled),
        tuple(overruled),
    )


def _matching(permits: Sequence[Policy], schema: ReadSchema, made: Sample) -> list[Policy]:
    """Those that match some request where nothing forbids."""
    if not permits:
        return []
    decisions = Engine(permits, schema.text, made.entities).decide(made.requests)
    spoke = {policy.id for decision in decisions for policy in decision.policies}
    return [policy for policy in permits if policy.id in spoke]
