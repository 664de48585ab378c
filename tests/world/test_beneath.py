"""Below a folder that somebody else controls no link is followed, on the way or at the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from readiness.world import beneath


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with one file, beside a secret that links in it lead to."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/file").write_text("secret")
    root = tmp_path / "tree"
    (root / "real").mkdir(parents=True)
    (root / "real/file").write_text("own")
    (root / "folder").symlink_to(tmp_path / "secret")
    (root / "file").symlink_to(tmp_path / "secret/file")
    return root


def test_a_plain_file_is_read_written_and_removed(tree: Path) -> None:
    assert beneath.read(tree, "real/file") == b"own"
    beneath.write(tree, "real/deep/new", b"x", 0o755)
    assert (tree / "real/deep/new").stat().st_mode & 0o777 == 0o755
    beneath.remove(tree, "real")
    assert not (tree / "real").exists()


@pytest.mark.parametrize("path", ["folder/file", "file", "missing", "real", "real/missing/file"])
def test_what_is_no_plain_file_is_not_read(tree: Path, path: str) -> None:
    assert beneath.read(tree, path) is None


def test_a_pipe_keeps_nobody_waiting(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    assert beneath.read(tree, "pipe") is None


def test_nothing_is_written_or_removed_through_a_link(tree: Path) -> None:
    with pytest.raises(OSError, match="folder"):
        beneath.write(tree, "folder/file", b"x")
    beneath.remove(tree, "folder/file")
    assert (tree.parent / "secret/file").read_text() == "secret"


def test_a_link_at_the_end_is_replaced_itself(tree: Path) -> None:
    beneath.write(tree, "file", b"own")
    beneath.remove(tree, "folder")
    beneath.link(tree, "real/file", "nowhere")
    assert (tree.parent / "secret/file").read_text() == "secret"
    assert (tree / "file").read_bytes() == b"own"
    assert (tree / "real/file").readlink() == Path("nowhere")
