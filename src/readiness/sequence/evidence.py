"""Evidence as the kernel sees it: a finding, whose word it is, what it was bound to, and until when it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

from readiness.sequence.finding import Finding

Digest = NewType("Digest", str)
"""`sha256:<64 hex digits>`."""

EXECUTED_TTL: Final = timedelta(days=7)
"""How long executed evidence counts; a manifest may shorten it, never lengthen it."""

LIVE_TTL: Final = timedelta(hours=24)
"""How long evidence about a live system counts, which changes without a commit."""

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far in the future evidence may be dated before the clock is not believed."""


class Witness(StrEnum):
    """Who produced the evidence: the judged party, a CI identity, or the one who approves."""

    SELF = "self"
    CI = "ci"
    VERIFIER = "verifier"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One finding with the tree it was made on (`tree`), its times (UTC), its witness and its own digest."""

    finding: Finding
    tree: Digest
    made_at: datetime
    expires_at: datetime
    witness: Witness = Witness.SELF
    digest: Digest = Digest("")
    cached: bool = False


def stale_reason(evidence: Evidence, tree: Digest, now: datetime) -> str:
    """Why this evidence does not count for `tree` at `now`; empty when it does."""
    if evidence.tree != tree:
        return "made on another tree"
    if evidence.made_at > now + CLOCK_SKEW:
        return f"dated {evidence.made_at:%Y-%m-%d %H:%M} UTC, which is in the future"
    longest = evidence.made_at + EXECUTED_TTL
    if now >= min(evidence.expires_at, longest):
        return f"expired {min(evidence.expires_at, longest):%Y-%m-%d %H:%M} UTC"
    return ""
