"""Every check of the layer on its three assets: it holds, it fails by exactly the planted fault, it does not apply."""

from __future__ import annotations

import pytest

from readiness.layers import catalog
from readiness.sequence.finding import Basis, Outcome
from readiness.sequence.layers import Layer
from tests.layers.conftest import Judge

NAMES = [spec.id for spec in catalog.OURS if spec.layer is Layer.DATA]
NAMED = {
    "data.contracts-exist": "corpus/, 2 files, was read and has no contract",
    "data.contracts-hold": "price: 1 of 3 rows above maximum 5 (row 2: 5.0004)",
    "data.contracts-bite": "prices: rowCount catches nothing",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_holding_project_holds(judge: Judge, name: str) -> None:
    finding = judge(name, "holds")
    assert (finding.outcome, finding.reason) == (Outcome.HOLDS, "")
    assert finding.basis is Basis.EXECUTED
    assert finding.observed


@pytest.mark.parametrize("name", NAMES)
def test_the_failing_project_fails_by_its_planted_fault_alone(judge: Judge, name: str) -> None:
    finding = judge(name, "fails")
    assert finding.outcome is Outcome.FAILS
    assert [NAMED[name]] == [problem.text for problem in finding.problems]
    assert finding.location is not None
    assert finding.remedy.text
    assert finding.remedy.command
    assert finding.remedy.command


@pytest.mark.parametrize("name", NAMES)
def test_the_project_without_such_a_thing_is_left_alone(judge: Judge, name: str) -> None:
    finding = judge(name, "not_applicable")
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.reason
