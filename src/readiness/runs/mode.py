"""`mode`: how far a project says it goes, until when, and what that asks for, as far as it can be seen.

A mode is a way of skipping the sequence on purpose. What it asks for is shown with how it is known, and what this version
does not look at is said to be unknown, never taken for given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.items import Table

from readiness.config import manifest as manifests
from readiness.config.manifest import NAME, Manifest
from readiness.errors import UsageError
from readiness.formats import compose
from readiness.layers import catalog
from readiness.sequence.finding import Outcome
from readiness.sequence.mode import Declaration, Mode
from readiness.sequence.waiver import WARN_AHEAD
from readiness.world import files
from readiness.world import project as projects
from readiness.world.project import Project

FEW: Final = 5
"""How many containers are few. Our own choice: a system of more is none to throw away."""
_COMPOSE: Final = re.compile(r"(?:.*/)?(?:docker-)?compose[\w.-]*\.ya?ml")


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing a mode asks for: what is known of it, and how. `unknown` where this version does not look at it."""

    what: str
    outcome: Outcome
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A mode with its conditions; `warning` says that it ends soon, or has ended."""

    declared: Declaration
    conditions: tuple[Condition, ...]
    warning: str = ""
    expired: bool = False


def show(root: Path, today: date) -> Shown:
    """The mode of a project. Raises InputError where its manifest is not valid."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    mode = manifest.mode
    warning = ""
    if mode.expired(today):
        warning = f"{mode.mode} mode ended {mode.until}: `check` fails until the project is retired or taken to production"
    elif mode.until is not None and mode.until - today <= WARN_AHEAD:
        warning = f"{mode.mode} mode ends {mode.until}, in {(mode.until - today).days} days"
    return Shown(mode, _conditions(project, manifest, today), warning, mode.expired(today))


def change(root: Path, wanted: Declaration, today: date) -> Shown:
    """Writes a mode into the manifest, whose comments stay. Raises UsageError or InputError where it cannot be one."""
    manifests.load(root)
    path = root / NAME
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.is_file() else tomlkit.document()
    _set(document, wanted, today)
    text = tomlkit.dumps(document)
    manifests.parse(text)  # what we write must be what we read
    files.write_whole(path, text.encode())
    return show(root, today)


def _set(document: tomlkit.TOMLDocument, wanted: Declaration, today: date) -> None:
    if wanted.mode is Mode.PRODUCTION:
        if wanted.until or wanted.reason or wanted.owner:
            raise UsageError("production has no end, no reason and no owner of its own", "leave out --until, --reason and --owner")
    else:
        _refuse(wanted, today)
    table: Any = document.get("project")
    if table is None:
        table = tomlkit.table()
        document["project"] = table
    if not isinstance(table, Table):
        raise UsageError(f"{NAME} holds [project] in one line", "write it as a table of its own: [project]")
    table["mode"] = wanted.mode.value
    for name, value in (("until", wanted.until), ("reason", wanted.reason), ("owner", wanted.owner)):
        if value:
            table[name] = value
        elif name in table:
            del table[name]


def _refuse(wanted: Declaration, today: date) -> None:
    missing = [f"--{name}" for name in ("until", "reason", "owner") if not getattr(wanted, name)]
    if missing:
        raise UsageError(f"{wanted.mode} mode needs {', '.join(missing)}", "skipping on purpose has an end, a reason and an owner")
    if wanted.expired(today):
        raise UsageError(f"{wanted.until} has passed", "name a day that is still to come with --until")


def _conditions(project: Project, manifest: Manifest, today: date) -> tuple[Condition, ...]:
    mode = manifest.mode
    if mode.mode is Mode.PRODUCTION:
        return (Condition("all five layers", Outcome.UNKNOWN, "`readiness check` judges them"),)
    fails = mode.until is None or mode.expired(today)
    end = Condition(_END[mode.mode], Outcome.FAILS if fails else Outcome.HOLDS, f"{mode.until}, for {mode.owner}: {mode.reason} (declared)")
    return (*_OF[mode.mode](project), *_checked(mode.mode), end)


_END: Final = {Mode.RESEARCH: "an end", Mode.PROTOTYPE: "a day it is thrown away", Mode.CRISIS: "a day it is retired or rebuilt"}


def _research(project: Project) -> tuple[Condition, ...]:
    return (Condition("never deployed", Outcome.UNKNOWN, "this version does not see what is deployed"),)


def _prototype(project: Project) -> tuple[Condition, ...]:
    return (_few(project), Condition("no sensitive data", Outcome.UNKNOWN, "this version does not look at the data a prototype reads"))


def _crisis(project: Project) -> tuple[Condition, ...]:
    return (
        Condition("isolated", Outcome.UNKNOWN, "this version does not see shared roles, networks, volumes and secrets"),
        Condition("watched", Outcome.UNKNOWN, "this version does not see whether anybody watches it"),
    )


_OF: Final = {Mode.RESEARCH: _research, Mode.PROTOTYPE: _prototype, Mode.CRISIS: _crisis}


def _checked(mode: Mode) -> tuple[Condition, ...]:
    """The checks that this mode requires, which `check` judges."""
    found = [spec for spec in catalog.specs() if mode in spec.modes]
    if not found:
        return (
            Condition("checks of its own", Outcome.UNKNOWN, f"this version has no check for {mode} mode, so `check` proves nothing of it"),
        )
    return tuple(Condition(spec.title, Outcome.UNKNOWN, f"`readiness check --only {spec.id}` judges it") for spec in found)


def _few(project: Project) -> Condition:
    """Whether the containers that compose files name are few."""
    what = "few containers"
    paths = sorted(path for path in project.paths if _COMPOSE.fullmatch(path))
    if not paths:
        return Condition(what, Outcome.UNKNOWN, "no compose file says how many containers it has")
    try:
        counts = {path: len(compose.parse(project.text(path))) for path in paths}
    except ValueError as error:
        return Condition(what, Outcome.UNKNOWN, f"a compose file cannot be read: {error}")
    path, most = max(counts.items(), key=lambda item: item[1])
    text = f"{path} names {most}, {FEW} at most are few (observed)"
    return Condition(what, Outcome.HOLDS if most <= FEW else Outcome.FAILS, text)
