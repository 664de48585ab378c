"""Contracts that nothing can violate, and those of which that cannot be told."""

from __future__ import annotations

import pytest

from readiness.sequence.finding import Outcome
from tests.layers.conftest import Judge
from tests.layers.data.checks.test_contracts_hold import LOCAL, ROWS, files

ID = "data.contracts-bite"


def test_a_contract_that_asks_nothing_of_values_cannot_be_violated(judge: Judge) -> None:
    schema = "schema: [{name: rows, properties: [{name: a, logicalType: integer}, {name: b}]}]\n"
    finding = judge(ID, files=files(LOCAL + schema, "a,b\n1,2\n"))
    assert finding.outcome is Outcome.FAILS
    assert [problem.text for problem in finding.problems] == ["rows names columns and asks nothing of their values: it cannot be violated"]
    assert finding.remedy.command == "sed -n 7,+3p rows.odcs.yaml"


def test_a_contract_without_a_schema_cannot_be_violated(judge: Judge) -> None:
    assert judge(ID, files=files("")).problems[0].text == "rows.odcs.yaml has no schema: it cannot be violated"


def test_the_rate_is_shown(judge: Judge) -> None:
    finding = judge(ID, files=files(LOCAL + ROWS % "unique: true"))
    assert (finding.outcome, finding.observed) == (Outcome.HOLDS, "3 of 3 planted violations caught")


@pytest.mark.parametrize(("contract", "said"), [
    (LOCAL.replace("in.csv", "gone.csv") + ROWS % "unique: true", "gone.csv is no file of the project"),
    ("servers: [{server: s, type: bigquery}]\n" + ROWS % "unique: true", "it lies on bigquery"),
    ("schema: nonsense\n", "rows.odcs.yaml is no valid contract"),
])  # fmt: skip
def test_what_cannot_be_tried_is_unknown(judge: Judge, contract: str, said: str) -> None:
    finding = judge(ID, files=files(contract))
    assert finding.outcome is Outcome.UNKNOWN
    assert said in finding.reason


def test_a_rule_whose_violation_cannot_be_constructed_is_named_and_does_not_fail(judge: Judge) -> None:
    finding = judge(ID, files=files(LOCAL + ROWS % "quality: [{query: 'SELECT 1', mustBe: 1}]"))
    assert finding.outcome is Outcome.HOLDS
    assert any("no change tried breaks its sql rule" in note for note in finding.notes)


def test_data_that_fails_already_is_proof_enough(judge: Judge) -> None:
    assert judge(ID, files=files(LOCAL + ROWS % "unique: true", "a\n1\n1\n")).outcome is Outcome.HOLDS
