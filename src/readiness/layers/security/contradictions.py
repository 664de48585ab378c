"""Policies that decide nothing, whoever asks: proven by the types of the schema, never guessed from examples."""

from __future__ import annotations

from collections.abc import Iterable

from readiness.formats.cedar import Fault, Policy, ReadSchema
from readiness.formats.cedar.tokens import tokens
from readiness.formats.cedar.validation import can_match


def find(policies: Iterable[Policy], schema: ReadSchema) -> tuple[Fault, ...]:
    """Of valid policies those that can never match, and permits that one forbid always overrules."""
    live = [policy for policy in policies if not policy.template]
    dead = [policy for policy in live if not can_match(policy, schema)]
    rest = [policy for policy in live if policy not in dead]
    forbids = [policy for policy in rest if policy.effect == "forbid"]
    found = [_impossible(policy) for policy in dead]
    for permit in (policy for policy in rest if policy.effect == "permit"):
        over = next((forbid for forbid in forbids if overruled(permit, forbid, schema)), None)
        found += [_overruled(permit, over)] if over is not None else []
    return tuple(sorted(found, key=lambda fault: (fault.file, fault.line)))


def overruled(permit: Policy, forbid: Policy, schema: ReadSchema) -> bool:
    """Whether the forbid matches whenever the permit does.

    What both say in the same words is true for both; of what the forbid says besides, the validator has to know that
    it is true of every request by type that the permit matches.
    """
    same = {_plain(text) for text, _ in permit.parts}
    besides = [text for text, _ in forbid.parts if _plain(text) not in same]
    if not besides:
        return True
    return not can_match(permit, schema, "!(" + " && ".join(f"({text})" for text in besides) + ")")


def _plain(text: str) -> str:
    return " ".join(token.text for token in tokens(text))


def _impossible(policy: Policy) -> Fault:
    text = "can never match: its conditions are false for every request that the schema allows"
    return Fault(policy.file, policy.line, text, policy.id, policy.column)


def _overruled(permit: Policy, forbid: Policy) -> Fault:
    text = f"permits nothing: `{forbid.id}` at {forbid.place} forbids all of it"
    return Fault(permit.file, permit.line, text, permit.id, permit.column)
