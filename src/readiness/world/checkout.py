"""A checkout as it is before a command runs in it, looked at quickly: git is asked its questions all at once."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from readiness.world import digests, files
from readiness.world.project import SAID


@dataclass(frozen=True, slots=True)
class Checkout:
    """The files of a project at `root`, sorted, and what the file system says of each.

    `commit` is empty without git or before the first commit; `unlike` are the paths that are not what the commit holds.
    """

    root: Path
    toplevel: Path | None
    commit: str
    entries: tuple[files.Entry, ...]
    seen: Mapping[str, digests.State]
    unlike: frozenset[str]

    @property
    def dirty(self) -> bool:
        """Whether anything differs from the commit."""
        return bool(self.commit) and bool(self.unlike)


def look(root: Path) -> Checkout:
    """The checkout at a folder. What vanishes meanwhile is left out; what lies behind a link belongs to where that leads."""
    asked = [_ask(root, *words) for words in _QUESTIONS]
    told = [_told(process) for process in asked]
    if told[0] is None:
        entries, seen = _stated(root, [entry.path for entry in files.walk(root)])
        return Checkout(root, None, "", entries, seen, frozenset(entry.path for entry in entries))
    lines = told[0].split(b"\n")
    prefix = os.fsdecode(lines[1]) if len(lines) > 1 else ""
    tracked = told[2] if told[2] is not None else _told(_ask(root, "ls-files", "-z", "--cached"))
    rows = [(row[:2], os.fsdecode(row[3:]).removeprefix(prefix)) for row in (told[3] or b"").split(b"\0") if len(row) > 3]
    paths = {os.fsdecode(name) for name in (tracked or b"").split(b"\0") if name} | {path for mark, path in rows if mark == b"??"}
    entries, seen = _stated(root, sorted(paths))
    commit = (told[1] or b"").decode().strip()
    unlike = {path for _, path in rows if not SAID.fullmatch(path)} if commit else {entry.path for entry in entries}
    return Checkout(root, Path(os.fsdecode(lines[0])), commit, entries, seen, frozenset(unlike))


_QUESTIONS = (
    ("rev-parse", "--show-toplevel", "--show-prefix"),
    ("rev-parse", "--verify", "-q", "HEAD"),
    ("ls-files", "-z", "--cached", "--recurse-submodules"),
    ("status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--", "."),
)


def _ask(root: Path, *words: str) -> subprocess.Popen[bytes] | None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    env |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    argv = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=", "-c", "core.hooksPath=/dev/null", "-C", os.fspath(root), *words]
    try:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
    except FileNotFoundError:
        return None


def _told(process: subprocess.Popen[bytes] | None) -> bytes | None:
    if process is None:
        return None
    out, _ = process.communicate()
    return out if process.returncode == 0 else None


def _stated(root: Path, paths: list[str]) -> tuple[tuple[files.Entry, ...], dict[str, digests.State]]:
    entries, seen = [], {}
    for path in paths:
        try:
            found = os.lstat(f"{root}/{path}")
        except OSError:
            continue
        link = stat.S_ISLNK(found.st_mode)
        if (link or stat.S_ISREG(found.st_mode)) and not SAID.fullmatch(path):
            entries.append(files.Entry(path, "120000" if link else "100755" if found.st_mode & 0o111 else "100644"))
            seen[path] = digests.state_of(found)
    linked = {entry.path for entry in entries if entry.mode == "120000"}
    kept = [entry for entry in entries if not (linked and _behind(entry.path, linked))]
    return tuple(sorted(kept, key=lambda entry: os.fsencode(entry.path))), seen


def _behind(path: str, linked: set[str]) -> bool:
    steps = path.split("/")
    return any("/".join(steps[:length]) in linked for length in range(1, len(steps)))
