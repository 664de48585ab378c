"""The organization: a condition on approval and no sixth layer, judged by the same rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

from readiness.sequence.finding import Outcome
from readiness.sequence.mode import Declaration
from readiness.sequence.verdict import Case, CheckResult, result_of, worst_of


@dataclass(frozen=True, slots=True)
class Organization:
    """Whether the organization can carry the project: the worst of its required checks, as a layer is."""

    outcome: Outcome
    claimed: bool
    reason: str
    checks: tuple[CheckResult, ...]


UNASKED = Organization(Outcome.UNKNOWN, False, "not asked", ())


def judge(case: Case) -> Organization:
    """The organization of a case, from the checks of `case.specs` that belong to no layer.

    It is asked what production asks, whatever the mode: a mode skips layers, never the person who answers for it.
    """
    asked = replace(case, mode=Declaration())
    checks = tuple(result_of(asked, spec, True) for spec in case.specs if spec.layer is None and (not case.only or spec.id in case.only))
    if not checks:
        return UNASKED if case.only else Organization(Outcome.UNKNOWN, False, "this version has no check of it", ())
    outcome, claimed, reason = worst_of([check for check in checks if check.required])
    return Organization(outcome, claimed, reason, checks)
