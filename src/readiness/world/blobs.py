"""What commits hold, read from git's objects as they are: no attribute, no filter and no hook of a project counts."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from readiness.errors import UsageError
from readiness.world import git


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a commit: its path below the project, its mode, git's own name of its bytes, and their number.

    A submodule is there with the commit it names and -1 bytes.
    """

    path: str
    mode: str
    name: str
    size_bytes: int


def tree(root: Path, commit: str) -> list[Blob]:
    """The files of a commit at and below `root`. Raises UsageError where git cannot tell."""
    listed = git.ask(root, "ls-tree", "-r", "-l", "-z", "--end-of-options", commit, ".")
    if listed is None:
        raise UsageError(f"git cannot read the files of `{commit[:12]}`", "a shallow or partial clone may not hold them")
    found = []
    for row in listed.split(b"\0"):
        head, _, path = row.partition(b"\t")
        parts = head.split()
        if len(parts) == 4:
            size = int(parts[3]) if parts[3].isdigit() else -1
            found.append(Blob(os.fsdecode(path), parts[0].decode(), parts[2].decode(), size))
    return found


def read(root: Path, names: Sequence[str]) -> Iterator[bytes | None]:
    """The bytes that each of these names (blobs, or `commit:./path`) stands for, in order; None where there are none."""
    if not names:
        return
    argv = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=", "-C", os.fspath(root), "--no-replace-objects", "cat-file", "--batch"]
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")} | {"LC_ALL": "C", "GIT_NO_LAZY_FETCH": "1"}
    try:
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    except FileNotFoundError:
        yield from [None] * len(names)
        return
    try:
        for name in names:
            yield _asked(process, name)
    finally:
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        process.wait()


def _asked(process: subprocess.Popen[bytes], name: str) -> bytes | None:
    """The answer to one name; they are asked one at a time, so that neither side waits for the other with a full pipe."""
    assert process.stdin is not None
    assert process.stdout is not None
    if "\n" in name:
        return None
    try:
        process.stdin.write(os.fsencode(name) + b"\n")
        process.stdin.flush()
    except OSError:  # git has ended: there is no repository
        return None
    head = process.stdout.readline().split()
    if len(head) != 3 or not head[2].isdigit():
        return None
    data = process.stdout.read(int(head[2]))
    process.stdout.read(1)
    return data if head[1] == b"blob" else None
