"""`recreate`: climbs the ladder of recreation and claims exactly the rung that was reached.

R0 the demo again in the same place · R1 with what surrounds it perturbed · R2 in a fresh environment from the lock · R3 in
another operating system's root · R4 in containers without network · R5 on another machine. The claim is the highest rung
below which every other one was reached, or does not apply.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from readiness.config import manifest as manifests
from readiness.config.manifest import Demo, Manifest
from readiness.errors import CannotJudge, UsageError
from readiness.layers.infrastructure import composed, differences, ladder, perturb, procedure, recreation
from readiness.layers.infrastructure.cassettes.answering import answering
from readiness.layers.infrastructure.perturb import Survey
from readiness.runs import contained, os_roots
from readiness.sequence.finding import Cause
from readiness.world import demo as demos
from readiness.world import project as projects
from readiness.world.context import Context
from readiness.world.demo import DemoSession
from readiness.world.project import Project
from readiness.world.session import Progress, Session, silent

TITLES: Final = (
    "rerun in the same place",
    "perturbed",
    "fresh environment from the same declaration",
    "another operating system's root",
    "containers without network",
    "another machine",
)
REACHED, FAILS, UNKNOWN, NOT_APPLICABLE = "reached", "fails", "unknown", "not_applicable"


@dataclass(frozen=True, slots=True)
class Asked:
    """How `recreate` was asked: up to which rung, over how many seeds, in which root, and whether one may be made."""

    rung: int = 2
    seeds: int = 1
    root: Path | None = None
    make_root: bool = False


@dataclass(frozen=True, slots=True)
class Rung:
    """One rung: its `state`, what was seen in one line, whose fault it is, and for R1 the whole survey."""

    number: int
    state: str
    text: str
    cause: Cause = Cause.NONE
    survey: Survey | None = None

    @property
    def name(self) -> str:
        """`R2`."""
        return f"R{self.number}"


@dataclass(frozen=True, slots=True)
class Recreated:
    """What was reached. `claim` is the rung claimed, -1 for none; `offered` is a line for the manifest, or empty."""

    project: Project
    demo: str
    python: str
    asked: Asked
    rungs: tuple[Rung, ...]
    as_of: datetime
    offered: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def claim(self) -> int:
        """The highest rung below which every other one was reached or does not apply; -1 where not even R0 was."""
        reached = -1
        for rung in self.rungs:
            if rung.state not in (REACHED, NOT_APPLICABLE):
                break
            reached = rung.number if rung.state == REACHED else reached
        return reached

    @property
    def exit_code(self) -> int:
        """0 where every rung asked for was reached or does not apply, 1 where one failed, 3 where one could not be told."""
        states = {rung.state for rung in self.rungs}
        return 1 if FAILS in states else 3 if UNKNOWN in states else 0


@dataclass
class _Climb:
    """One climb: what every rung needs."""

    context: Context
    demo: Demo
    asked: Asked
    progress: Progress
    rungs: list[Rung] = field(default_factory=list)
    differing: list[differences.Difference] = field(default_factory=list)


def recreate(root: Path, asked: Asked, progress: Progress = silent, now: datetime | None = None) -> Recreated:
    """Climbs to the rung asked for. Raises UsageError without a demo, CannotJudge where it cannot be installed or run."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    moment = now or datetime.now(UTC)
    demo = needed_demo(project, manifest)
    if asked.root is not None:
        os_roots.named_root(asked.root)  # what cannot be used is told before minutes of runs
    steps = procedure.discover(project, manifest)
    with closing(Session(project, steps, progress)) as session:
        context = Context(project, manifest, session, DemoSession(project, manifest, session, answering(project, manifest, moment)), moment)
        if session.blocked is not Cause.NONE:
            raise CannotJudge(session.why_blocked, "readiness check")
        climb = _Climb(context, demo, asked, progress)
        for number, step in enumerate((_rerun, _perturbed, _afresh, _other_system, _containers, _other_machine)):
            if number <= asked.rung:
                climb.rungs.append(step(climb))
        python = str(session.first.interpreter.version) if session.first.interpreter else ""
    offered = differences.offered(climb.differing)
    return Recreated(project, demos.name(demo), python, asked, tuple(climb.rungs), moment, offered, project.warnings)


def needed_demo(project: Project, manifest: Manifest) -> Demo:
    """The demo of a project. Raises UsageError where there is none."""
    demo, _ = demos.of(project, manifest)
    if demo is None:
        raise UsageError(f"no demo is declared in {project.root}, and none was found", "say what the demo is: `readiness init`")
    return demo


def _of(number: int, step: ladder.Step, text: str) -> Rung:
    if step.reached:
        return Rung(number, REACHED, text)
    return Rung(number, FAILS if step.cause is Cause.PROJECT else UNKNOWN, step.reason, step.cause)


def _rerun(climb: _Climb) -> Rung:
    session, demo = climb.context.demo, climb.demo
    step = ladder.rerun(session, demo)
    if step.reached and climb.asked.seeds > 1:
        step = _seeds(climb, "a", "b", elsewhere=False)
    elif session.first.ran.ok and session.again.ran.ok:
        climb.differing += differences.between(session.first, session.again, demo)
    return _of(0, step, f"the same result{_over(climb.asked.seeds)}")


def _over(seeds: int) -> str:
    return f" for each of {seeds} seeds" if seeds > 1 else ""


