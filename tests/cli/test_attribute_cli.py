"""`readiness attribute`: what people see, the files it draws, bad input, and being killed in the middle."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from readiness.testing.projects import commit, make_repository
from tests.cli.conftest import Readiness, Said, Within, wait_until
from tests.runs.attributed import FILES, MAIN, NOISY

Golden = Callable[[str, Said], None]


@pytest.fixture
def readiness(readiness: Readiness) -> Within:
    """Commands in this process."""
    return Within.of(readiness)


@pytest.fixture
def project(readiness: Readiness) -> Path:
    """The small application with chance in it, in the folder commands are called in; the last commit changes a setting."""
    root = make_repository(readiness.folder / "app", NOISY)
    (root / "config/settings.json").write_text(NOISY["config/settings.json"].replace("1.0", "4.0"))
    (root / "main.py").write_text(MAIN + "# a remark\n")
    commit(root, "change the gain")
    return root


def settled(said: Said) -> Said:
    """Without what differs from one machine to the next."""
    text = re.sub(r"a-[0-9a-f]{12}", "a-000000000000", said.stdout)
    return replace(said, stdout=re.sub(r"/\S+/work/run-…", "[WORK]/run-…", text))


def test_plan_answer_and_pictures(readiness: Readiness, project: Path, golden: Golden) -> None:
    words = ("attribute", "HEAD~1", "HEAD", "--metric", "score", "--project", "app")
    golden("attribute_plan", settled(readiness(*words, "--plan")))
    golden("attribute", settled(readiness(*words, "--svg", "w.svg", "--html", "w.html")))
    ElementTree.parse(readiness.folder / "w.svg")
    page = (readiness.folder / "w.html").read_text()
    assert "<td>configuration</td>" in page
    assert "<script" not in page
    told = readiness(*words, "--format", "json").json
    assert told["schema"] == "readiness/attribute/1"
    assert {item["names"][0]: item["word"] for item in told["factors"]} == {"code": "inert", "configuration": "effect"}
    assert told["inside"]["units"] == ["config/settings.json scale.gain"]
    assert told["resumed_runs"] > 0
    assert readiness(*words, "--plan").stdout.count("s a run, as measured") == 1


def test_bad_input_is_one_line_and_exit_2(readiness: Readiness, project: Path, golden: Golden) -> None:
    words = ("attribute", "HEAD~1", "HEAD", "--project", "app", "--metric")
    for name, more in {
        "unknown_metric": ("scare",),
        "not_numeric": ("name",),
        "part": ("score", "--part", "data=x"),
        "no_folder": ("score", "--svg", "nowhere/w.svg"),
        "few_runs": ("score", "--max-runs", "5"),
    }.items():
        said = readiness(*words, *more)
        assert said.code == (3 if name == "few_runs" else 2)
        golden(f"attribute_{name}", settled(said))
    golden("attribute_same", readiness("attribute", "HEAD", "HEAD", "--metric", "score", "--project", "app"))
    golden("attribute_revision", readiness("attribute", "HEAD", "v9", "--metric", "score", "--project", "app"))
    assert readiness("attribute", "HEAD", "v9", "--metric", "score", "--min-effect", "-1").code == 2


def test_killed_in_the_middle_nothing_is_lost(readiness: Readiness, project: Path) -> None:
    words = ("attribute", "HEAD~1", "HEAD", "--metric", "score", "--project", "app", "--no-inside")
    running = readiness.start(*words)
    cells = project / ".readiness/attributions"
    assert wait_until(lambda: any(path.read_text().count('"cell"') >= 4 for path in cells.glob("*/cells.jsonl")), 60)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    finished = sum(path.read_text().count('"cell"') for path in cells.glob("*/cells.jsonl"))
    told = readiness(*words, "--format", "json").json
    assert told["resumed_runs"] >= finished
    again = readiness(*words, "--format", "json").json
    assert again["resumed_runs"] == told["runs"]
    assert {**again, "resumed_runs": 0, "as_of": ""} == {**told, "resumed_runs": 0, "as_of": ""}


def test_an_interrupted_session_says_so(readiness: Readiness, project: Path) -> None:
    running = readiness.start("attribute", "HEAD~1", "HEAD", "--metric", "score", "--project", "app")
    cells = project / ".readiness/attributions"
    assert wait_until(lambda: any(path.read_text().count('"cell"') >= 1 for path in cells.glob("*/cells.jsonl")), 60)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert said.endswith("hint: nothing half-written was left; `readiness attribute` goes on from the runs that are finished\n")


def test_a_folder_without_git_has_no_revisions(readiness: Readiness) -> None:
    readiness.project(FILES)
    said = readiness("attribute", "HEAD", ".", "--metric", "score", "--project", "app")
    assert said.code == 2
    assert "is not a git repository" in said.stderr
