"""What a project's files were when a command started, hashed while it runs, and the digest of each factor.

The files are looked at (`before`) before the command starts, and read while it runs. A file that the command changed before
it was read is taken from the commit where that holds it; else it counts as not recorded, and the run says so.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from readiness.formats import canonical
from readiness.layers.infrastructure import factors as parts
from readiness.layers.infrastructure import recorded, render_shapes
from readiness.layers.infrastructure import snapshot as snapshots
from readiness.layers.infrastructure.evidence import Factor, FileState, Shape, Snapshot
from readiness.sequence.evidence import Digest
from readiness.world import blobs, checkout, digests, files
from readiness.world.checkout import Checkout
from readiness.world.digests import Digests

KEPT_BYTES: Final = 512 << 10
"""The largest text that is kept beside a run."""
_KEPT: Final = (Factor.CODE, Factor.CONFIGURATION, Factor.INFRASTRUCTURE, Factor.PROMPTS)
_MOST_SHAPES: Final = 200


@dataclass(frozen=True, slots=True)
class Before:
    """A checkout before a command starts. `outputs` are the files the command is to write: part of the tree, and no factor of
    what comes out. `declared` maps factors to globs of files, as the manifest does.
    """

    checkout: Checkout
    outputs: frozenset[str]
    declared: Mapping[str, tuple[str, ...]]


HoldsSecret = Callable[[str, str], bool]
"""Whether the text of the file at a path holds what looks like a secret, told by whoever knows secrets."""


def before(root: Path, is_output: Callable[[str], bool], declared: Mapping[str, tuple[str, ...]]) -> Before:
    """Looks at the files of a project, which takes no reading."""
    found = checkout.look(root)
    return Before(found, frozenset(entry.path for entry in found.entries if is_output(entry.path)), declared)


def states(found: Before, memory: Digests, holds_secret: HoldsSecret) -> tuple[dict[str, FileState], list[str]]:
    """The state of every file, and notes on those that could not be recorded."""
    pairs = digests.spread(lambda entry: _state(found, entry, memory, holds_secret), found.checkout.entries)
    late = [entry.path for entry, (state, _) in zip(found.checkout.entries, pairs, strict=True) if not state.digest]
    known = {entry.path: state for entry, (state, _) in zip(found.checkout.entries, pairs, strict=True)}
    _from_commit(found, known, late)
    notes = [
        f"{path} was not recorded: {why}"
        for path, (_, why) in zip((entry.path for entry in found.checkout.entries), pairs, strict=True)
        if why and not known[path].digest and path not in found.outputs
    ]
    _shapes(found, known)
    return known, notes


def _state(found: Before, entry: files.Entry, memory: Digests, holds_secret: HoldsSecret) -> tuple[FileState, str]:
    path = f"{found.checkout.root}/{entry.path}"
    size = found.checkout.seen[entry.path][0]
    try:
        if entry.mode == "120000":
            return FileState(Digest(f"sha256:{hashlib.sha256(os.fsencode(os.readlink(path))).hexdigest()}"), entry.mode, size), ""  # noqa: PTH115
        digest = memory.of(path)
        if digests.state_of(os.lstat(path)) != found.checkout.seen[entry.path]:
            return FileState(Digest(""), entry.mode, size), "it changed while the command ran, before it was read"
    except OSError as error:
        return FileState(Digest(""), entry.mode, size), f"it cannot be read ({error.strerror})"
    state = FileState(Digest(f"sha256:{digest}"), entry.mode, size, entry.path not in found.checkout.unlike)
    return (replace(state, kept=_keep(found, entry.path, state, holds_secret)) if not state.kept else state), ""


def _keep(found: Before, path: str, state: FileState, holds_secret: HoldsSecret) -> bool:
    """Keeps the text of a file that no commit holds, where it is small, text, and without anything that looks like a secret."""
    if state.size_bytes > KEPT_BYTES or path in found.outputs or parts.factor_of(path, found.declared) not in _KEPT:
        return False
    place = recorded.object_path(found.checkout.root, state.digest)
    if place.exists():
        return True
    try:
        data = (found.checkout.root / path).read_bytes()
        if b"\0" in data[:8192] or hashlib.sha256(data).hexdigest() != state.digest[7:]:
            return False
        if holds_secret(path, data.decode("utf-8", "replace")):
            return False
        files.write_atomically(place, data)
        place.chmod(0o600)
    except OSError:
        return False
    return True


def _from_commit(found: Before, known: dict[str, FileState], late: list[str]) -> None:
    """Takes what changed too early from the commit, where the file was what that holds."""
    clean = [path for path in late if path not in found.checkout.unlike]
    if not clean or not found.checkout.commit:
        return
    for path, data in zip(clean, blobs.read(found.checkout.root, [f"{found.checkout.commit}:./{path}" for path in clean]), strict=True):
        if data is not None and len(data) == known[path].size_bytes:  # a filter of git may have made other bytes of it
            known[path] = replace(known[path], digest=Digest(f"sha256:{hashlib.sha256(data).hexdigest()}"), kept=True)


def _shapes(found: Before, known: dict[str, FileState]) -> None:
    """Adds the shape of each table among the data, remembered by its digest."""
    place = found.checkout.root / digests.FOLDER / "shapes.json"
    remembered = read_shapes(place)
    tables = [
        path
        for path, state in known.items()
        if state.digest and state.mode != "120000" and path not in found.outputs and render_shapes.is_table(path, state.size_bytes)
    ]
    new = [path for path in tables if known[path].digest not in remembered][:_MOST_SHAPES]
    asked = [found.checkout.root / path for path in new]
    for path, shape in zip(new, render_shapes.shapes_of(asked), strict=True):
        with contextlib.suppress(OSError):
            if digests.state_of((found.checkout.root / path).lstat()) == found.checkout.seen[path]:
                remembered[known[path].digest] = shape
    for path in tables:
        known[path] = replace(known[path], shape=remembered.get(known[path].digest))
    if new:
        write_shapes(place, remembered)


def read_shapes(place: Path) -> dict[str, Shape | None]:
    """Shapes by digest as they were remembered; empty where nothing is."""
    try:
        told = json.loads(place.read_bytes())
        return {
            str(digest): Shape(tuple((str(name), str(kind)) for name, kind in item[0]), int(item[1])) if item else None
            for digest, item in told.items()
        }
    except (OSError, ValueError, TypeError, AttributeError, IndexError):
        return {}


def write_shapes(place: Path, shapes: Mapping[str, Shape | None]) -> None:
    """Remembers shapes; nothing happens where there is no place for them."""
    told = {digest: [shape.columns, shape.rows] if shape else None for digest, shape in shapes.items()}
    with contextlib.suppress(OSError):
        files.write_atomically(place, json.dumps(told).encode())


def digest_factors(states: Mapping[str, FileState], snapshot: Snapshot, declared: Mapping[str, tuple[str, ...]]) -> dict[Factor, Digest]:
    """One digest for each factor: of the tree of its files, and for infrastructure of the snapshot, too.

    A file that was not recorded counts as one without a digest, so that the factor equals no other by mistake.
    """
    found = {}
    for factor, paths in parts.parted(states, declared).items():
        found[factor] = files.digest_of_lines((states[path].mode, path, states[path].digest[7:]) for path in paths)
    both = canonical.canonical([found[Factor.INFRASTRUCTURE], snapshots.digest(snapshot)])
    return found | {Factor.INFRASTRUCTURE: canonical.digest(both)}
