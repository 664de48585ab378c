"""A snapshot as bytes: written canonically, read back with distrust, and the digest of it."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Final

from readiness.formats import canonical
from readiness.layers.infrastructure.evidence import Snapshot
from readiness.sequence.evidence import Digest

SCHEMA: Final = "readiness/snapshot/1"
"""What the `schema` of a snapshot file says; another number is another format."""
_TEXTS: Final = ("interpreter", "packages", "locked", "locks", "system", "system_packages", "cpu", "blas", "images", "variables", "absent")


def to_json(snapshot: Snapshot) -> dict[str, object]:
    """The snapshot as a JSON object; what is empty is in it too, so that two of them are compared key by key."""
    found: dict[str, object] = {"schema": SCHEMA}
    for each in fields(snapshot):
        value = getattr(snapshot, each.name)
        found[each.name] = list(value) if isinstance(value, tuple) else value
    found["resources"] = {address: dict(attributes) for address, attributes in snapshot.resources.items()}
    return found | {name: dict(getattr(snapshot, name)) for name in _TEXTS}


def from_json(data: object) -> Snapshot:
    """The snapshot a JSON object holds. Raises ValueError, which says what is wrong, where it holds none."""
    if not isinstance(data, dict):
        raise ValueError("it is no JSON object")
    if data.get("schema") != SCHEMA:
        raise ValueError(f"its schema is `{data.get('schema')}`, this version reads `{SCHEMA}`")
    altered, resources, files, key = (data.get(name) for name in ("altered", "resources", "verified_files", "key"))
    if not isinstance(altered, list) or not all(isinstance(item, str) for item in altered):
        raise ValueError("`altered` is no list of texts")
    if not isinstance(resources, dict) or isinstance(files, bool) or not isinstance(files, int) or not isinstance(key, str):
        raise ValueError("`resources`, `verified_files` or `key` is not what it should be")
    maps = {name: texts(data.get(name), name) for name in _TEXTS}
    return Snapshot(
        altered=tuple(altered),
        verified_files=files,
        resources={str(address): texts(attributes, f"resources.{address}") for address, attributes in resources.items()},
        key=key,
        **maps,
    )


def texts(value: object, name: str) -> dict[str, str]:
    """A JSON object whose values are all texts. Raises ValueError where it is something else."""
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError(f"`{name}` does not map names to texts")
    return dict(value)


def digest(snapshot: Snapshot) -> Digest:
    """The SHA-256 of the canonical bytes."""
    return canonical.digest(canonical.canonical(to_json(snapshot)))


def read(data: bytes) -> Snapshot:
    """The snapshot in the bytes of a file. Raises ValueError where there is none."""
    try:
        found: object = json.loads(data)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    return from_json(found)


def write(snapshot: Snapshot) -> bytes:
    """The canonical bytes of a snapshot file."""
    return canonical.canonical(to_json(snapshot)) + b"\n"
