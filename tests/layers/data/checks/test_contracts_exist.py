"""What the demo read and what contracts cover: every way to take one for the other."""

from __future__ import annotations

import pytest

from readiness.layers.data.checks import contracts_exist
from readiness.layers.data.checks.contracts_exist import Observed
from readiness.layers.data.datasets import Dataset, is_data, of_files, of_tables
from readiness.sequence.finding import Cause, Finding, Outcome
from readiness.sequence.stakes import Policy
from readiness.world.watched import Table
from tests.layers.conftest import Judge

ID = "data.contracts-exist"
HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: a\nversion: 1.0.0\nstatus: active\n"
TEAM = "team: {members: [{username: ada}]}\n"
ROWS = (
    "servers: [{server: s, type: local, path: data/in.csv, format: csv}]\nschema: [{name: rows, properties: [{name: a, required: true}]}]\n"
)
DEMO = "print(open('data/in.csv').read())\n"
TOML = '[demo]\ncommand = ["python", "main.py"]\n'


def project(**files: str) -> dict[str, str]:
    """A project whose demo reads one CSV file; names are paths with `__` for a slash and `_DOT_` for a dot."""
    base = {"readiness.toml": TOML, "main.py": DEMO, "data/in.csv": "a\n1\n"}
    return base | {name.replace("__", "/").replace("_DOT_", "."): text for name, text in files.items()}


def one(judge: Judge, **files: str) -> Finding:
    """The finding on such a project; without access times nothing can be said."""
    finding = judge(ID, files=project(**files))
    if finding.cause is Cause.SYSTEM:
        pytest.skip("this file system keeps no access times")
    return finding


def test_a_dataset_without_a_contract_fails_and_is_named(judge: Judge) -> None:
    finding = one(judge)
    assert finding.outcome is Outcome.FAILS
    assert [(problem.subject, problem.text) for problem in finding.problems] == [
        ("data/in.csv", "data/in.csv was read and has no contract")
    ]
    assert finding.remedy.command == "readiness data infer data/in.csv"


def test_a_contract_that_says_so_counts_under_any_name(judge: Judge) -> None:
    assert one(judge, datacontract_DOT_yaml=HEAD + TEAM + ROWS).outcome is Outcome.HOLDS


def test_what_is_only_called_a_contract_covers_nothing(judge: Judge) -> None:
    finding = one(
        judge, contracts__rows_DOT_yaml="kind: Policy\npremium: 3\n", contracts__car_DOT_pdf="%PDF", contract_DOT_md="data/in.csv"
    )
    assert [problem.subject for problem in finding.problems] == ["data/in.csv"]


def test_a_contract_without_a_schema_covers_nothing(judge: Judge) -> None:
    assert one(judge, c_DOT_odcs_DOT_yaml=HEAD + TEAM).problems[0].subject == "data/in.csv"


def test_a_contract_that_cannot_be_read_covers_nothing_and_is_named(judge: Judge) -> None:
    finding = one(judge, c_DOT_odcs_DOT_yaml=(HEAD + TEAM + ROWS).replace("required", "requierd"))
    assert finding.outcome is Outcome.FAILS
    assert "c.odcs.yaml is no valid contract" in finding.reason


@pytest.mark.parametrize(("team", "text"), [
    ("", "names nobody"), ("team: []\n", "names nobody"), ("team: {name: desk}\n", "names nobody"),
    ("team: [{username: ada, dateOut: 2020-01-01}]\n", "everybody in the team has left"),
])  # fmt: skip
def test_a_contract_that_names_nobody_who_is_there_fails(judge: Judge, team: str, text: str) -> None:
    finding = one(judge, c_DOT_odcs_DOT_yaml=HEAD + team + ROWS)
    assert finding.outcome is Outcome.FAILS
    assert [text in problem.text for problem in finding.problems] == [True]


def test_owners_of_code_stand_in_for_a_team(judge: Judge) -> None:
    assert one(judge, c_DOT_odcs_DOT_yaml=HEAD + ROWS, CODEOWNERS="* @ada\n").outcome is Outcome.HOLDS


def test_what_the_manifest_calls_no_data_is_none(judge: Judge) -> None:
    finding = one(judge, readiness_DOT_toml=TOML + '[data]\nnot_data = ["data/*.csv"]\n')
    assert (finding.outcome, finding.reason) == (Outcome.NOT_APPLICABLE, "the demo read no data")


