"""A checkout looked at quickly is the project as it is looked at slowly."""

from __future__ import annotations

from pathlib import Path

from readiness.testing.projects import git, make_repository
from readiness.world import checkout, project

FILES = {"a.py": "1", "sub/b.py": "2", "sub/deep/c ä.txt": "3", ".gitignore": "ignored\n", "waivers/w.sig": "x"}


def test_it_lists_what_belongs_to_the_project(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "p", FILES)
    (root / "new.py").write_text("4")
    (root / "ignored").write_text("5")
    (root / "link").symlink_to("a.py")
    (root / "sub/b.py").unlink()
    (root / "a.py").write_text("changed")
    found = checkout.look(root)
    assert found.entries == project.load(root).entries
    assert found.commit == git(root, "rev-parse", "HEAD").strip()
    assert found.unlike == {"a.py", "new.py", "link", "sub/b.py"}
    assert found.dirty


def test_a_folder_within_a_repository_is_a_project_of_its_own(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "p", FILES) / "sub"
    (root / "b.py").write_text("changed")
    found = checkout.look(root)
    assert [entry.path for entry in found.entries] == ["b.py", "deep/c ä.txt"]
    assert found.unlike == {"b.py"}


def test_a_folder_without_git_has_no_commit(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    found = checkout.look(tmp_path)
    assert [entry.path for entry in found.entries] == ["a.py"]
    assert (found.commit, found.dirty, {*found.unlike}) == ("", False, {"a.py"})


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "a.py").write_text("1")
    found = checkout.look(tmp_path)
    assert (found.commit, {*found.unlike}) == ("", {"a.py"})
