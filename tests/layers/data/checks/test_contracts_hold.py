"""What a whole project's contracts come to: nothing is green that was not judged."""

from __future__ import annotations

import pytest

from readiness.sequence.finding import Outcome
from tests.layers.conftest import Judge

ID = "data.contracts-hold"
HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: a\nversion: 1.0.0\nstatus: active\n"
LOCAL = "servers: [{server: s, type: local, path: in.csv, format: csv}]\n"
ROWS = "schema: [{name: rows, properties: [{name: a, logicalType: integer, required: true, %s}]}]\n"


def files(contract: str, data: str = "a\n1\n2\n") -> dict[str, str]:
    """A project of one contract and one file."""
    return {"rows.odcs.yaml": HEAD + contract, "in.csv": data, "app.py": "VALUE = 3\n"}


def test_prose_and_service_levels_are_noted_and_do_not_stand_in_the_way(judge: Judge) -> None:
    quality = "quality: [{type: text, description: complete}, {type: custom, engine: soda, implementation: x}], physicalType: int"
    finding = judge(ID, files=files(LOCAL + ROWS % quality + "slaProperties: [{property: latency, value: 4, unit: d}]\n"))
    assert (finding.outcome, finding.observed) == (Outcome.HOLDS, "7 clauses: 3 held, 4 not evaluated")
    assert any("a service level" in note and "latency" in note for note in finding.notes)
    assert any("a text rule" in note for note in finding.notes)


@pytest.mark.parametrize(("contract", "data", "said"), [
    (LOCAL + ROWS % "unique: true", "a\n", "there are no rows"),
    (LOCAL + ROWS % "quality: [{metric: freshness, mustBe: 1}]", "a\n1\n", "`freshness` is not one of the standard"),
    (LOCAL + ROWS % "quality: [{query: 'SELECT nonsense FROM {object}', mustBe: 1}]", "a\n1\n", "was refused"),
    (LOCAL + ROWS % "logicalTypeOptions: {hue: red}", "a\n1\n", "`hue` is not judged"),
    ("servers: [{server: s, type: bigquery}]\n" + ROWS % "unique: true", "a\n1\n", "it lies on bigquery"),
    ("servers: [{server: s, type: postgres, host: h, database: d}]\n" + ROWS % "unique: true", "a\n1\n", "the demo has no database"),
    (LOCAL, "a\n1\n", "no contract has a clause that can be executed"),
])  # fmt: skip
def test_what_could_not_be_judged_is_unknown(judge: Judge, contract: str, data: str, said: str) -> None:
    finding = judge(ID, files=files(contract, data))
    assert finding.outcome is Outcome.UNKNOWN
    assert said in finding.reason


@pytest.mark.parametrize(("contract", "data", "said", "line"), [
    (LOCAL + ROWS % "unique: true", "a\n1\n1\n", "a: 1 of 2 rows a value that is there already (row 1, row 2)", 7),
    (LOCAL + ROWS % "unique: true", "b\n1\n", "a: there is no column a", 7),
    (LOCAL.replace("in.csv", "gone.csv") + ROWS % "unique: true", "a\n1\n", "rows: gone.csv is no file of the project", 7),
    (LOCAL + ROWS % "requierd: true", "a\n1\n", "rows.odcs.yaml:7: unknown key `requierd` in a property, did you mean `required`?", 7),
    (LOCAL + ROWS % "logicalTypeOptions: {maximum: 1}", "a\n1\nx\n2\n", "a: 1 of 3 rows no integer (row 2)", 7),
])  # fmt: skip
def test_a_clause_that_fails_is_a_problem_with_its_line(judge: Judge, contract: str, data: str, said: str, line: int) -> None:
    finding = judge(ID, files=files(contract, data))
    assert finding.outcome is Outcome.FAILS
    assert finding.problems[0].text == said
    assert finding.location is not None
    assert (finding.location.file, finding.location.line) == ("rows.odcs.yaml", line)


def test_a_contract_that_cannot_be_read_is_said_with_every_line_of_it(judge: Judge) -> None:
    broken = {"other.odcs.yaml": "apiVersion: v3.1.0\nkind: DataContract\nid: TODO\nschema: []\n"}
    finding = judge(ID, files=files(LOCAL + ROWS % "unique: true") | broken)
    lines = [problem.text for problem in finding.problems]
    assert finding.outcome is Outcome.FAILS
    assert len(lines) > 1
    assert all(line.startswith("other.odcs.yaml:") for line in lines)
    assert finding.observed == f"{len(lines)} errors in a contract; 4 clauses: 4 held"
    assert (finding.reason, list(finding.notes)) == (lines[0], lines[1:])
    assert finding.remedy is not None
    assert finding.remedy.text == "correct the contract"


def test_a_warning_is_said_and_does_not_fail(judge: Judge) -> None:
    quality = "quality: [{metric: duplicateValues, mustBe: 0, severity: warning}]"
    finding = judge(ID, files=files(LOCAL + ROWS % quality, "a\n1\n1\n"))
    assert finding.outcome is Outcome.HOLDS
    assert "warning: a: duplicateValues is 1 of 2 rows (row 1, row 2)" in finding.notes


def test_one_clause_that_fails_outweighs_one_that_could_not_be_judged(judge: Judge) -> None:
    quality = "quality: [{metric: freshness, mustBe: 1}, {metric: duplicateValues, mustBe: 0}]"
    assert judge(ID, files=files(LOCAL + ROWS % quality, "a\n1\n1\n")).outcome is Outcome.FAILS


def test_contracts_for_tests_are_not_the_projects_own(judge: Judge) -> None:
    project = {"tests/data/broken.odcs.yaml": "kind: nonsense\n", "app.py": "VALUE = 3\n"}
    assert judge(ID, files=project).outcome is Outcome.NOT_APPLICABLE


def test_what_the_demo_wrote_is_judged_as_it_wrote_it(judge: Judge) -> None:
    project = files(LOCAL.replace("in.csv", "out.csv") + ROWS % "unique: true")
    project |= {
        "readiness.toml": '[demo]\ncommand = ["python", "app.py"]\noutputs = ["out.csv"]\n',
        "app.py": "open('out.csv', 'w').write('a\\n7\\n7\\n')\n",
    }
    assert judge(ID, files=project).problems[0].text.startswith("a: 1 of 2 rows")
