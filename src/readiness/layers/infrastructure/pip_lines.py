"""What a `pip install` line asks for, as a step that can be run here: the words that matter, with paths of the project."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from readiness.world.environment import Step
from readiness.world.project import Project

UV_PIP: Final = ("uv", "pip", "install", "--python", "{python}")

PIP_SEMANTICS: Final = {"UV_INDEX_STRATEGY": "unsafe-best-match"}
"""pip looks at every index for the best version; uv stops at the first index that knows the name."""

_FILE: Final = frozenset({"-r", "--requirement", "-c", "--constraint"})
_PASSED: Final = frozenset({"--index-url", "--extra-index-url", "-i", "-f", "--find-links", "--no-deps", "--pre", "--no-build-isolation",
                            "--require-hashes"})  # fmt: skip
"""Options that decide what is installed; any other says how it is shown, stored or where, and is left out."""
_TAKES_VALUE: Final = _FILE | frozenset(
    {"-e", "--editable", "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--target", "-t", "--prefix", "--root", "--python",
     "-p", "--progress-bar", "--timeout", "--retries", "--src", "--root-user-action", "--trusted-host", "--default-timeout", "--platform",
     "--no-binary", "--only-binary", "--cache-dir", "--log", "--proxy", "--cert", "--python-version", "--upgrade-strategy",
     "--config-settings", "-C", "--global-option", "--report", "--group", "--implementation", "--abi"}
)  # fmt: skip
_FRONT: Final = frozenset({"pip", "setuptools", "wheel", "uv", "poetry", "pipenv", "pip-tools", "virtualenv", "pdm"})


def arguments(words: list[str]) -> list[str]:
    """The arguments after `pip install` in a command, empty where it is another command."""
    for start in range(len(words) - 1):
        if PurePosixPath(words[start]).name in ("pip", "pip3") and words[start + 1] == "install":
            return words[start + 2 :]
    return []


def step(project: Project, words: list[str], why: str, sources: Mapping[str, str] | None = None, folder: str = "") -> Step | None:
    """The installation that the arguments of `pip install` ask for, when called in a folder of the project.

    None where it names what is not in the project, or nothing. `sources` are files by the name an image knows them by.
    """
    argv: list[str] = []
    useful = False
    queue = _divided(words)
    while queue:
        word = queue.pop(0)
        value = queue.pop(0) if queue and word in _TAKES_VALUE else ""
        kept = _kept(project, word, value, sources or {}, folder)
        if kept is None:
            return None
        argv += kept
        useful = useful or bool(kept and kept[0] not in _PASSED and kept[0] != "-c")
    return Step((*UV_PIP, *argv), {**PIP_SEMANTICS}, why) if useful else None


def _divided(words: list[str]) -> list[str]:
    """The words with `--option=value` and `-rfile` as two."""
    found: list[str] = []
    for word in words:
        name, sign, value = word.partition("=")
        if word.startswith("--") and sign:
            found += [name, value] if name in _TAKES_VALUE else [name]
        elif re.match(r"-[rce][^-\s]", word):
            found += [word[:2], word[2:]]
        else:
            found.append(word)
    return found


def _kept(project: Project, word: str, value: str, sources: Mapping[str, str], folder: str) -> list[str] | None:
    if word in _FILE:
        if "://" in value and word in ("-c", "--constraint"):
            return ["-c", value]
        path = _in_project(project, value, sources, folder)
        return None if path is None else ["-r" if word in ("-r", "--requirement") else "-c", path]
    if word in _PASSED:
        return [word, value] if value else [word]
    editable = word in ("-e", "--editable")
    if word.startswith("-") and not editable:
        return []
    target = _target(value if editable else word, folder)
    if not target:
        return None if target is None else []
    return ["-e", target] if editable else [target]


def _target(word: str, folder: str) -> str | None:
    """A requirement or local path as it is here; empty for package clients themselves, None where it cannot be told."""
    if "$" in word or (word.startswith("/") and not word.startswith(("/app", "/code", "/src", "/workspace", "/usr/src"))):
        return None
    local = re.sub(r"^/[\w/]*?(?=\[|$)", ".", word) if word.startswith("/") else word
    if folder and local.startswith("."):
        path, sign, extras = local.partition("[")
        local = f"./{posixpath.normpath(posixpath.join(folder, path))}{sign}{extras}"
    return "" if re.split(r"[=<>!~\[ ]", local)[0].lower() in _FRONT else local


def _in_project(project: Project, path: str, sources: Mapping[str, str], folder: str) -> str | None:
    if folder:
        inside = posixpath.normpath(posixpath.join(folder, path))
        return inside if inside in project.paths else None
    name = PurePosixPath(path).name
    for candidate in (path.removeprefix("./"), sources.get(name, ""), name):
        if candidate in project.paths:
            return candidate
    return None
