"""Sessions: where they work, what they copy, what they put back, and what they leave behind, also when killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from readiness.errors import CannotJudge
from readiness.testing.projects import make_repository
from readiness.world import files
from readiness.world import project as projects
from readiness.world.environment import Procedure
from readiness.world.session import Session, sweep, work_folder

FILES = {"main.py": "print('hello')\n", "data/in.txt": "one\n", ".gitignore": "*.log\n"}
OPENED = """
import sys, time
from pathlib import Path
from readiness.world import project as projects
from readiness.world.environment import Procedure
from readiness.world.session import Session
session = Session(projects.load(Path(sys.argv[1])), Procedure("bare", ""))
print(session.sandbox.root, flush=True)
time.sleep(60)
"""
"""A session in a program of its own, to be killed."""


@pytest.fixture
def work(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder all sessions of a test work in."""
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    return workplace / "work"


@pytest.fixture
def project(work: Path, tmp_path: Path) -> projects.Project:
    root = make_repository(tmp_path / "app", FILES)
    (root / "run.log").write_text("ignored\n")
    (root / "run.sh").write_text("#!/bin/sh\n")
    (root / "run.sh").chmod(0o755)
    (root / "link").symlink_to("data/in.txt")
    return projects.load(root)


@pytest.fixture
def session(project: projects.Project) -> Iterator[Session]:
    with closing(Session(project, Procedure("bare", ""))) as made:
        yield made


def test_nothing_is_made_before_it_is_needed(session: Session, work: Path) -> None:
    session.close()
    assert session.project.paths
    assert not work.exists()


def test_the_work_folder_is_the_one_that_was_named(session: Session, work: Path) -> None:
    assert session.sandbox.root.parent == work
    assert stat.S_IMODE(work.stat().st_mode) == 0o711
    assert stat.S_IMODE(Path(f"{session.sandbox.root}.ours").stat().st_mode) == 0o700


