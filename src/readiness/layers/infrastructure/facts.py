"""Cheap facts, seen without running anything and shown while the slow checks run. They decide nothing."""

from __future__ import annotations

from dataclasses import dataclass

from readiness.layers.infrastructure import images, modules, suite
from readiness.layers.infrastructure.pinning import declared
from readiness.sequence.finding import Location
from readiness.sequence.layers import Layer
from readiness.sequence.wording import counted
from readiness.world.environment import Procedure
from readiness.world.project import Project


@dataclass(frozen=True, slots=True)
class Fact:
    """Something seen in the files: which layer it belongs to, one line, and where."""

    layer: Layer
    text: str
    location: Location | None = None


def gather(project: Project, procedure: Procedure) -> tuple[Fact, ...]:
    """What the files show at a glance."""
    found = [_interpreter(procedure), _dependencies(project, procedure), _modules(project), *_images(project), *_tests(project)]
    return tuple(fact for fact in found if fact is not None)


def _interpreter(procedure: Procedure) -> Fact:
    return Fact(Layer.INFRASTRUCTURE, f"{procedure.declared}; set up by {procedure.source or procedure.unread or 'nothing'}")


def _dependencies(project: Project, procedure: Procedure) -> Fact | None:
    said = declared(project, procedure)
    if not said.direct:
        return Fact(Layer.INFRASTRUCTURE, f"{counted(len(said.pinned), 'package')} locked by {said.lock}") if said.lock else None
    pinned = sum(bool(said.pinned.get(name)) for name in said.direct)
    lock = f"locked by {said.lock}" if said.lock else f"with hashes in {said.file}" if said.hashed and pinned else "no lock"
    return Fact(Layer.INFRASTRUCTURE, f"{pinned} of {counted(len(said.direct), 'declared package')} pinned, {lock}")


def _modules(project: Project) -> Fact:
    found = modules.of(project)
    product = sum(not module.aside for module in found)
    books = sum(path.endswith(".ipynb") for path in project.paths)
    text = f"{counted(product, 'module')}, {len(found) - product} beside the product, {counted(books, 'notebook')}"
    return Fact(Layer.INFRASTRUCTURE, text)


def _images(project: Project) -> list[Fact]:
    found = [(item.reference, item.location) for item in images.named(project).images]
    return [Fact(Layer.INFRASTRUCTURE, f"image {name} {loose}", place) for name, place in found if (loose := images.looseness(name))]


def _tests(project: Project) -> list[Fact]:
    count = len(suite.files(project))
    return [Fact(Layer.INFRASTRUCTURE, counted(count, "test file") if count else "no tests")]