def _seeds(climb: _Climb, first: str, second: str, *, elsewhere: bool) -> ladder.Step:
    """The demo with SEED=1 … in one place against another: each seed has to give the same in both."""
    if "SEED" in climb.demo.env:
        return ladder.Step(Cause.NOT_EXERCISED, "[demo] states SEED itself, so that no other seed can be tried")
    session = climb.context.demo
    for seed in range(1, climb.asked.seeds):
        env = {"SEED": str(seed)}
        one, two = session.under(env, f"{first}{seed}"), session.under(env, f"{second}{seed}", elsewhere=elsewhere)
        for run in (one, two):
            cause, reason = ladder.ended(run, climb.demo)
            if cause is not Cause.NONE:
                return ladder.Step(cause, f"with SEED={seed} {reason}")
        if found := ladder.differs(one, two, climb.demo):
            return ladder.Step(Cause.PROJECT, f"two runs with SEED={seed} differ: {found}")
    return ladder.Step()


def _unreached(climb: _Climb, number: int) -> Rung | None:
    """Without a first run that ended well there is nothing to compare a higher rung with."""
    cause, reason = ladder.ended(climb.context.demo.first, climb.demo)
    return Rung(number, UNKNOWN, f"not tried: {reason}", Cause.NOT_EXERCISED) if cause is not Cause.NONE else None


def _perturbed(climb: _Climb) -> Rung:
    if none := _unreached(climb, 1):
        return none
    survey = perturb.survey(climb.context, thorough=True)
    if survey.cause is not Cause.NONE:
        return Rung(1, UNKNOWN, survey.reason, survey.cause)
    named = [item for item in survey.chance if item.cause]
    if survey.blamed or named:
        texts = [*(item.text for item in survey.blamed), *(item.text for item in named)]
        return Rung(1, FAILS, texts[0], Cause.PROJECT, survey)
    if survey.chance:
        return Rung(1, UNKNOWN, survey.chance[0].text, Cause.NOT_EXERCISED, survey)
    missing = {**survey.untold, **survey.untried}
    tried = f"{len(survey.equal)} perturbations, one at a time and all at once, gave the same result"
    if missing:
        name, why = next(iter(missing.items()))
        more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
        return Rung(1, UNKNOWN, f"{name} {why}{more}; {tried}", Cause.TOOL, survey)
    return Rung(1, REACHED, tried, survey=survey)


def _afresh(climb: _Climb) -> Rung:
    if none := _unreached(climb, 2):
        return none
    step = ladder.afresh(climb.context, climb.demo)
    if step.reached and climb.asked.seeds > 1:
        seeds = _seeds(climb, "a", "e", elsewhere=True)
        step = replace(seeds, compared=step.compared)
    where = "in another folder, from a private cache"
    return _of(2, step, f"the same result{_over(climb.asked.seeds)} {where}, {step.compared} files as their packages shipped them")


def _other_system(climb: _Climb) -> Rung:
    asked, context = climb.asked, climb.context
    if none := _unreached(climb, 3):
        return none
    interpreter = context.session.first.interpreter
    assert interpreter is not None, "an environment that is ready has one"
    try:
        root = os_roots.chosen(asked.root, make=asked.make_root, minor=interpreter.minor, progress=climb.progress)
        return _in_root(climb, root)
    except CannotJudge as error:
        return Rung(3, UNKNOWN, error.message, Cause.TOOL)


def _in_root(climb: _Climb, root: Path) -> Rung:
    context = climb.context
    first = context.session.first
    assert first.interpreter is not None, "an environment that is ready has one"
    with closing(Session(context.project, context.session.procedure, climb.progress, system=root)) as session:
        there = os_roots.interpreter(session.sandbox, root, first.interpreter.minor)
        session.procedure = replace(session.procedure, interpreters=(there,))
        step = ladder.installed(session.first, first, "other system's")
        if not step.reached:
            return _of(3, step, "")
        crossings = answering(context.project, context.manifest, context.now)
        run = DemoSession(context.project, context.manifest, session, crossings).first
        cause, reason = ladder.ended(run, climb.demo)
        if cause is Cause.NONE and (found := ladder.differs(context.demo.first, run, climb.demo)):
            cause, reason = Cause.PROJECT, f"the result differs: {found}"
        name = os_roots.named(root)
        text = f"the same result in {name} with its Python {there.version}, {step.compared} files as their packages shipped them"
        return _of(3, ladder.Step(cause, f"in {name} {reason}"), text)


def _containers(climb: _Climb) -> Rung:
    try:
        if not composed.file_of(climb.context.project):
            return Rung(4, NOT_APPLICABLE, "there is no compose file")
        if none := _unreached(climb, 4):
            return none
        step, text = contained.recreated(climb.context, climb.demo)
        return _of(4, step, text)
    except CannotJudge as error:
        return Rung(4, UNKNOWN, error.message, Cause.TOOL)


def _other_machine(climb: _Climb) -> Rung:
    project, manifest = climb.context.project, climb.context.manifest
    found = recreation.counted(project, manifest, climb.context.now)
    if found.differs:
        return Rung(5, FAILS, found.differs, Cause.PROJECT)
    if found.same:
        return Rung(5, REACHED, found.same)
    hint = "`readiness recreate --export FILE` here, `--import FILE` there, `readiness evidence add` of what that writes"
    return Rung(5, UNKNOWN, f"{found.reason}: {hint}", Cause.NOT_EXERCISED)
