"""Every check on its three assets: it holds, it fails by exactly the planted fault, it does not apply."""

from __future__ import annotations

import pytest

from readiness.layers import catalog
from readiness.sequence.finding import Basis, Finding, Outcome
from readiness.sequence.layers import Layer
from tests.layers.conftest import ASSETS, Judge
from tests.layers.infrastructure.checks.conftest import Released

CHECKS = [spec.id for spec in catalog.OURS if spec.layer is Layer.INFRASTRUCTURE]
OBSERVED_ONLY = {"infrastructure.images-pinned", "infrastructure.few-containers", "infrastructure.drift-explained"}
NAMED = {
    "infrastructure.installs": "tiny==9.9",
    "infrastructure.starts": "leaf_legacy",
    "infrastructure.dependencies-locked": "leaf",
    "infrastructure.images-pinned": "python:latest",
    "infrastructure.configuration-complete": "DESK_TOKEN",
    "infrastructure.recreates-elsewhere": "scores.jsonl",
    "infrastructure.tests-bite": "changes noticed",
    "infrastructure.few-containers": "compose.yaml names 4 containers",
    "infrastructure.recreated-by-somebody-else": "got another result: there and here differ: answers.txt:1",
    "infrastructure.survives-perturbation": "reads the local time zone: 3 of 3 records differ, first out/answers.jsonl:1 `date`",
    "infrastructure.migrations-apply": "migrations/0002_lines.sql:1",
    "infrastructure.drift-explained": "DESK_TOKEN is asked for and has no value",
    "infrastructure.rolls-back": "values of orders.placed are changed",
}


@pytest.fixture
def judge(judge: Judge, released: Released) -> Judge:
    """The same, but for a check that looks back: its asset is two releases, the first one without what is numbered 0002."""

    def run(name: str, variant: str) -> Finding:
        if name != "infrastructure.rolls-back":
            return judge(name, variant)
        folder = ASSETS / name / variant
        files = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
        return judge(name, root=released({path: text for path, text in files.items() if "0002" not in path}, files))

    return run


@pytest.mark.parametrize("name", CHECKS)
def test_the_holding_project_holds(judge: Judge, name: str) -> None:
    finding = judge(name, "holds")
    assert (finding.outcome, finding.reason) == (Outcome.HOLDS, "")
    assert finding.basis is (Basis.OBSERVED if name in OBSERVED_ONLY else Basis.EXECUTED)


@pytest.mark.parametrize("name", CHECKS)
def test_the_failing_project_fails_by_its_planted_fault(judge: Judge, name: str) -> None:
    finding = judge(name, "fails")
    assert finding.outcome is Outcome.FAILS
    assert NAMED[name] in f"{finding.observed} {finding.reason} {' '.join(p.text for p in finding.problems)}"
    assert finding.remedy.text
    assert finding.remedy.command


@pytest.mark.parametrize("name", CHECKS)
def test_the_project_without_such_a_thing_is_left_alone(judge: Judge, name: str) -> None:
    finding = judge(name, "not_applicable")
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.reason
