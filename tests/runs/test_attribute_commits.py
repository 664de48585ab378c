"""Which commit brings the effect of the winning factor: in real repositories, by running what lies between."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from readiness.cli import attribute_text
from readiness.layers.infrastructure.bisecting import Why
from readiness.runs.attribute import Options, Report, attribute, plan
from readiness.runs.attribute_commits import Brought
from readiness.runs.attribute_path import between
from readiness.runs.attribute_sides import sides
from readiness.testing.projects import commit, git, make_repository
from readiness.testing.wheels import make_wheel
from tests.runs.attributed import FILES, MAIN, MANIFEST

SETTINGS = FILES["config/settings.json"]


@pytest.fixture
def root(tmp_path: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the small application, tagged `v0`; nothing is downloaded."""
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    made = make_repository(tmp_path / "project", FILES)
    git(made, "tag", "v0")
    return made


def change(root: Path, files: Mapping[str, str], message: str, author: str = "Mira <mira@example.org>", when: str = "2026-10-02") -> str:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return commit(root, message, author=author, when=f"{when}T12:00:00Z")


def brought(found: Report) -> Brought:
    assert found.commits is not None
    return found.commits


def named(found: Brought) -> list[list[str]]:
    return [[item.subject for item in found.of(stretch)] for stretch in (*found.carrying, *found.against)]


def gain(value: float, title: str = "one") -> dict[str, str]:
    return {"config/settings.json": SETTINGS.replace("1.0", str(value)).replace('"one"', f'"{title}"')}


def test_the_commit_that_brings_the_effect_is_named_with_its_author(root: Path) -> None:
    change(root, gain(1.0, "two"), "retitle")
    change(root, {"README.md": "x\n"}, "write")
    change(root, {"readiness.toml": MANIFEST + "command = 3\n"}, "spoil")
    change(root, {"readiness.toml": MANIFEST + 'env = { EXTRA = "1" }\n', **gain(4.0, "two")}, "Lower the threshold")
    change(root, gain(4.0, "three"), "retitle again")
    change(root, {"readiness.toml": MANIFEST}, "tidy")
    found = attribute(root, "v0", "HEAD", Options("score"))
    said = brought(found)
    assert [item.subject for item in said.commits] == ["retitle", "spoil", "Lower the threshold", "retitle again", "tidy"]
    assert named(said) == [["spoil", "Lower the threshold"]]
    assert "readiness.toml" in said.skipped[0].reason
    text = attribute_text.text(found)
    (first, last), share = (said.commits[1].short, said.commits[2].short), "explains 1.00 of it"
    assert f"one or more of {first}..{last} (2 commits) {share}: the states between do not run" in text
    assert f"commit {first} was skipped: " in text
    assert "touched by" not in text
    told = json.loads(attribute_text.to_json(found))["commits"]
    assert told["carrying"][0]["commits"] == [item.id for item in said.commits[1:3]]
    assert f"one or more of {first}..{last}" in "".join(attribute_text.waterfall(found).below)
    again = attribute(root, "v0", "HEAD", Options("score"))
    assert (again.made, again.commits) == (0, found.commits)
    few = brought(attribute(root, "v0", "HEAD", Options("score", inside_runs=1)))
    assert (few.carrying[0].why, few.carrying[0].first, few.carrying[0].last) == (Why.RUNS, 1, 5)


def test_spread_and_opposing_commits_on_the_way_back(root: Path) -> None:
    for number, value in enumerate((3.0, 3.0, 6.0, 5.5, 5.5)):
        change(root, gain(value, f"t{number}"), f"c{number}")
    back = attribute(root, "HEAD", "v0", Options("score"))
    said = brought(back)
    assert named(said) == [["c2"], ["c0"], ["c3"]]
    assert [stretch.effect.mean for stretch in (*said.carrying, *said.against)] == pytest.approx([-3, -2, 0.5])
    assert f"without commit {said.commits[2].short} " in attribute_text.text(back)


def test_what_was_there_only_in_between_counts(root: Path) -> None:
    """A file of neither side, that a state between A and B reads."""
    listing = MAIN.replace("value += random", "value += 5 * len(list(Path('lib').glob('*.py')))\nvalue += random", 1)
    change(root, {"main.py": listing}, "list")
    git(root, "tag", "-f", "v0")
    change(root, {"lib/extra.py": "x = 1\n"}, "one more")
    change(root, {"main.py": listing.replace("value += random", "value -= 2\nvalue += random", 1)}, "two off")
    (root / "lib/extra.py").unlink()
    commit(root, "one less")
    said = brought(attribute(root, "v0", "HEAD", Options("score", share=1.0)))
    assert [(named(said)[0], said.carrying[0].effect.mean), said.against] == [(["one less"], pytest.approx(-5)), said.against]
    assert sum(stretch.effect.mean for stretch in (*said.carrying, *said.against)) == pytest.approx(-2)


