"""Every image the project builds on or runs beside names one image and no other.

Proves: tomorrow's build starts from the bytes of today's.
Needed above: a finding about a container says nothing about one built from another image.
Executed: Dockerfiles and compose files are read as their tools read them (build arguments with their defaults, stages
told from images). Nothing is pulled: the basis is `observed`.
Cannot see: whether a registry still serves the image, images named only at deployment.
Repair: name a version, and from stakes `money` on the digest as well.
Source: `:latest` in four of 14 public applications.
"""

from __future__ import annotations

from dataclasses import dataclass

from readiness.formats import compose, dockerfile
from readiness.layers.infrastructure.facts import UNRESOLVED, compose_files, looseness, resolved
from readiness.layers.infrastructure.interpreter import dockerfiles
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy, Stakes
from readiness.world.context import Context

ID = "infrastructure.images-pinned"


@dataclass(frozen=True, slots=True)
class Named:
    """An image as a file names it."""

    reference: str
    location: Location


@dataclass(frozen=True, slots=True)
class Observed:
    """The images named, and files that could not be read as what they are."""

    images: tuple[Named, ...]
    unread: tuple[Problem, ...] = ()


def observe(context: Context) -> Observed:
    """Reads every Dockerfile and compose file of the project."""
    project = context.project
    images = [
        Named(image.reference, Location(path, image.line))
        for path in dockerfiles(project)
        for image in dockerfile.parse(project.text(path)).images
    ]
    unread = []
    for path in compose_files(project):
        try:
            services = compose.parse(project.text(path))
        except ValueError as error:
            unread.append(Problem(path, f"{path} {error}", Location(path)))
            continue
        images += [
            Named(resolved(project, item.image), Location(path, item.image_line)) for item in services if item.image and not item.builds
        ]
    return Observed(tuple(images), tuple(unread))


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where an image has no tag or a moving one; from stakes `money` on also where it has no digest."""
    if observed.unread:
        first = observed.unread[0]
        return Finding(ID, Outcome.UNKNOWN, Basis.OBSERVED, first.subject, reason=first.text, cause=Cause.TOOL, location=first.location)
    if not observed.images:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="no image is built or run")
    strict = policy.stakes.rank >= Stakes.MONEY.rank
    problems = tuple(
        Problem(f"{item.location.file}:{item.reference}", f"{item.reference} {text}", item.location)
        for item in observed.images
        if (text := _loose(item.reference, strict=strict))
    )
    clear = tuple(item for item in problems if UNRESOLVED not in item.text)
    if problems and not clear:
        first = problems[0]
        return Finding(
            ID, Outcome.UNKNOWN, Basis.OBSERVED, first.subject, reason=first.text, cause=Cause.CONFIGURATION, location=first.location,
            remedy=Remedy("set it in .env.example, or give it a default where it is used"),
        )  # fmt: skip
    problems = clear
    expected = "a digest for every image" if strict else "an exact version for every image"
    if not problems:
        return Finding(ID, Outcome.HOLDS, Basis.OBSERVED, expected=expected, observed=f"{len(observed.images)} images named exactly")
    first = problems[0]
    return Finding(
        ID, Outcome.FAILS, Basis.OBSERVED, first.subject, expected, f"{len(problems)} of {len(observed.images)} images can change",
        first.text, Cause.PROJECT, first.location, _remedy(first, observed, strict=strict), problems,
    )  # fmt: skip


def _loose(reference: str, *, strict: bool) -> str:
    return looseness(reference) or ("has no digest" if strict and "@sha256:" not in reference else "")


def _remedy(first: Problem, observed: Observed, *, strict: bool) -> Remedy:
    reference = next(item.reference for item in observed.images if item.location == first.location)
    if strict:
        return Remedy("name the digest after the tag", f"docker buildx imagetools inspect {reference}")
    return Remedy(f"name the version you run in {first.location.file if first.location else 'the file'}")
