"""Which files were read, told by their access time."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from readiness.world import files, reads


def test_what_was_read_is_told_whatever_reads_it(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "data").mkdir(parents=True)
    for name in ("data/a.csv", "data/b.csv", "c.txt", "written.txt"):
        (tree / name).write_text("one\n")
    (tree / "link").symlink_to("c.txt")
    entries = sorted(files.walk(tree), key=lambda item: item.path)
    if not reads.prepare(tree, entries):
        pytest.skip("this file system keeps no access times")
    assert reads.seen(tree, entries) == ()
    subprocess.run(["cat", str(tree / "data/a.csv")], check=True, capture_output=True)
    (tree / "written.txt").write_text("two\n")
    assert reads.seen(tree, entries) == ("data/a.csv",)
    (tree / "link").read_text()
    assert reads.seen(tree, entries) == ("c.txt", "data/a.csv")
    (tree / "data/b.csv").unlink()
    assert reads.seen(tree, entries) == ("c.txt", "data/a.csv")


def test_a_second_preparation_forgets_what_was_read_before(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/a.csv").write_text("one\n")
    entries = list(files.walk(tmp_path / "tree"))
    reads.prepare(tmp_path / "tree", entries)
    (tmp_path / "tree/a.csv").read_text()
    reads.prepare(tmp_path / "tree", entries)
    assert reads.seen(tmp_path / "tree", entries) == ()
