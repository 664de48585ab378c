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
    change(root, {"main.py": MAIN + "# a remark\n"}, "remark")
    change(root, gain(4.0, "two"), "Lower the threshold")
    change(root, gain(4.0, "three"), "retitle again")
    change(root, {"README.md": "x\n"}, "write")
    found = attribute(root, "v0", "HEAD", Options("score"))
    said = brought(found)
    assert [item.subject for item in said.commits] == ["retitle", "Lower the threshold", "retitle again"]
    assert named(said) == [["Lower the threshold"]]
    assert said.whole
    assert said.runs <= 3
    line = f'commit {said.commits[1].short} "Lower the threshold" (Mira, 2026-10-02) explains 1.00 of it (+3)'
    assert f"    {line}" in attribute_text.text(found).splitlines()
    told = json.loads(attribute_text.to_json(found))["commits"]
    assert told["carrying"][0]["commits"] == [said.commits[1].id]
    assert line in attribute_text.waterfall(found).below
    again = attribute(root, "v0", "HEAD", Options("score"))
    assert (again.made, again.commits) == (0, found.commits)


def test_spread_and_opposing_commits_and_the_way_back(root: Path) -> None:
    for number, value in enumerate((3.0, 3.0, 6.0, 5.5, 5.5)):
        change(root, gain(value, f"t{number}"), f"c{number}")
    said = brought(attribute(root, "v0", "HEAD", Options("score")))
    assert named(said) == [["c2"], ["c0"], ["c3"]]
    assert [stretch.effect.mean for stretch in said.carrying] == pytest.approx([3, 2])
    assert said.against[0].effect.mean == pytest.approx(-0.5)
    back = attribute(root, "HEAD", "v0", Options("score"))
    assert named(brought(back)) == [["c2"], ["c0"], ["c3"]]
    assert brought(back).carrying[0].effect.mean == pytest.approx(-3)
    assert f"without commit {brought(back).commits[2].short} " in attribute_text.text(back)


def test_a_commit_that_does_not_run_leaves_a_range(root: Path) -> None:
    names = [change(root, {"main.py": text}, message) for message, text in (
        ("tidy", MAIN + "# tidy\n"), ("break", MAIN + "raise SystemExit('boom')\n"),
        ("mend", MAIN.replace("value += random", "value -= 2\nvalue += random", 1)),
        ("tidy more", MAIN.replace("value += random", "value -= 2\nvalue += random", 1) + "# more\n"),
    )]  # fmt: skip
    found = attribute(root, "v0", "HEAD", Options("score"))
    said = brought(found)
    assert named(said) == [["break", "mend"]]
    assert said.carrying[0].why is Why.DOES_NOT_RUN
    assert [(item.commit.id, item.reason) for item in said.skipped] == [(names[1], "the demo fails: boom")]
    text = attribute_text.text(found)
    assert f"one or more of {names[1][:7]}..{names[2][:7]} (2 commits) explains 1.00 of it: the states between do not run" in text
    assert f"commit {names[1][:7]} was skipped: the demo fails: boom" in text


def test_files_that_were_there_only_in_between_count(root: Path) -> None:
    listing = MAIN.replace("value += random", "value += 5 * len(list(Path('data').glob('*.csv')))\nvalue += random", 1)
    change(root, {"main.py": listing}, "list")
    git(root, "tag", "-f", "v0")
    change(root, {"data/extra.csv": "x\n1\n"}, "one more")
    change(root, {"data/rows.csv": FILES["data/rows.csv"].replace("0.5", "2.5")}, "rows")
    (root / "data/extra.csv").unlink()
    commit(root, "one less")
    said = brought(attribute(root, "v0", "HEAD", Options("score", share=1.0)))
    assert sum(stretch.effect.mean for stretch in (*said.carrying, *said.against)) == pytest.approx(2)
    assert ["rows"] in named(said) or len(said.carrying) == 1


def test_a_manifest_on_the_way_is_the_one_that_is_run(root: Path) -> None:
    change(root, {"readiness.toml": MANIFEST + 'env = { EXTRA = "1" }\n', **gain(1.0, "two")}, "say more")
    change(root, {"readiness.toml": MANIFEST + 'env = { EXTRA = "1" }\n', **gain(2.0, "two")}, "gain")
    change(root, {"readiness.toml": MANIFEST + "command = 3\n", **gain(2.0, "two")}, "spoil")
    change(root, {"readiness.toml": MANIFEST, **gain(2.0, "three")}, "repair")
    said = brought(attribute(root, "v0", "HEAD", Options("score")))
    assert named(said) == [["gain"]]
    assert all("readiness.toml" in item.reason for item in said.skipped)


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


def test_merges_are_one_step_and_a_merged_side_enters_with_its_merge(root: Path) -> None:
    change(root, gain(1.0, "two"), "retitle")
    git(root, "checkout", "-q", "-b", "branch")
    change(root, {"lib/weight.py": FILES["lib/weight.py"].replace("= 3", "= 5")}, "heavier")
    heavier = change(root, {"lib/weight.py": FILES["lib/weight.py"].replace("= 3", "= 6")}, "heavier still")
    git(root, "checkout", "-q", "main")
    change(root, {"main.py": MAIN + "# a remark\n"}, "remark")
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "Bo"), ("EMAIL", "bo@example.org"))}
    git(root, "merge", "-q", "--no-ff", "-m", "Merge branch", "branch", env=who)
    change(root, {"main.py": MAIN + "# another\n"}, "another")
    found = attribute(root, "v0", "HEAD", Options("score"))
    assert named(brought(found)) == [["Merge branch"]]
    assert "it merges 2 commits, which are not told apart" in attribute_text.text(found)
    change(root, {"main.py": MAIN + "value += 1\n"}, "no effect")
    change(root, {"main.py": MAIN.replace("value += random", "value += 9\nvalue += random", 1)}, "nine")
    entered = brought(attribute(root, heavier, "HEAD", Options("score")))
    assert [item.subject for item in entered.commits] == ["Merge branch", "another", "no effect", "nine"]
    assert named(entered) == [["nine"]]


def test_a_single_commit_costs_no_run_and_few_runs_name_a_range(root: Path) -> None:
    change(root, gain(4.0), "gain")
    one = brought(attribute(root, "HEAD~1", "HEAD", Options("score")))
    assert (named(one), one.runs, one.whole) == ([["gain"]], 0, True)
    for number in range(7):
        change(root, gain(4.0, f"t{number}"), f"c{number}")
    few = brought(attribute(root, "v0", "HEAD", Options("score", inside_runs=2)))
    assert few.carrying[0].why is Why.RUNS
    assert "gain" in named(few)[0]


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