def test_a_state_or_a_mixture_without_the_metric_is_one_that_does_not_run(root: Path) -> None:
    named = MAIN.replace("settings =", 'key = "score"\nsettings =', 1).replace('{"score": value', "{key: value")
    change(root, {"main.py": named}, "name it")
    git(root, "tag", "-f", "v0")
    renamed = change(root, {"main.py": named.replace('"score"', '"scare"')}, "rename")
    change(root, {"main.py": named.replace('"score"', '"scare"').replace("{key: value", '{key.replace("a", "o"): value + 2')}, "two more")
    found = attribute(root, "v0", "HEAD", Options("score"))
    said = brought(found)
    assert [(item.commit.id, item.reason[:18]) for item in said.skipped] == [(renamed, "no metric `score` ")]
    assert (said.carrying[0].first, said.carrying[0].last, said.carrying[0].why) == (1, 2, Why.DOES_NOT_RUN)
    assert found.inside is not None
    assert (len(found.inside.units), found.inside.candidates) == (1, 2)


def test_commits_of_locks_are_run_in_environments_of_their_own(root: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in ("1.0", "2.0", "3.0"):
        make_wheel(workplace / "wheels", "beta", version, {"beta/__init__.py": f"V = {7 if version == '1.0' else 9}\n"})
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(workplace / "wheels"))
    using = MAIN.replace("value += random", "import beta\nvalue += beta.V\nvalue += random", 1)
    change(root, {"main.py": using, "requirements.txt": "beta==1.0\n"}, "with a package")
    git(root, "tag", "-f", "v0")
    change(root, {"requirements.txt": "beta==2.0\n"}, "two")
    change(root, {"requirements.txt": "beta==9.0\n"}, "there is none")
    change(root, {"requirements.txt": "beta==3.0\n"}, "three")
    said = brought(attribute(root, "v0", "HEAD", Options("score")))
    assert named(said) == [["two"]]
    assert said.carrying[0].effect.mean == pytest.approx(2)
    assert all("cannot be installed" in item.reason for item in said.skipped)


def test_merges_are_one_step_and_a_merged_side_enters_with_its_merge(root: Path, tmp_path: Path) -> None:
    change(root, gain(1.0, "two"), "retitle")
    git(root, "checkout", "-q", "-b", "branch")
    change(root, {"lib/weight.py": FILES["lib/weight.py"].replace("= 3", "= 5")}, "heavier")
    heavier = change(root, {"lib/weight.py": FILES["lib/weight.py"].replace("= 3", "= 6")}, "heavier still")
    git(root, "checkout", "-q", "main")
    change(root, {"main.py": MAIN + "# a remark\n"}, "remark")
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "Bo"), ("EMAIL", "bo@example.org"))}
    git(root, "merge", "-q", "--no-ff", "-m", "Merge branch", "branch", env=who)
    change(root, {"main.py": MAIN + "# another\n"}, "another")

    def line(first: str) -> list[tuple[str, int, tuple[str, ...]]]:
        with sides(root, first, "HEAD") as (a, b):
            way = between(a, b)
            return [(item.subject, item.brings, item.paths) for item in map(way.weighed, way.commits)]

    merge, another = ("Merge branch", 2, ("lib/weight.py",)), ("another", 0, ("main.py",))
    assert line("v0") == [("retitle", 0, ("config/settings.json",)), ("remark", 0, ("main.py",)), merge, another]
    # the branch's own commit meets the line where it was merged: with it comes what the line had done meanwhile
    assert line(heavier) == [("Merge branch", 1, ("main.py",)), another]
    found = attribute(root, "HEAD~2", "HEAD~1", Options("score"))
    assert (named(brought(found)), brought(found).runs, brought(found).whole) == ([["Merge branch"]], 0, True)
    assert '"Merge branch" (Bo, ' in attribute_text.text(found)
    assert "it merges 2 commits, which are not told apart" in attribute_text.text(found)


def test_what_has_no_path_is_said_in_words(root: Path, tmp_path: Path) -> None:
    change(root, gain(4.0), "gain")

    def note(first: str, second: str, where: Path = root) -> str:
        return plan(where, first, second, Options("score")).no_commits

    subprocess.run(["cp", "-r", str(root), str(tmp_path / "other")], check=True)
    (root / "config/settings.json").write_text(gain(6.0)["config/settings.json"])
    assert note("v0", ".") == "B is no commit, so there are no commits between"
    git(root, "checkout", "-q", "-f", "main")
    git(root, "checkout", "-q", "-b", "side", "v0")
    change(root, gain(9.0), "other")
    assert note("main", "side").startswith("neither A nor B comes before the other: compare each with ")
    git(root, "checkout", "-q", "--orphan", "apart")
    change(root, gain(9.0, "apart"), "alone")
    assert note("main", "apart") == "A and B have no history in common, so there are no commits between"
    for number in range(3):
        change(root, gain(number), f"n{number}")
    git(tmp_path, "clone", "-q", "--depth", "2", "--no-single-branch", f"file://{root}", "cut")
    assert "this clone is shallow" in note("origin/main", "origin/apart", tmp_path / "cut")
    assert note(str(tmp_path / "other"), "apart") == "A and B have no history in common, so there are no commits between"
    strange = make_repository(tmp_path / "strange", {**FILES, "x": "1"})
    assert note(str(strange), "apart") == "A and B are commits of different repositories"
