"""Which Python a project declares, and which of those on this machine are therefore tried."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from readiness.formats import dockerfile
from readiness.world.interpreters import Interpreter
from readiness.world.project import Project

_RELEASED: Final = {
    "3.8": date(2019, 10, 14), "3.9": date(2020, 10, 5), "3.10": date(2021, 10, 4), "3.11": date(2022, 10, 24),
    "3.12": date(2023, 10, 2), "3.13": date(2024, 10, 7), "3.14": date(2025, 10, 7),
}  # fmt: skip
"""When each Python was released (PEPs 569, 596, 619, 664, 693, 719, 745)."""

_NEAR: Final = re.compile(r"(?:docker|\.docker|deploy|deployment|build)?")
"""Folders whose Dockerfiles say which Python a project runs on: the root, and those named for it."""

ATTEMPTS: Final = 3
"""How many interpreters are tried where a project does not say which."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a project says about its Python: one version (`exact`, "3.11" or "3.11.4") or a range, and where."""

    exact: str = ""
    allowed: SpecifierSet | None = None
    source: str = ""
    hints: tuple[str, ...] = ()
    """Minor versions named elsewhere (classifiers, CI): a preference, no declaration."""


def declared(project: Project, configured: str = "") -> Declaration:
    """What the project says, the most exact place first: manifest, .python-version, runtime.txt, Dockerfile, metadata."""
    allowed, allowed_source, hints = _range(project)
    for text, source in _exact_places(project, configured):
        if found := re.match(r"(?:cpython@?|python-?)?(3\.\d+(?:\.\d+)?)\b", text.strip()):
            return Declaration(found[1], allowed, source, hints)
    return Declaration("", allowed, allowed_source, hints)


def _exact_places(project: Project, configured: str) -> Iterable[tuple[str, str]]:
    yield configured, "readiness.toml"
    yield project.text(".python-version"), ".python-version"
    yield project.text("runtime.txt"), "runtime.txt"
    if found := re.search(r"^python\s+(\S+)", project.text(".tool-versions"), re.MULTILINE):
        yield found[1], ".tool-versions"
    pipfile = _toml(project.text("Pipfile")).get("requires", {})
    yield str(pipfile.get("python_full_version") or pipfile.get("python_version") or ""), "Pipfile"
    for path in dockerfiles(project):
        for image in dockerfile.parse(project.text(path)).images:
            if found := re.search(r"(?:^|/)python:(3\.\d+(?:\.\d+)?)|[-:]python(3\.\d+)", image.reference):
                yield found[1] or found[2], f"{path}:{image.line}"


def dockerfiles(project: Project) -> list[str]:
    """The Dockerfiles at the root of a project, or in a folder named for it, the plain name first."""
    found = (path for path in project.paths if _NEAR.fullmatch(path.rpartition("/")[0]) and dockerfile.is_name(path.rpartition("/")[2]))
    return sorted(found, key=lambda path: (path.count("/"), len(path), path))


def _range(project: Project) -> tuple[SpecifierSet | None, str, tuple[str, ...]]:
    data = _toml(project.text("pyproject.toml"))
    meta = data.get("project", {})
    poetry = data.get("tool", {}).get("poetry", {})
    text = str(meta.get("requires-python") or "")
    if not text and isinstance(poetry.get("dependencies", {}).get("python"), str):
        text = _from_poetry(poetry["dependencies"]["python"])
    source = "pyproject.toml"
    if not text and (found := re.search(r"python_requires\s*=\s*[\"']?([^\"'\n]+)", project.text("setup.py") + project.text("setup.cfg"))):
        text, source = found[1].strip().rstrip(",").strip("\"'"), "setup.py"
    classifiers = [str(c) for c in meta.get("classifiers", poetry.get("classifiers", []))]
    hints = tuple(c.rpartition(" ")[2] for c in classifiers if re.search(r":: 3\.\d+$", c))
    try:
        return (SpecifierSet(text), source, hints) if text else (None, "", hints)
    except InvalidSpecifier:
        return None, "", hints


def _from_poetry(text: str) -> str:
    parts = []
    for part in re.split(r"\s*,\s*", text.split("||")[0].strip()):
        if found := re.fullmatch(r"\^\s*(\d+)\.?(\d+)?(.*)", part):
            parts += [f">={found[1]}.{found[2] or 0}{found[3]}", f"<{int(found[1]) + 1}"]
        elif found := re.fullmatch(r"~\s*(\d+)\.(\d+)(.*)", part):
            parts += [f">={found[1]}.{found[2]}{found[3]}", f"<{found[1]}.{int(found[2]) + 1}"]
        elif re.fullmatch(r"\d+\.\d+(\.\d+)?", part):
            parts.append(f"=={part}.*" if part.count(".") == 1 else f"=={part}")
        else:
            parts.append(part)
    return ",".join(parts)


def _toml(text: str) -> dict[str, dict]:  # type: ignore[type-arg]
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def choose(declaration: Declaration, here: tuple[Interpreter, ...], changed_at: datetime | None) -> tuple[Interpreter, ...]:
    """The interpreters to try, in order; empty where none on this machine is what the project declares.

    An exact declaration gives one interpreter of the same minor version. Otherwise those of the allowed range, the one
    first that the project names elsewhere, else the newest that was half a year old when the project was last
    changed, since that is what it was most likely made with.
    """
    if declaration.exact:
        wanted = Version(declaration.exact)
        same = [item for item in here if item.minor == f"{wanted.major}.{wanted.minor}"]
        return tuple(sorted(same, key=lambda item: item.version != wanted)[:1])
    minors: dict[str, Interpreter] = {}
    for item in here:
        allowed = declaration.allowed is None or declaration.allowed.contains(str(item.version), prereleases=True)
        if allowed and item.version >= Version("3.8"):
            minors.setdefault(item.minor, item)
    known = [item for item in minors.values() if _age_days(item.minor, changed_at) >= 180] or list(minors.values())
    hinted = [item for item in known if item.minor in declaration.hints]
    first = (hinted or known)[:1]
    rest = sorted((item for item in minors.values() if item not in first), key=lambda item: _distance(item, first))
    return tuple((first + rest)[:ATTEMPTS])


def _age_days(minor: str, changed_at: datetime | None) -> int:
    if minor not in _RELEASED or changed_at is None:
        return 0 if minor not in _RELEASED else 10_000
    return (changed_at.date() - _RELEASED[minor]).days


def _distance(item: Interpreter, first: list[Interpreter]) -> tuple[int, int]:
    here, there = item.version.minor, first[0].version.minor if first else 0
    return abs(here - there), -here
