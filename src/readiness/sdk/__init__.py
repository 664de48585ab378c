"""What lives in the processes of users: decisions recorded, the stop obeyed, telemetry sent, log lines tied to both.

It needs the standard library alone. Where OpenTelemetry is installed, a decision is a span of it; where it is not,
everything goes on working and nothing is recorded. No exception of ours reaches the host.
"""

from __future__ import annotations

from readiness.sdk.correlation import DecisionFilter
from readiness.sdk.exporting import setup
from readiness.sdk.recording import Decision, current, decision
from readiness.sdk.stopping import stopped

__all__ = ["Decision", "DecisionFilter", "current", "decision", "setup", "stopped"]
