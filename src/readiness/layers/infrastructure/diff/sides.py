"""The two things that are compared: what each knows of files, their contents and the environment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from readiness.formats import globs
from readiness.layers.infrastructure import factors, locked, recorded
from readiness.layers.infrastructure.evidence import Factor, FileState, Run, Shape, Snapshot
from readiness.sequence.evidence import Digest
from readiness.world import blobs, files
from readiness.world.project import SAID

PARTS: Final = {
    "packages": "installed packages", "locked": "locked versions", "interpreter": "interpreter", "images": "container images",
    "resources": "terraform resources", "blas": "BLAS", "cpu": "processor", "system": "operating system",
    "system_packages": "packages of the operating system", "variables": "environment variables",
}  # fmt: skip
"""The parts of an environment, the most consequential first, and how people call them."""

Read = Callable[[Sequence[str]], dict[str, bytes]]


@dataclass(frozen=True)
class Side:
    """One side. `files` maps paths to their state; `without` names factors whose files are not known, and why.

    `read` gives the contents of paths, as far as they can be had; `shape` the shape of a table.
    """

    name: str
    files: Mapping[str, FileState] = field(default_factory=dict)
    read: Read = lambda paths: {}
    shape: Callable[[str], Shape | None] = lambda path: None
    snapshot: Snapshot = field(default_factory=Snapshot)
    run: Run | None = None
    without: Mapping[Factor, str] = field(default_factory=dict)


def without_environment(why: str, *seen: str) -> dict[str, str]:
    """What `absent` of a snapshot says where only these parts were seen."""
    return {part: why for part in PARTS if part not in seen}


def of_run(root: Path, run: Run, name: str) -> Side:
    """A recorded run. Texts are read from the commit it was made on, or from what was kept beside it."""

    def read(paths: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        rest = []
        for path in paths:
            state = run.files.get(path)
            if state is None or not state.kept:
                continue
            place = recorded.object_path(root, state.digest)
            try:
                found[path] = place.read_bytes()
            except OSError:  # it lies in the commit, or is gone
                rest.append(path)
        if run.commit:
            names = [f"{run.commit}:./{path}" for path in rest]
            found |= {path: data for path, data in zip(rest, blobs.read(root, names), strict=True) if data is not None}
        return {path: data for path, data in found.items() if _digest(data) == run.files[path].digest}

    return Side(name, run.files, read, lambda path: run.files[path].shape, run.snapshot, run)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def of_commit(root: Path, commit: str, name: str, *, hashed: bool) -> Side:
    """A commit. Its files have git's own digests, or SHA-256 where they are to be compared with something else."""
    held = {blob.path: blob for blob in blobs.tree(root, commit) if not SAID.fullmatch(blob.path)}

    def read(paths: Sequence[str]) -> dict[str, bytes]:
        known = [path for path in paths if path in held and held[path].size_bytes >= 0]
        found = blobs.read(root, [held[path].name for path in known])
        return {path: data for path, data in zip(known, found, strict=True) if data is not None}

    states = {path: FileState(Digest(f"git:{blob.name}"), blob.mode, blob.size_bytes, kept=True) for path, blob in held.items()}
    if hashed:
        names = [blob.name for blob in held.values()]
        for path, data in zip(held, blobs.read(root, names), strict=True):
            states[path] = replace(states[path], digest=Digest(_digest(data) if data is not None else ""))
    side = Side(name, states, read, lambda path: _shape_of_bytes(path, read([path])))
    return replace(side, snapshot=_locked_only(side, "a commit holds no environment"))


def _shape_of_bytes(path: str, data: Mapping[str, bytes]) -> Shape | None:
    import tempfile

    from readiness.layers.infrastructure import render_shapes

    if path not in data or not render_shapes.is_table(path, len(data[path])):
        return None
    with tempfile.NamedTemporaryFile(suffix=path[path.rfind(".") :].lower()) as file:
        file.write(data[path])
        file.flush()
        return render_shapes.shape_of(Path(file.name))


def of_folder(root: Path, states: Mapping[str, FileState], snapshot: Snapshot, name: str) -> Side:
    """A folder as it is now, its files hashed already."""

    def read(paths: Sequence[str]) -> dict[str, bytes]:
        found = {}
        for path in paths:
            try:
                if path in states and states[path].mode != "120000":
                    found[path] = (root / path).read_bytes()
            except OSError:
                continue
        return found

    def shape(path: str) -> Shape | None:
        from readiness.layers.infrastructure import render_shapes

        known = render_shapes.is_table(path, states[path].size_bytes) and states[path].mode != "120000"
        return render_shapes.shape_of(root / path) if known else None

    return Side(name, states, read, shape, snapshot)


def of_entries(root: Path, entries: Sequence[files.Entry], name: str) -> Side:
    """The files of a project in a folder, without an environment. A file that cannot be read has no digest."""

    def state(entry: files.Entry) -> FileState:
        try:
            size = (root / entry.path).lstat().st_size
            return FileState(Digest(f"sha256:{files.digest_of(root, entry)}"), entry.mode, size, kept=True)
        except OSError:
            return FileState(Digest(""), entry.mode, 0)

    side = of_folder(root, {entry.path: state(entry) for entry in entries}, Snapshot(), name)
    return replace(side, snapshot=_locked_only(side, "only files were compared"))


def _locked_only(side: Side, why: str) -> Snapshot:
    """A snapshot of nothing but what the lock files pin."""
    texts = {path: data.decode("utf-8", "replace") for path, data in side.read(locked.files_of(side.files)).items()}
    pins, trouble = locked.pinned(texts)
    absent = without_environment(why, "locked")
    if not texts or trouble:
        absent["locked"] = "; ".join(trouble) or locked.NONE
    return Snapshot(locked=pins, absent=absent)


def of_snapshot(snapshot: Snapshot, name: str) -> Side:
    """A snapshot file: an environment without a project."""
    why = "a snapshot holds no files of a project"
    return Side(name, snapshot=snapshot, without=dict.fromkeys(Factor, why))


def besides(side: Side, patterns: Sequence[str]) -> Side:
    """The side without the outputs these globs name, which are no factor of what comes out."""
    found = [globs.pattern(pattern) for pattern in patterns]
    kept = {path: state for path, state in side.files.items() if not any(item.fullmatch(path) for item in found)}
    return replace(side, files=kept)


def parted(side: Side, declared: Mapping[str, tuple[str, ...]]) -> dict[str, Factor]:
    """The factor of every file of a side."""
    return {path: factors.factor_of(path, declared) for path in side.files}
