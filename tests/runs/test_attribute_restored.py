"""Recorded runs as sides of an attribution: their files come back exactly, or the file that does not is named."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from readiness.errors import UsageError
from readiness.layers.infrastructure import recorded
from readiness.runs import attribute_sides, run
from readiness.runs.attribute import Options, attribute, plan
from readiness.testing.projects import commit, git, make_repository
from tests.runs.attributed import FILES

GAIN = FILES["config/settings.json"].replace("1.0", "4.0")
TOKEN = "ghp_" + "4fGq81LxZ0aB7cD2eF9gHiJkLmN3oP5qRsTu"


@pytest.fixture
def root(tmp_path: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the small application; nothing is downloaded."""
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    return make_repository(tmp_path / "project", FILES | {".gitignore": "out/\n"})


def record(root: Path, monkeypatch: pytest.MonkeyPatch, *outputs: str) -> str:
    """Records a run of nothing, and returns its id."""
    monkeypatch.chdir(root)
    return run.run(root, run.Asked(("true",), outputs)).id


def refused(root: Path, text: str, tmp_path: Path) -> UsageError:
    """Why a run is no side."""
    with pytest.raises(UsageError) as raised:
        attribute_sides.side(root, text, tmp_path / "refused")
    return raised.value


def test_two_runs_of_a_dirty_checkout_are_compared_by_their_files(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "prompts/more.txt").write_text("never committed\n")
    before = record(root, monkeypatch)
    (root / "config/settings.json").write_text(GAIN)
    after = record(root, monkeypatch)
    (root / "config/settings.json").write_text("{}")
    (root / "prompts/more.txt").unlink()
    found = attribute(root, before, after, Options("score", inside_runs=0))
    assert [item.names for item in found.attribution.parts] == [("configuration",)]
    assert found.attribution.parts[0].estimate.mean == pytest.approx(3, abs=0.1)
    assert found.b.endswith(", changed since")
    assert f"A has the files of {before}; its environment is the one they declare, its command the demo" in found.notes


