"""A climb as JSON, `readiness/recreate/1`; and its plan: what would run, be written and be downloaded. Nothing is executed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from readiness.config import manifest as manifests
from readiness.config.manifest import Demo
from readiness.errors import CannotJudge
from readiness.formats import canonical
from readiness.layers.infrastructure import composed, procedure
from readiness.runs import evidence as store
from readiness.runs import os_roots
from readiness.runs.plan import durations
from readiness.runs.recreate import NOT_APPLICABLE, TITLES, Asked, Recreated, Rung, needed_demo
from readiness.sequence.finding import Outcome
from readiness.sequence.wording import listed
from readiness.world import demo as demos
from readiness.world import project as projects
from readiness.world.perturbed import Perturbation
from readiness.world.project import Project
from readiness.world.session import work_folder

CHECKED_RUNS: Final = 3
"""How often the demo runs when it is checked whether it recreates elsewhere."""
MORE_RUNS: Final = 150
"""About how often it runs more where causes have to be told apart."""
SCHEMA: Final = "readiness/recreate/1"

Json = dict[str, Any]  # JSON values


def to_json(found: Recreated) -> Json:
    """A climb as a JSON object; absent is null, times are RFC 3339 in UTC."""
    project = found.project
    outcome = {0: Outcome.HOLDS, 1: Outcome.FAILS}.get(found.exit_code, Outcome.UNKNOWN)
    return {
        "schema": SCHEMA,
        "project": {"id": project.id, "commit": project.commit, "dirty": project.dirty, "tree": project.tree},
        "as_of": canonical.moment(found.as_of),
        "demo": found.demo,
        "python": found.python,
        "asked": f"R{found.asked.rung}",
        "seeds": found.asked.seeds,
        "claim": f"R{found.claim}" if found.claim >= 0 else None,
        "outcome": outcome.value,
        "exit": found.exit_code,
        "rungs": [_rung(item) for item in found.rungs],
        "offered": found.offered or None,
        "warnings": list(found.warnings),
    }


def _rung(rung: Rung) -> Json:
    survey = rung.survey
    causes: list[Json] = []
    if survey is not None:
        causes += [{"perturbations": list(item.names), "text": item.text, "repair": item.repair, "chance": False} for item in survey.blamed]
        causes += [{"perturbations": [], "text": item.text, "repair": item.repair, "chance": True} for item in survey.chance]
    return {
        "rung": rung.name,
        "title": TITLES[rung.number],
        "state": rung.state,
        "text": rung.text,
        "cause": rung.cause.value,
        "causes": causes,
        "equal": list(survey.equal) if survey else [],
        "untried": {**survey.untried, **survey.untold} if survey else {},
        "stated": dict(survey.stated) if survey else {},
        "runs": survey.runs if survey else 0,
    }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a climb would do: what is run on each rung, what is written, what the network is used for, and how often the demo runs.

    `seconds` is about what the least takes, by the last time the demo was recreated here; None where it never was.
    """

    id: str
    demo: str
    rungs: tuple[tuple[str, str], ...]
    writes: tuple[str, ...]
    network: str
    least: int
    most: int
    seconds: float | None = None


def plan(root: Path, asked: Asked) -> Plan:
    """The plan of a climb. Raises UsageError without a demo, InputError for a bad manifest."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    demo = needed_demo(project, manifest)
    steps = procedure.discover(project, manifest)
    how = f"installs into an empty environment ({steps.source or steps.unread}), runs the demo twice"
    seeds = asked.seeds - 1
    more = f", and twice for each of {seeds} more seeds" if seeds else ""
    contained = _of_containers(project, demo)
    lines = [
        f"{how}{more}",
        f"runs the demo with each of {len(Perturbation)} perturbations, then with all at once; more often only where something differs",
        "installs again into another folder from a private cache, verifies every file, runs the demo there",
        _of_root(asked, steps.interpreters[0].minor if steps.interpreters else ""),
        contained,
        "runs nothing: reads the signed results of others that were added",
    ]
    builds = asked.rung >= 4 and contained.startswith(("builds", "takes"))
    runs = 2 * asked.seeds
    least = runs + (len(Perturbation) + 4 if asked.rung >= 1 else 0) + (asked.seeds if asked.rung >= 2 else 0) + (asked.rung >= 3) + builds
    made = asked.rung >= 3 and asked.make_root and asked.root is None
    writes = (
        f"{work_folder()}/run-… (removed afterwards)",
        *([f"{os_roots.folder()}/debian-… (kept)"] if made else []),
        *(
            ["images, containers, networks and volumes in the engine (removed afterwards, but for images that are pulled)"]
            if builds
            else []
        ),
    )
    network = "for installing only" if demo.network != "on" else "for installing and, as declared, for the demo"
    network += "; and a root of about 250 MB is downloaded from a mirror of Debian" if made else ""
    network += "; and images are built, and pulled where they are not here" if builds else ""
    rungs = tuple((f"R{number}", line) for number, line in enumerate(lines) if number <= asked.rung)
    last = durations(root, store.trusted_keys(manifest)).get("infrastructure.recreates-elsewhere")
    seconds = None if last is None else last / CHECKED_RUNS * least
    return Plan(project.id, demos.name(demo), rungs, writes, network, least, least + (MORE_RUNS if asked.rung >= 1 else 0), seconds)


def _of_root(asked: Asked, minor: str) -> str:
    if asked.root is not None:
        return f"installs and runs the demo in the root {asked.root}, with its own Python {minor}"
    if not asked.make_root:
        return "nothing: it takes --root DIR or --make-root"
    suite = os_roots.SUITES.get(minor)
    if suite is None:
        return f"nothing: no release of Debian brings Python {minor}"
    if (os_roots.folder() / f"debian-{suite}/usr/bin").is_dir():
        return f"installs and runs the demo in the root of Debian {suite} that was made before"
    missing = _missing()
    return missing or f"runs `{' '.join(os_roots.command(suite, os_roots.folder() / f'debian-{suite}'))}`, then as in R2 in it"


def _of_containers(project: Project, demo: Demo) -> str:
    try:
        if not composed.file_of(project):
            return f"{NOT_APPLICABLE.replace('_', ' ')}: there is no compose file"
        system = composed.system(project, demo)
        if why := composed.unlike_the_demo(demo, system.service, system.file):
            return f"nothing: {why}"
    except CannotJudge as error:
        return f"nothing: {error.message}"
    service, beside = system.service, listed(f"{item.name} ({item.image or 'built'})" for item in system.beside)
    made = f"builds the image of service {service.name}" if service.build else f"takes the image {service.image}"
    return f"{made}, runs the demo in it{f', beside {beside}' if beside else ''}, with no way out, in docker or podman"


def _missing() -> str:
    try:
        os_roots.needed_tools()
    except CannotJudge as error:
        return f"nothing: {error.message}"
    return ""
