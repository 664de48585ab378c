"""What policies say beyond Cedar, in annotations: how often a permit permits, and which forbids somebody may lift.

    @budget("1000/day")         on a permit: it permits each principal so many requests in any such time, and then no more
    @requires_approval          on a forbid: it counts until another principal, `context.approved_by`, has agreed

The engine ignores annotations, so that a word written wrongly would guard nothing: whatever is near to one of these and
is none is a fault. Whoever asks the engine alone sees the decision without budgets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from readiness.formats.cedar import tokens as words
from readiness.formats.cedar.faults import Fault
from readiness.formats.cedar.tokens import Kind

if TYPE_CHECKING:
    from readiness.formats.cedar.policies import Policy

BUDGET: Final = "budget"
APPROVAL: Final = "requires_approval"
APPROVED_BY: Final = "approved_by"
"""The attribute of the context that names who agreed."""
COUNT_LIMIT: Final = 1_000_000
WINDOWS_S: Final = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_TEXT: Final = re.compile(r"(?P<count>[1-9][0-9]{0,6})/(?P<window>second|minute|hour|day)")


@dataclass(frozen=True, slots=True)
class Budget:
    """So many requests in any time of `window_s` seconds, as `text` says it."""

    count: int
    window_s: int
    text: str


def budget(text: str) -> Budget | None:
    """The budget that a text such as `1000/day` names; None where it names none."""
    found = _TEXT.fullmatch(text)
    if found is None or int(found["count"]) > COUNT_LIMIT:
        return None
    return Budget(int(found["count"]), WINDOWS_S[found["window"]], text)


def budget_of(policy: Policy) -> Budget | None:
    """The budget of a policy; None where it has none, or one that is written wrongly."""
    return budget(policy.said(BUDGET) or "")


def needs_approval(policy: Policy) -> bool:
    """Whether a policy forbids only until somebody has agreed."""
    return policy.effect == "forbid" and policy.said(APPROVAL) is not None


def lifted(policies: Sequence[Policy]) -> tuple[Policy, ...]:
    """The policies without those that an approval lifts."""
    return tuple(policy for policy in policies if not needs_approval(policy))


def faults(policy: Policy) -> list[Fault]:
    """What is wrong with these annotations of a policy, each at the place of its annotation."""
    return [
        _fault(policy, name, text, suggestion) for name, value in policy.annotations for text, suggestion in _wrong(policy, name, value)
    ]


def _fault(policy: Policy, name: str, text: str, suggestion: str) -> Fault:
    found = words.where(policy.found, f"@{name}")
    line, column = (found.line, found.column) if found is not None else (policy.line, policy.column)
    return Fault(policy.file, line, f"@{name} {text}", policy.id, column, suggestion)


def _wrong(policy: Policy, name: str, value: str) -> list[tuple[str, str]]:
    if name == BUDGET:
        return _wrong_budget(policy, value)
    if name == APPROVAL:
        return _wrong_approval(policy, value)
    near = get_close_matches(name.lower(), (BUDGET, APPROVAL), n=1, cutoff=0.75)
    return [("means nothing, and guards nothing", f"did you mean `@{near[0]}`?")] if near else []


def _wrong_budget(policy: Policy, value: str) -> list[tuple[str, str]]:
    if policy.effect != "permit":
        return [("limits what a permit permits, and this is a forbid", "write it on the permit")]
    if budget(value) is None:
        text = f'must be a number from 1 to {COUNT_LIMIT:,} per second, minute, hour or day, got "{value}"'
        return [(text, 'such as @budget("1000/day")')]
    return []


def _wrong_approval(policy: Policy, value: str) -> list[tuple[str, str]]:
    if policy.effect != "forbid":
        return [("is said of what is forbidden until somebody agrees, and this is a permit", "write a forbid with it")]
    if value not in ("", "true"):
        return [(f'takes no value but "true", got "{value}"', "leave it away where no approval lifts the forbid")]
    if not any(token.kind is Kind.WORD and token.text == APPROVED_BY for token in policy.found):
        text = f"is said of a forbid that no approval lifts: it never asks for `context.{APPROVED_BY}`"
        return [(text, f"add `unless {{ context has {APPROVED_BY} && context.{APPROVED_BY} != principal }}`")]
    return []
