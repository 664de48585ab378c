"""What went wrong with a server, said once and with what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from readiness.errors import CannotJudge

_ELSEWHERE: Final = "or set READINESS_DATABASE_URL"
_HINTS: Final = {
    errno.ENOSPC: f"free some room (an empty one needs 64 MB), {_ELSEWHERE}",
    errno.EDQUOT: f"free some room (an empty one needs 64 MB), {_ELSEWHERE}",
    errno.EROFS: f"make the folder writable, {_ELSEWHERE}",
    errno.EACCES: f"make the folder writable, {_ELSEWHERE}",
    errno.EPERM: f"make the folder writable, {_ELSEWHERE}",
}
_TEXTS: Final = {"No space left on device": errno.ENOSPC, "Disk quota exceeded": errno.EDQUOT, "Read-only file system": errno.EROFS}

_TELLING: Final = ("PANIC:", "FATAL:", "error:", *_TEXTS)
_BUSY: Final = "the database system is "
"""What a server answers to whoever asks too early; no reason why it did not start."""


def explained(what: str, said: str, folder: Path) -> CannotJudge:
    """The error for what a program of PostgreSQL said before it gave up."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    telling = [line for line in lines if any(word in line for word in _TELLING) and _BUSY not in line]
    line = (telling or lines or ["no reason given"])[-1]
    for word in ("PANIC:", "FATAL:", "error:"):
        line = line.rpartition(word)[2].strip()
    known = [number for text, number in _TEXTS.items() if text in said]
    hint = _HINTS[known[0]] if known else f"see {folder / 'log'}, {_ELSEWHERE}"
    return CannotJudge(f"{what} in {folder}: {line}", hint)


@contextmanager
def usable(folder: Path) -> Iterator[None]:
    """Turns what the system says of a folder into CannotJudge."""
    try:
        yield
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "set READINESS_DATABASE_URL")
        raise CannotJudge(f"no database can be kept in {folder}: {error.strerror}", hint) from None
