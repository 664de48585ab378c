"""The releases that a project locks, as an audit has to cover them, and the command that has them audited."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from readiness.formats import lock_needed, locks, requirements
from readiness.formats.lock_needed import Release
from readiness.sequence.finding import Location
from readiness.world.environment import Procedure
from readiness.world.project import Project

_LIST: Final = ".readiness/locked.txt"
_AUDIT: Final = ".readiness/audit.json"
_EXPORT: Final = {
    "uv.lock": f"uv export -q --frozen --all-packages --all-groups --all-extras --no-emit-workspace -o {_LIST}",
    "poetry.lock": f"poetry export -q --all-groups --all-extras -o {_LIST}",
    "Pipfile.lock": f"pipenv requirements --dev --hash > {_LIST}",
}
"""What writes a list with hashes from a lock; poetry needs its plugin `poetry-plugin-export` for that."""


@dataclass(frozen=True, slots=True)
class Locked:
    """What is locked: the `file` that says so, the releases needed `here`, those for `elsewhere`, the project's `own` names.

    `places` are the lines that name a package. `unread` says why it cannot be told; `none` that there is nothing to lock.
    """

    file: str = ""
    here: frozenset[Release] = frozenset()
    elsewhere: frozenset[Release] = frozenset()
    own: frozenset[str] = frozenset()
    places: dict[str, Location] = field(default_factory=dict)
    command: str = ""
    unread: str = ""
    none: bool = False


def locked(project: Project, procedure: Procedure) -> Locked:
    """What the lock, or the list of pinned packages, of a project's procedure holds."""
    environment = _environment(procedure)
    if procedure.lock in locks.READ:
        return _from_lock(project, procedure.lock, environment)
    lists = list(
        dict.fromkeys(path for step in procedure.steps for word in step.argv if (path := word.removeprefix("-r")) in project.paths)
    )
    lists = [path for path in lists if path.endswith((".txt", ".in", ".lock"))]
    if lists:
        return _from_lists(project, lists, environment)
    if procedure.unread or procedure.steps:
        return Locked(unread=procedure.unread or "no lock or list names the releases that are installed")
    return Locked(none=True)


def _environment(procedure: Procedure) -> dict[str, str]:
    from packaging.markers import default_environment

    found = {name: str(value) for name, value in default_environment().items()}
    if procedure.interpreters:
        chosen = procedure.interpreters[0]
        found |= {"python_version": chosen.minor, "python_full_version": str(chosen.version)}
    return found


def _from_lock(project: Project, file: str, environment: dict[str, str]) -> Locked:
    text = project.text(file)
    try:
        found = lock_needed.needed(file, text, environment)
    except ValueError as error:
        return Locked(file, unread=f"{file} {error}")
    word = r'^\s*"([\w.-]+)": \{' if file == "Pipfile.lock" else r'^name = "([\w.-]+)"'
    places: dict[str, Location] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if match := re.match(word, line):
            places.setdefault(lock_needed.release(match[1], "")[0], Location(file, number))
    command = f"{_EXPORT[file]} && {_audited(f'-r {_LIST} --disable-pip')}" if file in _EXPORT else _audited("--locked .")
    nothing = not found.here and not found.elsewhere
    return Locked(file, found.here, found.elsewhere, found.own, places, command, none=nothing)


def _from_lists(project: Project, lists: list[str], environment: dict[str, str]) -> Locked:
    here: set[Release] = set()
    elsewhere: set[Release] = set()
    places: dict[str, Location] = {}
    hashed = True
    for path, parsed in _included(project, lists):
        for line in parsed.lines:
            places.setdefault(line.name, Location(path, line.line))
            if not line.pinned:
                return Locked(path, unread=f"{path}:{line.line} does not pin {line.name}, so no audit can be of what is installed")
            (here if lock_needed.holds(line.marker, environment) else elsewhere).add(lock_needed.release(line.name, line.version))
            hashed = hashed and line.hashed
        if parsed.unread:
            return Locked(path, unread=f"{path}:{parsed.unread[0][0]} cannot be read: {parsed.unread[0][1][:60]}")
    words = " ".join(f"-r {shlex.quote(path)}" for path in lists)
    command = _audited(f"{words} --disable-pip{'' if hashed else ' --no-deps'}")
    return Locked(lists[0], frozenset(here), frozenset(elsewhere - here), frozenset(), places, command, none=not here and not elsewhere)


def _included(project: Project, lists: list[str]) -> Iterator[tuple[str, requirements.Requirements]]:
    queue, seen = list(lists), set[str]()
    while queue:
        path = queue.pop(0)
        if path not in seen:
            seen.add(path)
            parsed = requirements.parse(project.text(path))
            yield path, parsed
            queue += [posixpath.normpath(posixpath.join(posixpath.dirname(path), name)) for name in parsed.includes]


def _audited(arguments: str) -> str:
    # pip-audit ends with 1 where it finds something, which is to be added all the same
    return f"uvx pip-audit {arguments} -f json -o {_AUDIT}; readiness evidence add {_AUDIT}"


def upgrade(project: Project, file: str, fixed: dict[str, str]) -> str:
    """The command that moves some packages of a lock to releases without a fault; `fixed` maps a name to a version or nothing."""
    names = sorted(fixed)
    if file == "uv.lock":
        return "uv lock " + " ".join(f"--upgrade-package {name}" for name in names)
    if file in ("poetry.lock", "Pipfile.lock"):
        return f"{'poetry update' if file == 'poetry.lock' else 'pipenv update'} {' '.join(names)}"
    source = f"{file.rpartition('.')[0]}.in"
    if source in project.paths:
        least = [f"{name}>={fixed[name]}" if fixed[name] else name for name in names]
        asked = " ".join(f"--upgrade-package {shlex.quote(word)}" for word in least)
        hashes = " --generate-hashes" if "--hash=" in project.text(file) else ""
        return f"uv pip compile{hashes} {asked} {shlex.quote(source)} -o {shlex.quote(file)}"
    if "--hash=" not in project.text(file) and all(fixed.values()):
        changes = [rf"s/^({_spelled(name)})==[^ ;]+/\1=={fixed[name]}/I" for name in names]
        return f"sed -i -E {' '.join(f'-e {shlex.quote(change)}' for change in changes)} {shlex.quote(file)}"
    pattern = "|".join(_spelled(name) for name in names)
    return f"grep -n -i -E '^({pattern})==' {shlex.quote(file)}"


def _spelled(name: str) -> str:
    """A pattern for every spelling of a canonical name."""
    return name.replace("-", "[-_.]+")
