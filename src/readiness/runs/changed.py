"""What changed between the POC and now, by factor, the most consequential first.

The POC is the commit of the newest tag `poc*`; else the last commit in another mode than production; else the last
commit whose state was judged before, by a verdict here that is believed. The project of that commit is compared with
today's as `readiness diff` compares them: by factor and by meaning.
"""

from __future__ import annotations

import re
import tempfile
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from readiness.config import manifest as manifests
from readiness.config.manifest import NAME, Manifest
from readiness.errors import InputError
from readiness.formats import intoto
from readiness.layers.infrastructure import source
from readiness.layers.infrastructure.diff import sides
from readiness.layers.infrastructure.diff.change import ORDER, Change
from readiness.layers.infrastructure.diff.compare import compare
from readiness.layers.infrastructure.evidence import Factor as Kind
from readiness.runs import evidence as store
from readiness.sequence.mode import Mode
from readiness.world import git, revisions
from readiness.world import project as projects
from readiness.world.project import Project

NO_POC: Final = "nothing marks the commit of the POC"
MARK_IT: Final = "git tag poc COMMIT"
CONTEXT: Final = "observability.decisions-carry-context"

_CODE: Final = re.compile(r"\.(?:py|ipynb|sql|js|ts|jsx|tsx|sh|java|go|rs|r|scala|html|jinja2?|j2)$")
"""How files of code end; what else has no factor of its own is told nobody."""


@dataclass(frozen=True, slots=True)
class Poc:
    """The commit that is compared with, by what it was recognised, and when it was made (UTC)."""

    commit: str
    known_by: str
    made: datetime | None


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor with a line for each change in it."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed since the POC; without one `missing` says why, and `command` how to mark it."""

    poc: Poc | None
    factors: tuple[Factor, ...] = ()
    missing: str = ""
    command: str = ""

    @property
    def summary(self) -> str:
        """All of it in a line."""
        told = [f"{len(factor.lines)} in {factor.name}" for factor in self.factors if factor.lines]
        return ", ".join(told) or "nothing"


def changed(project: Project, manifest: Manifest) -> Changed:
    """Compares the project with its POC."""
    if not project.vcs or not project.commit:
        return Changed(None, missing="there is no git history to find the POC in", command="git init")
    poc = find_poc(project, manifest)
    if poc is None:
        return Changed(None, missing=NO_POC, command=MARK_IT)
    with tempfile.TemporaryDirectory(prefix="readiness-poc-") as folder:
        base = Path(folder) / project.toplevel.name
        git.extract(project.toplevel, poc.commit, base)
        root = base / project.folder
        root.mkdir(parents=True, exist_ok=True)
        origin = projects.Origin(project.home, project.id, poc.made, project.toplevel, poc.commit)
        old = projects.load(root, project.id, origin)
        return Changed(poc, _factors(old, project, manifest, poc))


def find_poc(project: Project, manifest: Manifest) -> Poc | None:
    """The commit of the POC; None where nothing marks it."""
    found = _by_tag(project) or _by_mode(project, manifest) or _by_verdict(project, manifest)
    return Poc(found[0], found[1], revisions.made(project.toplevel, found[0])) if found else None


def _by_tag(project: Project) -> tuple[str, str] | None:
    found = revisions.tagged(project.toplevel, "poc*")
    return (found[1], f"tag {found[0]}") if found else None


def _by_mode(project: Project, manifest: Manifest) -> tuple[str, str] | None:
    if manifest.mode.mode is not Mode.PRODUCTION:
        return None  # it is the POC itself
    newer = ""
    for commit in revisions.touching(project.root, NAME):
        mode = _mode(revisions.held(project.root, commit, NAME))
        if mode not in ("", Mode.PRODUCTION):
            last = revisions.parent(project.toplevel, newer) if newer else project.commit
            return last or commit, f"last commit in {mode} mode"
        newer = commit
    return None


def _mode(text: str) -> str:
    table = _toml(text).get("project")
    mode = table.get("mode") if isinstance(table, dict) else None
    return mode if isinstance(mode, str) and mode in list(Mode) else ""


def _by_verdict(project: Project, manifest: Manifest) -> tuple[str, str] | None:
    trusted = store.trusted_keys(manifest)
    for path in store.verdicts_listed(project.home):
        found = store.read_verdict(path, trusted)
        if found.refused or found.tree == project.tree:
            continue
        named = re.fullmatch(r"git\+[^@]*@([0-9a-f]{40,64})", _resource(path))
        if named and named[1] != project.commit and revisions.known(project.toplevel, named[1]):
            return named[1], "last state that was judged before"
    return None


def _resource(path: Path) -> str:
    body = intoto.read_statement(intoto.open_envelope(path.read_bytes()).payload, intoto.VSA)
    return str(body["predicate"].get("resourceUri", ""))


def _factors(old: Project, new: Project, manifest: Manifest, poc: Poc) -> tuple[Factor, ...]:
    try:
        before = manifests.load(old.root)
    except InputError:
        before = Manifest()  # the manifest of another version, or a broken one: its keys are compared below all the same
    then, now = (sides.of_entries(project.root, project.entries, name) for project, name in ((old, "the POC"), (new, "now")))
    found = compare(then, now, manifest.infrastructure.factors)
    told = {factor: tuple(change.text for change in found.of(factor) if _counts(factor, change)) for factor in ORDER}
    told[Kind.MODEL] = (*_model(old, new, before, manifest), *told[Kind.MODEL])
    told[Kind.CONFIGURATION] = (*_variables(old, new), *told[Kind.CONFIGURATION])
    return tuple(Factor(factor.value, lines) for factor, lines in told.items())


def _counts(factor: Kind, change: Change) -> bool:
    """Whether a change is one of the system: what is written about it lies among its code and is none of it."""
    return factor is not Kind.CODE or _CODE.search(change.place.lower()) is not None or change.place in ("moved", "SQL schema")


def _model(old: Project, new: Project, before: Manifest, manifest: Manifest) -> tuple[str, ...]:
    """What the evidence says the decisions were made with, where it says something about both."""
    then, now = (_seen_model(project, known) for project, known in ((old, before), (new, manifest)))
    return (f"decisions: {then} → {now}",) if then and now and then != now else ()


def _seen_model(project: Project, manifest: Manifest) -> str:
    trusted = store.trusted_keys(manifest)
    for path in store.listed(project.home):
        if path.parent.name == CONTEXT and path.name.startswith(project.tree.removeprefix("sha256:")[:12]):
            found = store.read(path, trusted, None).evidence
            if found is not None and found.tree == project.tree:
                return found.finding.observed
    return ""


def _variables(old: Project, new: Project) -> tuple[str, ...]:
    then, now = ({asked.name for asked in source.variables(project)} for project in (old, new))
    come = (f"variable {name} is read" for name in sorted(now - then))
    return (*come, *(f"variable {name} is no longer read" for name in sorted(then - now)))


def _toml(text: str) -> dict[str, object]:
    try:
        return dict(tomllib.loads(text))
    except (ValueError, RecursionError):
        return {}
