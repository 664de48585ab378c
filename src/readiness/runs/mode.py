"""`mode`: how far a project says it goes, until when, and what that asks for, as far as it can be seen.

A mode is a way of skipping the sequence on purpose. What it asks for is shown as evidence has it: what was not judged, or
what this version does not look at, is said to be unknown, never taken for given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.items import Table

from readiness.config import manifest as manifests
from readiness.config.manifest import NAME, Manifest
from readiness.errors import UsageError
from readiness.layers import catalog
from readiness.runs import evidence as store
from readiness.runs import waive
from readiness.sequence import verdict as kernel
from readiness.sequence.finding import Outcome
from readiness.sequence.mode import Declaration, Mode
from readiness.sequence.verdict import Case, CheckResult
from readiness.sequence.waiver import WARN_AHEAD
from readiness.world import files
from readiness.world import project as projects
from readiness.world.project import Project


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing a mode asks for: what is known of it, and how. `unknown` where nothing was judged yet, or nothing looks at it."""

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


def show(root: Path, today: date, now: datetime | None = None) -> Shown:
    """The mode of a project, with evidence as it counts at `now`. Raises InputError where its manifest is not valid."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    mode = manifest.mode
    warning = ""
    if mode.expired(today):
        warning = f"{mode.mode} mode ended {mode.until}: `check` fails until the project is retired or taken to production"
    elif mode.until is not None and mode.until - today <= WARN_AHEAD:
        warning = f"{mode.mode} mode ends {mode.until}, in {(mode.until - today).days} days"
    return Shown(mode, _conditions(project, manifest, today, now or datetime.now(UTC)), warning, mode.expired(today))


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


def _conditions(project: Project, manifest: Manifest, today: date, now: datetime) -> tuple[Condition, ...]:
    mode = manifest.mode
    if mode.mode is Mode.PRODUCTION:
        return (Condition("all five layers", Outcome.UNKNOWN, "`readiness check` judges them"),)
    fails = mode.until is None or mode.expired(today)
    end = Condition(ENDS[mode.mode], Outcome.FAILS if fails else Outcome.HOLDS, f"{mode.until}, for {mode.owner}: {mode.reason} (declared)")
    unseen = (
        (Condition("never deployed", Outcome.UNKNOWN, "this version does not see what is deployed"),) if mode.mode is Mode.RESEARCH else ()
    )
    return (*unseen, *(condition(item) for item in judged(project, manifest, now)), end)


ENDS: Final = {Mode.RESEARCH: "an end", Mode.PROTOTYPE: "a day it is thrown away", Mode.CRISIS: "a day it is retired or rebuilt"}
ASKED_AS: Final = {"observability.traces-complete": "watched", "measurement.kill-switch-works": "can be stopped"}
"""What a mode calls a check that production asks for, too."""


def judged(project: Project, manifest: Manifest, now: datetime) -> list[CheckResult]:
    """The checks a mode requires with what evidence says of them today; nothing is executed for it."""
    kept, _ = store.collect(project, manifest, now)
    case = Case(catalog.specs(), kept, project.tree, now, manifest.mode, manifest.stakes, waive.verified(project, manifest))
    return [item for layer in kernel.judge(case).layers for item in layer.checks if item.required]


def condition(result: CheckResult) -> Condition:
    """A check that a mode requires, as a condition of it."""
    finding, spec = result.finding, result.spec
    what = ASKED_AS.get(spec.id, spec.title)
    if result.evidence is None:
        return Condition(what, Outcome.UNKNOWN, f"not judged yet: `readiness check --only {spec.id}`")
    return Condition(what, finding.outcome, f"{finding.observed or finding.reason} ({finding.basis})")
