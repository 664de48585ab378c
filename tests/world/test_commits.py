"""What commits added: on side branches, in merges, whatever the repository's own settings and attributes say."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.errors import CannotJudge
from readiness.testing.projects import commit, git, make_repository
from readiness.world import commits
from readiness.world import project as projects
from readiness.world.commits import Added


def added(root: Path, where: Path, limit_s: float = 60) -> list[Added]:
    past = commits.borrow(projects.load(root), where)
    assert past is not None
    return list(commits.added(past, limit_s))


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


def test_lines_are_told_with_their_commit_path_and_number(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"a.py": "one\ntwo\nthree\n"})
    first = git(root, "rev-parse", "HEAD").strip()
    write(root, "a.py", "one\n++ two\n-- three\ndiff --git a/x b/x\n")
    second = commit(root, "change")
    found = [(item.commit, item.path, item.lines, item.text) for item in added(root, tmp_path / "bare")]
    assert found == [
        (first, "a.py", (1, 2, 3), "one\ntwo\nthree"),
        (second, "a.py", (2, 3, 4), "++ two\n-- three\ndiff --git a/x b/x"),
    ]


def test_what_a_merged_branch_added_and_removed_is_told(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"app/a.py": "1\n"})
    git(root, "checkout", "-q", "-b", "side")
    write(root, "app/side.py", "on the side\n")
    commit(root, "add")
    (root / "app/side.py").unlink()
    commit(root, "remove")
    git(root, "checkout", "-q", "main")
    write(root, "app/b.py", "2\n")
    commit(root, "go on")
    git(root, "-c", "user.name=a", "-c", "user.email=a@b", "merge", "-q", "side")
    git(root, "checkout", "-q", "-b", "open", "HEAD~1")
    write(root, "app/open.py", "never merged\n")
    commit(root, "open")
    git(root, "checkout", "-q", "main")
    for folder in (root, root / "app"):
        texts = [item.text for item in added(folder, tmp_path / f"bare-{folder.name}")]
        assert "on the side" in texts
        assert "never merged" not in texts


def test_what_only_the_merge_itself_added_is_told(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"a.py": "1\n"})
    git(root, "checkout", "-q", "-b", "side")
    write(root, "b.py", "2\n")
    commit(root, "side")
    git(root, "checkout", "-q", "main")
    write(root, "c.py", "3\n")
    commit(root, "main")
    git(root, "-c", "user.name=a", "-c", "user.email=a@b", "merge", "-q", "--no-commit", "side")
    write(root, "b.py", "2\nin the merge alone\n")
    merge = commit(root, "merge")
    found = [item for item in added(root, tmp_path / "bare") if item.commit == merge]
    assert [(item.path, item.lines, item.text) for item in found] == [("b.py", (2,), "in the merge alone")]


def test_settings_and_attributes_of_the_repository_hide_nothing(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {".gitattributes": "*.py -diff\n", "a.py": "one\n"})
    for name, value in (
        ("log.showRoot", "false"),
        ("diff.noprefix", "true"),
        ("diff.external", "/bin/false"),
        ("log.showSignature", "true"),
    ):
        git(root, "config", name, value)
    write(root, ".git/info/attributes", "*.py -diff\n")
    git(root, "replace", git(root, "rev-parse", "HEAD:a.py").strip(), git(root, "hash-object", "-w", ".gitattributes").strip())
    assert ("a.py", "one") in [(item.path, item.text) for item in added(root, tmp_path / "bare")]


def test_paths_are_relative_to_the_project_also_in_a_worktree(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"services/ask me/a.py": "one\n", "other.py": "two\n"})
    git(root, "worktree", "add", "-q", str(tmp_path / "tree"), "HEAD")
    found = added(tmp_path / "tree/services/ask me", tmp_path / "bare")
    assert [(item.path, item.text) for item in found] == [("a.py", "one")]


def test_a_clone_that_was_cut_off_is_said_to_be(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"a.py": "one\n"})
    write(root, "a.py", "two\n")
    commit(root, "change")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{root}", str(tmp_path / "shallow"))
    past = commits.borrow(projects.load(tmp_path / "shallow"), tmp_path / "bare")
    assert past is not None
    assert (past.whole, [item.text for item in commits.added(past, 60)]) == (False, ["two"])


def test_a_history_with_holes_cannot_be_judged(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"a.py": "one\n"})
    blob = git(root, "rev-parse", "HEAD:a.py").strip()
    (root / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(CannotJudge, match="objects are missing"):
        added(root, tmp_path / "bare")


def test_a_history_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "shop", {"a.py": "one\n"})
    with pytest.raises(CannotJudge, match="too long"):
        added(root, tmp_path / "bare", 0)


def test_a_folder_without_git_or_without_a_commit_has_no_history(tmp_path: Path) -> None:
    write(tmp_path / "plain", "a.py", "one\n")
    assert commits.borrow(projects.load(tmp_path / "plain"), tmp_path / "bare") is None
    git(tmp_path / "plain", "init", "-q")
    assert commits.borrow(projects.load(tmp_path / "plain"), tmp_path / "bare") is None
