"""The demo, run in a fresh environment in another place, gives the same result.

Proves: what was shown can be shown again, by what the repository holds and nothing else.
Needed above: secrets, contracts, decisions and outcomes are observed in this recreated demo.
Executed: R0, the demo runs twice in the environment it was installed into; R2, a second environment is installed from
the same declaration, files copied from a package cache nobody else uses, every file compared with its package's
RECORD, in another folder; the demo runs there. Outputs are compared byte by byte, then within stated tolerances.
Cannot see: another machine, another operating system; those are higher rungs.
Repair: seed what is random, name what a run needs, leave times and paths out of the outputs.
Source: a hotfix in a shared package cache reaches "fresh" environments.
"""

from __future__ import annotations

from dataclasses import dataclass

from readiness.config.manifest import Demo
from readiness.layers.infrastructure import ladder
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import RUNG_ASKED, Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted
from readiness.world import demo as demos
from readiness.world import record
from readiness.world.context import Context
from readiness.world.sandbox import Isolation

ID = "infrastructure.recreates-elsewhere"


NOT_INSTALLED = "the project was not installed"
WALLED = Isolation(network_off=True, files=True, processes=True, user=True)


@dataclass(frozen=True, slots=True)
class Observed:
    """How far the demo was recreated. `rung` is the last one reached (-1: the demo itself did not run)."""

    demo: str
    source: str
    rung: int
    cause: Cause
    reason: str
    declared_outputs: int
    location: Location | None = None
    altered: tuple[record.Altered, ...] = ()
    compared_files: int = 0
    touched: tuple[str, ...] = ()
    isolation: Isolation = WALLED
    network: bool = False
    cassette: str = ""
    leaked: bool = False
    shared: tuple[record.Shared, ...] = ()


def observe(context: Context) -> Observed:
    """Climbs the ladder and says on which rung it stopped, and why."""
    demo, source = context.demo.demo, context.demo.source
    if demo is None and not any(path.endswith((".py", ".ipynb")) for path in context.project.paths):
        return Observed("", "", -1, Cause.NONE, "there is nothing to run", 0)
    if demo is None:
        return Observed("", "", -1, Cause.NOT_EXERCISED, "no demo is declared and none was found", 0)
    if context.session.blocked is not Cause.NONE:
        return Observed(demos.name(demo), source, -1, context.session.blocked, NOT_INSTALLED, len(demos.declared(demo)))
    return _climb(context, demo, source)


