"""Training data as it lies in the project, and as the signed manifest approved it: what differs, and whose word it is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from readiness.config.manifest import NAME, Manifest
from readiness.errors import UsageError
from readiness.formats import globs, intoto, training
from readiness.formats.training import FILE, Approval
from readiness.world import authorship, git, keys
from readiness.world.authorship import Author
from readiness.world.files import Entry
from readiness.world.project import Project

_POINTER: Final = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*oid sha256:([0-9a-f]{64})\n(?:.*\n)*size (\d+)\n")
_POINTER_BYTES: Final = 1024
_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Here:
    """A training file as it lies there: its digest (hex) and bytes; of a Git LFS pointer, those of what it stands for."""

    path: str
    sha256: str
    size_bytes: int
    pointer: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The training files of a project, what of them cannot be read, and globs that match nothing of it."""

    files: tuple[Here, ...] = ()
    unreadable: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def find(project: Project, wanted: Collection[str]) -> Found:
    """Every file of the project that one of the globs `wanted` names; `ignored` are those that git does not know."""
    patterns = {glob: globs.pattern(glob.removeprefix("./")) for glob in wanted}
    entries = [entry for entry in project.entries if entry.path != FILE and any(item.fullmatch(entry.path) for item in patterns.values())]
    here, unreadable = [], []
    for entry in entries:
        found = _here(project.root, entry)
        if isinstance(found, str):
            unreadable.append(found)
        else:
            here.append(found)
    unmatched = tuple(glob for glob, item in patterns.items() if not any(item.fullmatch(entry.path) for entry in entries))
    return Found(tuple(here), tuple(unreadable), unmatched, _ignored(project, [patterns[glob] for glob in unmatched]))


def _here(root: Path, entry: Entry) -> Here | str:
    if entry.mode == "120000":
        return f"{entry.path} is a link: what it leads to may change without it"
    if entry.path != entry.path.encode(errors="replace").decode():
        return f"{entry.path!a} is named in no text: it cannot be written down"
    sha256, size = hashlib.sha256(), 0
    try:
        with (root / entry.path).open("rb") as handle:
            first = handle.read(_POINTER_BYTES)
            pointer = _POINTER.fullmatch(first)
            if pointer is not None:
                return Here(entry.path, pointer[1].decode(), int(pointer[2]), pointer=True)
            handle.seek(0)
            while chunk := handle.read(_CHUNK_BYTES):
                sha256.update(chunk)
                size += len(chunk)
    except OSError as error:
        return f"{entry.path} cannot be read: {error.strerror}"
    return Here(entry.path, sha256.hexdigest(), size)


def _ignored(project: Project, patterns: Iterable[re.Pattern[str]]) -> tuple[str, ...]:
    wanted = list(patterns)
    if not wanted or not project.vcs:
        return ()
    listed = git.ask(project.root, "ls-files", "-o", "-i", "--exclude-standard", "-z") or b""
    paths = [item.decode(errors="surrogateescape") for item in listed.split(b"\0") if item]
    return tuple(path for path in paths if any(pattern.fullmatch(path) for pattern in wanted))


class Doubt(StrEnum):
    """Why a manifest is not believed."""

    NONE = ""
    MISSING = "missing"
    BROKEN = "broken"
    UNKNOWN_KEY = "unknown key"


@dataclass(frozen=True, slots=True)
class Manifested:
    """The manifest of a project: its approval where it can be read, and why it is not believed, in one sentence.

    `vouched` says that [trust] names its key, and `adder` who put it there; None where git cannot say.
    """

    approval: Approval | None = None
    doubt: Doubt = Doubt.NONE
    reason: str = ""
    vouched: bool = False
    adder: Author | None = None


def manifested(project: Project, manifest: Manifest) -> Manifested:
    """The manifest of a project, its signature verified with the user's own key and those of [trust]."""
    data = project.text(FILE).encode()
    if FILE not in project.paths:
        return Manifested(doubt=Doubt.MISSING, reason=f"there is no {FILE}: nobody approved the training data")
    try:
        approval = training.read(data)
    except intoto.Refused as error:
        return Manifested(doubt=Doubt.BROKEN, reason=f"{FILE} {error}")
    trusted = frozenset(item.key for item in manifest.trust)
    mine = _own()
    believed = _signer(data, trusted | mine)
    if not believed:
        if _signer(data, None):
            return Manifested(approval, Doubt.UNKNOWN_KEY, f"{FILE} is signed by {approval.signer}, which [trust] does not name")
        return Manifested(approval, Doubt.BROKEN, f"{FILE} was edited after it was signed: the signature does not match")
    vouched = believed in trusted
    return Manifested(replace(approval, signer=believed), vouched=vouched, adder=_adder(project, believed) if vouched else None)


def _own() -> frozenset[str]:
    try:
        mine = keys.own(make=False)
    except UsageError:
        return frozenset()
    return frozenset() if mine is None else frozenset({mine.id})


def _signer(data: bytes, among: frozenset[str] | None) -> str:
    """A key whose signature fits, of those in `among`, or of any; empty without one."""
    signed = intoto.open_envelope(data)
    message = intoto.encoding(signed.payload)
    fitting = (key for key, signature in signed.signatures if (among is None or key in among) and keys.verifies(key, signature, message))
    return next(fitting, "")


def _adder(project: Project, key: str) -> Author | None:
    lines = project.text(NAME).splitlines()
    number = next((index for index, line in enumerate(lines, start=1) if key in line), 0)
    if not number:
        return None
    found = authorship.authors(project.home, NAME, number, number, "" if project.vcs else project.commit)
    return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of the approved files: paths that came, went, or hold other bytes."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def any(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.removed or self.changed)


def difference(approval: Approval, files: Iterable[Here]) -> Difference:
    """What differs between the approved files and those that lie there."""
    before, after = approval.by_path, {item.path: item for item in files}
    changed = tuple(path for path in sorted({*before} & {*after}) if before[path].sha256 != after[path].sha256)
    return Difference(tuple(sorted({*after} - {*before})), tuple(sorted({*before} - {*after})), changed)
