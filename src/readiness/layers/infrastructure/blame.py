"""What a module that does not start is put down to: code, a package nobody declared, a release of today, or the lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from readiness.layers.infrastructure import causes
from readiness.layers.infrastructure.evidence import Started
from readiness.layers.infrastructure.pinning import DROPPED_FROM, Drift
from readiness.sequence.finding import Remedy


def why(item: Started, free: Drift | None, owners: Mapping[str, str]) -> tuple[str, Remedy]:
    """One sentence on why a module fails, and what helps.

    `owners` says which package brings each module that the failure is about or was raised in, with an empty name where
    several share it.
    """
    if free is None:
        return _of_the_module(item)
    top = item.reason.partition("No module named ")[2].strip("'\" ").partition(".")[0]
    about, inner = (name if name in free.installed else "" for name in _packages(item, top, owners))
    if top and not about:
        shared = item.suspect in owners and not owners[item.suspect]
        return _missing_part(item, free, inner) if shared else _missing(item, free, top, inner)
    if free.unpinned and (about in free.unpinned or not (about or _of_its_own(item))):
        suspect = f"; {about} {free.installed[about]} came with today's installation" if about else ""
        return f"{free.counts}{suspect}", free.remedy_for_drift(top)
    return _pinned(item, free, about, inner) if about else _of_the_module(item)


def relock(broken: Iterable[Started], free: Drift, owners: Mapping[str, str]) -> Remedy:
    """How to pin everything: as it once worked where something no longer starts for what drifted, else as it is today."""
    if free.unused_lock:
        return free.remedy()
    for item in broken:
        top = item.reason.partition("No module named ")[2].strip("'\" ").partition(".")[0]
        _, remedy = why(item, free, owners)
        if remedy.command and remedy.command in (free.remedy_for_drift(top).command, free.remedy_for_drift("").command):
            return remedy
    return free.remedy()


def _packages(item: Started, top: str, owners: Mapping[str, str]) -> tuple[str, str]:
    return DROPPED_FROM.get(top) or owners.get(item.suspect, ""), owners.get(item.raised_in, "")


def _of_the_module(item: Started) -> tuple[str, Remedy]:
    remedy = Remedy(f"repair {item.subject}, or leave it out with skip_modules in [infrastructure]", "readiness check --only starts")
    return f"{item.subject}: {item.reason}", remedy


def _of_its_own(item: Started) -> bool:
    """Whether a failure says nothing of any package: no other release of one would help."""
    return item.reason.startswith(("SyntaxError", "IndentationError", "NameError", "UnboundLocalError", "writes outside"))


def _missing(item: Started, free: Drift, top: str, inner: str) -> tuple[str, Remedy]:
    """A module that nothing installed brings; `inner` is the package that wants it, where the project does not itself."""
    name = causes.distribution(top)
    if name in free.named and name not in free.installed:
        remedy = Remedy("bring the lock up to date with the declaration", free.locking.lock())
        return f"{name} is declared, and what was installed ({free.file}) does not have it", remedy
    if inner and free.unpinned:
        text = f"{inner} {free.installed[inner]} needs {top}, which nothing that was installed brings; {free.counts}"
        return text, free.remedy_for_drift(top)
    if name in free.installed:
        return _of_the_module(item)
    source = f"which installing by {free.source} does not bring" if free.direct or free.installed else "and nothing is declared"
    return f"{item.subject} needs {top}, {source}", free.remedy_for_missing(name)


def _missing_part(item: Started, free: Drift, inner: str) -> tuple[str, Remedy]:
    """A module of a namespace that several packages share: one of them lost it, or the one that has it is not declared."""
    who = f"{inner} {free.installed[inner]}" if inner else item.subject
    text = f"{who} needs {item.suspect}, which nothing that was installed brings"
    declare = f"declare the package that brings {item.suspect}"
    if not free.unpinned:
        return text, Remedy(f"{declare}, or update the lock to releases that have it")
    remedy = Remedy(f"{declare}, or pin every package as it was when that was there", free.remedy_for_drift("").command)
    return f"{text}; {free.counts}", remedy


def _pinned(item: Started, free: Drift, about: str, inner: str) -> tuple[str, Remedy]:
    """Why a module does not start though the release it fails on is the one that is pinned."""
    place = free.lock or free.file
    if inner:
        text = f"{inner} {free.installed[inner]} fails by itself on the releases that {place} pins beside it: {item.reason}"
        return text, Remedy(f"update the lock: {inner} and what it needs must fit together", free.locking.update(inner))
    text = f"{item.subject} was not written for {about} {free.installed[about]}, which {place} pins: {item.reason}"
    return text, Remedy(f"update the lock to a release of {about} that {item.subject} works with, or {item.subject} to this one")
