"""Trees of files: one digest for one content, copies that are the same, writes that are whole, removals that succeed."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from readiness.world import files
from readiness.world.files import Entry

NOBODY = 65534
ODD = os.fsdecode(b"caf\xe9 \n.txt")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "src/deep").mkdir(parents=True)
    (root / "app.py").write_text("print(1)\n")
    (root / "src/run.sh").write_text("#!/bin/sh\n")
    (root / "src/run.sh").chmod(0o755)
    (root / "src/deep/data.bin").write_bytes(b"\x00\xff")
    (root / "link").symlink_to("src/deep")
    (root / ODD).write_text("odd")
    return root


@pytest.fixture
def owned() -> Iterator[Path]:
    """A folder of an ordinary user, as whom the test goes on: for root nothing is forbidden."""
    folder, was_root = Path(tempfile.mkdtemp(dir="/tmp")), os.geteuid() == 0
    if was_root:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    yield folder
    if was_root:
        os.seteuid(0)
    files.remove_tree(folder)


def digest(root: Path) -> str:
    return files.tree_digest(root, files.walk(root))


def test_the_digest_is_that_of_sorted_lines_of_mode_path_and_content(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("two")
    (tmp_path / "a").symlink_to("b")
    lines = [("120000 a", b"b"), ("100644 b", b"two")]
    whole = b"".join(name.encode() + b"\0" + hashlib.sha256(data).hexdigest().encode() + b"\n" for name, data in lines)
    assert digest(tmp_path) == f"sha256:{hashlib.sha256(whole).hexdigest()}"


def test_the_order_of_entries_does_not_matter(tree: Path) -> None:
    entries = sorted(files.walk(tree), key=lambda entry: entry.path)
    assert files.tree_digest(tree, entries) == files.tree_digest(tree, reversed(entries))


CHANGES: dict[str, Callable[[Path], object]] = {
    "content": lambda root: (root / "app.py").write_text("print(2)\n"),
    "mode": lambda root: (root / "app.py").chmod(0o755),
    "rename": lambda root: (root / "app.py").rename(root / "main.py"),
    "move": lambda root: (root / "app.py").rename(root / "src/app.py"),
    "new file": lambda root: (root / "empty").touch(),
    "removal": lambda root: (root / "app.py").unlink(),
    "odd name": lambda root: (root / ODD).rename(root / os.fsdecode(b"caf\xe8 \n.txt")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_digest_changes_with(tree: Path, change: Callable[[Path], object]) -> None:
    before = digest(tree)
    change(tree)
    assert digest(tree) != before


def test_two_files_that_swap_their_content_change_the_digest(tree: Path) -> None:
    before = digest(tree)
    (tree / "app.py").rename(tree / "kept")
    (tree / "src/run.sh").rename(tree / "app.py")
    (tree / "kept").rename(tree / "src/run.sh")
    assert digest(tree) != before


def test_a_link_counts_by_its_target_and_not_by_what_lies_there(tree: Path) -> None:
    target = files.digest_of(tree, Entry("link", "120000"))
    assert target == hashlib.sha256(b"src/deep").hexdigest()
    (tree / "link").unlink()
    (tree / "link").symlink_to("nowhere")
    assert files.digest_of(tree, Entry("link", "120000")) == hashlib.sha256(b"nowhere").hexdigest()


def test_times_and_the_rights_of_others_do_not_change_the_digest(tree: Path) -> None:
    before = digest(tree)
    os.utime(tree / "app.py", (0, 0))
    (tree / "app.py").chmod(0o600)
    assert digest(tree) == before


def test_a_file_that_vanished_is_an_error_and_no_digest(tree: Path) -> None:
    entries = list(files.walk(tree))
    (tree / "app.py").unlink()
    with pytest.raises(FileNotFoundError):
        files.tree_digest(tree, entries)


def test_entries_know_links_executables_and_leave_out_what_is_no_file(tree: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tree / "s"))
        assert [files.entry(tree, name) for name in ("s", "src", "nowhere")] == [None, None, None]
    assert files.entry(tree, "link") == Entry("link", "120000")
    assert files.entry(tree, "src/run.sh") == Entry("src/run.sh", "100755")
    assert files.entry(tree, "app.py") == Entry("app.py", "100644")


def test_a_walk_follows_no_link_and_skips_what_is_no_part_of_a_project(tree: Path) -> None:
    for folder in (".git", ".venv/lib", "src/__pycache__", ".readiness/evidence"):
        (tree / folder).mkdir(parents=True)
        (tree / folder / "x").touch()
    assert {entry.path for entry in files.walk(tree)} == {"app.py", "src/run.sh", "src/deep/data.bin", "link", ODD}


def test_a_copy_has_the_same_digest_and_shares_nothing(tree: Path, tmp_path: Path) -> None:
    before = digest(tree)
    files.copy_tree(tree, files.walk(tree), tmp_path / "copy")
    assert digest(tmp_path / "copy") == before
    assert [(tmp_path / "copy" / name).stat().st_mode & 0o777 for name in ("app.py", "src/run.sh")] == [0o644, 0o755]
    assert (tmp_path / "copy/link").readlink() == Path("src/deep")
    (tmp_path / "copy/app.py").write_text("changed")
    assert digest(tree) == before


def test_only_the_entries_asked_for_are_copied(tree: Path, tmp_path: Path) -> None:
    files.copy_tree(tree, [Entry("src/run.sh", "100755")], tmp_path / "copy")
    assert [entry.path for entry in files.walk(tmp_path / "copy")] == ["src/run.sh"]


def test_what_changed_between_two_states_can_be_told(tree: Path) -> None:
    (tree / ".venv").mkdir()
    before = files.state_of(tree)
    assert {path for path, state in before.items() if state == files.FOLDER} == {"src", "src/deep"}
    (tree / "app.py").write_text("print(2)\n")
    (tree / "new").write_text("")
    (tree / "made/inside").mkdir(parents=True)
    after = files.state_of(tree)
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} == {
        "app.py",
        "new",
        "made",
        "made/inside",
    }


def test_the_bytes_a_tree_occupies_are_those_of_its_blocks(tmp_path: Path) -> None:
    assert files.tree_bytes(tmp_path) == 0
    (tmp_path / "folder").mkdir()
    for name in ("a", "folder/b"):
        (tmp_path / name).write_bytes(b"x" * 50_000)
    assert 100_000 <= files.tree_bytes(tmp_path) < 200_000


def test_a_file_is_replaced_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    place = tmp_path / "deep/note.json"
    for data in (b"first, and longer", b"second"):
        files.write_atomically(place, data)
        assert place.read_bytes() == data
    assert [path.name for path in place.parent.iterdir()] == ["note.json"]


def test_a_write_that_fails_leaves_what_was_there_and_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "taken/inside").mkdir(parents=True)
    with pytest.raises(OSError):
        files.write_atomically(tmp_path / "taken", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    assert (tmp_path / "taken/inside").is_dir()


@pytest.mark.parametrize("mode", [0o555, 0o444, 0o000], ids=oct)
def test_a_folder_that_forbids_it_is_removed_all_the_same(owned: Path, mode: int) -> None:
    inner = owned / "tree/locked"
    inner.mkdir(parents=True)
    (inner / "a").write_text("x")
    (inner / "a").chmod(0o400)
    (inner / "folder").mkdir()
    inner.chmod(mode)
    files.remove_tree(owned / "tree")
    assert list(owned.iterdir()) == []


def test_read_only_folders_in_each_other_are_removed(owned: Path) -> None:
    (owned / "tree/a/b/c").mkdir(parents=True)
    (owned / "tree/a/b/c/file").touch()
    for name in ("a/b/c", "a/b", "a", "."):
        (owned / "tree" / name).chmod(0o555)
    files.remove_tree(owned / "tree")
    assert list(owned.iterdir()) == []


def test_a_link_is_removed_and_what_it_points_to_stays(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/link").symlink_to(tree)
    files.remove_tree(tmp_path / "other")
    assert (tree / "app.py").exists()
    assert not (tmp_path / "other").exists()


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    files.remove_tree(tmp_path / "nowhere")
