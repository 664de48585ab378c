"""A bill of materials as one side of a comparison: its components, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from readiness.formats import cyclonedx
from readiness.layers.infrastructure.diff.sides import Side, without_environment
from readiness.layers.infrastructure.evidence import Factor, FileState, Snapshot
from readiness.sequence.evidence import Digest

_WHY: Final = "a bill of materials holds components only"
_FACTORS: Final = (Factor.MODEL, Factor.DATA)
"""Factors whose files a bill of ours lists in full."""


def read(data: bytes) -> Side:
    """The side in a CycloneDX JSON file. Raises ValueError, which says what is wrong, where it is none."""
    try:
        found: Any = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    if not isinstance(found, dict) or found.get("bomFormat") != "CycloneDX":
        raise ValueError("its `bomFormat` is not `CycloneDX`")
    components = found.get("components", [])
    if not isinstance(components, list) or not all(isinstance(item, dict) for item in components):
        raise ValueError("its `components` are no list of objects")
    versions: dict[str, set[str]] = {}
    files: dict[str, FileState] = {}
    for item in components:
        path = _property(item, cyclonedx.PATH)
        if path:
            files[path] = FileState(_sha256(item), "", _size(item))
        elif _is_python(item):
            versions.setdefault(_canonical(str(item.get("name", ""))), set()).add(str(item.get("version", "")))
    pins = {name: ", ".join(sorted(found)) for name, found in sorted(versions.items())}
    absent = without_environment(_WHY, "locked") | ({} if pins else {"locked": "it names no Python package with a version"})
    ours = _of_ours(found)
    without = {factor: _WHY for factor in Factor if not ours or factor not in _FACTORS}
    return Side("", files, snapshot=Snapshot(locked=pins, absent=absent), without=without)


def _of_ours(found: dict[str, Any]) -> bool:
    """Whether the bill names every model and data file of its project, as `readiness export` does."""
    metadata = found.get("metadata")
    application = metadata.get("component") if isinstance(metadata, dict) else None
    return isinstance(application, dict) and _property(application, cyclonedx.TREE) != ""


def _is_python(item: dict[str, Any]) -> bool:
    purl = item.get("purl")
    return bool(item.get("version")) and (purl.startswith("pkg:pypi/") if isinstance(purl, str) else item.get("type") == "library")


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _property(item: dict[str, Any], name: str) -> str:
    return next((str(entry.get("value")) for entry in _objects(item, "properties") if entry.get("name") == name), "")


def _sha256(item: dict[str, Any]) -> Digest:
    value = next((str(entry.get("content")) for entry in _objects(item, "hashes") if entry.get("alg") == "SHA-256"), "")
    return Digest(f"sha256:{value}" if value else "")


def _objects(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    listed = item.get(name)
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _size(item: dict[str, Any]) -> int:
    text = _property(item, cyclonedx.SIZE)
    return int(text) if text.isdigit() else 0
