"""The images a project is built on or runs beside, as its Dockerfiles and compose files name them.

Where the project is a part of a repository, the files above it count too: what is built from there, and what its compose
file runs beside it. An image that the repository builds itself is none of these.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from readiness.formats import compose, dockerfile
from readiness.layers.infrastructure.declarations import compose_files, resolved
from readiness.sequence.finding import Location, Problem
from readiness.world.project import ASIDE, Project

UNRESOLVED: Final = "depends on a variable that nothing here sets"
_BUILD: Final = re.compile(r"\b(?:docker|podman|nerdctl)\b[^\n;&|]*\bbuild\b[^\n;&|]*")
_TAG: Final = re.compile(r"(?:\s-t|\s--tag)[ =]+[\"']?([\w./:-]+)")
_TEXT_LIMIT_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Named:
    """An image as a file names it."""

    reference: str
    location: Location


@dataclass(frozen=True, slots=True)
class Images:
    """The images named, and files that could not be read as what they are."""

    images: tuple[Named, ...] = ()
    unread: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Place:
    """A project to look in: what of it counts for the one that is judged, and how that one names its files."""

    project: Project
    below: str = ""
    """Where the project that is judged lies in this one, empty where it is this one."""

    def counts(self, path: str) -> bool:
        """Whether a file is of the project that is looked in, and where that is the whole repository, above the one judged."""
        return not self.below or (posixpath.dirname(path) != self.below and self.holds(posixpath.dirname(path)))

    def holds(self, folder: str) -> bool:
        """Whether a folder is above the project that is judged, or its own: a neighbour's is not."""
        return not self.below or folder in ("", ".") or f"{self.below}/".startswith(f"{folder}/")

    def location(self, path: str, line: int) -> Location:
        """The place of a file as the project that is judged names it."""
        return Location(posixpath.relpath(path, self.below) if self.below else path, line)


def named(project: Project) -> Images:
    """Every image from outside the repository that the project names, and what of its files could not be read."""
    places = [_Place(project), *([_Place(project.whole, project.folder)] if project.whole is not None else [])]
    found: list[Named] = []
    unread: list[Problem] = []
    own: set[str] = set()
    for place in places:
        services = dict(_services(place, unread))
        for path in _dockerfiles(place, services):
            parsed = dockerfile.parse(place.project.text(path))
            found += [Named(image.reference, place.location(path, image.line)) for image in parsed.images]
        for path, items in services.items():
            references = [(resolved(place.project, item.image), item) for item in items if item.image]
            own |= {_tagged(reference) for reference, item in references if item.builds}
            found += [Named(reference, place.location(path, item.image_line)) for reference, item in references if not item.builds]
    if any(looseness(item.reference) for item in found):
        own |= {_tagged(tag) for place in places for tag in _built_by_hand(place.project)}
    return Images(tuple(item for item in dict.fromkeys(found) if _tagged(item.reference) not in own), tuple(unread))


def _services(place: _Place, unread: list[Problem]) -> Iterator[tuple[str, tuple[compose.Service, ...]]]:
    for path in compose_files(place.project):
        if not place.counts(path):
            continue
        try:
            yield path, compose.parse(place.project.text(path))
        except ValueError as error:
            where = place.location(path, 1)
            unread.append(Problem(where.file, f"{where.file} {error}", where))


def _dockerfiles(place: _Place, services: dict[str, tuple[compose.Service, ...]]) -> list[str]:
    """The Dockerfiles of a place: all that are of the product, and those that a service is built from."""
    found = {path for path in place.project.paths if place.counts(path) and _is_dockerfile(path)}
    for path, items in services.items():
        for item in items:
            if item.builds:
                context = posixpath.normpath(posixpath.join(posixpath.dirname(path), item.context or "."))
                built = posixpath.normpath(posixpath.join(context, item.dockerfile or "Dockerfile"))
                if place.holds(context):  # what a neighbour is built from is judged with it
                    found.add(built)
    return sorted(found & place.project.paths, key=lambda path: (path.count("/"), len(path), path))


def _is_dockerfile(path: str) -> bool:
    *folders, name = path.split("/")
    aside = any(part.lower() in ASIDE or (part.startswith(".") and part != ".docker") for part in folders)
    return not aside and dockerfile.is_name(name)


def _built_by_hand(project: Project) -> Iterator[str]:
    """Tags that a documented or scripted `docker build` gives."""
    for path in sorted(project.paths):
        if path.endswith((".md", ".rst", ".sh", ".yml", ".yaml", "Makefile", "justfile")):
            text = project.text(path)
            if len(text) <= _TEXT_LIMIT_BYTES:
                for build in _BUILD.findall(text.replace("\\\n", " ")):
                    yield from _TAG.findall(build)


def _tagged(reference: str) -> str:
    return reference if ":" in reference.rpartition("/")[2] or "@" in reference else f"{reference}:latest"


def looseness(reference: str) -> str:
    """What is loose about an image reference; empty where a digest or a version's tag names one image."""
    if "@sha256:" in reference:
        return ""
    if "$" in reference:
        return UNRESOLVED
    name, _, tag = reference.rpartition("/")[2].partition(":")
    if not tag or not name:
        return "has no tag"
    return "is a moving tag" if tag in ("latest", "stable", "edge", "nightly", "main", "master", "dev") else ""
