"""Which folder is a project and what belongs to it: real repositories in every state they are found in."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.errors import CannotJudge, UsageError
from readiness.testing.projects import commit, git, make_repository
from readiness.world import git as repository
from readiness.world import project as projects

APP = {"main.py": "print('hello')\n", "pyproject.toml": '[project]\nname = "app"\nversion = "1"\n'}


def fill(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def paths(root: Path) -> set[str]:
    return set(projects.load(root).paths)


def test_a_plain_folder_is_judged_as_it_is(tmp_path: Path) -> None:
    found = projects.load(fill(tmp_path / "plain", {**APP, ".venv/lib/x.py": "", "node_modules/x/y.js": "", "a/__pycache__/x.pyc": ""}))
    assert found.paths == set(APP)
    assert (found.commit, found.dirty, found.changed_at, found.vcs, found.toplevel) == ("", False, None, False, found.root)
    assert found.warnings == ("not a git repository: judged as the plain folder it is",)


@pytest.mark.parametrize("bare", [True, False])
def test_an_empty_folder_holds_nothing_to_judge(tmp_path: Path, bare: bool) -> None:
    root = tmp_path / "empty"
    root.mkdir()
    if not bare:
        git(root, "init", "-q")
    with pytest.raises(UsageError, match="holds no files to judge") as caught:
        projects.locate(root)
    assert caught.value.exit_code == 2


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "gone", fill(tmp_path, {"file": ""}) / "file"):
        with pytest.raises(UsageError, match="no folder"):
            projects.locate(path)


def test_what_readiness_keeps_itself_is_no_content(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "app", APP)
    before = projects.load(root).tree
    fill(root, {".readiness/evidence/x/y.json": "{}"})
    assert projects.load(root).tree == before
    shutil.rmtree(root / ".git")
    assert paths(root) == set(APP)


def test_a_repository_before_its_first_commit_has_files_and_no_commit(tmp_path: Path) -> None:
    root = fill(tmp_path / "app", APP)
    git(root, "init", "-q")
    found = projects.load(root)
    assert found.paths == set(APP)
    assert (found.commit, found.dirty, found.changed_at, found.warnings) == ("", True, None, ())


def test_a_commit_names_the_state_and_its_time(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "My App!", APP, when="2026-03-04T05:06:07Z")
    found = projects.load(root)
    assert found.commit == git(root, "rev-parse", "HEAD").strip()
    assert (found.dirty, found.changed_at, found.id) == (False, datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC), "my-app")


def test_uncommitted_changes_are_part_of_what_is_judged(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "app", {**APP, "gone.py": ""})
    before = projects.load(root)
    assert "gone.py" in before.paths
    tree = before.tree
    fill(root, {"main.py": "print('changed')\n", "staged.py": "", "untracked.py": ""})
    git(root, "add", "staged.py")
    (root / "gone.py").unlink()
    found = projects.load(root)
    assert found.paths == {*APP, "staged.py", "untracked.py"}
    assert (found.dirty, found.commit) == (True, before.commit)
    assert found.tree != tree


def test_ignored_files_are_not_part_of_a_project(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "app", {**APP, ".gitignore": "*.log\nsecret/\n"})
    before = projects.load(root).tree
    fill(root, {"run.log": "", "secret/key": "hunter2"})
    assert projects.load(root).tree == before
    assert not projects.load(root).dirty


def test_an_ignored_file_that_is_tracked_belongs_to_the_project(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "app", {**APP, ".gitignore": "*.csv\n"})
    fill(root, {"data.csv": "1\n"})
    git(root, "add", "-f", "data.csv")
    assert "data.csv" in paths(root)


def test_the_tree_is_the_same_with_git_and_without(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "app", {**APP, "deep/er/x.py": "x = 1\n"})
    with_git = projects.load(root).tree
    shutil.rmtree(root / ".git")
    assert projects.load(root).tree == with_git


def test_a_shallow_clone_is_a_project_without_its_history(tmp_path: Path) -> None:
    origin = make_repository(tmp_path / "origin", APP)
    fill(origin, {"more.py": ""})
    commit(origin, "more")
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{origin}", "shallow")
    found = projects.load(tmp_path / "shallow")
    assert (found.tree, found.commit) == (projects.load(origin).tree, projects.load(origin).commit)
    assert repository.shallow(found.root)
    with pytest.raises(UsageError, match="no commit `HEAD~1`") as caught:
        repository.resolve(found.root, "HEAD~1")
    assert "git fetch --unshallow" in caught.value.hint


@pytest.mark.parametrize("revision", ["", "nope", "--help", "HEAD:main.py", "main..main", "\udcff"])
def test_a_revision_that_names_no_commit_is_told(tmp_path: Path, revision: str) -> None:
    root = make_repository(tmp_path / "app", APP)
    with pytest.raises(UsageError, match="no commit"):
        repository.resolve(root, revision)


def with_submodule(tmp_path: Path) -> Path:
    inner = make_repository(tmp_path / "inner", {"inner.py": "x = 1\n"})
    root = make_repository(tmp_path / "outer", APP)
    git(root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "libs/inner")
    commit(root, "with a submodule")
    return root


def test_the_files_of_a_submodule_belong_to_the_project(tmp_path: Path) -> None:
    root = with_submodule(tmp_path)
    assert paths(root) == {*APP, ".gitmodules", "libs/inner/inner.py"}
    assert projects.load(root).warnings == ()


def test_a_submodule_that_is_not_checked_out_is_a_warning(tmp_path: Path) -> None:
    origin = with_submodule(tmp_path)
    git(tmp_path, "clone", "-q", str(origin), "clone")
    found = projects.load(tmp_path / "clone")
    assert found.warnings == ("submodule libs/inner is not checked out",)
    assert found.paths == {*APP, ".gitmodules"}


@pytest.mark.parametrize("vcs", [True, False])
def test_links_are_content_and_never_followed(tmp_path: Path, vcs: bool) -> None:
    outside = fill(tmp_path / "outside", {"secret.py": "hunter2"})
    root = fill(tmp_path / "app", APP)
    (root / "loop").symlink_to("loop")
    (root / "around").symlink_to(".")
    (root / "out").symlink_to(outside)
    (root / "secret.py").symlink_to(outside / "secret.py")
    if vcs:
        make_repository(root)
    found = projects.load(projects.locate(root)[0])
    assert found.paths == {*APP, "loop", "around", "out", "secret.py"}
    assert {entry.mode for entry in found.entries if entry.path not in APP} == {"120000"}
    before = found.tree
    fill(outside, {"secret.py": "changed"})
    assert projects.load(root).tree == before
    assert found.text("loop") == ""


@pytest.mark.parametrize("vcs", [True, False])
def test_names_and_contents_that_are_no_text_are_content(tmp_path: Path, vcs: bool) -> None:
    root = fill(tmp_path / "app", APP)
    for name in (b"caf\xe9.py", b"new\nline.py", b"tab\t.py", b'quote".py', "世界.py".encode()):
        (root / os.fsdecode(name)).write_bytes(b"# \xff\xfe\x00\n")
    if vcs:
        make_repository(root)
    found = projects.load(projects.locate(root)[0])
    assert {os.fsencode(path) for path in found.paths} >= {b"caf\xe9.py", b"new\nline.py", b"tab\t.py", b'quote".py'}
    assert found.tree.startswith("sha256:")
    assert found.text(os.fsdecode(b"caf\xe9.py")) == "# \ufffd\ufffd\x00\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_by_its_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "requirements.txt").write_bytes("café==1\n".encode(encoding))
    assert projects.load(tmp_path).text("requirements.txt") == "café==1\n"
    assert projects.load(tmp_path).text("../elsewhere") == ""


def test_what_is_neither_file_nor_link_is_left_out(tmp_path: Path) -> None:
    root = fill(tmp_path / "app", APP)
    os.mkfifo(root / "pipe")
    assert paths(root) == set(APP)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_no_verdict(tmp_path: Path) -> None:
    root = fill(tmp_path / "app", APP)
    (root / "main.py").chmod(0)
    with pytest.raises(CannotJudge, match=r"main\.py cannot be read: Permission denied"):
        _ = projects.load(root).tree


MONOREPO = {
    "README.md": "",
    "pyproject.toml": "[tool.ruff]\nline-length = 100\n",
    "services/a/pyproject.toml": APP["pyproject.toml"],
    "services/a/nested/setup.py": "from setuptools import setup\nsetup()\n",
    "services/b/requirements.txt": "x\n",
    "c/setup.cfg": "[metadata]\n",
    "docs/requirements.txt": "sphinx\n",
    "libs/d/pyproject.toml": "[tool.black]\n",
    "libs/e/setup.cfg": "[flake8]\n",
}


@pytest.mark.parametrize("vcs", [True, False])
def test_a_root_that_only_holds_projects_gives_each_of_them(tmp_path: Path, vcs: bool) -> None:
    root = fill(tmp_path / "mono", MONOREPO)
    if vcs:
        make_repository(root)
    assert projects.locate(root) == [root / "c", root / "services/a", root / "services/b"]


def test_one_project_of_several_is_judged_alone(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "mono", MONOREPO)
    assert projects.locate(root / "services/a") == [root / "services/a"]
    found = projects.load(root / "services/a")
    assert found.paths == {"pyproject.toml", "nested/setup.py"}
    assert (found.toplevel, found.dirty) == (root, False)
    fill(root, {"services/b/new.py": ""})
    assert not projects.load(root / "services/a").dirty
    assert projects.load(root / "services/b").dirty


def test_a_folder_without_a_project_of_its_own_gives_those_below_it(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "mono", MONOREPO)
    assert projects.locate(root / "services") == [root / "services/a", root / "services/b"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", '[project]\nname = "root"\n'),
        ("pyproject.toml", '[tool.poetry]\nname = "root"\n'),
        ("pyproject.toml", "[build-system]\nrequires = []\n"),
        ("requirements.txt", "x\n"),
        ("setup.py", "from setuptools import setup\nsetup()\n"),
        ("readiness.toml", ""),
        ("main.py", ""),
    ],
)
def test_a_root_with_a_project_of_its_own_is_the_project(tmp_path: Path, name: str, text: str) -> None:
    root = make_repository(tmp_path / "mono", {**MONOREPO, name: text})
    assert projects.locate(root) == [root]


def test_a_link_to_a_project_leads_to_it(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "app", APP)
    (tmp_path / "link").symlink_to(root)
    assert projects.locate(tmp_path / "link") == [root]


def test_seven_thousand_files_are_read_within_three_seconds_of_computing(tmp_path: Path) -> None:
    root = tmp_path / "large"
    for number in range(7000):
        folder = root / f"package{number % 70}"
        if number < 70:
            folder.mkdir(parents=True)
        (folder / f"module{number}.py").write_text(f"VALUE = {number}\n")
    git(root, "init", "-q")
    started = sum(os.times()[:4])
    found = projects.load(projects.locate(root)[0])
    assert found.tree.startswith("sha256:")
    assert len(found.entries) == 7000
    assert sum(os.times()[:4]) - started < 3


@pytest.mark.parametrize(("name", "expected"), [("My_App 2", "my-app-2"), ("...", "project"), ("x" * 80, "x" * 63), ("été", "t")])
def test_an_id_is_made_from_the_folders_name(name: str, expected: str) -> None:
    assert projects.slug(name) == expected


def test_settings_of_git_around_us_do_not_reach_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make_repository(tmp_path / "other", {"other.py": ""})
    root = make_repository(tmp_path / "app", APP)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    assert paths(root) == set(APP)


def test_a_repository_runs_nothing_of_its_own(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "app", APP)
    program = tmp_path / "ran"
    git(root, "config", "core.fsmonitor", f"touch {program}; false")
    (root / ".git/hooks/post-index-change").write_text(f"#!/bin/sh\ntouch {program}\n")
    (root / ".git/hooks/post-index-change").chmod(0o755)
    fill(root, {"main.py": "changed"})
    found = projects.load(root)
    assert found.dirty
    assert found.tree
    assert not program.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a repository away")
def test_a_repository_of_somebody_else_is_read(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "app", APP)
    for path in [root, *root.rglob("*")]:
        os.chown(path, 54321, 54321)
    assert projects.load(root).commit


def test_a_past_state_is_taken_out_of_history_whole(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "app", APP)
    first = repository.head(root)
    before = projects.load(root).tree
    fill(root, {"main.py": "changed", "new.py": ""})
    commit(root, "changed")
    repository.extract(root, first, tmp_path / "past")
    origin = projects.Origin(root, "app", repository.authored(root, first))
    found = projects.load(tmp_path / "past", origin=origin)
    assert (found.tree, found.id, found.home) == (before, "app", root)
    assert found.changed_at == datetime(2026, 1, 5, 12, tzinfo=UTC)
