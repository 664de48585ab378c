"""The kill switch works: told to stop, the system stops in time; told to go on, it serves again.

Proves: whoever may put the system down can do it now, without its developers.
Needed above: an approval that cannot be taken back is none.
Executed: the switch is pulled in the recreated demo. A server is stopped after its requests and must refuse (an error
status, or `"stopped": true` in the answer) within `stop_within_s` of [measurement], then serve again when released. A
command is stopped before it starts: it must ask for the state, write none of its outputs, and end with an error or say
that it is stopped.
Cannot see: other instances than the demo, whether the person named is awake, what was started before the stop.
Repair: `from readiness import stopped`, or poll `$READINESS_URL/api/projects/$READINESS_PROJECT/state`.
Source: "Who can order to put it down NOW if need be?"
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from readiness.layers.measurement import lint
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.world import demo as demos
from readiness.world.context import Context
from readiness.world.demo import Run

ID = "measurement.kill-switch-works"

_SAYS_SO = re.compile(r"\bstopped\b", re.IGNORECASE)
_LISTEN = Remedy(
    "ask whether you are stopped: `from readiness import stopped`, or poll $READINESS_URL/api/projects/$READINESS_PROJECT/state"
)


@dataclass(frozen=True, slots=True)
class Observed:
    """What the drill showed. `stop_s` and `resume_s` are seconds until obeyed, None where it never was.

    Of a command `refused` says whether it ended with an error or said that it was stopped, `wrote` which outputs it wrote.
    """

    demo: str = ""
    code: bool = False
    server: bool = False
    limit_s: float = 30
    asked: int = 0
    stop_s: float | None = None
    resume_s: float | None = None
    status: int | None = None
    refused: bool = False
    wrote: tuple[str, ...] = ()
    models_asked: int = 0
    problems: tuple[Problem, ...] = ()
    place: Location | None = None
    cause: Cause = Cause.NONE
    reason: str = ""


def observe(context: Context) -> Observed:
    """Pulls the switch in the demo, and looks whom the outcomes name for it."""
    demo = context.demo.demo
    code = any(path.endswith((".py", ".ipynb")) for path in context.project.paths)
    problems = _authorities(context)
    if demo is None:
        return Observed(code=code, problems=problems)
    place = Location(context.demo.source, demo.line if context.demo.source == "readiness.toml" else 1)
    seen = Observed(demos.name(demo), code, demo.server is not None, context.demo.stop_within_s, problems=problems, place=place)
    if context.session.blocked is not Cause.NONE:
        return replace(seen, cause=context.session.blocked, reason=context.session.why_blocked)
    if seen.server and not demo.requests:
        return _untold(seen, "no request is declared that a stopped system could refuse: [[demo.request]]")
    if not context.demo.first.ran.ok or context.demo.first.missing:
        return _untold(seen, "the demo did not run: it must work before it can be stopped")
    if not any(drill.state == "stopped" for drill in context.demo.stopped.watched.drills):
        return _untold(seen, "the demo did not get as far as the switch in the run it was to be stopped in")
    return _of_server(seen, context.demo.stopped) if seen.server else _of_command(context, seen, context.demo.stopped)


def _untold(seen: Observed, reason: str) -> Observed:
    return replace(seen, cause=Cause.NOT_EXERCISED, reason=reason)


def _of_server(seen: Observed, run: Run) -> Observed:
    drills = {drill.state: drill for drill in run.watched.drills}
    running = drills.get("running")
    return replace(
        seen, asked=run.watched.state_asked, stop_s=drills["stopped"].seconds, status=drills["stopped"].status,
        resume_s=running.seconds if running else None,
    )  # fmt: skip


def _of_command(context: Context, seen: Observed, run: Run) -> Observed:
    first, watched = context.demo.first, run.watched
    seconds = next(drill.seconds for drill in watched.drills if drill.state == "stopped")
    said = bool(_SAYS_SO.search(run.ran.said)) and not _SAYS_SO.search(first.ran.said)
    wrote = tuple(name for name in run.outputs if name != demos.STDOUT)
    if demos.STDOUT in run.outputs and run.ran.stdout.strip() and run.ran.stdout == first.ran.stdout:
        wrote = (demos.STDOUT,)
    return replace(
        seen, asked=watched.state_asked, stop_s=seconds, status=run.ran.exit_code, refused=not run.ran.ok or said, wrote=wrote,
        models_asked=len(watched.calls),
    )  # fmt: skip


def _authorities(context: Context) -> tuple[Problem, ...]:
    found = []
    for outcome in lint.gather(context).outcomes:
        person = outcome.kill.authority
        if person.team or not person.reachable:
            text = f"`kill.authority` of {outcome.id} must be a person with an address or a handle, got `{person}`"
            found.append(Problem(f"{outcome.id}: kill.authority", text, Location(outcome.file, outcome.line("kill.authority"))))
    return tuple(found)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Holds when the system obeyed in time and came back, and everybody named to stop it is a person."""
    if not observed.demo and not observed.code:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="there is nothing to run, and so nothing to stop")
    if not observed.demo:
        remedy = Remedy("say what the demo is: [demo] in readiness.toml", "readiness init")
        return no_finding(ID, "no demo is declared and none was found, so the switch was not pulled", Cause.NOT_EXERCISED, remedy)
    if observed.cause is not Cause.NONE:
        return no_finding(ID, observed.reason, observed.cause)
    fault, remedy = _fault(observed)
    drilled = (Problem(observed.demo, fault, observed.place),) if fault else ()
    problems = (*drilled, *observed.problems)
    expected = f"stops within {observed.limit_s:g} s" + (" and serves again" if observed.server else " and writes nothing")
    often = "once" if observed.models_asked == 1 else f"{observed.models_asked} times"
    notes = (f"stopped, it still asked a model {often}",) if observed.models_asked else ()
    if problems:
        first = problems[0]
        told = Remedy(remedy.text if fault else "name one person in kill.authority: Name <address>", f"readiness check --only {ID}")
        return Finding(
            ID, Outcome.FAILS, Basis.EXECUTED, observed.demo, expected, first.text, first.text, Cause.PROJECT, first.location,
            told, problems, notes,
        )  # fmt: skip
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed.demo, expected, _shown(observed), notes=notes)


