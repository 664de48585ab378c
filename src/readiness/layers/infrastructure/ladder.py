"""Rungs of recreation: R0, the demo again in the same place; R2, in an environment installed anew from the same declaration."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.config.manifest import Demo
from readiness.layers.infrastructure import causes, compare
from readiness.sequence.finding import Cause
from readiness.sequence.wording import agreeing, counted
from readiness.world import demo as demos
from readiness.world import record
from readiness.world.context import Context
from readiness.world.environment import Environment

HOSTED = "it asks a hosted model, and the network is off"


@dataclass(frozen=True, slots=True)
class Step:
    """One rung tried: `cause` is NONE where it was reached, `reason` says why not; files compared with their RECORD."""

    cause: Cause = Cause.NONE
    reason: str = ""
    altered: tuple[record.Altered, ...] = ()
    compared: int = 0
    shared: tuple[record.Shared, ...] = ()

    @property
    def reached(self) -> bool:
        """Whether the result was the same."""
        return self.cause is Cause.NONE


def rerun(session: demos.DemoSession, demo: Demo) -> Step:
    """R0: both runs in the first environment end well and give the same."""
    cause, reason = ended(session.first, demo)
    if cause is not Cause.NONE:
        return Step(cause, reason)
    cause, reason = ended(session.again, demo)
    if cause is not Cause.NONE:
        return Step(cause, f"run a second time in the same place, {reason}")
    if found := differs(session.first, session.again, demo):
        return Step(Cause.PROJECT, f"two runs in the same environment differ: {found}")
    return Step()


def afresh(context: Context, demo: Demo) -> Step:
    """R2: a second environment is what its packages shipped, holds the same packages, and the demo gives the same in it."""
    fresh = context.session.second
    step = installed(fresh, context.session.first, "second")
    if not step.reached:
        return step
    other = context.demo.elsewhere
    cause, reason = ended(other, demo)
    if cause is not Cause.NONE:
        return Step(cause, f"elsewhere {reason}")
    if found := differs(context.demo.first, other, demo):
        return Step(Cause.PROJECT, f"elsewhere the result differs: {found}")
    return step


def installed(fresh: Environment, first: Environment, called: str) -> Step:
    """Whether a fresh environment came out as the first one: installed, unaltered by its RECORDs, the same packages."""
    if not fresh.ready:
        return Step(fresh.cause, f"the {called} environment: {fresh.reason}")
    recorded = record.verify(fresh.path)
    if recorded.altered:
        return Step(Cause.PROJECT, _altered_text(recorded.altered), recorded.altered, recorded.compared)
    if found := _package_difference(first, fresh, called):
        return Step(Cause.PROJECT, found)
    return Step(compared=recorded.compared, shared=recorded.shared)


def _package_difference(first: Environment, fresh: Environment, called: str) -> str:
    one, two = first.packages, fresh.packages
    names = sorted(name for name in {*one, *two} if one.get(name) != two.get(name))
    if not names:
        return ""
    return f"the {called} installation gave {names[0]} {two.get(names[0], 'nothing')}, the first {one.get(names[0], 'nothing')}"


def _altered_text(altered: tuple[record.Altered, ...]) -> str:
    first = altered[0]
    files, told = counted(len(altered), "installed file"), agreeing(len(altered), "is not what its package", "are not what their packages")
    return f"{files} {told} shipped: {first.path} of {first.package} {first.how}"


def ended(run: demos.Run, demo: Demo) -> tuple[Cause, str]:
    """Why a run gave nothing to compare, and whose fault that is; NONE where it did."""
    ran = run.ran
    if ran.timed_out:
        return Cause.NOT_EXERCISED, f"the demo was still running after {demo.timeout_s:g} s"
    if ran.filled_disk:
        return Cause.PROJECT, "the demo filled the disk and was ended"
    if ran.signal:
        return Cause.TOOL if ran.signal == 9 else Cause.PROJECT, f"the demo died of signal {ran.signal}"
    if not ran.ok and run.watched.refused:
        return Cause.NETWORK, f"the demo ends with exit {ran.exit_code}: {HOSTED}"
    if not ran.ok:
        told = causes.of_output(ran.said)
        return told.cause, f"the demo ends with exit {ran.exit_code}: {told.reason}"
    if "Traceback (most recent call last)" in ran.stderr and not demos.declared(demo):
        told = causes.of_output(ran.stderr)
        cause = told.cause if told.cause is not Cause.NONE else Cause.PROJECT
        return cause, f"the demo ends with exit 0 and a traceback: {told.reason}"
    if run.missing:
        return Cause.PROJECT, f"the demo did not write {run.missing[0]}"
    if not any(path.stat().st_size for path in run.outputs.values()):
        return Cause.NOT_EXERCISED, "the demo wrote nothing that could be compared"
    return Cause.NONE, ""


def differs(one: demos.Run, two: demos.Run, demo: Demo) -> str:
    """How the outputs of two runs differ, in one line; empty where they are the same within what the demo states."""
    for name, path in one.outputs.items():
        if found := compare.difference(name, path, two.outputs[name], demo.tolerance, demo.normalise):
            return found
    return ""
