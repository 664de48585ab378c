"""What changed between the POC and now, by factor, the most consequential first.

The POC is the commit of the newest tag `poc*`; else the last commit in another mode than production; else the last
commit whose state was judged before, by a verdict here that is believed. The project of that commit is read with the
same parsers as today's, so that a version, a setting or an image is named as it was and as it is.
"""

from __future__ import annotations

import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from readiness.config import manifest as manifests
from readiness.config.manifest import NAME, Manifest
from readiness.errors import InputError
from readiness.formats import compose, dockerfile, intoto, locks, requirements
from readiness.layers.infrastructure import source
from readiness.runs import evidence as store
from readiness.sequence.mode import Mode
from readiness.world import files, git, revisions
from readiness.world import project as projects
from readiness.world.project import Project

NO_POC: Final = "nothing marks the commit of the POC"
MARK_IT: Final = "git tag poc COMMIT"
CONTEXT: Final = "observability.decisions-carry-context"

_KINDS: Final = (
    ("model and prompts", r"(?:^|/)prompts?(?:/|[._-])|[._-]prompts?\.|\.(?:onnx|pt|pth|safetensors|gguf|pkl|joblib|h5|tflite)$"),
    ("data", r"\.odcs\.ya?ml$|\.(?:csv|tsv|parquet|jsonl|ndjson|xlsx?|arrow|feather|avro|sqlite|db)$|(?:^|/)data/.*\.(?:json|txt)$"),
    ("code", r"\.(?:py|ipynb|sql|js|ts|jsx|tsx|sh|java|go|rs|r|scala|html|jinja2?|j2)$"),
)
"""The factors whose changes are told by file, with the names of their files."""


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
    by_file = _by_file(old, new, poc)
    try:
        before = manifests.load(old.root)
    except InputError:
        before = Manifest()  # the manifest of another version, or a broken one: its keys are compared below all the same
    return (
        Factor("model and prompts", (*_model(old, new, before, manifest), *by_file["model and prompts"])),
        Factor("data", by_file["data"]),
        Factor("dependencies", _moved(_dependencies(old), _dependencies(new))),
        Factor("configuration", (*_variables(old, new), *_moved(_keys(old), _keys(new)))),
        Factor("infrastructure", _moved(_images(old), _images(new))),
        Factor("code", by_file["code"]),
    )


def _by_file(old: Project, new: Project, poc: Poc) -> dict[str, tuple[str, ...]]:
    counted = revisions.lines_changed(new.root, poc.commit)
    then, now = ({entry.path: files.digest_of(project.root, entry) for entry in project.entries} for project in (old, new))
    found: dict[str, list[str]] = {name: [] for name, _ in _KINDS}
    for path in sorted({*then, *now}):
        kind = next((name for name, pattern in _KINDS if re.search(pattern, path.lower())), "")
        if kind and then.get(path) != now.get(path):
            how = "added" if path not in then else "removed" if path not in now else "changed"
            added, removed = counted.get(path, (0, 0))
            size = f", +{added} -{removed} lines" if kind == "code" and how == "changed" and (added or removed) else ""
            found[kind].append(f"{path} {how}{size}")
    return {name: tuple(lines) for name, lines in found.items()}


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


def _dependencies(project: Project) -> dict[str, str]:
    """What is installed as far as files say it: the first lock that can be read, else every requirement file."""
    for kind in locks.READ:
        if kind in project.paths:
            try:
                return {name: ", ".join(sorted(versions)) for name, versions in locks.pinned(kind, project.text(kind)).items()}
            except ValueError:
                continue
    found: dict[str, str] = {}
    for path in sorted(project.paths):
        if re.fullmatch(r"(?:[\w.-]+/)?requirements[\w.-]*\.txt|requirements/[\w.-]+\.txt", path):
            found |= {line.name: line.version or "any" for line in requirements.parse(project.text(path)).lines}
    return found or _declared(project)


def _declared(project: Project) -> dict[str, str]:
    table = _toml(project.text("pyproject.toml")).get("project")
    named = table.get("dependencies") if isinstance(table, dict) else None
    text = "\n".join(item for item in named if isinstance(item, str)) if isinstance(named, list) else ""
    return {line.name: line.text for line in requirements.parse(text).lines}


def _variables(old: Project, new: Project) -> tuple[str, ...]:
    then, now = ({asked.name for asked in source.variables(project)} for project in (old, new))
    come = (f"variable {name} is read" for name in sorted(now - then))
    return (*come, *(f"variable {name} is no longer read" for name in sorted(then - now)))


def _keys(project: Project) -> dict[str, str]:
    return {f"{NAME} {name}": text for name, text in _flat(_toml(project.text(NAME)))}


def _flat(table: Mapping[str, object], at: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{at}{name}.")
        elif name != "waiver":  # told where risks are told
            found.append((f"{at}{name}", str(value)))
    return found


def _images(project: Project) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(project.paths):
        name = path.rpartition("/")[2].lower()
        if name == "dockerfile" or name.startswith("dockerfile.") or name.endswith(".dockerfile"):
            found |= {
                f"{path} image {index}": image.reference for index, image in enumerate(dockerfile.parse(project.text(path)).images, 1)
            }
        elif re.fullmatch(r"(?:docker-)?compose[\w.-]*\.ya?ml", name):
            found |= _services(project, path)
        elif name.endswith(".tf") or name == ".python-version":
            found[path] = files.digest_of(project.root, next(entry for entry in project.entries if entry.path == path))[:12]
    return found


def _services(project: Project, path: str) -> dict[str, str]:
    try:
        return {f"{path} {service.name}": service.image or "built here" for service in compose.parse(project.text(path))}
    except ValueError:
        return {}


def _moved(then: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """A line for every name whose value differs: old → new."""
    names = sorted(name for name in {*then, *now} if then.get(name) != now.get(name))
    return tuple(f"{name} {_short(then.get(name))} → {_short(now.get(name))}" for name in names)


def _short(value: str | None) -> str:
    return "none" if value is None else value if len(value) <= 60 else f"{value[:59]}…"


def _toml(text: str) -> dict[str, object]:
    try:
        return dict(tomllib.loads(text))
    except (ValueError, RecursionError):
        return {}
