"""Which code judges: the digest of this program's own source, and of a check that another package brings.

A version says that too once it is released. In a checkout it stays the same while a check is changed, and evidence of the
older check would answer for the newer one.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_COMPILED: Final = ".pyc"


@lru_cache(maxsize=1)
def digest() -> str:
    """SHA-256 in hex over the path and content of every file of this package but compiled ones, read once a process (some 30 ms).

    Nothing is remembered from one process to the next: size and time of a file do not tell that it is what it was.
    """
    return _of_folder(Path(__file__).parents[1])


@lru_cache
def of_module(name: str) -> str:
    """The same of the package a module lies in, or of the module alone where it lies in none; empty where there is no source."""
    try:
        top = find_spec(name.partition(".")[0])
    except (ImportError, ValueError):
        return ""
    if top is None or top.origin is None:
        return ""
    place = Path(top.origin)
    if top.submodule_search_locations is not None:
        return _of_folder(place.parent)
    return hashlib.sha256(place.read_bytes()).hexdigest() if place.is_file() else ""


def _of_folder(root: Path) -> str:
    found = [Path(folder) / name for folder, _, names in os.walk(root) for name in names if not name.endswith(_COMPILED)]
    whole = hashlib.sha256()
    for path, file in sorted((path.relative_to(root).as_posix(), path) for path in found):
        whole.update(path.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()
