"""The ratchet for existing projects: what got worse between two verdicts, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.sequence.finding import Outcome
from readiness.sequence.verdict import CheckResult, Verdict

_RANK = {Outcome.HOLDS: 3, Outcome.NOT_APPLICABLE: 3, Outcome.WAIVED: 2, Outcome.UNKNOWN: 1, Outcome.FAILS: 0}


@dataclass(frozen=True, slots=True)
class Worse:
    """A check that got worse: from which outcome to which, and the subjects that are newly broken."""

    check: str
    before: Outcome
    after: Outcome
    new_subjects: tuple[str, ...]


def worsened(before: Verdict, after: Verdict) -> tuple[Worse, ...]:
    """The required checks that are worse in `after` than in `before`, in catalogue order.

    Worse is a worse outcome of the finding itself (whether its layer was reached or not), or the same failing outcome
    with a problem that was not there before. A check that could not be told before and fails now is worse; one
    that could not be told in either is not.
    """
    old = {check.spec.id: check for layer in before.layers for check in layer.checks}
    found = []
    for layer in after.layers:
        for check in layer.checks:
            worse = _compare(old.get(check.spec.id), check) if check.required else None
            if worse is not None:
                found.append(worse)
    return tuple(found)


def _compare(old: CheckResult | None, new: CheckResult) -> Worse | None:
    before = old.finding.outcome if old is not None else Outcome.UNKNOWN
    after = new.finding.outcome
    known = {problem.subject for problem in old.finding.problems} if old is not None else set()
    fresh = tuple(sorted({problem.subject for problem in new.finding.problems} - known))
    if _RANK[after] < _RANK[before]:
        return Worse(new.spec.id, before, after, fresh)
    if after is before is Outcome.FAILS and fresh:
        return Worse(new.spec.id, before, after, fresh)
    return None
