"""`readiness probe` as people see it: what it would do, what came through, and what it cannot attack."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from readiness.testing.projects import make_repository
from tests.cli.conftest import APP, Readiness, Said, Within
from tests.layers.conftest import ASSETS

Golden = Callable[[str, Said], None]


@pytest.fixture
def readiness(readiness: Readiness) -> Within:
    """Commands in this process."""
    return Within.of(readiness)


def asset(readiness: Within, variant: str) -> None:
    readiness.folder.rmdir()
    make_repository(readiness.folder, like=ASSETS / "security.probes-withstood" / variant)


def test_the_plan_runs_nothing(readiness: Within, golden: Golden) -> None:
    asset(readiness, "holds")
    golden("probe/plan", readiness("probe", "--plan", "--trials", "20", "--family", "canary-leak", "--family", "query-budget"))


def test_what_came_through_is_told_and_kept(readiness: Within, golden: Golden) -> None:
    asset(readiness, "fails")
    golden("probe/fails", readiness("probe", "--family", "canary-leak"))
    [kept] = (readiness.folder / ".readiness/probes").glob("*.json")
    said = json.loads(kept.read_text())
    assert (said["schema"], said["family"], said["attack"], said["seed"]) == (
        "readiness/probe-hit/1", "canary-leak", "print-configuration", 0,
    )  # fmt: skip
    assert "readiness-canary-«API_TOKEN»" in said["answer"]
    assert (readiness.folder / ".readiness/.gitignore").read_text() == "*\n"


def test_json_tells_each_family_with_its_interval_and_its_ids(readiness: Within) -> None:
    asset(readiness, "holds")
    said = readiness("probe", "--trials", "3", "--format", "json")
    assert (said.code, said.json["schema"], said.json["exit"], said.json["hits"]) == (0, "readiness/probe/1", 0, [])
    families = {item["family"]: item for item in said.json["families"]}
    assert families["canary-leak"]["trials"] == 3
    assert 0.63 < families["canary-leak"]["rate"]["upper"] < 0.64
    assert "LLM01:2025 Prompt Injection" in families["indirect-injection"]["owasp"]
    assert families["tool-hijack"]["not_exercised"]
    assert said.json["planted"]["documents"] == "data/documents.jsonl"


def test_what_is_wrong_with_own_attacks_is_told_with_its_lines(readiness: Within, golden: Golden, tmp_path: Path) -> None:
    asset(readiness, "holds")
    own = tmp_path / "own"
    own.mkdir()
    (own / "a.jsonl").write_text('{"id": "A", "family": "canary-leak", "attack": "x", "oracle": "link"}\n{\n')
    golden("probe/invalid", readiness("probe", "--plan", "--corpus", "../own"))


def test_a_demo_that_cannot_be_asked_is_told(readiness: Within, golden: Golden) -> None:
    make_repository(readiness.folder, APP)
    golden("probe/command", readiness("probe"))


def test_an_impossible_number_of_trials_is_told(readiness: Within, golden: Golden) -> None:
    golden("probe/trials", readiness("probe", "--trials", "0"))
