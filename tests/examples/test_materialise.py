"""The examples become repositories that hold what their stories say, the same ones again each time."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from readiness.formats import requirements
from readiness.testing.projects import git
from tests.examples.conftest import NOW, SCRIPT

READY, POC, AGENT = "support-assistant", "support-assistant-poc", "refund-agent"
Made = Callable[[str], Path]


def first_commit(root: Path, folder: str = ".") -> datetime:
    return datetime.fromisoformat(git(root, "log", "--reverse", "--format=%aI", "--", folder).splitlines()[0])


@pytest.mark.parametrize("name", [READY, POC, AGENT])
def test_the_same_again_gives_the_same_commits(script: ModuleType, made: Made, tmp_path: Path, name: str) -> None:
    again = script.materialise(name, tmp_path / name, NOW)
    assert git(again, "rev-parse", "HEAD") == git(made(name), "rev-parse", "HEAD")
    assert git(again, "status", "--porcelain", "--ignored") == ""


@pytest.mark.parametrize("days", range(1, 8))
def test_every_day_of_the_week_will_do(script: ModuleType, tmp_path: Path, days: int) -> None:
    now = NOW + timedelta(days=days)
    root = script.materialise(POC, tmp_path / POC, now)
    rows = list(csv.DictReader((root / "data/tickets.csv").read_text(encoding="utf-8").splitlines()))
    newest = datetime.fromisoformat(rows[-1]["opened_at"])
    assert len(rows) == 600
    assert timedelta(days=2) < now - newest < timedelta(days=12)


def test_people_of_several_trades_build_and_review_the_ready_one(made: Made) -> None:
    root = made(READY)
    authors = set(git(root, "log", "--format=%ae").split())
    reviewers = set(re.findall(r"Reviewed-by: .* <(.*)>", git(root, "log", "--format=%B")))
    assert len(authors) >= 5
    assert len(reviewers) >= 5
    recent = set(git(root, "log", f"--since={NOW - timedelta(days=30):%Y-%m-%d}", "--format=%ae").split())
    assert len(recent) >= 3
    authority = yaml.safe_load((root / "authority.yaml").read_text(encoding="utf-8"))
    named = {re.findall(r"<(.*)>", authority[key])[0] for key in ("owner", "data", "security", "kill")}
    assert named <= authors | reviewers
    assert len(named) == 4


def test_the_baseline_ends_and_the_outcome_is_said_before_the_build(made: Made) -> None:
    root = made(READY)
    outcome = yaml.safe_load((root / "outcomes/resolution-time.yaml").read_text(encoding="utf-8"))
    said, built = first_commit(root, "outcomes"), first_commit(root, "assistant")
    assert outcome["baseline"]["to"] < (said - timedelta(days=14)).date()
    assert said < built
    tickets = list(
        csv.DictReader(git(root, "show", f"{git(root, 'rev-list', '--max-parents=0', 'HEAD').strip()}:data/tickets.csv").splitlines())
    )
    assert all(datetime.fromisoformat(row[key]) < said for row in tickets for key in ("opened_at", "resolved_at") if row[key])


def test_dates_move_with_the_time(script: ModuleType, made: Made, tmp_path: Path) -> None:
    later = script.materialise(POC, tmp_path / POC, NOW + timedelta(weeks=30))
    ends = [yaml.safe_load((root / "outcomes/resolution-time.yaml").read_text())["baseline"]["to"] for root in (made(POC), later)]
    assert ends[1] - ends[0] == timedelta(weeks=30)
    assert isinstance(ends[0], date)


def test_the_ready_one_names_its_wheel_with_its_hash(made: Made) -> None:
    root = made(READY)
    parsed = requirements.parse((root / "requirements.txt").read_text(encoding="utf-8"))
    assert parsed.hashed
    (wheel,) = (root / "vendor").glob("readiness-*.whl")
    (line,) = (line for line in parsed.lines if line.name == "readiness")
    assert line.text == f"./vendor/{wheel.name}"
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() in (root / "requirements.txt").read_text(encoding="utf-8")


def test_the_secrets_of_the_poc_are_in_it_and_not_in_us(script: ModuleType, made: Made) -> None:
    root = made(POC)
    found = re.search(r"postgresql://support:(\w{22})@", (root / "assistant/config.py").read_text(encoding="utf-8"))
    assert found is not None
    places = script._places(0, NOW)
    assert not (root / places["notebook"]).exists()
    assert places["model_key"] in git(root, "log", "-p", "--", places["notebook"])
    for path in SCRIPT.parent.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert found[1].encode() not in data
            assert places["model_key"].encode() not in data


def test_one_who_left_and_one_alone_make_the_poc(made: Made) -> None:
    root = made(POC)
    last = {
        line.split()[0]: datetime.fromisoformat(line.split()[1]) for line in reversed(git(root, "log", "--format=%ae %aI").splitlines())
    }
    assert NOW - last["karl.brandt@example.org"] > timedelta(days=730)
    assert NOW - last["ben.carter@example.org"] < timedelta(days=7)
    assert set(last) == {"karl.brandt@example.org", "ben.carter@example.org"}
    assert "Reviewed-by" not in git(root, "log", "--format=%B")


def test_seeds_move_the_defects(script: ModuleType, tmp_path: Path) -> None:
    heads = set()
    for seed in range(3):
        root = script.materialise(POC, tmp_path / str(seed), NOW, seed)
        heads.add(git(root, "rev-parse", "HEAD^{tree}"))
        texts = [path.read_text(encoding="utf-8") for path in root.rglob("*") if path.suffix in (".py", ".yaml", ".toml", ".md", ".txt")]
        assert not any(re.search(r"\{\{\w+\}\}", text) for text in texts)
    assert len(heads) == 3


def test_the_truth_lies_outside_and_names_places_that_are_there(script: ModuleType, made: Made) -> None:
    root = made(POC)
    assert not list(root.rglob("*truth*"))
    layers = {"infrastructure", "security", "data", "observability", "measurement", "organization"}
    found = script.truth()
    assert {item["layer"] for item in found} == layers
    for item in found:
        assert set(item) == {"layer", "check", "where", "seen", "what"}
        assert item["check"].partition(".")[0] == item["layer"]
        re.compile(item["seen"])
        path = re.split(r"[:,]| in the ", item["where"])[0]
        assert (root / path).exists() or "in the history" in item["where"], item
    assert json.dumps(script.truth(5)) != json.dumps(found)
    assert "{{" not in json.dumps(script.truth(5))
