"""A verdict as the machine formats need it: the checks in order, and which of them count against the project."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.formats.verdicts import Header
from readiness.sequence.finding import Outcome
from readiness.sequence.verdict import CheckResult, Verdict


@dataclass(frozen=True, slots=True)
class Reported:
    """One judged project. `worse` names the checks that count under a ratchet; None where all required ones do.

    `seen` names those that do not hold and could not be judged at the revision before.
    """

    header: Header
    verdict: Verdict
    worse: frozenset[str] | None = None
    seen: frozenset[str] = frozenset()

    @property
    def checks(self) -> list[CheckResult]:
        """Every check, in the order of the sequence."""
        return [check for layer in self.verdict.layers for check in layer.checks]

    def counts(self, check: CheckResult) -> bool:
        """Whether this check makes the command fail, or leaves it without an answer."""
        if self.worse is not None:
            return check.spec.id in self.worse
        return check.required and check.outcome in (Outcome.FAILS, Outcome.UNKNOWN)

    def level(self, check: CheckResult) -> str:
        """`error` for what counts, `note` for the rest."""
        return "error" if self.counts(check) else "note"
