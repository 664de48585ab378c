"""The contracts of a project: which files are contracts, what they say, and which are none for all their name."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Final

from readiness.config.manifest import Data, Manifest
from readiness.errors import InputError
from readiness.formats import odcs
from readiness.formats.odcs import Contract
from readiness.layers.data import globs
from readiness.sequence.finding import Location, Problem
from readiness.world.project import Project

_YAML: Final = (".yaml", ".yml")
_SAYS_SO: Final = re.compile(r"^kind:\s*[\"']?DataContract\b", re.MULTILINE)
_SPEAKS: Final = re.compile(r"^apiVersion:\s*[\"']?v3\.", re.MULTILINE)
_TESTED: Final = frozenset({"tests", "test", "fixtures", "vendor", "node_modules"})
"""Folders whose contracts are material for tests or somebody else's, unless the manifest says otherwise."""
_ASIDE: Final = _TESTED | {"docs", "doc", "examples", "example", "samples", "templates", "template"}
_SIZE_LIMIT_BYTES: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Contracts:
    """The contracts that can be read, and the problems of those that cannot, each with its line."""

    read: tuple[Contract, ...]
    invalid: tuple[Problem, ...]
    invalid_files: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        """Whether the project has no contract at all."""
        return not self.read and not self.invalid_files


def find(project: Project, manifest: Manifest) -> Contracts:
    """Every contract of a project: the files the manifest names, and by default those that say they are one."""
    read: list[Contract] = []
    invalid: list[Problem] = []
    broken: list[str] = []
    for path in files(project, manifest):
        try:
            read.append(odcs.parse(project.text(path), path))
        except InputError as error:
            broken.append(path)
            invalid += [_problem(path, line) for line in error.problems]
    return Contracts(tuple(read), tuple(invalid), tuple(broken))


def files(project: Project, manifest: Manifest) -> list[str]:
    """The paths of a project's contracts, sorted. A name alone makes no contract: only YAML can be one."""
    default = manifest.data.contracts == Data().contracts
    found = []
    for entry in project.entries:
        path = entry.path
        if not path.endswith(_YAML) or entry.mode == "120000":
            continue
        named = globs.matches(path, manifest.data.contracts)
        if (named and not (default and _within(path, _TESTED))) or (default and _says_so(project, path)):
            found.append(path)
    return found


def _says_so(project: Project, path: str) -> bool:
    if _within(path, _ASIDE):
        return False
    try:
        if (project.root / path).stat().st_size > _SIZE_LIMIT_BYTES:
            return False
    except OSError:
        return False
    text = project.text(path)
    return bool(_SAYS_SO.search(text) and _SPEAKS.search(text))


def _within(path: str, folders: frozenset[str]) -> bool:
    return not folders.isdisjoint(part.lower() for part in posixpath.dirname(path).split("/"))


def _problem(path: str, line: str) -> Problem:
    number, _, text = line.removeprefix(f"{path}:").partition(":")
    return Problem(f"{path}:{text}", line, Location(path, int(number) if number.isdigit() else 1))
