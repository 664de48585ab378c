"""Every image the project builds on or runs beside names one image and no other.

Proves: tomorrow's build starts from the bytes of today's.
Needed above: a finding about a container says nothing about one built from another image.
Executed: Dockerfiles and compose files, of the project and above it in its repository, are read as their tools read them
(build arguments with their defaults, stages told from images, the Dockerfile a service is built from). An image that the
repository builds itself is left out. Nothing is pulled: the basis is `observed`.
Cannot see: whether a registry still serves the image, images named only at deployment.
Repair: name a version, and from stakes `money` on the digest as well.
Source: `:latest` in four of 14 public applications.
"""

from __future__ import annotations

import shlex

from readiness.layers.infrastructure import images
from readiness.layers.infrastructure.images import UNRESOLVED, Images, looseness
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy, Stakes
from readiness.sequence.wording import counted
from readiness.world.context import Context

ID = "infrastructure.images-pinned"


def observe(context: Context) -> Images:
    """Reads every Dockerfile and compose file of the project, and those above it."""
    return images.named(context.project)


def judge(observed: Images, policy: Policy) -> Finding:
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
    expected = "a digest for every image" if strict else "a version for every image"
    if not problems:
        return Finding(ID, Outcome.HOLDS, Basis.OBSERVED, expected=expected, observed=_named(observed))
    first = problems[0]
    text = f"{len(problems)} of {_counted(observed)} can change"
    return Finding(
        ID, Outcome.FAILS, Basis.OBSERVED, first.subject, expected, text,
        first.text, Cause.PROJECT, first.location, _remedy(first, observed, strict=strict), problems,
    )  # fmt: skip


def _named(observed: Images) -> str:
    """How the images are named: a tag, other than a digest, can be given to another image."""
    count, exact = len(observed.images), sum("@sha256:" in item.reference for item in observed.images)
    how = "by digest" if exact == count else "by tag" if not exact else f"{exact} by digest and {count - exact} by tag"
    return f"{_counted(observed)} named {how}"


def _counted(observed: Images) -> str:
    return counted(len(observed.images), "image")


def _loose(reference: str, *, strict: bool) -> str:
    return looseness(reference) or ("has no digest" if strict and "@sha256:" not in reference else "")


def _remedy(first: Problem, observed: Images, *, strict: bool) -> Remedy:
    reference = next(item.reference for item in observed.images if item.location == first.location)
    if strict:
        return Remedy("name the digest after the tag", f"docker buildx imagetools inspect {reference}")
    if first.location is None:
        return Remedy("name the version you run in the file")
    return Remedy(f"name the version you run in {first.location.file}", f"sed -n {first.location.line}p {shlex.quote(first.location.file)}")
