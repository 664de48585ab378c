"""Remembered digests: never an old one for a file that changed."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from readiness.world import digests, files
from readiness.world.digests import Digests


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def settled(path: Path, text: str) -> Path:
    """A file that was written long enough ago."""
    path.write_text(text)
    time.sleep(0.06)
    return path


def test_a_digest_is_remembered_across_sessions(tmp_path: Path) -> None:
    path = settled(tmp_path / "a", "one")
    memory = Digests.of_project(tmp_path)
    assert memory.of(str(path)) == sha("one")
    memory.save()
    again = Digests.of_project(tmp_path)
    assert again.known(str(path), digests.state_of(path.stat())) == sha("one")


def test_a_change_of_the_same_size_and_time_is_seen(tmp_path: Path) -> None:
    path = settled(tmp_path / "a", "one")
    memory = Digests.of_project(tmp_path)
    memory.of(str(path))
    before = path.stat()
    path.write_text("two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert memory.of(str(path)) == sha("two")


def test_a_file_that_was_just_written_is_not_remembered(tmp_path: Path) -> None:
    memory = Digests.of_project(tmp_path)
    path = tmp_path / "a"
    path.write_text("one")
    memory.of(str(path))
    path.write_text("two")
    assert memory.of(str(path)) == sha("two")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 3}', '{"a": [1, 2, 3, 4]}', '{"a": [1, 2, 3, "x", "y"]}'])
def test_a_broken_memory_is_none(tmp_path: Path, text: str) -> None:
    place = tmp_path / digests.FOLDER / "digests.json"
    place.parent.mkdir(parents=True)
    place.write_text(text)
    path = settled(tmp_path / "a", "one")
    assert Digests.of_project(tmp_path).of(str(path)) == sha("one")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "gone"):
        with pytest.raises(OSError):
            Digests(None).of(str(path))


def test_a_tree_has_the_digest_it_always_had(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/c", "a", "ä"):
        (tmp_path / name).write_text(name)
    entries = list(files.walk(tmp_path))
    lines = [(entry.mode, entry.path, files.digest_of(tmp_path, entry)) for entry in entries]
    assert files.digest_of_lines(lines) == files.tree_digest(tmp_path, entries)


def test_work_is_spread_in_order() -> None:
    assert digests.spread(lambda number: number * 2, range(1000)) == [number * 2 for number in range(1000)]
