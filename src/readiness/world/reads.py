"""Which files of a tree a command read, by the time of last access, whatever language it is written in.

Files are given an access time before their change; a file system that keeps access times at all (`relatime` is the
default of Linux) then moves it at the first read. Whether it does is tried first.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from readiness.world.files import Entry

_LONG_AGO_NS: Final = 946_684_800 * 10**9  # 2000-01-01, before any change that could matter


def prepare(tree: Path, entries: Iterable[Entry]) -> bool:
    """Makes reads of the plain files of a tree visible from now on; False where the file system does not record them."""
    for entry in entries:
        if entry.mode == "120000":
            continue
        with contextlib.suppress(OSError):
            path = tree / entry.path
            os.utime(path, ns=(_LONG_AGO_NS, os.lstat(path).st_mtime_ns), follow_symlinks=False)
    return _recorded(tree)


def _recorded(tree: Path) -> bool:
    try:
        with tempfile.NamedTemporaryFile(dir=tree.parent) as handle:
            handle.write(b"x")
            handle.flush()
            path = Path(handle.name)
            os.utime(path, ns=(_LONG_AGO_NS, path.stat().st_mtime_ns))
            path.read_bytes()
            return path.stat().st_atime_ns > _LONG_AGO_NS
    except OSError:
        return False


def seen(tree: Path, entries: Iterable[Entry]) -> tuple[str, ...]:
    """Paths of the plain files read since `prepare`, sorted. Look before anything of ours reads them."""
    found = []
    for entry in entries:
        with contextlib.suppress(OSError):
            if entry.mode != "120000" and os.lstat(tree / entry.path).st_atime_ns > _LONG_AGO_NS:
                found.append(entry.path)
    return tuple(sorted(found))
