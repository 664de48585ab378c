"""How many containers a system is made of, as its compose files, Kubernetes manifests or Dockerfiles say, in that order."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from readiness.formats import composition, dockerfile, kubernetes
from readiness.formats.composition import Composition
from readiness.sequence.wording import counted, listed
from readiness.world.project import ASIDE, Project

_TEXT_LIMIT_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Count:
    """`least` containers at least and `most` at the most, None where no end is in sight; `source` says where that stands.

    `doubt` says why the two differ. `files` are those that were counted in, none where no file of the project names one.
    """

    least: int
    most: int | None
    source: str
    files: tuple[str, ...] = ()
    doubt: str = ""


def count(project: Project) -> Count:
    """The containers of a project; where files describe the same system twice, the larger number counts."""
    found = [item for item in (_composed(project), _in_kubernetes(project)) if item is not None]
    if not found:
        return _built(project)
    doubts = [item.doubt for item in found if item.doubt]
    most = None if any(item.most is None for item in found) else max(item.most or 0 for item in found)
    largest = max(found, key=lambda item: item.least)
    return Count(largest.least, most, largest.source, tuple(file for item in found for file in item.files), next(iter(doubts), ""))


def _own(project: Project, *suffixes: str) -> list[str]:
    """Files of the product itself, by their ending; documentation, tests and hidden folders are about it."""
    found = []
    for path in sorted(project.paths):
        folders = path.split("/")[:-1]
        if path.endswith(suffixes) and not any(part.lower() in ASIDE or part.startswith(".") for part in folders):
            found.append(path)
    return found


# compose


def _composed(project: Project) -> Count | None:
    folders: dict[str, dict[str, Composition]] = defaultdict(dict)
    unread = []
    for path in _own(project, ".yaml", ".yml"):
        if composition.variant(posixpath.basename(path)) is None:
            continue
        try:
            folders[posixpath.dirname(path)][path] = composition.parse(project.text(path))
        except ValueError as error:
            unread.append(f"{path}: {error}")
    files = tuple(path for found in folders.values() for path in found)
    if not files and not unread:
        return None
    systems = [_system(found) for found in folders.values()]
    together: dict[str, int | None] = {}
    for system in systems:
        together = _joined(together, system)
    largest = max((_sum(system) for system in systems), default=0)
    doubt = next(iter(unread), "") or _elsewhere(project, folders) or _copies(together)
    apart = f"nothing says whether what {listed(files)} start runs side by side" if _sum(together) > largest else ""
    source = f"{listed(files)} {'name' if len(files) > 1 else 'names'} {counted(largest, 'container')}" if files else unread[0]
    return Count(largest, None if doubt else _sum(together), source, files, doubt or apart)


def _system(found: Mapping[str, Composition]) -> dict[str, int | None]:
    """Services of one folder with how many of each run: the file that is always read, with the variant that adds most."""
    always: dict[str, int | None] = {}
    variants = []
    for path, item in found.items():
        told = {part.service.name: part.copies for part in item.parts}
        if composition.variant(posixpath.basename(path)) in ("", ".override"):
            always = _joined(always, told)
        else:
            variants.append(told)
    return max((_joined(always, told) for told in variants), key=_sum, default=always)


def _joined(one: Mapping[str, int | None], other: Mapping[str, int | None]) -> dict[str, int | None]:
    found = dict(one)
    for name, copies in other.items():
        known = found.get(name, 0)
        found[name] = None if copies is None or known is None else max(copies, known)
    return found


def _sum(system: Mapping[str, int | None]) -> int:
    """How many containers run; of a service whose number a variable decides, one."""
    return sum(1 if copies is None else copies for copies in system.values())


def _copies(system: Mapping[str, int | None]) -> str:
    name = next((name for name, copies in system.items() if copies is None), "")
    return f"a variable decides how many of `{name}` run" if name else ""


def _elsewhere(project: Project, folders: Mapping[str, Mapping[str, Composition]]) -> str:
    """A file that a compose file includes and that is not counted; empty where there is none."""
    known = {path for found in folders.values() for path in found}
    for path, item in ((path, item) for found in folders.values() for path, item in found.items()):
        for named in item.includes:
            if posixpath.normpath(posixpath.join(posixpath.dirname(path), named)) not in known:
                return f"{path} includes {named}, which is not counted here"
    return ""


# Kubernetes


def _in_kubernetes(project: Project) -> Count | None:
    workloads: dict[tuple[str, str], int | None] = {}
    files, unread = [], []
    for path in _own(project, ".yaml", ".yml"):
        text = project.text(path)
        if len(text) > _TEXT_LIMIT_BYTES or not kubernetes.is_manifest(text):
            continue
        try:
            found = kubernetes.workloads(text)
        except ValueError as error:
            unread.append(f"{path} {error}")
            continue
        files += [path] if found else []
        for item in found:
            known = workloads.get((item.kind, item.name), 0)
            number = None if item.pods is None else item.containers * item.pods
            workloads[item.kind, item.name] = None if number is None or known is None else max(number, known)
    if not files and not unread:
        return None
    name = next((name for (_, name), number in workloads.items() if number is None), "")
    doubt = next(iter(unread), "") or (f"how many pods of `{name}` run is not said" if name else "")
    number = sum(1 if item is None else item for item in workloads.values())
    source = f"{listed(files)} {'name' if len(files) > 1 else 'names'} {counted(number, 'container')}" if files else unread[0]
    return Count(number, None if doubt else number, source, tuple(files), doubt)


# Dockerfiles alone


def _built(project: Project) -> Count:
    files = tuple(path for path in _own(project, "") if dockerfile.is_name(posixpath.basename(path)))
    if not files:
        return Count(0, 0, "no file names a container")
    doubt = f"nothing says which of {listed(files)} run together" if len(files) > 1 else ""
    return Count(1, len(files), f"{listed(files)}, each built into one container", files, doubt)
