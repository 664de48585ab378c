"""`diff`: what changed between two states of a project: runs, snapshots, commits, folders, bills of materials, the present."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from readiness.config import manifest as manifests
from readiness.config.manifest import Manifest
from readiness.errors import InputError, UsageError
from readiness.layers.infrastructure import recorded
from readiness.layers.infrastructure.diff import sides
from readiness.layers.infrastructure.diff.change import Difference
from readiness.layers.infrastructure.diff.compare import compare
from readiness.layers.infrastructure.diff.sides import Side
from readiness.layers.infrastructure.evidence import FileState, Run, Snapshot
from readiness.sequence.evidence import Digest
from readiness.world import git
from readiness.world import project as projects

PRESENT: Final = (".", "now")
"""How the present state of the project and its environment is called."""
_LARGEST_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Named:
    """What an argument stands for: `kind` is run, commit, folder, now, snapshot or bom; `detail` tells more of it."""

    given: str
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Compared:
    """The two sides of a project as they were named, and their difference."""

    project: str
    one: Named
    two: Named
    difference: Difference


def diff(root: Path, one: str, two: str) -> Compared:
    """Compares A with B. Raises UsageError where one of them names nothing, or several things."""
    project, declared, patterns = _declared(root)
    named = [_named(root, text) for text in (one, two)]
    hashed = [item.kind for item, _ in named] != ["commit", "commit"]
    command = next((what.command for _, what in named if isinstance(what, Run)), ())
    found = [_side(root, item, what, command, hashed=hashed) for item, what in named]
    written = [path for side in found if side.run is not None for path in side.run.outputs]
    first, second = (sides.besides(side, [*patterns, *written]) for side in found)
    return Compared(project, named[0][0], named[1][0], compare(first, second, declared))


def _declared(root: Path) -> tuple[str, dict[str, tuple[str, ...]], tuple[str, ...]]:
    """The project's id, its declared factors, and globs of its outputs. A manifest that is broken hides no difference."""
    try:
        manifest = manifests.load(root)
    except InputError:
        manifest = Manifest()
    demo = manifest.demo
    outputs = (*demo.outputs, *([demo.metrics] if demo.metrics else [])) if demo else ()
    project = manifest.project_id or projects.slug(root.name)
    return project, dict(manifest.infrastructure.factors), tuple(name.removeprefix("./") for name in outputs)


def _named(root: Path, text: str) -> tuple[Named, object]:
    """What an argument names, with what was found for it."""
    if text in PRESENT:
        return Named(text, "now", "the present environment"), None
    path = Path(text)
    meant = text.startswith(("./", "../", "/", "~")) or text.endswith("/")
    readings: list[tuple[Named, object]] = []
    if os.path.lexists(path.expanduser()):
        readings.append(_path(text, path.expanduser()))
    if not meant and recorded.is_prefix(text) and (recorded.looks_like(text) or recorded.matching(root, text)):
        run = recorded.find(root, text)
        readings.append((Named(text, "run", _of_run(run)), run))
    if not meant and not recorded.looks_like(text) and (commit := _commit(root, text)):
        readings.append((Named(text, "commit", commit[:12]), commit))
    if not readings:
        hint = "give a run (`readiness run list`), a commit, branch or tag, a folder, a snapshot or CycloneDX file, or `now`"
        raise UsageError(f"`{text}` names nothing that can be compared", hint)
    if len(readings) > 1:
        kinds = " and ".join(f"a {item.kind}" for item, _ in readings)
        raise UsageError(f"`{text}` names {kinds}", f"write ./{text} for the path, refs/heads/{text} for a branch, r-… for a run")
    return readings[0]


def _commit(root: Path, text: str) -> str:
    if not text or text.startswith("-"):
        return ""
    found = git.ask(root, "rev-parse", "--verify", "-q", "--end-of-options", f"{text}^{{commit}}")
    return found.decode().strip() if found else ""


def _of_run(run: Run) -> str:
    return f"{run.started:%Y-%m-%d %H:%M}{f', commit {run.commit[:7]}' if run.commit else ''}{' with changes' if run.dirty else ''}"


def _path(text: str, path: Path) -> tuple[Named, object]:
    if path.is_dir():
        return Named(text, "folder", "as it is now"), path
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise UsageError(f"{text} is too large to be a snapshot or a bill of materials")
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{text} cannot be read: {error.strerror}", "make it readable") from None
    from readiness.layers.infrastructure import snapshot

    try:
        if b'"bomFormat"' in data:
            from readiness.layers.infrastructure import bom

            return Named(text, "bom", "CycloneDX, components only"), bom.read(data)
        return Named(text, "snapshot", "a snapshot"), snapshot.read(data)
    except ValueError as error:
        hint = "`readiness run show ID --format snapshot` writes a snapshot; CycloneDX is read as JSON"
        raise UsageError(f"{text} is neither a snapshot nor a CycloneDX file: {error}", hint) from None


def _side(root: Path, named: Named, what: object, command: tuple[str, ...], *, hashed: bool) -> Side:
    if isinstance(what, Run):
        return sides.of_run(root, what, named.given)
    if isinstance(what, Snapshot):
        return sides.of_snapshot(what, named.given)
    if isinstance(what, str):
        return sides.of_commit(root, what, named.given, hashed=hashed)
    if isinstance(what, Side):
        return replace(what, name=named.given)
    if isinstance(what, Path):
        return _present(what, named.given, (), other=True)
    return _present(root, named.given, command, other=False)


def _present(root: Path, name: str, command: tuple[str, ...], *, other: bool) -> Side:
    """A folder and the environment `command` would run in there; of another checkout, the environment that lies in it."""
    from readiness.layers.infrastructure import surroundings
    from readiness.world import checkout
    from readiness.world.digests import Digests, spread

    root = root.resolve()
    memory = Digests.of_project(root)
    found = checkout.look(root)

    def digest(path: str) -> Digest:
        try:
            return Digest(f"sha256:{memory.of(f'{root}/{path}')}")
        except OSError:
            return Digest("")

    links = {entry.path for entry in found.entries if entry.mode == "120000"}
    plain = [entry.path for entry in found.entries if entry.path not in links]
    digests = dict(zip(plain, spread(digest, plain), strict=True)) | {path: _link(root / path) for path in links}
    states = {entry.path: FileState(digests[entry.path], entry.mode, found.seen[entry.path][0], kept=True) for entry in found.entries}
    python = next((path for path in (root / ".venv/bin/python", root / ".venv/Scripts/python.exe") if path.exists()), None)
    snapshot = surroundings.take(root, states, {} if other else os.environ, memory, command, python=python if other else None)
    if other:
        snapshot = _without_ours(snapshot, has_own=python is not None)
    if (root / ".readiness").is_dir():
        memory.save()
    return sides.of_folder(root, states, snapshot, name)


def _link(path: Path) -> Digest:
    import hashlib

    try:
        return Digest(f"sha256:{hashlib.sha256(os.fsencode(path.readlink())).hexdigest()}")
    except OSError:
        return Digest("")


def _without_ours(snapshot: Snapshot, *, has_own: bool) -> Snapshot:
    """The snapshot of another folder, without what belongs to the shell we run in."""
    absent = {**snapshot.absent, "variables": "variables belong to a shell, not to a folder"}
    if not has_own:
        absent |= dict.fromkeys(("packages", "interpreter", "blas"), "the folder has no environment of its own (.venv)")
        snapshot = replace(snapshot, packages={}, altered=(), verified_files=0, interpreter={}, blas={})
    return replace(snapshot, variables={}, absent=absent)
