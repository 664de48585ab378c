"""The hashes lock files give for what they pin: SHA-256 of every file a release may be installed from."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from typing import Any, Final

_HASH: Final = re.compile(r"--hash[= ]sha256:([0-9a-f]{64})")
_PINNED: Final = re.compile(r"([A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)(?:\[[^\]]*\])?\s*={2,3}\s*([\w.+!-]+)")

Release = tuple[str, str]
"""Canonical name and version."""


def hashes(path: str, text: str) -> dict[Release, tuple[str, ...]]:
    """Release → hashes in hex, sorted; none where the file gives none. Raises ValueError where a lock cannot be read."""
    found: dict[Release, set[str]] = {}
    name = path.rpartition("/")[2]
    try:
        for package, version, digests in _releases(name, text):
            key = (re.sub(r"[-_.]+", "-", package).lower(), version)
            found.setdefault(key, set()).update(digests)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ValueError(f"cannot be read: {error}") from None
    return {key: tuple(sorted(digests)) for key, digests in found.items()}


def _releases(name: str, text: str) -> Iterator[tuple[str, str, list[str]]]:
    if name == "Pipfile.lock":
        data = json.loads(text)
        for group in ("default", "develop"):
            for package, item in data.get(group, {}).items():
                yield package, str(item.get("version", "")).removeprefix("=="), _sha256(item.get("hashes", []))
    elif name in ("uv.lock", "poetry.lock", "pylock.toml"):
        for item in tomllib.loads(text).get("packages" if name == "pylock.toml" else "package", []):
            if "version" in item and not _is_local(item.get("source")):
                yield item["name"], item["version"], _sha256(_of_files(item))
    else:
        for line in re.sub(r"\\\r?\n", " ", text).splitlines():
            pinned = _PINNED.match(line.strip())
            if pinned is not None:
                yield pinned[1], pinned[2], _HASH.findall(line)


def _is_local(source: Any) -> bool:  # a table, or whatever a broken lock has there
    return isinstance(source, dict) and not {"virtual", "editable", "directory"}.isdisjoint(source)


def _of_files(item: dict[str, Any]) -> Iterator[str]:
    for entry in (item.get("sdist"), *item.get("wheels", []), *item.get("files", [])):
        if isinstance(entry, dict):
            yield str(entry.get("hash", ""))
            yield f"sha256:{entry.get('hashes', {}).get('sha256', '')}"


def _sha256(listed: Iterable[str]) -> list[str]:
    return [text[7:] for text in listed if re.fullmatch(r"sha256:[0-9a-f]{64}", text)]
