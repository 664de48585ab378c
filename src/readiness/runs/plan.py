"""`check --plan`: what would run, be written and be downloaded, and about how long it takes. Nothing is executed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from readiness.config import manifest as manifests
from readiness.config.manifest import Demo, Manifest
from readiness.layers import catalog
from readiness.layers.infrastructure import procedure
from readiness.runs import check
from readiness.runs import evidence as store
from readiness.sequence.check import CheckSpec, Cost
from readiness.sequence.mode import Mode
from readiness.sequence.stakes import MINIMUM_KILL_RATE, RUNG_ASKED
from readiness.world import demo as demos
from readiness.world import project as projects
from readiness.world.session import work_folder

_DECLARED: Final = "for installing and, as declared, for the demo"


@dataclass(frozen=True, slots=True)
class Line:
    """One check of the plan: `seconds` is what it took last time on any tree, None where it never ran here."""

    spec: CheckSpec
    required: bool
    answered: bool
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a check of one project would do."""

    id: str
    asked: str
    interpreter: str
    declared: str
    source: str
    commands: tuple[str, ...]
    demo: str
    network: str
    writes: tuple[str, ...]
    lines: tuple[Line, ...]


def plan(root: Path, options: check.Options) -> Plan:
    """The plan for the project in a folder. Raises InputError for a bad manifest."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    steps = procedure.discover(project, manifest)
    now = datetime.now(UTC)
    kept = {} if options.again else store.collect(project, manifest, now)[0]
    last = durations(root, store.trusted_keys(manifest))
    mode, stakes = manifest.mode.mode, manifest.stakes
    wanted = check.wanted(manifest, options)
    lines = [Line(spec, spec.required(mode, stakes), spec.id in kept, last.get(spec.id)) for spec in wanted]
    open_lines = [line for line in lines if not line.answered]
    demo, source = demos.of(project, manifest)
    runs = bool(open_lines) and bool(steps.interpreters) and not steps.unread
    installs = runs and any(line.spec.cost is not Cost.STATIC for line in open_lines)
    needs_demo = runs and demo is not None and any(line.spec.cost >= Cost.RUN for line in open_lines)
    return Plan(
        project.id,
        _asked(manifest, options),
        ", then ".join(str(item.version) for item in steps.interpreters) or "none that fits",
        steps.declared,
        steps.source or steps.unread,
        tuple(_shown(step.argv) for step in steps.steps) if installs else (),
        f"{demos.name(demo)} ({source})" if demo is not None and needs_demo else "",
        _network(demo),
        (f"{work_folder()}/run-… (removed afterwards)", f"{root}/{store.FOLDER}") if open_lines else (),
        tuple(lines),
    )


def _asked(manifest: Manifest, options: check.Options) -> str:
    """The rigour that mode and stakes ask for, in one line."""
    mode, stakes = manifest.mode.mode, manifest.stakes
    if mode is not Mode.PRODUCTION:
        return f"{mode} mode asks for its own checks only"
    specs = [spec for spec in catalog.specs() if spec.layer is not None and spec.layer.number <= options.upto.number]
    required = sum(spec.required(mode, stakes) for spec in specs)
    bite = f"tests must notice {MINIMUM_KILL_RATE[stakes]:.0%} of the changes made to the code"
    tests = bite if catalog.find("infrastructure.tests-bite").required(mode, stakes) else "tests only advise"
    return f"{stakes}: {required} of {len(specs)} checks are required; the demo is recreated up to R{RUNG_ASKED[stakes]}; {tests}"


def _network(demo: Demo | None) -> str:
    if demo is None or demo.network == "off":
        return "for installing only"
    return "for installing only; the demo is answered from its cassette" if demo.network == "cassette" else _DECLARED


def _shown(argv: tuple[str, ...]) -> str:
    return " ".join(argv).replace(" --python {python}", "").replace("{tools}/", "")


def durations(root: Path, trusted: dict[str, str]) -> dict[str, float]:
    """How long each check took when it was last executed here, in seconds."""
    found: dict[str, float] = {}
    for path in store.listed(root):
        if path.parent.name not in found:
            evidence = store.read(path, trusted, None).evidence
            if evidence is not None:
                found[path.parent.name] = evidence.finding.elapsed_ms / 1000
    return found
