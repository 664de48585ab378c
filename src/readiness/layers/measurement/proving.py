"""Whether the lock of an outcome proves that its baseline came first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from readiness.formats import intoto
from readiness.formats.outcomes import Outcome
from readiness.layers.measurement import locking, metric, units
from readiness.layers.measurement.building import Build
from readiness.layers.measurement.locking import Lock
from readiness.layers.measurement.units import Baseline
from readiness.sequence.finding import Cause
from readiness.world import history
from readiness.world.context import Context
from readiness.world.history import Commit


class State(StrEnum):
    """What is wrong with a lock, or what it proves: `before` the build, `prospective`, `retrospective`."""

    BEFORE = "before"
    PROSPECTIVE = "prospective"
    RETROSPECTIVE = "retrospective"
    MISSING = "missing"
    EDITED = "edited"
    FORGED = "forged"
    UNTRUSTED = "untrusted"
    CHANGED = "changed"
    EMPTY = "empty"
    UNCLEAR = "unclear"
    UNBOUND = "unbound"


@dataclass(frozen=True, slots=True)
class Proof:
    """One outcome and what its lock proves; `reason` is one sentence, `cause` why it could not be told."""

    outcome: Outcome
    state: State
    reason: str
    lock: Lock | None = None
    now: Baseline | None = None
    cause: Cause = Cause.NONE


def prove(context: Context, outcome: Outcome, build: Build) -> Proof:
    """What the lock of an outcome proves, after its baseline was computed again."""
    data = context.project.text(outcome.lock_path).encode()
    if not data:
        shown = "what was asked before the comparison began" if outcome.design.prospective else "that its baseline came before the build"
        return Proof(outcome, State.MISSING, f"`{outcome.id}` is not locked: nothing shows {shown}")
    try:
        lock = locking.read(data)
        doubt = locking.believed(data, locking.trusted(context.manifest))
    except intoto.Refused as error:
        return Proof(outcome, State.FORGED, f"{outcome.lock_path} {error}")
    return _signed(outcome, lock, doubt) or _content(context, outcome, lock, build)


def _signed(outcome: Outcome, lock: Lock, doubt: str) -> Proof | None:
    if doubt == "broken":
        return Proof(outcome, State.FORGED, f"{outcome.lock_path} was edited after it was signed: the signature does not match", lock)
    if doubt:
        reason = f"{outcome.lock_path} is signed by {lock.signer}, which [trust] does not name"
        return Proof(outcome, State.UNTRUSTED, reason, lock, cause=Cause.CONFIGURATION)
    if lock.outcome != outcome.id:
        return Proof(outcome, State.FORGED, f"{outcome.lock_path} locks `{lock.outcome}`, not `{outcome.id}`", lock)
    if lock.outcome_digest != outcome.digest:
        reason = f"{outcome.file} was edited after it was locked on {lock.locked_at:%Y-%m-%d}: an edit is a new version"
        return Proof(outcome, State.EDITED, reason, lock)
    return None


def _content(context: Context, outcome: Outcome, lock: Lock, build: Build) -> Proof:
    if lock.locked_at > context.now + timedelta(minutes=5):
        return Proof(
            outcome, State.FORGED, f"{outcome.lock_path} says it was locked on {lock.locked_at:%Y-%m-%d}, which is yet to come", lock
        )
    if outcome.design.prospective:
        reason = f"prospective: a {outcome.design} comparison needs no baseline from before the build"
        return Proof(outcome, State.PROSPECTIVE, reason, lock)
    return _baseline(context, outcome, lock) or _unbound(outcome, _order(context, outcome, lock, build))


def _baseline(context: Context, outcome: Outcome, lock: Lock) -> Proof | None:
    assert outcome.baseline is not None, "an outcome that is compared with before has one, or it is not read"
    measured = metric.run(context, outcome)
    if measured.cause is not Cause.NONE:
        return Proof(outcome, State.UNCLEAR, measured.reason, lock, cause=measured.cause)
    if measured.problems:
        return Proof(outcome, State.CHANGED, f"the baseline cannot be computed again: {measured.problems[0][1]}", lock)
    now = units.measure(measured.units, outcome.aggregate, outcome.baseline)
    if now.value is None:
        return Proof(outcome, State.EMPTY, f"no complete unit lies in the baseline window {text(now)}", lock, now)
    if lock.baseline is None or not now.same(lock.baseline):
        said = number(outcome, lock.baseline) if lock.baseline else "nothing"
        return Proof(
            outcome, State.CHANGED, f"the data of the baseline changed: locked was {said}, now it is {number(outcome, now)}", lock, now
        )
    if lock.baseline.rows is not None and lock.baseline.rows != now.rows:
        reason = f"the baseline's units changed since they were locked, though {number(outcome, now)} is what they still give"
        return Proof(outcome, State.CHANGED, reason, lock, now)
    mature = mature_at(outcome)
    if lock.locked_at < mature:
        reason = f"it was locked before its last units were mature, on {mature:%Y-%m-%d}: open units make durations look short"
        return Proof(outcome, State.CHANGED, reason, lock, now)
    return None


def _unbound(outcome: Outcome, proof: Proof) -> Proof:
    """What proves that a baseline came first, of a lock that does not say which units it counted: nothing, in the end."""
    lock = proof.lock
    if proof.state is not State.BEFORE or lock is None or lock.baseline is None or lock.baseline.rows is not None:
        return proof
    reason = f"{outcome.lock_path} was made by an earlier version and does not say which units it counted: others may give the same number"
    return Proof(outcome, State.UNBOUND, reason, lock, proof.now, Cause.NOT_EXERCISED)


def _order(context: Context, outcome: Outcome, lock: Lock, build: Build) -> Proof:
    assert outcome.baseline is not None, "seen above"
    now = lock.baseline
    if build.wrong:
        return Proof(outcome, State.RETROSPECTIVE, build.wrong, lock, now)
    if build.unknown:
        return Proof(outcome, State.UNCLEAR, f"when the build began is not known: {build.unknown}", lock, now, Cause.NOT_EXERCISED)
    if build.commit is None:
        return Proof(outcome, State.BEFORE, "nothing is built yet", lock, now)
    began = build.commit.at
    day = f"{began:%Y-%m-%d} (commit {build.commit.id[:7]})"
    if outcome.baseline.ends > began:
        return Proof(
            outcome, State.RETROSPECTIVE, f"its baseline ends on {outcome.baseline.last}, after the build began on {day}", lock, now
        )
    if lock.locked_at > began:
        return Proof(outcome, State.RETROSPECTIVE, f"it was locked on {lock.locked_at:%Y-%m-%d}, after the build began on {day}", lock, now)
    return _witnessed(context, outcome, lock, build.commit)


def _witnessed(context: Context, outcome: Outcome, lock: Lock, build: Commit) -> Proof:
    """The lock's own date is its signer's word; history must agree that it was there before the build."""
    day = f"{build.at:%Y-%m-%d} (commit {build.id[:7]})"
    shown = history.last_touch(context.project, outcome.lock_path)
    if shown is None:
        reason = f"{outcome.lock_path} is in no commit, so only its signer says that it is older than the build of {day}"
        return Proof(outcome, State.RETROSPECTIVE, reason, lock, lock.baseline)
    if shown.id == build.id:
        reason = f"the lock and the first code came with the same commit {build.id[:7]}: which was first cannot be told"
        return Proof(outcome, State.UNCLEAR, reason, lock, lock.baseline, Cause.NOT_EXERCISED)
    if history.precedes(context.project, shown, build) or shown.committed <= build.at:
        return Proof(outcome, State.BEFORE, f"locked on {lock.locked_at:%Y-%m-%d}, before the build began on {day}", lock, lock.baseline)
    reason = f"its lock was committed on {shown.committed:%Y-%m-%d}, after the build began on {day}"
    return Proof(outcome, State.RETROSPECTIVE, reason, lock, lock.baseline)


def mature_at(outcome: Outcome) -> datetime:
    """From when on the units of the baseline no longer change."""
    assert outcome.baseline is not None, "asked of outcomes with a baseline"
    return datetime.combine(outcome.baseline.last + timedelta(days=1 + outcome.maturity_days), time(), UTC)


def number(outcome: Outcome, baseline: Baseline) -> str:
    """A baseline in words: `median 41.2 hours over 230 units`."""
    if baseline.value is None:
        return f"no complete unit ({baseline.open} open)"
    measure = f" {outcome.measured_in}" if outcome.measured_in else ""
    still = f", {baseline.open} still open" if baseline.open else ""
    return f"{outcome.aggregate} {baseline.value:.4g}{measure} over {baseline.units} units{still}"


def text(baseline: Baseline) -> str:
    """The window of a baseline: `2025-09-01 to 2025-11-30`."""
    return f"{baseline.window.first} to {baseline.window.last}"