def test_a_run_of_a_clean_checkout_is_its_commit(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = record(root, monkeypatch)
    short = recorded.shortest(made, recorded.ids(root))
    side, same = attribute_sides.side(root, short, tmp_path / "a"), attribute_sides.side(root, "HEAD", tmp_path / "b")
    assert (side.digests, side.commit, side.project.tree, side.project.id) == (
        same.digests,
        same.commit,
        same.project.tree,
        same.project.id,
    )
    assert side.shown == f"{short} @{side.commit[:7]}"
    with pytest.raises(UsageError, match="hold the same files"):
        plan(root, made, "HEAD", Options("score"))


def test_modes_links_and_removed_files_are_as_they_were(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (root / "main.py").chmod(0o755)
    (root / "linked.txt").symlink_to("prompts/ask.txt")
    commit(root, "a link")
    (root / "lib/weight.py").unlink()
    before = attribute_sides.side(root, ".", tmp_path / "now").digests
    made = record(root, monkeypatch)
    git(root, "checkout", "-q", "--", ".")
    (root / "linked.txt").unlink()
    assert attribute_sides.side(root, made, tmp_path / "then").digests == before


def test_a_run_in_a_folder_of_a_repository(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = make_repository(tmp_path / "whole", {f"apps/one/{path}": text for path, text in FILES.items()} | {".python-version": "3\n"})
    inner = whole / "apps/one"
    (inner / "config/settings.json").write_text(GAIN)
    made = record(inner, monkeypatch)
    side = attribute_sides.side(inner, made, tmp_path / "then")
    assert (side.project.root / "config/settings.json").read_text() == GAIN
    assert (tmp_path / "then/whole/.python-version").exists()
    assert side.project.folder == "apps/one"


def test_without_git_small_texts_come_back_and_data_while_it_is_there(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = tmp_path / "plain"
    shutil.copytree(root, plain, ignore=shutil.ignore_patterns(".git"))
    made = record(plain, monkeypatch)
    (plain / "config/settings.json").write_text(GAIN)
    side = attribute_sides.side(plain, made, tmp_path / "then")
    assert (side.project.root / "config/settings.json").read_text() == FILES["config/settings.json"]
    (plain / "data/rows.csv").write_text("id,x\n")
    said = refused(plain, made, tmp_path)
    assert said.message == (
        f"{made}: data/rows.csv is not to be had again: no commit held it, it was no small text free of secrets, and it has changed since"
    )
    assert "commit what a run rests on" in said.hint


def test_a_file_that_is_gone_everywhere_is_named(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "config/live.json").write_text(f'{{"github": "{TOKEN}"}}\n')
    (root / "config/settings.json").write_text(GAIN)
    made = record(root, monkeypatch)
    (root / "config/live.json").unlink()
    assert "config/live.json is not to be had again: no commit held it" in refused(root, made, tmp_path).message
    state = recorded.load(root, made).files["config/settings.json"]
    (root / "config/settings.json").unlink()
    recorded.object_path(root, state.digest).write_text("damaged")
    message = refused(root, made, tmp_path).message
    assert len(message.splitlines()) == 2
    assert "config/settings.json is not to be had again: neither commit" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_was_not_recorded_is_named(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "data/more.csv").write_text("a\n")
    (root / "data/more.csv").chmod(0)
    made = record(root, monkeypatch)
    assert "data/more.csv is not to be had again: it could not be read, or changed" in refused(root, made, tmp_path).message


def test_what_a_run_writes_is_no_factor(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".gitignore").unlink()
    (root / "out").mkdir()
    (root / "out/a.jsonl").write_text("{}\n")
    (root / "report.txt").write_text("old\n")
    commit(root, "with outputs")
    monkeypatch.chdir(root)
    made = run.run(root, run.Asked(("sh", "-c", "echo new > report.txt"), ("report.txt",))).id
    (root / "config/settings.json").write_text(GAIN)
    commit(root, "more")
    found = plan(root, made, "HEAD", Options("score"))
    assert dict(found.factors) == {"configuration": 1}


def test_names_of_several_things_and_of_none_are_errors(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = record(root, monkeypatch)
    assert refused(root, "r-01234567", tmp_path).message == "no run begins with `r-01234567`"
    assert refused(root, "r-0123", tmp_path).message == "no commit `r-0123` in this repository"
    git(root, "branch", made[:12])
    assert refused(root, made[:12], tmp_path).message == f"`{made[:12]}` names a run and a commit"
    assert attribute_sides.side(root, f"refs/heads/{made[:12]}", tmp_path / "branch").run is None


def test_an_edited_run_writes_nothing_outside(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = record(root, monkeypatch)
    path = root / recorded.FOLDER / made / recorded.NAME
    told = json.loads(path.read_bytes())
    told["files"]["../../outside.py"] = told["files"]["main.py"]
    path.write_text(json.dumps(told))
    (root.parent.parent / "outside.py").write_text(FILES["main.py"])
    assert "`../../outside.py`" in refused(root, made, tmp_path).message


def test_packages_of_the_run_in_other_versions_are_said(root: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from readiness.testing.wheels import make_wheel

    make_wheel(workplace / "wheels", "alpha", "1.0", {"alpha/__init__.py": "V = 1\n"})
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(workplace / "wheels"))
    (root / "requirements.txt").write_text("alpha==1.0\n")
    commit(root, "with a package")
    made = record(root, monkeypatch)
    path = root / recorded.FOLDER / made / recorded.NAME
    told = json.loads(path.read_bytes())
    told["snapshot"]["packages"] = {"alpha": "0.9", "elsewhere": "3.0"}
    path.write_text(json.dumps(told))
    (root / "config/settings.json").write_text(GAIN)
    found = attribute(root, made, ".", Options("score", inside_runs=0))
    assert f"{made} ran with other versions: alpha 0.9, here 1.0" in found.notes