def _fault(observed: Observed) -> tuple[str, Remedy]:
    if not observed.asked:
        return "nothing listens: the system never asked whether it is stopped", _LISTEN
    if not observed.server:
        return _fault_of_command(observed)
    if observed.stop_s is None or observed.stop_s > observed.limit_s:
        if observed.status is None:
            return "told to stop, it answered nothing at all, so it cannot be told to go on", Remedy("answer 503 while stopped; do not end")
        text = f"told to stop, it still answered after {observed.limit_s:g} s (status {observed.status})"
        return text, Remedy('refuse while stopped: answer 503, or `{"stopped": true}`')
    if observed.resume_s is None:
        return f"it stopped, and did not serve again within {observed.limit_s:g} s", Remedy("ask for the state again while stopped")
    return "", Remedy()


def _fault_of_command(observed: Observed) -> tuple[str, Remedy]:
    if observed.wrote:
        return f"stopped before it began, it still wrote {', '.join(observed.wrote[:3])}", Remedy(
            "ask before writing, and end when stopped"
        )
    if not observed.refused:
        return "stopped before it began, it ended as if all were well", Remedy("end with an error when stopped, or say that you are")
    if observed.stop_s is not None and observed.stop_s > observed.limit_s:
        return f"stopped before it began, it took {observed.stop_s:.1f} s to end", Remedy("ask for the state before the work")
    return "", Remedy()


def _shown(observed: Observed) -> str:
    if not observed.server:
        return f"stopped before it began, it did nothing and said so (exit {observed.status})"
    return f"stopped {observed.stop_s or 0:.1f} s after the order, served again {observed.resume_s or 0:.1f} s after the release"
