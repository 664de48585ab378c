"""The cells of an attribution that were run, kept so that a session that was ended is gone on with.

`.readiness/attributions/<id>/plan.json` says what is compared, `cells.jsonl` holds a line a run, each with a digest of
itself and written through to the disk before the next one starts. A line that is damaged counts as not there.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from readiness.errors import CannotJudge
from readiness.formats import canonical
from readiness.layers.infrastructure.experiment import Failed, Measured
from readiness.runs.evidence import ignore
from readiness.sequence.wording import counted
from readiness.world import files

FOLDER: Final = ".readiness/attributions"
CELLS: Final = "cells.jsonl"
PLAN: Final = "plan.json"

Key = tuple[str, int, int]
"""The cell, the seed, and which repetition of that run it is."""


@dataclass
class Kept:
    """The finished cells of one attribution, in memory and on disk. `notes` say what was found wrong with the file."""

    folder: Path
    cells: dict[Key, Measured | Failed] = field(default_factory=dict)
    elapsed_s: dict[Key, float] = field(default_factory=dict)
    environments: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    resumed: int = 0

    @property
    def path(self) -> Path:
        """The file of the cells."""
        return self.folder / CELLS

    def add(self, key: Key, found: Measured | Failed, elapsed_s: float) -> None:
        """Remembers a finished cell. Raises CannotJudge where it cannot be written."""
        self.cells[key], self.elapsed_s[key] = found, elapsed_s
        self._append(_cell_line(key, found, elapsed_s))

    def environment(self, name: str, digest: str) -> bool:
        """Whether the environment is the one earlier cells were run in; remembers the first."""
        if name in self.environments:
            return self.environments[name] == digest
        self.environments[name] = digest
        self._append(_line({"environment": name, "packages": digest}))
        return True

    def forget(self, why: str) -> None:
        """Drops every cell: they are run again."""
        self.notes.append(f"{why}: {len(self.cells)} runs are made again")
        self.cells, self.elapsed_s, self.environments, self.resumed = {}, {}, {}, 0
        self._rewrite()

    def _append(self, line: bytes) -> None:
        try:
            with self.path.open("r+b") as handle:
                size = handle.seek(0, os.SEEK_END)
                try:
                    handle.write(line)
                    handle.flush()
                    os.fsync(handle.fileno())
                except OSError:
                    _cut(handle, size)
                    raise
        except FileNotFoundError:
            self.notes.append(f"{CELLS} was removed meanwhile and was written again")
            self._rewrite()
        except OSError as error:
            raise _unwritable(self.path, error) from None

    def _rewrite(self) -> None:
        lines = [_line({"environment": name, "packages": digest}) for name, digest in self.environments.items()]
        lines += [_cell_line(key, found, self.elapsed_s[key]) for key, found in self.cells.items()]
        try:
            files.write_atomically(self.path, b"".join(lines))
        except OSError as error:
            raise _unwritable(self.path, error) from None


def _cut(handle: IO[bytes], size: int) -> None:
    """Takes back what was half written; a damaged line would be noticed all the same."""
    try:
        handle.truncate(size)
    except OSError:
        return


def _unwritable(path: Path, error: OSError) -> CannotJudge:
    hint = "free some space; what was finished is gone on with" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "make it writable"
    return CannotJudge(f"{path} cannot be written: {error.strerror}", hint)


def identity(plan: Mapping[str, Any]) -> str:  # any JSON value
    """The id of an attribution: the same for the same two trees, metric and plan."""
    return f"a-{canonical.digest(canonical.canonical(dict(plan))).partition(':')[2][:12]}"


@contextmanager
def opened(home: Path, name: str, plan: Mapping[str, Any]) -> Iterator[Kept]:
    """The cells of an attribution, held by this session alone. Raises CannotJudge where another one holds them."""
    folder = home / FOLDER / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ignore(home)
        lock = (folder / "lock").open("a+")
    except OSError as error:
        raise _unwritable(folder, error) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotJudge(
                f"another session is at this attribution (process {lock.read().strip() or 'unknown'})",
                "wait for it; called again afterwards, this goes on with what it finished",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        kept = read(home, name)
        kept.resumed = len(kept.cells)
        try:
            if not (folder / PLAN).exists():
                files.write_atomically(folder / PLAN, json.dumps(dict(plan), indent=1, sort_keys=True).encode() + b"\n")
        except OSError as error:
            raise _unwritable(folder / PLAN, error) from None
        if not kept.path.exists() or kept.notes:
            kept._rewrite()
        yield kept


def read(home: Path, name: str) -> Kept:
    """What was finished of an attribution, and what is wrong with its file; nothing is written."""
    kept = Kept(home / FOLDER / name)
    try:
        lines = kept.path.read_bytes().splitlines()
    except FileNotFoundError:
        if (kept.folder / PLAN).exists():
            kept.notes.append(f"{CELLS} is gone: every run is made again")
        return kept
    except OSError as error:
        raise CannotJudge(f"{kept.path} cannot be read: {error.strerror}", "make it readable, or remove it") from None
    damaged = sum(not _take(kept, line) for line in lines)
    if damaged:
        kept.notes.append(f"{counted(damaged, 'damaged line')} of {CELLS} left out: what is missing is run again")
    return kept


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps({**content, "sum": _sum(content)}).encode() + b"\n"


def _sum(content: dict[str, Any]) -> str:
    return canonical.digest(canonical.canonical(content)).partition(":")[2][:16]


def _cell_line(key: Key, found: Measured | Failed, elapsed_s: float) -> bytes:
    told = {"value": found.value, "outputs": found.digest} if isinstance(found, Measured) else {"failed": found.reason}
    return _line({"cell": key[0], "seed": key[1], "again": key[2], **told, "elapsed_s": round(elapsed_s, 3)})


def _take(kept: Kept, line: bytes) -> bool:
    """Takes over one line; False where it is damaged."""
    try:
        content = json.loads(line)
        if content.pop("sum") != _sum(content):
            return False
        if "environment" in content:
            kept.environments[content["environment"]] = content["packages"]
            return True
        key = (content["cell"], content["seed"], content["again"])
        found = Failed(content["failed"]) if "failed" in content else Measured(content["value"], content["outputs"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return False
    kept.cells[key], kept.elapsed_s[key] = found, content["elapsed_s"]
    return True
