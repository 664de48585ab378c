"""What of a lock one machine installs, and what is in it for other systems or other versions of Python.

What cannot be told is taken as needed. Sources: uv.lock version 1; poetry.lock 2.1, whose packages carry their markers;
PEP 751; Pipfile.lock.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Release = tuple[str, str]
_LOCAL: Final = ("virtual", "editable", "directory")


@dataclass(frozen=True, slots=True)
class Needed:
    """Releases by canonical name and version: those needed here, those for `elsewhere`, and the names of the project's own."""

    here: frozenset[Release] = frozenset()
    elsewhere: frozenset[Release] = frozenset()
    own: frozenset[str] = frozenset()


def needed(kind: str, text: str, environment: Mapping[str, str]) -> Needed:
    """What a lock of `kind` (a name of locks.READ) holds for an environment of markers. Raises ValueError where it is none."""
    try:
        if kind == "uv.lock":
            return _uv(tomllib.loads(text).get("package", []), environment)
        if kind == "Pipfile.lock":
            data = json.loads(text)
            entries = [(name, item) for group in ("default", "develop") for name, item in data.get(group, {}).items()]
            return _marked(((name, item.get("version", "").removeprefix("=="), item.get("markers")) for name, item in entries), environment)
        items = tomllib.loads(text).get("packages" if kind == "pylock.toml" else "package", [])
        return _marked(((i["name"], i.get("version", ""), i.get("marker", i.get("markers"))) for i in items), environment)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ValueError(f"cannot be read: {error}") from None


def _marked(entries: Iterable[tuple[str, str, Any]], environment: Mapping[str, str]) -> Needed:
    here: set[Release] = set()
    elsewhere: set[Release] = set()
    for name, version, marker in entries:
        markers = list(marker.values()) if isinstance(marker, dict) else [marker]
        (here if any(holds(item or "", environment) for item in markers) else elsewhere).add(release(name, version))
    return Needed(frozenset(here), frozenset(elsewhere - here))


def _uv(items: list[dict[str, Any]], environment: Mapping[str, str]) -> Needed:
    """Follows what the project's own packages depend on, with every extra and group of theirs."""
    own = [item for item in items if not set(_LOCAL).isdisjoint(item.get("source", {}))]
    queue, seen = list(own), {id(item) for item in own}
    while queue:
        for edge in _edges(queue.pop()):
            for item in items:
                found = item["name"] == edge["name"] and edge.get("version", item.get("version")) == item.get("version")
                if found and id(item) not in seen and holds(edge.get("marker", ""), environment):
                    seen.add(id(item))
                    queue.append(item)
    releases = {id(item): release(item["name"], item.get("version", "")) for item in items if item not in own}
    here = frozenset(name for key, name in releases.items() if key in seen)
    return Needed(here, frozenset(releases.values()) - here, frozenset(release(item["name"], "")[0] for item in own))


def _edges(item: dict[str, Any]) -> Iterable[dict[str, Any]]:
    yield from item.get("dependencies", [])
    for word in ("optional-dependencies", "dev-dependencies"):
        for edges in item.get(word, {}).values():
            yield from edges


def holds(marker: str, environment: Mapping[str, str]) -> bool:
    """Whether a marker lets its package be installed; one about extras, or none at all, does."""
    from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

    if not marker or "extra" in marker:
        return True
    try:
        return Marker(marker).evaluate(dict(environment))
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
        return True


def release(name: str, version: str) -> Release:
    """The canonical name and version of a release, so that two spellings of one are the same."""
    from packaging.utils import canonicalize_name, canonicalize_version

    return canonicalize_name(name), canonicalize_version(version)
