"""Somebody else recreated this state of the project from a snapshot, and got the same result.

Proves: the result does not hang on the machine, the account or the word of those who are judged.
Needed above: a regulator, an auditor or an heir starts from what others can recreate.
Executed: on the other machine: the snapshot is unpacked and its digests verified, the demo installed from its declaration,
run twice, and compared with the outputs that came along. Here the signed result is verified: its key is listed in [trust]
as `ci` or `verifier` and is not that of the snapshot, it is about this tree, and no older than seven days.
Cannot see: whether the other key belongs to another person, or the other machine is another one. That is what reviewing a
change of [trust] is for.
Repair: `readiness recreate --export FILE`, `readiness recreate --import FILE` on the other machine, and
`readiness evidence add FILE` of what that writes.
Source: results that only ever came out on one laptop.
"""

from __future__ import annotations

from dataclasses import dataclass

from readiness.layers.infrastructure import recreation
from readiness.layers.infrastructure.recreation import Counted
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.world import demo as demos
from readiness.world.context import Context

ID = recreation.CHECK
EXPECTED = "the same result, by another key than the author's"


@dataclass(frozen=True, slots=True)
class Observed:
    """The demo, whether there is anything to run, and what the results of others say."""

    demo: str
    runnable: bool
    counted: Counted
    location: Location | None = None


def observe(context: Context) -> Observed:
    """Reads and verifies the results of recreations that were imported."""
    demo, source = context.demo.demo, context.demo.source
    runnable = demo is not None or any(path.endswith((".py", ".ipynb")) for path in context.project.paths)
    place = Location(source, demo.line if source == "readiness.toml" else 1) if demo is not None else None
    found = recreation.counted(context.project, context.manifest, context.now)
    return Observed(demos.name(demo) if demo is not None else "", runnable, found, place)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Holds where somebody else got the same; fails where they got another result; else nobody did, and it is not known."""
    counted, place = observed.counted, observed.location
    if not observed.runnable:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="there is nothing to run")
    if counted.differs:
        problem = Problem(observed.demo, counted.differs, place)
        remedy = Remedy("find what the result depends on", "readiness recreate --rung R2")
        return Finding(
            ID, Outcome.FAILS, Basis.EXECUTED, observed.demo, EXPECTED, counted.differs, counted.differs, Cause.PROJECT, place,
            remedy, (problem,), counted.refused,
        )  # fmt: skip
    if counted.same:
        text = f"R5: {counted.same}"
        return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed.demo, EXPECTED, text, location=place, notes=counted.refused)
    remedy = Remedy(
        "have it recreated by somebody whose key [trust] lists: --import there, then `readiness evidence add` here",
        "readiness recreate --export snapshot.tar",
    )
    return Finding(
        ID, Outcome.UNKNOWN, Basis.EXECUTED, observed.demo, EXPECTED, counted.reason, counted.reason, Cause.NOT_EXERCISED, place,
        remedy, notes=counted.refused,
    )  # fmt: skip
