"""Trees of files: which belong to the project, their digest, copies of them, what changed in them."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readiness.errors import UsageError
from readiness.sequence.evidence import Digest

SKIPPED_FOLDERS: Final = frozenset(
    {".git", ".hg", ".readiness", ".venv", "venv", "node_modules", "__pycache__", ".tox", ".nox", ".mypy_cache",
     ".ruff_cache", ".pytest_cache", ".ipynb_checkpoints", ".eggs"}
)  # fmt: skip
"""Folders never part of a project that has no git to say so."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the project: its path relative to the root, in `/` form, and its mode as git writes it."""

    path: str
    mode: str


def free_bytes(path: Path) -> int:
    """Bytes an ordinary user may still write on the file system of `path`."""
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize


def tree_bytes(path: Path) -> int:
    """Bytes that the files below `path` occupy; what vanishes meanwhile counts nothing."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(folder, name)).st_blocks * 512  # noqa: PTH118  hot loop over bytes-like names
    return total


def remove_tree(root: Path) -> None:
    """Removes a tree, also one whose folders forbid it; nothing outside it is touched, and nothing happens without one."""
    if root.is_symlink() or root.is_file():
        root.unlink()
        return
    shutil.rmtree(root, ignore_errors=True)
    if root.exists():
        _open_folders(root)
        shutil.rmtree(root, ignore_errors=True)


def _open_folders(folder: Path) -> None:
    # Folders only, and never through a link: to remove a file its own rights do not matter.
    with contextlib.suppress(OSError):
        folder.chmod(0o700)
        with os.scandir(folder) as children:
            inner = [Path(child.path) for child in children if child.is_dir(follow_symlinks=False)]
        for child in inner:
            _open_folders(child)


def remove_later(root: Path) -> None:
    """Removes a tree without making the caller wait: deleting an environment can take as long as making it."""
    # A shell starts it and ends at once; what it leaves when it is ended too is swept by the next session.
    subprocess.run(["sh", "-c", '(chmod -R u+rwX -- "$1"; rm -rf -- "$1") </dev/null >/dev/null 2>&1 &', "sh", os.fspath(root)], check=True)


def walk(root: Path) -> Iterator[Entry]:
    """The files below a folder without git, in no order; links are entries and never followed."""
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS]
        linked = [name for name in folders if os.path.islink(os.path.join(folder, name))]  # noqa: PTH114, PTH118
        for name in [*names, *linked]:
            if name in SKIPPED_FOLDERS:  # a worktree that moved leaves `.git` as a file
                continue
            path = Path(folder, name)
            found = entry(root, path.relative_to(root).as_posix())
            if found is not None:
                yield found


def entry(root: Path, path: str) -> Entry | None:
    """The entry of a path, None where nothing regular is there (vanished, a socket, a submodule's folder)."""
    try:
        mode = os.lstat(root / path).st_mode
    except OSError:
        return None
    if stat.S_ISLNK(mode):
        return Entry(path, "120000")
    if stat.S_ISREG(mode):
        return Entry(path, "100755" if mode & 0o111 else "100644")
    return None


def digest_of(root: Path, found: Entry) -> str:
    """SHA-256 in hex of a file's bytes, or of the target of a link."""
    path = root / found.path
    if found.mode == "120000":
        return hashlib.sha256(os.fsencode(path.readlink())).hexdigest()
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def tree_digest(root: Path, entries: Iterable[Entry]) -> Digest:
    """The digest of a tree: SHA-256 over the sorted lines `mode path\\0sha256\\n`, as `sha256:<hex>`.

    Raises OSError where a file cannot be read.
    """
    return digest_of_lines((found.mode, found.path, digest_of(root, found)) for found in entries)


def digest_of_lines(lines: Iterable[tuple[str, str, str]]) -> Digest:
    """The same of (mode, path, SHA-256 in hex) of its files."""
    whole = hashlib.sha256()
    for mode, path, digest in sorted(lines, key=lambda item: os.fsencode(item[1])):
        whole.update(b"%s %s\0%s\n" % (mode.encode(), os.fsencode(path), digest.encode()))
    return Digest(f"sha256:{whole.hexdigest()}")


def copy_tree(root: Path, entries: Iterable[Entry], target: Path) -> None:
    """Copies the entries below `target`, with their executable bits; links are copied as links."""
    made: set[Path] = set()
    for found in entries:
        destination = target / found.path
        if destination.parent not in made:
            destination.parent.mkdir(parents=True, exist_ok=True)
            made.add(destination.parent)
        if found.mode == "120000":
            destination.symlink_to((root / found.path).readlink())
        else:
            shutil.copyfile(root / found.path, destination)
            destination.chmod(0o755 if found.mode == "100755" else 0o644)


FOLDER: Final = "folder"


def state_of(root: Path) -> dict[str, str]:
    """Every file below a folder with its digest, and every folder as FOLDER, for comparing a tree before and after."""
    state = {found.path: digest_of(root, found) for found in walk(root)}
    for folder, folders, _ in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED_FOLDERS and not Path(folder, name).is_symlink()]
        state |= {Path(folder, name).relative_to(root).as_posix(): FOLDER for name in folders}
    return state


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file of the user's project whole or not at all. Raises UsageError where it cannot be written."""
    try:
        write_atomically(path, data)
    except OSError as error:
        hint = "free some space" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "make the folder writable"
        raise UsageError(f"{path} cannot be written: {error.strerror}", hint) from None


def write_atomically(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all: a neighbour is written, synced and renamed over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    neighbour = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with neighbour.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        neighbour.replace(path)
    finally:
        neighbour.unlink(missing_ok=True)


def ignore_own(root: Path) -> None:
    """Makes git ignore `.readiness/`, without touching a file of the user. Raises OSError where it cannot be written."""
    note = root / ".readiness/.gitignore"
    if not note.exists():
        write_atomically(note, b"*\n")
