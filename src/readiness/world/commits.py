"""The history of a project: what each commit added to its files, read from a repository of ours that borrows the objects.

Neither the settings nor the attributes nor the replaced objects of the project's own repository count there, so that
nothing in it decides what is seen of it, and nothing of it is run.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from readiness.errors import CannotJudge
from readiness.world import git
from readiness.world.project import Project

ADDED_BYTES: Final = 8 << 20
"""Bytes of one file in one commit that are looked at; the secret scanner looks at the rest."""


@dataclass(frozen=True, slots=True)
class History:
    """The commits up to one, in a bare repository. `whole` is False where the clone was cut off."""

    bare: Path
    commit: str
    folder: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Added:
    """The lines one commit added to one file: `lines` are their 1-based numbers there, `path` is relative to the project."""

    commit: str
    path: str
    lines: tuple[int, ...]
    text: str = field(repr=False)


def borrow(project: Project, bare: Path) -> History | None:
    """The history of a project up to its commit; None where there is none. Raises CannotJudge where git cannot read it."""
    if project.repository is None or not project.commit:
        return None
    objects = git.place(project.repository, "objects")
    cut = git.place(project.repository, "shallow")
    kind = "sha256" if len(project.commit) == 64 else "sha1"
    done = subprocess.run(["git", "init", "-q", "--bare", "--template=", f"--object-format={kind}", os.fspath(bare)],
                          capture_output=True, check=False, env=_environment())  # fmt: skip
    if objects is None or done.returncode != 0:
        raise CannotJudge("git cannot read the history of the repository")
    (bare / "objects/info").mkdir(exist_ok=True)
    (bare / "objects/info/alternates").write_bytes(os.fsencode(objects) + b"\n")
    whole = cut is None or not cut.is_file()
    if cut is not None and not whole:
        (bare / "shallow").write_bytes(cut.read_bytes())
    return History(bare, project.commit, project.folder, whole)


def added(history: History, limit_s: float) -> Iterator[Added]:
    """What each commit added to each text file, oldest commit first; a merge adds what is in none of its parents.

    Raises CannotJudge where git fails, or is not through after `limit_s` seconds.
    """
    where = [] if history.folder == "." else ["--", f":(literal){history.folder}"]
    argv = [
        "git", "-c", "core.quotePath=false", "-c", "diff.renames=false", "-C", os.fspath(history.bare), "log", "--topo-order", "--reverse",
        "--full-history", "--format=%x00%H", "-p", "-U0", "--cc", "--no-color", "--no-ext-diff", "--no-textconv",
        "--src-prefix=a/", "--dst-prefix=b/", "--end-of-options", history.commit, *where,
    ]  # fmt: skip
    process = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment(), bufsize=1 << 20
    )
    assert process.stdout is not None
    late = threading.Event()

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(limit_s, end)
    timer.start()
    try:
        yield from _parsed(iter(process.stdout), "" if history.folder == "." else f"{history.folder}/")
        code = process.wait()
    finally:
        timer.cancel()
        process.kill()
        process.stdout.close()
        process.wait()
    if late.is_set():
        raise CannotJudge(f"the history is too long to be read within {limit_s:g} s")
    if code != 0:
        raise CannotJudge("git cannot read the whole history: objects are missing")


@dataclass(frozen=True, slots=True)
class Binary:
    """A file that a commit added or changed, by git's own name of its bytes, and their number."""

    commit: str
    path: str
    name: str
    size_bytes: int


