"""Every check of layer 4 on its three assets: it holds, it fails by exactly the planted fault, it does not apply."""

from __future__ import annotations

import pytest

from readiness.layers import catalog
from readiness.sequence.finding import Basis, Outcome
from readiness.sequence.layers import Layer
from tests.layers.conftest import Judge

CHECKS = [spec.id for spec in catalog.OURS if spec.layer is Layer.OBSERVABILITY]
NAMED = {
    "observability.traces-complete": "tiny-embed",
    "observability.decisions-carry-context": "2 of 2 decisions name no confidence",
}


@pytest.mark.parametrize("name", CHECKS)
def test_the_holding_project_holds(judge: Judge, name: str) -> None:
    finding = judge(name, "holds")
    assert (finding.outcome, finding.reason, finding.basis) == (Outcome.HOLDS, "", Basis.EXECUTED)


@pytest.mark.parametrize("name", CHECKS)
def test_the_failing_project_fails_by_its_planted_fault(judge: Judge, name: str) -> None:
    finding = judge(name, "fails")
    assert finding.outcome is Outcome.FAILS
    (problem,) = finding.problems
    assert NAMED[name] in problem.text
    assert finding.reason == problem.text
    assert finding.remedy.text
    assert finding.remedy.command
    assert finding.remedy.command


@pytest.mark.parametrize("name", CHECKS)
def test_the_project_without_such_a_thing_is_left_alone(judge: Judge, name: str) -> None:
    finding = judge(name, "not_applicable")
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.reason
