"""Lock files of package managers: which releases they pin."""

from __future__ import annotations

import json
import tomllib
from typing import Any, Final

READ: Final = ("uv.lock", "pylock.toml", "poetry.lock", "Pipfile.lock")
"""Lock files that are read here, in the order in which one is preferred."""

UNREAD: Final = ("pdm.lock", "conda-lock.yml", "pixi.lock", "environment.yml", "environment.yaml")
"""Files that pin or name packages for a tool that is not driven yet; a project resting on one alone is `unknown`."""


def pinned(kind: str, text: str) -> dict[str, set[str]]:
    """Canonical name → versions pinned by a lock of `kind` (a name of READ).

    Raises ValueError where the text is no such lock, or is cut short.
    """
    from packaging.utils import canonicalize_name

    found: dict[str, set[str]] = {}
    try:
        data: dict[str, Any] = json.loads(text) if kind == "Pipfile.lock" else tomllib.loads(text)
        for name, version in _packages(kind, data):
            found.setdefault(canonicalize_name(name), set()).add(version)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"cannot be read: {error}") from None
    return found


def _packages(kind: str, data: dict[str, Any]) -> list[tuple[str, str]]:
    if kind == "Pipfile.lock":
        groups = [data.get("default", {}), data.get("develop", {})]
        return [(name, str(item.get("version", "")).removeprefix("==")) for group in groups for name, item in group.items()]
    items = data.get("packages" if kind == "pylock.toml" else "package", [])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ValueError("its packages are no list of tables")
    return [(str(item["name"]), str(item.get("version", ""))) for item in items if "name" in item]


def pipfile_requirements(text: str) -> str:
    """The default packages of a Pipfile.lock as a hashed requirement file, without those for development: the two groups
    are locked apart and may disagree. Raises ValueError where it is no such lock."""
    try:
        data = json.loads(text)
        lines = [_pipfile_line(name, item) for name, item in data.get("default", {}).items()]
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise ValueError(f"cannot be read: {error}") from None
    return "\n".join(lines) + "\n"


def _pipfile_line(name: str, item: dict[str, Any]) -> str:
    extras = f"[{','.join(item['extras'])}]" if item.get("extras") else ""
    marker = f" ; {item['markers']}" if item.get("markers") else ""
    if "git" in item:
        return f"{name}{extras} @ git+{item['git']}@{item.get('ref', 'HEAD')}{marker}"
    local = item.get("path") or item.get("file")
    if local:  # never by its name, which an index may know as somebody else's
        remote = "://" in str(local)
        return f"{'-e ' if item.get('editable') else ''}{f'{name} @ {local}' if remote else local}{extras if not remote else ''}{marker}"
    if not str(item.get("version", "")).startswith("=="):
        raise ValueError(f"{name} is not pinned")
    hashes = "".join(f" --hash={value}" for value in item.get("hashes", []))
    return f"{name}{extras}{item.get('version', '')}{marker}{hashes}"
