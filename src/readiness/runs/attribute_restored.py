"""The files of a recorded run, written out again: from its commit, from what was kept beside it, or from a file still the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from readiness.errors import UsageError
from readiness.layers.infrastructure.diff import sides
from readiness.layers.infrastructure.evidence import FileState, Run
from readiness.world import beneath, blobs

_BATCH_BYTES: Final = 64 << 20
"""How much is held in memory at a time."""
_SHOWN: Final = 5


def restore(root: Path, run: Run, text: str, target: Path) -> None:
    """Writes the files a run of the project in `root` rested on below `target`.

    Raises UsageError, which names each file whose content is nowhere to be had, and says why.
    """
    target.mkdir(parents=True, exist_ok=True)
    side = sides.of_run(root, run, text)
    missing = []
    for paths in _batches(run):
        found = side.read(paths)
        found |= _committed(root, run, [path for path in paths if path not in found])
        for path in paths:
            data = found[path] if path in found else _still_there(root, path, run.files[path])
            if data is None:
                missing.append(path)
            else:
                _write(target, path, run.files[path].mode, data, text)
    if missing:
        lines = [f"{text}: {path} is not to be had again: {_why(run, path)}" for path in missing[:_SHOWN]]
        more = [f"{text}: and {len(missing) - _SHOWN} more"] if len(missing) > _SHOWN else []
        hint = "put them back as they were, or name a commit instead; commit what a run rests on before you record it"
        raise UsageError("\n".join(lines + more), hint)


def _batches(run: Run) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for path, state in run.files.items():
        batch.append(path)
        size += state.size_bytes
        if size > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _committed(root: Path, run: Run, paths: list[str]) -> dict[str, bytes]:
    """What the commit holds of paths that a run does not count as kept: links, whose target is no text to compare."""
    if not run.commit:
        return {}
    held = zip(paths, blobs.read(root, [f"{run.commit}:./{path}" for path in paths]), strict=True)
    return {path: data for path, data in held if data is not None and _digest(data) == run.files[path].digest}


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _still_there(root: Path, path: str, state: FileState) -> bytes | None:
    """What lies in the project now, where that has the digest that was recorded."""
    if state.mode == "120000":
        data = os.fsencode((root / path).readlink()) if (root / path).is_symlink() else None
    else:
        data = beneath.read(root, path)
    return data if data is not None and _digest(data) == state.digest else None


def _write(target: Path, path: str, mode: str, data: bytes, text: str) -> None:
    if {"", ".", ".."} & set(path.split("/")):
        raise UsageError(f"{text}: `{path}` is no path below a project", "run.json was edited: record the run again")
    try:
        if mode == "120000":
            beneath.link(target, path, os.fsdecode(data))
        else:
            beneath.write(target, path, data, 0o755 if mode == "100755" else 0o644)
    except OSError as error:
        raise UsageError(f"{text}: {path} cannot be written to a temporary folder: {error.strerror}", "free some space") from None


def _why(run: Run, path: str) -> str:
    state = run.files[path]
    if not state.digest:
        return "it could not be read, or changed, while the run was recorded"
    if not state.kept:
        return "no commit held it, it was no small text free of secrets, and it has changed since"
    return f"neither commit {run.commit[:7]} nor .readiness/objects holds it any more" if run.commit else ".readiness/objects lacks it"
