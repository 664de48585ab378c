"""The baseline was measured and locked before the build began, and still gives the locked numbers.

Proves: the number to beat, and the units that gave it, were not chosen after the result was known.
Needed above: without a state from before, no improvement can be shown; approval would rest on a story.
Executed: the lock beside each outcome is verified (signature of a trusted key, or the user's; digest of the outcome as it is
now), the baseline is computed again from the data and compared with the locked numbers and with the digest of the units
that gave them (id, time, completeness, value), and its window and the lock must lie before the first commit that touched a
component (`components` in [project], followed through renames; outcomes, their data, readiness.toml, authority and README
begin no build). Of a commit's two dates the earlier counts for the build, the committer's for the lock; the order of
commits counts where dates contradict it. A lock made later is `retrospective` and fails, unless the design is randomised,
staged or switchback, which compares with units of the same time. A lock of an earlier version, which holds no digest of
units, proves nothing: `unknown`.
Cannot see: code that was written elsewhere and imported, a history rewritten with other dates, a prototype in another
repository, whether a prospective comparison was carried out.
Repair: `readiness outcome lock` before the first line of code; afterwards a holdout or a staged rollout.
Source: "Define your baseline now, before you build anything. If you can't measure the current state, you can't measure
improvement."
"""

from __future__ import annotations

from dataclasses import dataclass

from readiness.layers.measurement import building, lint, proving
from readiness.layers.measurement.proving import Proof, State
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.mode import Mode
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import agreeing, counted
from readiness.world.context import Context

ID = "measurement.baseline-precedes-build"

_GOOD = (State.BEFORE, State.PROSPECTIVE)
_UNCLEAR = (State.UNTRUSTED, State.UNCLEAR, State.UNBOUND)


@dataclass(frozen=True, slots=True)
class Observed:
    """What the lock of each readable outcome proves; `files` are the outcome files, `unread` how many cannot be read."""

    production: bool
    files: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    unread: int = 0


def observe(context: Context) -> Observed:
    """Verifies every lock against the outcome, the data and the history."""
    production = context.manifest.mode.mode is Mode.PRODUCTION
    gathered = lint.gather(context)
    build = building.began(context, gathered)
    proofs = tuple(proving.prove(context, outcome, build) for outcome in gathered.outcomes)
    return Observed(production, gathered.files, proofs, len(gathered.files) - len(gathered.outcomes))


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails by the first lock that proves the contrary; holds when every outcome was locked first or compares prospectively."""
    if not observed.files and not observed.production:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="only what goes to production needs a baseline")
    if not observed.proofs:
        reason = "no outcome can be read, so there is no baseline" if observed.files else "no outcome is defined, so there is no baseline"
        command = "readiness outcome lint" if observed.files else "readiness checks outcome-defined"
        return no_finding(ID, reason, Cause.NOT_EXERCISED, Remedy("define the outcome first", command))
    wrong = [proof for proof in observed.proofs if proof.state not in (*_GOOD, *_UNCLEAR)]
    if wrong:
        return _fails(wrong)
    unclear = next((proof for proof in observed.proofs if proof.state in _UNCLEAR), None)
    if unclear is not None:
        return no_finding(ID, unclear.reason, unclear.cause, _remedy(unclear))
    if observed.unread:
        theirs = agreeing(observed.unread, "its baseline is", "their baselines are")
        reason = f"{counted(observed.unread, 'outcome file')} cannot be read, so {theirs} not known"
        return no_finding(ID, reason, Cause.NOT_EXERCISED, Remedy("correct them", "readiness outcome lint"))
    return _holds(observed.proofs)


def _holds(proofs: tuple[Proof, ...]) -> Finding:
    executed = any(proof.state is State.BEFORE for proof in proofs)
    shown = [f"{proving.number(p.outcome, p.now)}, {p.reason}" if p.now is not None else p.reason for p in proofs]
    return Finding(
        ID, Outcome.HOLDS, Basis.EXECUTED if executed else Basis.OBSERVED, proofs[0].outcome.file,
        "a baseline locked before the build", "; ".join(shown[:2]),
    )  # fmt: skip


def _fails(wrong: list[Proof]) -> Finding:
    problems = tuple(Problem(f"{p.outcome.id}: {p.state}", p.reason, Location(p.outcome.file, _line(p))) for p in wrong)
    first = wrong[0]
    observed = f"retrospective: {first.reason}" if first.state is State.RETROSPECTIVE else first.reason
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, first.outcome.file, "a baseline locked before the build", observed, first.reason, Cause.PROJECT,
        problems[0].location, _remedy(first), problems,
    )  # fmt: skip


def _line(proof: Proof) -> int:
    return proof.outcome.line("baseline") if proof.state in (State.RETROSPECTIVE, State.CHANGED, State.EMPTY) else 1


def _remedy(proof: Proof) -> Remedy:
    name = proof.outcome.id
    prospective = "compare forward: keep a random holdout, or roll out in stages, and set `design`, then lock it"
    texts = {
        State.MISSING: Remedy(
            "lock it before anything is built; afterwards only a forward comparison counts", f"readiness outcome lock {name}"
        ),
        State.EDITED: Remedy("take the edit back, or lock the new version", f"git checkout -- {proof.outcome.file}"),
        State.FORGED: Remedy("bring back the lock that was signed, or lock again", f"git log -- {proof.outcome.lock_path}"),
        State.CHANGED: Remedy("bring back the data the baseline was locked with, or lock a new version", f"readiness outcome lint {name}"),
        State.EMPTY: Remedy("choose a window in which units occurred, or bring its data", f"readiness outcome lint {name}"),
        State.RETROSPECTIVE: Remedy(prospective, f"readiness outcome lock {name}"),
        State.UNBOUND: Remedy(f"lock it again while nothing is built; afterwards {prospective}", f"readiness outcome lock {name}"),
        State.UNTRUSTED: Remedy(
            f'name the key in readiness.toml: [trust] keys = ["{proof.lock.signer if proof.lock else ""}"]', "readiness outcome lint"
        ),
    }
    return texts.get(proof.state, Remedy(prospective, "git fetch --unshallow") if "cut off" in proof.reason else Remedy(prospective))
