"""The ratchet for existing projects: what got worse between two verdicts, and what merely came into sight.

Worse is what held and does not any more, and a problem that was not there when the check could be judged. Where it could not
be judged then, a fault of today may be old: it is worse only where the change made it, else it is newly seen, which is told
and fails nothing. What the change made is decided by executing: the files of then are judged under the manifest of today.

    before                  under today's manifest     today     a problem is
    holds, waived           -                          worse     worse
    fails                   -                          fails     worse where its subject is new
    nothing to judge        the same manifest          worse     worse: the change added what is judged
    could not be judged     the same manifest          fails     worse where it lies in a file that changed
    either                  holds, nothing to judge    worse     worse: only the files differ
    either                  fails                      fails     worse where its subject is new
    either                  could not be judged        fails     worse where it lies in a file that changed
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

from readiness.sequence.finding import Finding, Outcome
from readiness.sequence.verdict import CheckResult, Verdict

_RANK: Final = {Outcome.HOLDS: 3, Outcome.NOT_APPLICABLE: 3, Outcome.WAIVED: 2, Outcome.UNKNOWN: 1, Outcome.FAILS: 0}
_UNJUDGED: Final = (Outcome.UNKNOWN, Outcome.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Worse:
    """A check that got worse: from which outcome to which, and the subjects that are newly broken."""

    check: str
    before: Outcome
    after: Outcome
    new_subjects: tuple[str, ...]


def worsened(before: Verdict, after: Verdict) -> tuple[Worse, ...]:
    """The required checks that are worse in `after` than in `before`, in catalogue order, of those that could be judged then.

    Worse is a worse outcome of the finding itself (whether its layer was reached or not), or the same failing outcome
    with a problem that was not there before.
    """
    found = (_compare(old, new) for old, new in _pairs(before, after) if old is not None and old.finding.outcome not in _UNJUDGED)
    return tuple(item for item in found if item is not None)


def unjudged(before: Verdict, after: Verdict) -> tuple[Worse, ...]:
    """The required checks that look worse and could not be judged in `before`, or had nothing to judge: to be settled each."""
    found = []
    for old, new in _pairs(before, after):
        was = old.finding.outcome if old is not None else Outcome.UNKNOWN
        if was in _UNJUDGED and _RANK[new.finding.outcome] < _RANK[was]:
            found.append(Worse(new.spec.id, was, new.finding.outcome, _subjects(new.finding)))
    return tuple(found)


def settled(item: Worse, today: Finding, then: Finding | None, changed: Collection[str]) -> Worse | None:
    """What of an unjudged check is worse; None where it is only newly seen.

    `then` is what today's manifest finds in the files of then, None where the manifest is the same; `changed` are the files
    whose content is another one today, or that are new.
    """
    was = item.before if then is None else then.outcome
    if was in (Outcome.HOLDS, Outcome.WAIVED, Outcome.NOT_APPLICABLE):
        return item
    if item.after is not Outcome.FAILS:
        return None
    if then is not None and then.outcome is Outcome.FAILS:
        known = {problem.subject for problem in then.problems}
        fresh = {problem.subject for problem in today.problems} - known
    else:
        fresh = {problem.subject for problem in today.problems if problem.location is not None and problem.location.file in changed}
    return replace(item, new_subjects=tuple(sorted(fresh))) if fresh else None


def _pairs(before: Verdict, after: Verdict) -> list[tuple[CheckResult | None, CheckResult]]:
    old = {check.spec.id: check for layer in before.layers for check in layer.checks}
    return [(old.get(check.spec.id), check) for layer in after.layers for check in layer.checks if check.required]


def _compare(old: CheckResult, new: CheckResult) -> Worse | None:
    before, after = old.finding.outcome, new.finding.outcome
    known = {problem.subject for problem in old.finding.problems}
    fresh = tuple(subject for subject in _subjects(new.finding) if subject not in known)
    if _RANK[after] < _RANK[before] or (after is before is Outcome.FAILS and fresh):
        return Worse(new.spec.id, before, after, fresh)
    return None


def _subjects(finding: Finding) -> tuple[str, ...]:
    return tuple(sorted({problem.subject for problem in finding.problems}))
