"""What lives in the processes of users: decisions recorded, the stop obeyed, tools guarded, telemetry sent, log lines tied.

Recording needs the standard library alone: where OpenTelemetry is installed, a decision is a span of it; where it is not,
everything goes on working and nothing is recorded. Guarding needs cedarpy, and denies without it. No exception of ours
reaches the host, but `Refused`, which is what a guarded function says in place of running.
"""

from __future__ import annotations

from readiness.sdk.answers import Approval, Authorization, Entity
from readiness.sdk.authorizing import Guard, authorize
from readiness.sdk.correlation import DecisionFilter
from readiness.sdk.exporting import setup
from readiness.sdk.guarding import Refused, guarded
from readiness.sdk.recording import Decision, current, decision
from readiness.sdk.stopping import stopped

__all__ = [
    "Approval",
    "Authorization",
    "Decision",
    "DecisionFilter",
    "Entity",
    "Guard",
    "Refused",
    "authorize",
    "current",
    "decision",
    "guarded",
    "setup",
    "stopped",
]
