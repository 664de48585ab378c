"""Files below a folder that somebody else controls, touched without ever following a link out of it.

Code of a judged project may leave a link where we are about to write, read or delete. Every step of a path is therefore
opened on its own, without following, relative to the folder before it; what is no plain folder or file is refused.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextmanager
def _parent(root: Path, relative: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """The open folder that holds `relative`, and its name in there. Raises OSError where a step is missing or a link."""
    *steps, name = relative.split("/")
    handle = os.open(root, _FOLDER)
    try:
        for step in steps:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(step, dir_fd=handle)
            inner = os.open(step, _FOLDER, dir_fd=handle)
            os.close(handle)
            handle = inner
        yield handle, name
    finally:
        os.close(handle)


def opened(root: Path, relative: str) -> IO[bytes] | None:
    """A plain file below `root`, open for reading, to be closed by whoever asked; None where there is none, or a link or a
    device stands on the way."""
    try:
        with _parent(root, relative) as (folder, name):
            # without O_NONBLOCK a pipe that nobody writes to would keep us waiting
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        if stat.S_ISREG(os.fstat(handle).st_mode):
            return os.fdopen(handle, "rb")
        os.close(handle)
    except OSError:
        pass
    return None


def read(root: Path, relative: str, limit_bytes: int | None = None) -> bytes | None:
    """The content of a plain file below `root`; None where there is none, or a link or a device stands on the way.

    A file of more than `limit_bytes` counts as none.
    """
    file = opened(root, relative)
    if file is None:
        return None
    try:
        with file:
            fits = limit_bytes is None or os.fstat(file.fileno()).st_size <= limit_bytes
            return file.read() if fits else None
    except OSError:
        return None


def write(root: Path, relative: str, data: bytes, mode: int = 0o644) -> None:
    """Writes a new file below `root` in place of whatever is there, making folders on the way.

    Raises OSError where a step of the path is a link or no folder.
    """
    remove(root, relative)
    with _parent(root, relative, make=True) as (folder, name):
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode, dir_fd=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            os.fchmod(handle, mode)


def link(root: Path, relative: str, target: str) -> None:
    """Makes a symbolic link below `root` in place of whatever is there. Raises OSError as `write`."""
    remove(root, relative)
    with _parent(root, relative, make=True) as (folder, name):
        os.symlink(target, name, dir_fd=folder)


def remove(root: Path, relative: str) -> None:
    """Removes a file, a link or a folder with all in it below `root`; nothing happens where it cannot be reached."""
    with contextlib.suppress(OSError), _parent(root, relative) as (folder, name):
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            shutil.rmtree(name, ignore_errors=True, dir_fd=folder)
        else:
            os.unlink(name, dir_fd=folder)
