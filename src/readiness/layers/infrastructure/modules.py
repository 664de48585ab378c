"""Which modules a project consists of, and what is started besides: console scripts."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any, Final

from readiness.formats import requirements
from readiness.world.project import Project

_ASIDE: Final = frozenset(
    {"test", "tests", "testing", "e2e", "docs", "doc", "example", "examples", "sample", "samples", "benchmark", "benchmarks", "bench",
     "scripts", "script", "tools", "notebooks", "eval", "evals", "evaluation", "experiments", "migrations", "alembic", "hack", "ci",
     "templates", "template", "third_party", "vendor", "infra", "deploy", "deployment", "fixtures", "stubs", "contrib", "playground",
     "cookbook", "tutorials", "tutorial", "research", "demo", "demos", "skills", "cypress", "quickstart"}
)  # fmt: skip
"""Folders beside the product: their code may need packages nobody installs to run it."""

_SKIPPED_FILES: Final = re.compile(r"(?:setup|conftest|noxfile|fabfile|tasks|test_.*|.*_test|dodo|hubconf)\.py")


@dataclass(frozen=True, slots=True)
class Module:
    """A module: its file, the folders it may be imported from (first the likeliest), whether it is `aside`."""

    file: str
    roots: tuple[str, ...]
    aside: bool = False


def of(project: Project, skip: tuple[str, ...] = ()) -> tuple[Module, ...]:
    """The modules of a project but for tests and build scripts, those beside the product marked; sorted by path."""
    packages = {path.rpartition("/")[0] for path in project.paths if path.endswith("/__init__.py") or path == "__init__.py"}
    found = []
    for path in sorted(project.paths):
        parts = path.split("/")
        if not path.endswith(".py") or _SKIPPED_FILES.fullmatch(parts[-1]) or any(fnmatch(path, glob) for glob in skip):
            continue
        if any(part.startswith(".") or part in ("test", "tests") or "{{" in part for part in parts):
            continue
        if parts[-1] == "env.py" and "/".join([*parts[:-1], "script.py.mako"]) in project.paths:
            continue  # alembic runs it, with a context of its own
        aside = any(part.lower() in _ASIDE for part in parts[:-1])
        found.append(Module(path, _roots(path, packages), aside))
    if all(module.aside for module in found):
        # a repository of examples has nothing else to be judged by
        return tuple(Module(module.file, module.roots) for module in found)
    return tuple(found)


def _roots(path: str, packages: set[str]) -> tuple[str, ...]:
    """Folders to try as the first of the search path: above the outermost package, the project, the file's own, `src`."""
    folder = PurePosixPath(path).parent
    top = folder
    while str(top) in packages and str(top) != ".":
        top = top.parent
    above = [str(parent) for parent in folder.parents]
    candidates = [str(top) if str(folder) in packages else "", "", str(folder), *above, "src"]
    if path.startswith("src/") and str(folder) not in packages:
        candidates.insert(0, "src")
    return tuple(dict.fromkeys("" if candidate == "." else candidate for candidate in candidates))


def scripts(project: Project) -> dict[str, str]:
    """Console scripts the project declares: name → `module:attribute`."""
    try:
        data: dict[str, Any] = tomllib.loads(project.text("pyproject.toml"))
    except tomllib.TOMLDecodeError:
        return {}
    found = data.get("project", {}).get("scripts", {}) or data.get("tool", {}).get("poetry", {}).get("scripts", {})
    return {name: target for name, target in found.items() if isinstance(target, str)}


def optional(project: Project) -> set[str]:
    """Names of packages that only an extra or a dependency group installs, canonical, without versions."""
    try:
        data: dict[str, Any] = tomllib.loads(project.text("pyproject.toml"))
    except tomllib.TOMLDecodeError:
        return set()
    lines = [line for group in data.get("project", {}).get("optional-dependencies", {}).values() for line in group]
    lines += [line for group in data.get("dependency-groups", {}).values() for line in group if isinstance(line, str)]
    poetry = data.get("tool", {}).get("poetry", {})
    names = [name for group in poetry.get("group", {}).values() for name in group.get("dependencies", {})]
    names += [name for name, item in poetry.get("dependencies", {}).items() if isinstance(item, dict) and item.get("optional")]
    names += [*poetry.get("dev-dependencies", {}), *_pipfile_development(project), *_extra_files(project)]
    names += [re.split(r"[\s\[<>=!~;@]", line, maxsplit=1)[0] for line in lines]
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def lists_beside(project: Project, installed: list[str]) -> dict[str, set[str]]:
    """Packages that requirement files name which were not installed from: the folder of the file → canonical names.

    A repository may have a list for each of its parts and a README that installs one of them: what another part needs is
    declared, and was not installed.
    """
    found: dict[str, set[str]] = {}
    for path in project.paths:
        folder, _, name = path.rpartition("/")
        if re.fullmatch(r"requirements[\w.-]*\.txt", name) and path not in installed:
            found.setdefault(folder, set()).update(line.name for line in requirements.parse(project.text(path)).lines)
    return found


def _pipfile_development(project: Project) -> list[str]:
    try:
        return list(json.loads(project.text("Pipfile.lock") or "{}").get("develop", {}))
    except (json.JSONDecodeError, AttributeError):
        return []


def _extra_files(project: Project) -> list[str]:
    aside = re.compile(r"(?:^|/)requirements[\w./-]*(?:dev|test|doc|optional|extra|gpu)[\w.-]*\.txt$")
    return [line.name for path in project.paths if aside.search(path) for line in requirements.parse(project.text(path)).lines]
