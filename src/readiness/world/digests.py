"""Digests of files, remembered while the file system says that a file is the same: size, times and inode.

The memory is a file below `.readiness/cache/`. It is never needed: what cannot be read or written is hashed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar

from readiness.world import files

FOLDER: Final = ".readiness/cache"
_MOST: Final = 200_000
_SETTLED_NS: Final = 50_000_000
"""A file whose time is nearer to now than that may be written again within the same tick of its file system's clock."""
_CHUNK: Final = 128
THREADS: Final = 4

T = TypeVar("T")
R = TypeVar("R")

State = tuple[int, int, int, int]
"""Size, time of modification, time of change (both in ns), inode."""


def state_of(found: os.stat_result) -> State:
    """What the file system says of a file that was not touched."""
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


@dataclass
class Digests:
    """SHA-256 digests in hex by absolute path, remembered in `place` (nowhere where that is None)."""

    place: Path | None
    _known: dict[str, tuple[State, str]] = field(default_factory=dict)
    _fresh: dict[str, tuple[State, str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of_project(cls, root: Path) -> Digests:
        """The memory of a project; empty where there is none or it cannot be read."""
        place = root / FOLDER / "digests.json"
        try:
            listed = json.loads(place.read_bytes())
            known = {str(path): ((int(a), int(b), int(c), int(d)), str(digest)) for path, (a, b, c, d, digest) in listed.items()}
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            known = {}
        return cls(place, known)

    def known(self, path: str, state: State) -> str:
        """The digest remembered for a file in that state; empty where none is."""
        found = self._known.get(path)
        return found[1] if found is not None and found[0] == state else ""

    def of(self, path: str) -> str:
        """The digest of a file, through links. Raises OSError where it cannot be read, or is no regular file."""
        found = os.stat(path)  # noqa: PTH116  hot
        if not stat.S_ISREG(found.st_mode):
            raise OSError(0, "is no regular file", path)
        before = state_of(found)
        known = self.known(path, before)
        if known:
            return known
        with open(path, "rb") as handle:  # noqa: PTH123  hot
            if before[0] <= 1 << 16:
                digest = hashlib.sha256(handle.read()).hexdigest()
            else:
                digest = hashlib.file_digest(handle, "sha256").hexdigest()
            after = state_of(os.fstat(handle.fileno()))
        if before == after and time.time_ns() - max(after[1], after[2]) > _SETTLED_NS:
            with self._lock:
                self._fresh[path] = (after, digest)
                self._known[path] = (after, digest)
        return digest

    def save(self) -> None:
        """Remembers what was hashed, where there is a place for it."""
        if self.place is None or not self._fresh:
            return
        kept = self._known if len(self._known) <= _MOST else self._fresh
        text = json.dumps({path: [*state, digest] for path, (state, digest) in kept.items()}, separators=(",", ":"))
        with contextlib.suppress(OSError, UnicodeError):
            files.write_atomically(self.place, text.encode("utf-8", "surrogatepass"))
            self._fresh = {}


def spread(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """What `work` gives for each item, in order, by several threads of low priority: hashing lets go of the interpreter."""
    if len(items) <= _CHUNK:
        return [work(item) for item in items]
    with ThreadPoolExecutor(THREADS, initializer=_give_way) as pool:
        return [result for part in pool.map(lambda chunk: [work(item) for item in chunk], list(_chunks(items))) for result in part]


def _chunks(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))


def _give_way() -> None:
    # On Linux a thread has a priority of its own; elsewhere the call may name the whole process, so it is left out.
    if os.uname().sysname == "Linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
