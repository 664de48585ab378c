"""`check`: observe what is asked for, judge it in order, remember it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from readiness.config import manifest as manifests
from readiness.config.manifest import Manifest
from readiness.errors import CannotJudge, NotRecorded, UsageError
from readiness.formats.verdicts import Header
from readiness.layers import catalog
from readiness.layers.infrastructure import facts, procedure
from readiness.layers.infrastructure.cassettes.answering import answering
from readiness.runs import evidence as store
from readiness.runs import waive
from readiness.sequence import organization as condition
from readiness.sequence import verdict as kernel
from readiness.sequence.check import CheckSpec, Cost
from readiness.sequence.evidence import EXECUTED_TTL, Evidence
from readiness.sequence.finding import SEVERITY, Cause, Finding, Outcome, Remedy
from readiness.sequence.layers import Layer
from readiness.sequence.organization import UNASKED, Organization
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import Case, Verdict
from readiness.sequence.waiver import Waiver
from readiness.sequence.wording import counted
from readiness.world import keys
from readiness.world import project as projects
from readiness.world.context import Context
from readiness.world.demo import DemoSession
from readiness.world.environment import Procedure
from readiness.world.project import Project
from readiness.world.session import Progress, Session, silent


@dataclass(frozen=True, slots=True)
class Options:
    """How `check` was asked: up to which layer, only which checks, everything again, advisory ones too."""

    upto: Layer = Layer.MEASUREMENT
    only: tuple[str, ...] = ()
    everything: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """A project with its verdict. `python` and `procedure` say what it was judged with; `facts` were only seen.

    `organization` is no part of the verdict: it gates an approval. `waivers` are those of the manifest, each verified.
    """

    project: Project
    manifest: Manifest
    verdict: Verdict
    as_of: datetime
    python: str = ""
    procedure: str = ""
    facts: tuple[facts.Fact, ...] = ()
    warnings: tuple[str, ...] = ()
    cached: bool = False
    elapsed_s: float = 0.0
    only: tuple[str, ...] = ()
    organization: Organization = UNASKED
    waivers: tuple[Waiver, ...] = ()

    @property
    def header(self) -> Header:
        """The part of a report that the verdict does not know."""
        project = self.project
        inside = project.root.relative_to(project.toplevel).as_posix()
        return Header(
            project.id,
            project.commit,
            project.dirty,
            project.tree,
            "" if inside == "." else inside,
            self.manifest.mode.mode,
            self.manifest.stakes,
            self.as_of,
            self.warnings,
            self.organization,
        )


@dataclass
class Watcher:
    """What is told while a check runs: facts as they are seen, findings as they are made."""

    seen: Callable[[tuple[facts.Fact, ...]], None] = field(default=lambda _: None)
    found: Callable[[Finding], None] = field(default=lambda _: None)
    progress: Progress = silent


def check(
    root: Path, options: Options, watcher: Watcher | None = None, now: datetime | None = None, origin: projects.Origin | None = None
) -> Judged:
    """Judges the project in a folder. Raises InputError for a bad manifest, CannotJudge where the machine lacks something."""
    watcher = watcher or Watcher()
    started = time.monotonic()
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id, origin)
    moment = now or datetime.now(UTC)
    specs = wanted(manifest, options)
    refused: list[store.Found] = []
    kept: dict[str, Evidence] = {}
    if not options.again:
        kept, refused = store.collect(project, manifest, moment)
    missing = [spec for spec in specs if spec.id not in kept]
    steps = procedure.discover(project, manifest)
    seen = facts.gather(project, steps)
    if missing:
        watcher.seen(seen)
    made, troubles = _observe(project, manifest, missing, steps, watcher, moment)
    waivers = waive.verified(project, manifest)
    case = Case(
        catalog.specs(), {**kept, **made}, project.tree, moment, manifest.mode, manifest.stakes, waivers, options.upto,
        frozenset(spec.id for spec in specs) if options.only else frozenset(),
    )  # fmt: skip
    verdict = kernel.judge(case)
    organization = condition.judge(replace(case, specs=catalog.ORGANIZATION)) if _asks_organization(options) else UNASKED
    if organization.checks and options.only:
        verdict = _with_named(verdict, organization, any(spec.layer is not None for spec in specs))
    warnings = (
        *project.warnings,
        *_mode_warnings(manifest),
        *_refusals(refused),
        *troubles,
    )
    judged = Judged(
        project,
        manifest,
        verdict,
        moment,
        steps.declared,
        steps.source,
        seen,
        warnings,
        cached=not missing,
        elapsed_s=time.monotonic() - started,
        only=options.only,
        organization=organization,
        waivers=waivers,
    )
    if made and not options.only:
        judged = _remember_verdict(judged, [*kept.values(), *made.values()])
    return judged


def _refusals(refused: list[store.Found]) -> list[str]:
    """Why evidence does not count: a line for each reason, since a key nobody trusts signed a whole folder at once."""
    by_reason: dict[str, list[store.Found]] = {}
    for found in refused:
        by_reason.setdefault(found.refused, []).append(found)
    lines = []
    for reason, files in by_reason.items():
        more = len(files) - 1
        others = f" ({counted(more, 'more file')} likewise)" if more else ""
        lines.append(f"{files[0].path.parent.name}/{files[0].path.name} {reason}{others}")
    return lines


def _asks_organization(options: Options) -> bool:
    # A question about some layers is none about the organization.
    return bool(options.only) or options.upto is Layer.MEASUREMENT


def _with_named(verdict: Verdict, organization: Organization, layers_too: bool) -> Verdict:
    """The answer where `--only` named a condition on approval: that of the condition, or the worse one of both."""
    outcome = organization.outcome
    if layers_too and SEVERITY[verdict.outcome] < SEVERITY[outcome]:
        return verdict
    step = verdict.next if layers_too and verdict.outcome is outcome else None
    return replace(verdict, outcome=outcome, exit_code={Outcome.FAILS: 1, Outcome.UNKNOWN: 3}.get(outcome, 0), next=step)


def _mode_warnings(manifest: Manifest) -> list[str]:
    if manifest.stakes_declared:
        return []
    return ["stakes are not declared: judged as `annoyance`, the mildest"] if manifest.path else []


def wanted(manifest: Manifest, options: Options) -> list[CheckSpec]:
    """The checks a command asks for: those named, else the required and the quick ones, all with `everything`."""
    if options.only:
        return [catalog.find(name) for name in options.only]
    chosen = []
    for spec in (*catalog.specs(), *(catalog.ORGANIZATION if _asks_organization(options) else ())):
        needed = options.everything or spec.required(manifest.mode.mode, manifest.stakes) or spec.cost < Cost.LONG
        if needed and spec.looked_at(manifest.mode.mode) and (spec.layer is None or spec.layer.number <= options.upto.number):
            chosen.append(spec)
    return chosen


def _observe(
    project: Project, manifest: Manifest, missing: list[CheckSpec], steps: Procedure, watcher: Watcher, now: datetime
) -> tuple[dict[str, Evidence], list[str]]:
    made: dict[str, Evidence] = {}
    troubles: list[str] = []
    if not missing:
        return made, troubles
    key = keys.own()
    assert key is not None, "a key is made where there is none"
    with closing(Session(project, steps, watcher.progress)) as session:
        session.counts_statements = True  # what is retrieved is asked as the demo was seen to ask it
        demo = DemoSession(project, manifest, session, answering(project, manifest, now))
        context = Context(project, manifest, session, demo, now)
        for spec in sorted(missing, key=lambda item: item.cost):
            finding = _one(spec, context, Policy(manifest.stakes))
            watcher.found(finding)
            made[spec.id] = _keep(project, manifest, finding, now, key, troubles)
    return made, list(dict.fromkeys(troubles))


def _one(spec: CheckSpec, context: Context, policy: Policy) -> Finding:
    implementation = catalog.load(spec)
    started = time.monotonic()
    try:
        finding = implementation.judge(implementation.observe(context), policy)
    except NotRecorded as error:
        remedy = Remedy("record the demo again, with its credentials", error.hint)
        finding = kernel.no_finding(spec.id, error.message, Cause.NETWORK, remedy)
    except CannotJudge as error:
        finding = kernel.no_finding(spec.id, error.message, Cause.TOOL)
    return replace(finding, elapsed_ms=round((time.monotonic() - started) * 1000))


def _keep(project: Project, manifest: Manifest, finding: Finding, now: datetime, key: keys.Key, troubles: list[str]) -> Evidence:
    if not project.unchanged():
        troubles.append("files of the project changed while they were checked: nothing of it is remembered")
    elif store.worth_keeping(finding):
        try:
            return store.store(project, manifest, finding, now, key)
        except OSError as error:
            troubles.append(f"evidence cannot be kept in {project.home}: {error.strerror}")
    return Evidence(finding, project.tree, now, now + EXECUTED_TTL)


def _remember_verdict(judged: Judged, used: list[Evidence]) -> Judged:
    key = keys.own()
    assert key is not None, "a key is made where there is none"
    try:
        store.store_verdict(judged.project, judged.manifest, judged.verdict, [item for item in used if item.digest], judged.as_of, key)
    except OSError:
        return judged  # already said for the evidence itself
    return judged


def locate(path: Path) -> list[Path]:
    """The folders of the projects at `path`. Raises UsageError where there is none."""
    found = projects.locate(path)
    if not found:
        raise UsageError(f"no project in {path}")
    return found
