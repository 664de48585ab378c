"""Every check on its three assets: it holds, it fails by exactly the planted fault, it does not apply."""

from __future__ import annotations

import pytest

from readiness.layers import catalog
from readiness.sequence.finding import Basis, Outcome
from readiness.sequence.layers import Layer
from tests.layers.conftest import Judge

CHECKS = [spec.id for spec in catalog.OURS if spec.layer is Layer.INFRASTRUCTURE]
OBSERVED_ONLY = {"infrastructure.images-pinned", "infrastructure.few-containers"}
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
}
CHECKS = [spec.id for spec in catalog.OURS if spec.layer is Layer.INFRASTRUCTURE]


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