def files(history: History, endings: tuple[str, ...], limit_s: float) -> tuple[Binary, ...]:
    """The different files whose names end so, each with the first commit that brought it, oldest first.

    Raises CannotJudge where git fails, or is not through after `limit_s` seconds.
    """
    where = [] if history.folder == "." else ["--", f":(literal){history.folder}"]
    words = ["log", "--topo-order", "--reverse", "--full-history", "--format=%x00%H", "--raw", "-m", "--no-abbrev", "--no-renames",
             "--diff-filter=AMT", "--end-of-options", history.commit, *where]  # fmt: skip
    prefix, commit, found = "" if history.folder == "." else f"{history.folder}/", "", dict[str, tuple[str, str]]()
    for line in _asked(history, words, limit_s).splitlines():
        if line.startswith(b"\0"):
            commit = line[1:].strip().decode("ascii", "replace")
            continue
        head, tab, path = line.partition(b"\t")
        told = head.split()
        name = os.fsdecode(path.strip(b'"')).removeprefix(prefix)
        if tab and len(told) == 5 and told[1].startswith(b"100") and name.lower().endswith(endings):
            found.setdefault(told[3].decode(), (commit, name))
    sizes = _asked(history, ["cat-file", "--batch-check=%(objectsize)"], limit_s, "".join(f"{name}\n" for name in found).encode()).split(
        b"\n"
    )
    return tuple(
        Binary(commit, path, name, int(size) if size.isdigit() else -1)
        for (name, (commit, path)), size in zip(found.items(), sizes, strict=False)
    )


def _asked(history: History, words: list[str], limit_s: float, given: bytes = b"") -> bytes:
    argv = ["git", "-c", "core.quotePath=false", "-C", os.fspath(history.bare), *words]
    try:
        done = subprocess.run(argv, input=given, capture_output=True, check=False, env=_environment(), timeout=limit_s)
    except subprocess.TimeoutExpired:
        raise CannotJudge(f"the history is too long to be read within {limit_s:g} s") from None
    if done.returncode != 0:
        raise CannotJudge("git cannot read the whole history: objects are missing")
    return done.stdout


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1", "GIT_NO_LAZY_FETCH": "1"}  # fmt: skip


@dataclass(slots=True)
class _Collected:
    """The added lines of one file in one commit, as they come in."""

    path: str = ""
    numbers: list[int] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)
    size: int = 0

    def add(self, number: int, text: bytes) -> None:
        self.size += len(text)
        if self.size <= ADDED_BYTES:
            self.numbers.append(number)
            self.texts.append(text)

    def told(self, commit: str) -> Iterator[Added]:
        if self.texts and self.path:
            yield Added(commit, self.path, tuple(self.numbers), b"\n".join(self.texts).decode("utf-8", "replace"))


def _parsed(lines: Iterator[bytes], prefix: str) -> Iterator[Added]:
    # A line of content always starts with + - blank or backslash, so that no file can look like a header.
    commit, number, columns, header = "", 0, 1, True
    file = _Collected()
    for line in lines:
        if line.startswith((b"\0", b"diff ")):
            yield from file.told(commit)
            file, header = _Collected(), True
            commit = line[1:].strip().decode("ascii", "replace") if line.startswith(b"\0") else commit
        elif line.startswith(b"@@"):
            columns = len(line) - len(line.lstrip(b"@")) - 1
            number, header = _start(line), False
        elif header:
            file.path = _path(line, prefix) if line.startswith(b"+++ ") else file.path
        elif b"-" not in (marks := line[:columns]) and not line.startswith(b"\\"):
            if marks.count(b"+") == columns:  # in none of the parents
                file.add(number, line[columns:].rstrip(b"\r\n"))
            number += 1
    yield from file.told(commit)


def _start(line: bytes) -> int:
    plus = next((word for word in line.split() if word.startswith(b"+")), b"+1")
    digits = plus[1:].partition(b",")[0]
    return int(digits) if digits.isdigit() else 1


def _path(line: bytes, prefix: str) -> str:
    # git quotes a name that holds a control character or a quote, and ends one that holds a blank with a tab
    name = line[4:].rstrip(b"\n").rstrip(b"\t").strip(b'"').removeprefix(b"b/")
    return os.fsdecode(name).removeprefix(prefix) if name != b"/dev/null" else ""
