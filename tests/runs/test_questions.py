"""The five questions: answered where every finding holds, else with what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from readiness.layers import catalog
from readiness.runs import questions
from readiness.runs.questions import Answer
from readiness.sequence.finding import Outcome
from readiness.testing.projects import git, make_repository
from tests.runs.stated import catalogue, files

Ask = Callable[[Mapping[str, str]], questions.Answered]


@pytest.fixture
def ask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    catalogue(tmp_path / "catalogue", monkeypatch)

    def asked(findings: Mapping[str, str]) -> questions.Answered:
        root = make_repository(tmp_path / "bot", files(findings))
        git(root, "tag", "poc")
        return questions.questions(root)

    return asked


def by_number(found: questions.Answered) -> dict[int, Answer]:
    return {answer.number: answer for answer in found.answers}


def test_all_five_are_answered_where_all_holds(ask: Ask) -> None:
    found = ask({})
    assert [answer.outcome for answer in found.answers] == [Outcome.HOLDS] * 5
    assert found.exit_code == 0
    assert by_number(found)[4].lines[0].notes == ("decision 7f3a: bot-2, 2 sources, 0.91",)


@pytest.mark.parametrize(
    ("check", "number"),
    [
        ("infrastructure.recreates-elsewhere", 1),
        ("data.contracts-exist", 2),
        ("data.contracts-hold", 2),
        ("data.contracts-bite", 2),
        ("observability.decisions-carry-context", 4),
        ("measurement.outcome-defined", 5),
        ("measurement.baseline-precedes-build", 5),
    ],
)
@pytest.mark.parametrize(("said", "code"), [("fails", 1), ("unknown", 3), ("not_applicable", 3)])
def test_one_finding_that_does_not_hold_leaves_its_question_open(ask: Ask, check: str, number: int, said: str, code: int) -> None:
    found = ask({check: f"{said}: it is so"})
    answers = by_number(found)
    open_ones = [answer.number for answer in found.answers if answer.outcome is not Outcome.HOLDS]
    if said == "not_applicable" and number in (2, 5):
        assert (open_ones, found.exit_code) == ([], 0)  # what else the question rests on still answers it
        return
    assert (open_ones, found.exit_code) == ([number], code)
    assert (answers[number].missing, answers[number].command) == ("repair it", "make repair")


def test_an_answer_above_a_layer_that_does_not_hold_is_only_seen(ask: Ask) -> None:
    answers = by_number(ask({"security.secrets-absent": "fails"}))
    assert [number for number, answer in answers.items() if answer.waits] == [2, 4, 5]


def test_a_check_that_is_not_there_is_no_answer(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "OURS", tuple(spec for spec in catalog.OURS if not spec.id.startswith("data.")))
    answer = by_number(ask({}))[2]
    assert (answer.outcome, answer.missing) == (Outcome.UNKNOWN, "this version has no check of it")
    assert {line.text for line in answer.lines} == {"this version has no check of it"}


def test_without_a_mark_the_third_question_says_how_to_set_one(ask: Ask, tmp_path: Path) -> None:
    ask({})
    git(tmp_path / "bot", "tag", "-d", "poc")
    answer = by_number(questions.questions(tmp_path / "bot"))[3]
    assert (answer.outcome, answer.missing, answer.command) == (
        Outcome.UNKNOWN,
        "nothing marks the commit of the POC",
        "git tag poc COMMIT",
    )
