"""Says why nothing permits a request: the permits that came nearest, and what of each was not so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from readiness.formats.cedar import Policy
from readiness.formats.cedar.deciding import Engine, Request
from readiness.formats.cedar.entities import Entity
from readiness.formats.cedar.policies import parse


@dataclass(frozen=True, slots=True)
class Near:
    """A permit that did not match: the expressions of it that were not true, each with its line."""

    policy: Policy
    unmet: tuple[tuple[str, int], ...]


def nearest(policies: Sequence[Policy], schema: str, entities: Iterable[Entity], request: Request, most: int = 2) -> tuple[Near, ...]:
    """The permits with the fewest expressions that are not true of this request; each is put to the engine by itself."""
    permits = [policy for policy in policies if policy.effect == "permit" and not policy.template and policy.parts]
    alone = [
        f"@id({_id(number, place)}) permit (principal, action, resource) when {{ {text} }};"
        for number, policy in enumerate(permits)
        for place, (text, _) in enumerate(policy.parts)
    ]
    if not alone:
        return ()
    (decision,) = Engine(parse("\n".join(alone), "").policies, schema, entities).decide([request])
    true = {policy.id for policy in decision.policies}
    found = [
        Near(policy, tuple(part for place, part in enumerate(policy.parts) if _id(number, place).strip('"') not in true))
        for number, policy in enumerate(permits)
    ]
    fewest = min(len(near.unmet) for near in found)
    return tuple(near for near in found if len(near.unmet) == fewest)[:most]


def _id(number: int, place: int) -> str:
    return f'"{number}.{place}"'
