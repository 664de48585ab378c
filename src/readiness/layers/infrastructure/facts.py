"""Cheap facts, seen without running anything and shown while the slow checks run. They decide nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from readiness.formats import compose, dockerfile, dotenv
from readiness.layers.infrastructure import modules
from readiness.layers.infrastructure.interpreter import dockerfiles
from readiness.layers.infrastructure.pinning import declared
from readiness.sequence.finding import Location
from readiness.sequence.layers import Layer
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
        return Fact(Layer.INFRASTRUCTURE, f"{len(said.pinned)} packages locked by {said.lock}") if said.lock else None
    pinned = sum(bool(said.pinned.get(name)) for name in said.direct)
    lock = f"locked by {said.lock}" if said.lock else f"with hashes in {said.file}" if said.hashed and pinned else "no lock"
    return Fact(Layer.INFRASTRUCTURE, f"{pinned} of {len(said.direct)} declared packages pinned, {lock}")


def _modules(project: Project) -> Fact:
    found = modules.of(project)
    product = sum(not module.aside for module in found)
    books = sum(path.endswith(".ipynb") for path in project.paths)
    return Fact(Layer.INFRASTRUCTURE, f"{product} modules, {len(found) - product} beside the product, {books} notebooks")


def _images(project: Project) -> list[Fact]:
    named = [
        (image.reference, Location(path, image.line))
        for path in dockerfiles(project)
        for image in dockerfile.parse(project.text(path)).images
    ]
    for path in compose_files(project):
        try:
            services = compose.parse(project.text(path))
        except ValueError:
            continue
        named += [(resolved(project, item.image), Location(path, item.image_line)) for item in services if item.image and not item.builds]
    return [Fact(Layer.INFRASTRUCTURE, f"image {name} {loose}", place) for name, place in named if (loose := looseness(name))]


UNRESOLVED: Final = "depends on a variable that nothing here sets"


def resolved(project: Project, reference: str) -> str:
    """An image reference of a compose file with its variables as the example environment files or their defaults set them."""
    values: dict[str, str] = {}
    for path in example_files(project):
        values = dotenv.parse(project.text(path)) | values

    def value(found: re.Match[str]) -> str:
        return values.get(found[1] or found[3]) or found[2] or found[0]

    return re.sub(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))", value, reference)


def example_files(project: Project) -> list[str]:
    """Files that document the environment by example, at the root first."""
    names = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", "example.env", ".env-example", "sample.env",
             ".example.env", ".env.test", "env.sample", ".env_example", ".env.local.example", ".env.defaults")  # fmt: skip
    return sorted((path for path in project.paths if path.rpartition("/")[2] in names), key=lambda path: (path.count("/"), path))


def looseness(reference: str) -> str:
    """What is loose about an image reference; empty where a digest or an exact tag names one image."""
    if "@sha256:" in reference:
        return ""
    if "$" in reference:
        return UNRESOLVED
    name, _, tag = reference.rpartition("/")[2].partition(":")
    if not tag or not name:
        return "has no tag"
    return "is a moving tag" if tag in ("latest", "stable", "edge", "nightly", "main", "master", "dev") else ""


def compose_files(project: Project) -> list[str]:
    """Compose files at the root, or one folder below."""
    pattern = re.compile(r"(?:[\w.-]+/)?(?:docker-)?compose(?:[.-][\w-]+)*\.ya?ml")
    return sorted(path for path in project.paths if pattern.fullmatch(path) and not path.startswith("."))


def _tests(project: Project) -> list[Fact]:
    count = sum(bool(re.search(r"(?:^|/)(?:test_[^/]*|[^/]*_test)\.py$", path)) for path in project.paths)
    return [Fact(Layer.INFRASTRUCTURE, f"{count} test files" if count else "no tests")]