def test_a_demo_that_does_not_run_tells_nothing(judge: Judge) -> None:
    finding = judge(ID, files=project(main_DOT_py=DEMO + "raise SystemExit(3)\n"))
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)
    assert "ends with exit 3" in finding.reason


def test_a_contract_nothing_matches_is_a_note(judge: Judge) -> None:
    other = ROWS.replace("data/in.csv", "data/other.csv")
    finding = one(judge, a_DOT_odcs_DOT_yaml=HEAD + TEAM + ROWS, b_DOT_odcs_DOT_yaml=HEAD + TEAM + other)
    assert finding.outcome is Outcome.HOLDS
    assert finding.notes == ("b.odcs.yaml: the demo read nothing it describes",)


def test_reads_that_cannot_be_seen_are_unknown() -> None:
    finding = contracts_exist.judge(Observed("demo", cause=Cause.SYSTEM, reason="no access times"), Policy())
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, "no access times")


def test_a_table_that_was_read_needs_a_contract() -> None:
    read = of_tables([Table("public", "orders", 3, 1), Table("pg_catalog", "pg_class", 9, 0), Table("public", "unread", 0, 5)])
    finding = contracts_exist.judge(Observed("demo", tuple(read), tuple(read)), Policy())
    assert [problem.text for problem in finding.problems] == ["the table orders was read and has no contract"]


@pytest.mark.parametrize(("path", "data"), [
    ("data/a.csv", True), ("a.JSONL", True), ("corpus/a.md", True), ("model/weights.npz", True), ("requirements.txt", False),
    ("requirements-dev.txt", False), ("package-lock.json", False), ("README.md", False), ("docs/LICENSE.txt", False), ("main.py", False),
    ("readiness.toml", False), ("app.egg-info/top_level.txt", False), ("web/templates/index.html", False), (".venv/x.json", False),
    ("config.json", False), ("config/app.yaml", False), ("data/config-values.csv", True), ("prompts/answer.txt", True), ("uv.lock", False),
    ("outcomes/tickets.json", False),
])  # fmt: skip
def test_what_is_data(path: str, data: bool) -> None:
    assert is_data(path, ()) is data
    assert not is_data(path, ("**",))


def test_documents_are_one_dataset_by_their_folder_and_tables_each_their_own() -> None:
    documents = [f"corpus/{part}/{index}.md" for part in "ab" for index in range(60)]
    assert of_files(documents) == [Dataset("corpus/", tuple(sorted(documents)))]
    assert [item.name for item in of_files(["data/a.csv", "data/b.csv", "data/note.txt"])] == ["data/a.csv", "data/b.csv", "data/note.txt"]
    assert [item.name for item in of_files([f"data/part-{index}.parquet" for index in range(9)])] == ["data/*.parquet"]
    assert [item.name for item in of_files(["a.md", "b.md"])] == ["./"]


OWNED = {
    "every file": ("CODEOWNERS", "* @ada\n", True),
    "the folder of the contracts": (".github/CODEOWNERS", "/contracts/ @org/desk\n", True),
    "on GitLab": (".gitlab/CODEOWNERS", "contracts/ @ada\n", True),
    "another folder": ("CODEOWNERS", "/src/ @ada\n", False),
    "taken back below": ("CODEOWNERS", "* @ada\n/contracts/\n", False),
    "a placeholder": ("CODEOWNERS", "* @your-org/your-team\n", False),
    "empty": ("CODEOWNERS", "", False),
    "below docs": ("docs/CODEOWNERS", "* @ada\n", True),
}


@pytest.mark.parametrize("name", OWNED)
def test_owners_of_code_stand_in_where_they_own_the_contract(judge: Judge, name: str) -> None:
    place, text, owned = OWNED[name]
    files = {"contracts/c.odcs.yaml": HEAD + ROWS, place: text}
    finding = judge(ID, files=project(**files))
    if finding.cause is Cause.SYSTEM:
        pytest.skip("this file system keeps no access times")
    assert finding.outcome is (Outcome.HOLDS if owned else Outcome.FAILS)
    if not owned:
        assert finding.problems[0].text.endswith(f"its team has no member, and {place} gives the file to nobody")


def test_only_the_first_place_of_owners_counts(judge: Judge) -> None:
    finding = one(judge, contracts__c_DOT_odcs_DOT_yaml=HEAD + ROWS, CODEOWNERS="* @ada\n", _DOT_github__CODEOWNERS="/src/ @ada\n")
    assert finding.outcome is Outcome.FAILS