def empties(folder: Path, seconds: float = 20) -> bool:
    """Whether a folder is empty by then: what is removed is removed in the background."""
    deadline = time.monotonic() + seconds
    while any(folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(folder.iterdir())


def test_closing_leaves_the_work_folder_empty(project: projects.Project, work: Path) -> None:
    with closing(Session(project, Procedure("bare", ""))) as session:
        session.tree("first")
        session.probe("jail.py")
        assert len(list(work.iterdir())) == 4
    assert empties(work)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_work_folder_of_somebody_else_is_refused(work: Path) -> None:
    work.mkdir()
    os.chown(work, 54321, 54321)
    with pytest.raises(CannotJudge, match="belongs to somebody else"):
        work_folder()


def test_a_work_folder_that_cannot_be_made_is_told(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work.write_text("a file\n")
    with pytest.raises(CannotJudge, match=r"no work folder can be made at .*: File exists") as caught:
        work_folder()
    assert (caught.value.exit_code, caught.value.hint) == (3, "set READINESS_WORK to a folder")
    monkeypatch.setenv("READINESS_WORK", str(work / "below"))
    with pytest.raises(CannotJudge, match="Not a directory"):
        work_folder()


def test_a_copy_holds_what_belongs_to_the_project(session: Session) -> None:
    tree = session.tree("first")
    copied = {path.relative_to(tree).as_posix() for path in tree.rglob("*") if not path.is_dir()}
    assert copied == {*FILES, "run.sh", "link"}
    assert (tree / "link").readlink() == Path("data/in.txt")
    assert os.access(tree / "run.sh", os.X_OK)
    assert not os.access(tree / "main.py", os.X_OK)
    assert session.project.toplevel not in tree.parents


def test_a_copy_belongs_to_the_user_commands_run_as(session: Session) -> None:
    tree = session.tree("first")
    ran = session.sandbox.run(["/bin/sh", "-c", "echo more >> main.py && mkdir new && id -u"], cwd=tree)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert {path.lstat().st_uid for path in [tree, *tree.rglob("*")]} == {int(ran.stdout)}


def test_a_copy_is_made_once_for_each_name(session: Session) -> None:
    first = session.tree("first")
    (first / "main.py").write_text("changed\n")
    assert (session.tree("first") / "main.py").read_text() == "changed\n"
    assert (session.tree("second") / "main.py").read_text() == FILES["main.py"]


def test_the_checkout_is_never_touched(session: Session) -> None:
    before = {path: path.lstat().st_mtime_ns for path in session.project.root.rglob("*")}
    session.sandbox.run(["/bin/sh", "-c", "rm -rf * .git* ; echo x > new"], cwd=session.tree("first"))
    session.restore(session.tree("first"), {})
    assert {path: path.lstat().st_mtime_ns for path in session.project.root.rglob("*")} == before


def test_a_copy_is_put_back_as_it_was(session: Session) -> None:
    tree = session.tree("first")
    before = files.state_of(tree)
    change = "rm data/in.txt link && ln -s main.py link && echo x >> main.py && mkdir -p made/deep && touch made/deep/a b"
    assert session.sandbox.run(["/bin/sh", "-c", change], cwd=tree).ok
    created, changed = session.restore(tree, before)
    assert created == ["b", "made/deep/a"]
    assert changed == ["data/in.txt", "link", "main.py"]
    assert files.state_of(tree) == before
    assert session.sandbox.run(["/bin/sh", "-c", "echo x >> main.py"], cwd=tree).ok


def test_putting_back_what_did_not_change_says_so(session: Session) -> None:
    tree = session.tree("first")
    assert session.restore(tree, files.state_of(tree)) == ([], [])


def test_a_probe_can_be_read_by_the_command(session: Session) -> None:
    probe = session.probe("start_modules.py")
    ran = session.sandbox.run(["/bin/sh", "-c", f"head -c 3 {probe}"], cwd=session.sandbox.root)
    assert (ran.exit_code, ran.stdout) == (0, '"""')


def test_namespaces_can_be_switched_off(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINESS_PLAIN_SANDBOX", "1")
    assert session.sandbox.plain


def test_the_home_and_the_repository_are_hidden(session: Session) -> None:
    assert {Path.home(), session.project.toplevel} <= set(session.sandbox.hidden)


@pytest.fixture
def killed(work: Path, tmp_path: Path) -> Path:
    """The work folder of a session that was killed."""
    root = make_repository(tmp_path / "killed", FILES)
    with subprocess.Popen([sys.executable, "-c", OPENED, str(root)], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        left = Path(program.stdout.readline().strip())
        program.send_signal(signal.SIGKILL)
    assert left.is_dir()
    return left


def test_the_next_session_sweeps_what_a_killed_one_left(killed: Path, project: projects.Project, work: Path) -> None:
    (killed / "home/forbidden").mkdir(mode=0o000)
    assert len(list(work.iterdir())) == 4
    with closing(Session(project, Procedure("bare", ""))) as session:
        assert session.sandbox.root.is_dir()
        assert not killed.exists()
    assert empties(work)


def test_a_session_that_works_is_never_swept(session: Session, work: Path) -> None:
    session.tree("first")
    before = sorted(work.rglob("*"))
    sweep(work)
    assert sorted(work.rglob("*")) == before


def test_two_sessions_work_side_by_side(session: Session, work: Path) -> None:
    with closing(Session(session.project, session.procedure)) as other:
        assert other.sandbox.root != session.sandbox.root
        assert other.tree("first").is_dir()
        assert session.tree("first").is_dir()
    assert session.tree("first").is_dir()


def test_sweeping_follows_no_link(work: Path, tmp_path: Path) -> None:
    work.mkdir()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/file").write_text("kept\n")
    (work / "run-x.lock").touch()
    (work / "run-x").mkdir()
    (work / "run-x/out").symlink_to(tmp_path / "kept")
    (work / "run-x.ours").symlink_to(tmp_path / "kept")
    sweep(work)
    assert (tmp_path / "kept/file").is_file()
