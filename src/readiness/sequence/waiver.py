"""Waivers: one exception to one check for one subject, owned, approved by somebody else, and ending."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from readiness.sequence.finding import Finding, Outcome

LONGEST: Final = timedelta(days=90)
WARN_AHEAD: Final = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Waiver:
    """An accepted risk. It counts only when `signed` by the approver, who is not the owner, and not expired.

    `starts` is the day it was written.
    """

    id: str
    check: str
    subject: str
    reason: str
    owner: str
    approver: str
    starts: date | None
    expires: date
    signed: bool = False
    blast_radius: str = ""
    retirement: str = ""
    doubt: str = ""
    """Why its signature does not count."""

    def invalid_reason(self, today: date) -> str:
        """Why this waiver does not count today; empty when it does."""
        if not self.signed:
            return self.doubt or "not signed by its approver"
        if not self.subject:
            return "names no subject"
        if self.owner == self.approver:
            return "approved by its own owner"
        if self.starts is None:
            return "names no day it `starts`"
        if self.expires - self.starts > LONGEST:
            return f"longer than {LONGEST.days} days"
        if today > self.expires:
            return f"expired {self.expires}"
        if today < self.starts:
            return f"starts {self.starts}"
        return ""


def apply(finding: Finding, waivers: tuple[Waiver, ...], today: date) -> tuple[Finding, str]:
    """The finding, as `waived` where every one of its problems is covered by a valid waiver, and the waiver ids.

    A waiver never turns anything into `holds`, and covers neither another subject nor another check.
    """
    if finding.outcome not in (Outcome.FAILS, Outcome.UNKNOWN):
        return finding, ""
    valid = {w.subject: w.id for w in waivers if w.check == finding.check and not w.invalid_reason(today)}
    subjects = {problem.subject for problem in finding.problems} or {finding.subject}
    if not valid or not subjects <= valid.keys():
        return finding, ""
    used = ", ".join(sorted(valid[subject] for subject in subjects))
    return replace(finding, outcome=Outcome.WAIVED), used