def _climb(context: Context, demo: Demo, source: str) -> Observed:
    first = context.demo.first
    place = Location(source, demo.line if source == "readiness.toml" else 1)
    touched = tuple(sorted({*first.created, *first.changed}))
    count = len(demos.declared(demo)) + len(demo.requests)

    def stopped(rung: int, cause: Cause, reason: str, step: ladder.Step = ladder.Step()) -> Observed:  # noqa: B008  frozen
        return Observed(
            demos.name(demo), source, rung, cause, reason, count, place, step.altered, step.compared, touched,
            first.ran.isolation, demo.network == "on", first.watched.cassette, first.watched.leaked_port, step.shared,
        )  # fmt: skip

    rerun = ladder.rerun(context.demo, demo)
    if not rerun.reached:
        return stopped(-1, rerun.cause, rerun.reason)
    fresh = ladder.afresh(context, demo)
    return stopped(2 if fresh.reached else 0, fresh.cause, fresh.reason, fresh)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Holds when the rung the stakes ask for was reached.

    Outputs that differ without being declared are `unknown`: a time on the standard output is no broken promise.
    """
    if not observed.demo and observed.cause is Cause.NONE:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason=observed.reason)
    if not observed.demo:
        return no_finding(ID, observed.reason, observed.cause, Remedy("say what the demo is: [demo] in readiness.toml", "readiness init"))
    if observed.reason == NOT_INSTALLED:
        return no_finding(ID, observed.reason, observed.cause)
    notes = [*observed.isolation.missing(observed.network), *(["the demo had the network"] if observed.network else [])]
    if observed.cassette:
        notes.append(f"what it asked outside was answered from the cassette {observed.cassette}")
    if observed.leaked:
        notes.append("after the server was ended something still answered on its port: it leaves a process behind")
    if observed.touched:
        notes.append(f"the demo also wrote {', '.join(observed.touched[:3])}{' …' if len(observed.touched) > 3 else ''}")
    if observed.shared:
        first, more = observed.shared[0], len(observed.shared) - 1
        also = f", and {counted(more, 'more file')}" if more else ""
        notes.append(f"{first.path} is shipped by {' and by '.join(first.packages)}, each another one{also}: what was installed last stays")
    asked = RUNG_ASKED[policy.stakes]
    if observed.cause is Cause.NONE and observed.rung >= asked:
        verified = counted(observed.compared_files, "file")
        text = f"R{observed.rung}: `{observed.demo}` gave the same result in a fresh environment, {verified} verified"
        return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed.demo, f"R{asked}", text, notes=tuple(notes))
    differs = "differ" in observed.reason and not observed.altered
    cause = Cause.NOT_EXERCISED if differs and not observed.declared_outputs else observed.cause
    outcome = Outcome.FAILS if cause is Cause.PROJECT else Outcome.UNKNOWN
    reached = f"R{observed.rung} reached" if observed.rung >= 0 else "not even rerun"
    problems = (Problem(observed.demo, observed.reason, observed.location),) if outcome is Outcome.FAILS else ()
    return Finding(
        ID, outcome, Basis.EXECUTED, observed.demo, f"R{asked}", f"{reached}: {observed.reason}", observed.reason, cause,
        observed.location, _remedy(cause, observed, differs=differs), problems, tuple(notes),
    )  # fmt: skip


def _remedy(cause: Cause, observed: Observed, *, differs: bool) -> Remedy:
    if cause is Cause.PROJECT and observed.altered:
        return Remedy("install what the package ships, and keep changes to it in the project", f"readiness check --only {ID}")
    if cause is Cause.PROJECT and not differs:
        command = f"jupyter execute '{observed.demo}'" if observed.demo.endswith(".ipynb") else observed.demo
        return Remedy("make the demo run in an environment that was just installed", command)
    if differs and cause is Cause.NOT_EXERCISED:
        return Remedy("declare the outputs that count, without times and ids: outputs in [demo]", "readiness init")
    if cause is Cause.NETWORK and ladder.HOSTED in observed.reason:
        return Remedy(
            'record it once with its credentials, and let it be answered from that: network = "cassette" in [demo]; or let it start '
            'something that answers as the model would: env = { OPENAI_BASE_URL = "http://127.0.0.1:8765/v1" } in [demo]',
            "readiness record",
        )
    texts = {
        Cause.PROJECT: Remedy(
            "seed what is random (the demo is given SEED), and keep times and paths out of the outputs", f"readiness check --only {ID}"
        ),
        Cause.CONFIGURATION: _settings_remedy(observed),
        Cause.NETWORK: Remedy('ship what the demo downloads, or allow it the network: network = "on" in [demo]'),
        Cause.SERVICE: Remedy("let the demo run without the service, or start it as part of the demo"),
        Cause.NOT_EXERCISED: Remedy("give the demo an end, or more time: timeout_s in [demo]"),
        Cause.FILE: Remedy("put the file into the repository, or the step that makes it into [demo] setup"),
    }
    return texts.get(cause, Remedy("check again", "readiness check"))


def _settings_remedy(observed: Observed) -> Remedy:
    """Where the demo gets its settings; one that was found and not declared has to be declared for that."""
    declared = observed.location is not None and observed.location.file == "readiness.toml"
    text = "give the demo its settings: env and secrets in [demo]"
    return Remedy(text) if declared else Remedy(f"declare the demo, then {text}", "readiness init")
