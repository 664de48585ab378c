"""What makes an outcome defined, and every way one seems to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.sequence.finding import Cause, Outcome
from readiness.testing.projects import commit, make_repository
from tests.layers.desk import FILE, OUTCOME, changed, files, tickets
from tests.layers.measurement.conftest import BUILT, PREPARED, Found

ID = "measurement.outcome-defined"
CODE = {"app.py": "X = 1\n"}


def project(tmp_path: Path, outcome: str = OUTCOME, more: dict[str, str] | None = None) -> Path:
    root = make_repository(tmp_path / "desk", files(outcome), when=PREPARED)
    for name, text in (CODE | (more or {})).items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    commit(root, "build", when=BUILT)
    return root


def test_it_holds_and_says_how_much_there_is(tmp_path: Path, found: Found) -> None:
    finding = found(ID, project(tmp_path))
    assert (finding.outcome, finding.observed) == (Outcome.HOLDS, "resolution-time: 120 units of `ticket`")


def test_without_an_outcome_production_fails(tmp_path: Path, found: Found) -> None:
    finding = found(ID, make_repository(tmp_path / "desk", CODE))
    assert (finding.outcome, finding.reason) == (Outcome.FAILS, "nothing says what improves for whom: there is no outcome file")


@pytest.mark.parametrize(
    ("pairs", "line", "said"),
    [
        ([("from events", "from ticketz")], 11, "the query fails: Catalog Error"),
        ([("unit: ticket", "unit: chat")], 14, "the system's own doing"),
        ([("target: -40%", "target: 50")], 19, "the target 50 is no decrease from the baseline 36.5"),
        ([("severity: annoyance", "severity: safety")], 23, "declare these too"),
        ([("design: before-after", "design: randomised")], 17, "returns no `variant`"),
        ([("owner: Ada Lovelace <ada@example.org>", "owner: your-team")], 5, "placeholder"),
        (
            [("review: 30d", "review: 30d\nguardrails:\n  - {name: back, sql: select nosuch, aggregate: mean, at_most: 1}")],
            23,
            "guardrail back",
        ),
        ([("from events", "from events where opened_at > '2030-01-01'")], 9, "returns no unit"),
    ],
)
def test_each_fault_is_a_problem_with_its_place(tmp_path: Path, found: Found, pairs: list[tuple[str, str]], line: int, said: str) -> None:
    finding = found(ID, project(tmp_path, changed(*pairs)))
    assert finding.outcome is Outcome.FAILS
    hit = [problem for problem in finding.problems if said in problem.text]
    assert hit, finding.problems
    assert hit[0].location is not None
    assert (hit[0].location.file, hit[0].location.line) == (FILE, line)


def test_what_only_the_system_makes_is_no_outcome(tmp_path: Path, found: Found) -> None:
    root = project(tmp_path, changed(("{from: 2026-03-01, to: 2026-05-15}", "{from: 2026-08-01, to: 2026-08-31}")),
                   {"data/tickets.csv": tickets(first="2026-08-01T00:00:00")})  # fmt: skip
    finding = found(ID, root)
    assert (finding.outcome, "no unit occurred before 2026-07-01" in finding.reason) == (Outcome.FAILS, True)


def test_a_forward_comparison_may_have_only_new_units(tmp_path: Path, found: Found) -> None:
    text = changed(
        ("baseline: {from: 2026-03-01, to: 2026-05-15}\n", ""), ("design: before-after", "design: staged"),
        ("as value\n", "as value, channel as variant\n"),
    )  # fmt: skip
    root = project(tmp_path, text, {"data/tickets.csv": tickets(first="2026-08-01T00:00:00")})
    assert found(ID, root).outcome is Outcome.HOLDS


def test_one_proxy_among_outcomes_fails(tmp_path: Path, found: Found) -> None:
    proxy = changed(("id: resolution-time", "id: f1"), ("date_diff('hour', opened_at, closed_at) as value", "1.0 as value"))
    proxy = proxy.replace("change: support tickets are resolved 40 % faster", "change: the F1 score rises to 0.9")
    finding = found(ID, project(tmp_path, more={"outcomes/f1.yaml": proxy}))
    assert finding.outcome is Outcome.FAILS
    assert all(problem.location is not None and problem.location.file == "outcomes/f1.yaml" for problem in finding.problems)


def test_data_that_is_elsewhere_is_unknown(tmp_path: Path, found: Found) -> None:
    finding = found(ID, project(tmp_path, changed(("data/tickets.csv", "lake/*.parquet"))))
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.FILE)


def test_a_database_the_demo_does_not_ask_for_is_the_projects_fault(tmp_path: Path, found: Found) -> None:
    finding = found(ID, project(tmp_path, changed(("source: data/tickets.csv", "source: database"))))
    assert (finding.outcome, 'needs = ["postgres"]' in finding.reason) == (Outcome.FAILS, True)


def test_a_demo_that_does_not_run_leaves_its_database_unknown(tmp_path: Path, found: Found) -> None:
    toml = '[demo]\ncommand = ["python", "nothing.py"]\nneeds = ["postgres"]\n'
    finding = found(
        ID,
        project(
            tmp_path,
            changed(("source: data/tickets.csv", "source: database")),
            {"readiness.toml": toml, "requirements.txt": "nosuch==1.0\n"},
        ),
    )
    assert (finding.outcome, "not installed" in finding.reason) == (Outcome.UNKNOWN, True)


def test_without_git_it_still_runs_and_notes_what_it_could_not_see(tmp_path: Path, found: Found) -> None:
    root = project(tmp_path)
    (root / ".git").rename(tmp_path / "gone")
    finding = found(ID, root)
    assert (finding.outcome, "no git repository" in finding.notes[0]) == (Outcome.HOLDS, True)
