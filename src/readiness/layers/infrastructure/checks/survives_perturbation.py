"""The demo gives the same result when what surrounds it is different.

Proves: the result comes from the project, and not from the folder, the clock, the locale or the machine it ran on.
Needed above: a number that moves with the time zone says nothing about data, model or business.
Executed: the demo runs again, then with everything around it different at once: directory, home folder, user, time zone,
locale, hash seed, clock, directory order, processor count, file times, umask, network, read-only source, temporary folder,
stray files, variables, host name, process ids. Only where that differs is each tried alone, then the smallest set of those
that differ together. What differs by itself is chance; what makes it stand still names where it comes from.
Cannot see: another processor or operating system, a date nobody tried, what a server outside the demo takes from its own
clock. A perturbation that needs a tool which is not here is named; from stakes `regulation` on none may be missing.
Repair: sort what comes from a folder or a set, use UTC, take dates and settings as arguments, or state them in [demo].
Source: results that nobody could explain, since they came with a folder listing, a locale or the day they were made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from readiness.layers.infrastructure import ladder, perturb
from readiness.layers.infrastructure.perturb import Survey
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy, Stakes
from readiness.sequence.verdict import no_finding
from readiness.world import demo as demos
from readiness.world.context import Context
from readiness.world.perturbed import Perturbation

ID = "infrastructure.survives-perturbation"
EXPECTED = "the same result under other circumstances"
COMMAND = "readiness recreate --rung R1"


@dataclass(frozen=True, slots=True)
class Observed:
    """What changed the result of the demo; `cause` and `reason` say why that could not be seen."""

    demo: str = ""
    cause: Cause = Cause.NONE
    reason: str = ""
    survey: Survey = field(default_factory=Survey)
    declared_outputs: int = 0
    location: Location | None = None


def observe(context: Context) -> Observed:
    """Perturbs the demo, all at once and then one at a time where that differs."""
    demo, source = context.demo.demo, context.demo.source
    if demo is None:
        runnable = any(path.endswith((".py", ".ipynb")) for path in context.project.paths)
        return Observed(
            "",
            Cause.NOT_EXERCISED if runnable else Cause.NONE,
            "no demo is declared and none was found" if runnable else "there is nothing to run",
        )
    name = demos.name(demo)
    if context.session.blocked is not Cause.NONE:
        return Observed(name, context.session.blocked, context.session.why_blocked)
    cause, reason = ladder.ended(context.demo.first, demo)
    if cause is not Cause.NONE:
        return Observed(name, Cause.NOT_EXERCISED if cause is Cause.PROJECT else cause, f"the demo did not run: {reason}")
    count = len(demos.declared(demo)) + len(demo.requests)
    place = Location(source, demo.line if source == "readiness.toml" else 1)
    found = perturb.survey(context, thorough=False)
    return Observed(name, found.cause, found.reason, found, count, place)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where a named cause changes the result; `unknown` where only chance does, or too little could be tried.

    Outputs that differ without being declared are `unknown`: a path on the standard output is no broken promise.
    """
    if observed.cause is not Cause.NONE:
        return no_finding(ID, observed.reason, observed.cause)
    if not observed.demo:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason=observed.reason)
    survey = observed.survey
    notes = (*_grouped("not tried", survey.untried), *_grouped("says nothing", survey.untold))
    if survey.blamed or survey.chance:
        return _differs(observed, notes)
    late = {name: why for name, why in survey.untold.items() if name not in perturb.INVENTED}
    missing = survey.untried if policy.stakes.rank >= Stakes.REGULATION.rank else {}
    if late or missing or not survey.equal:
        name, why = next(iter((late or missing or survey.untried).items()), ("nothing", "there was nothing to try"))
        patience = Remedy("let the demo end sooner, or give it more time: timeout_s in [demo]")
        reason, cause = f"{name} could not be tried: {why}", Cause.NOT_EXERCISED if late else Cause.TOOL
        return Finding(
            ID, Outcome.UNKNOWN, Basis.EXECUTED, observed.demo, EXPECTED, f"{name}: {why}", reason, cause, observed.location,
            patience if late else _install(why), notes=notes,
        )  # fmt: skip
    text = f"R1: {len(survey.equal)} perturbations at once and a rerun gave the same result"
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed.demo, EXPECTED, text, location=observed.location, notes=notes)


def _install(why: str) -> Remedy:
    if "faketime" in why:
        return Remedy("install faketime, which shows a program another time", "sudo apt-get install faketime")
    return Remedy("judge it on a machine that gives namespaces", COMMAND)


def _differs(observed: Observed, notes: tuple[str, ...]) -> Finding:
    survey, place = observed.survey, observed.location
    named = [item for item in survey.chance if item.cause]
    problems = [Problem(" + ".join(item.names), item.text, place) for item in survey.blamed]
    problems += [Problem(item.cause, item.text, place) for item in named]
    repairs = [*(item.repair for item in survey.blamed), *(item.repair for item in (*named, *survey.chance))]
    first = problems[0].text if problems else f"two runs differ by themselves: {survey.chance[0].text}"
    dies = any(not item.found for item in survey.blamed)
    if not problems or not (observed.declared_outputs or dies):
        remedy = Remedy(repairs[0] if observed.declared_outputs else "declare the outputs that count: outputs in [demo]", COMMAND)
        return Finding(
            ID, Outcome.UNKNOWN, Basis.EXECUTED, observed.demo, EXPECTED, first, first, Cause.NOT_EXERCISED, place, remedy, notes=notes
        )
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, observed.demo, EXPECTED, f"{first}{more}", first, Cause.PROJECT, place,
        Remedy(repairs[0], COMMAND), tuple(problems), notes,
    )  # fmt: skip


def _grouped(said: str, reasons: Mapping[Perturbation, str]) -> tuple[str, ...]:
    """One line for each reason, with all it is about."""
    names: dict[str, list[str]] = {}
    for name, why in reasons.items():
        names.setdefault(why, []).append(str(name))
    return tuple(f"{said}: {', '.join(found)}, {why}" for why, found in names.items())
