"""What is said of decisions: each missing kind once with its count, and nobody is asked for what an abstention cannot have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from readiness.layers.observability.checks.decisions_carry_context import Observed, judge
from readiness.layers.observability.evidence import SeenDecision, SeenSource
from readiness.sequence.finding import Cause, Finding, Location, Outcome
from readiness.sequence.stakes import Policy
from tests.layers.conftest import ASSETS, Judge

ID = "observability.decisions-carry-context"
FULL = SeenDecision("t-1", "answer", "small", "3", "7", 0.8, (SeenSource("doc-1"),), "answered")
BARE = SeenDecision("t-2", "answer", "", "", "", None, (), "")


def judged(*decisions: SeenDecision, **other: object) -> Finding:
    observed = Observed("python demo.py", exports=1, spans=5, decisions=decisions)
    return judge(replace(observed, **other), Policy())  # type: ignore[arg-type]


def test_full_decisions_hold() -> None:
    finding = judged(FULL, FULL)
    assert (finding.outcome, finding.observed) == (Outcome.HOLDS, "2 decisions with version, sources and confidence")


def test_each_kind_that_is_missing_is_one_problem_with_its_count() -> None:
    finding = judged(FULL, BARE, BARE, replace(FULL, sources=()))
    assert finding.outcome is Outcome.FAILS
    assert [(problem.subject, problem.text) for problem in finding.problems] == [
        ("model version", "2 of 4 decisions name no model version"),
        ("sources", "3 of 4 decisions name no source"),
        ("confidence", "2 of 4 decisions name no confidence"),
    ]
    assert finding.observed == "2 of 4 decisions name no model version, and 2 more"
    assert "readiness.decision" in finding.remedy.text


@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        ({"outcome": "abstained", "sources": ()}, []),
        ({"outcome": "abstained", "sources": (), "confidence": None}, ["confidence"]),
        ({"outcome": "refused", "sources": (), "confidence": None}, []),
        ({"outcome": "fallback", "sources": (), "confidence": None}, []),
        ({"outcome": "fallback", "sources": (), "confidence": None, "model_version": ""}, ["model version"]),
        ({"outcome": "fallback", "sources": (), "confidence": None, "model": "", "model_version": ""}, []),
        ({"outcome": "refused", "sources": (), "confidence": None, "model": "", "model_version": ""}, []),
        ({"outcome": "refused", "sources": (), "confidence": None, "model_version": ""}, ["model version"]),
        ({"outcome": "abstained", "sources": (), "model": "", "model_version": ""}, ["model version"]),
        ({"outcome": "whatever", "sources": ()}, ["sources"]),
        ({"error": "KeyError", "sources": (), "confidence": None, "model_version": ""}, []),
        ({"prompt_version": "", "model": ""}, []),
    ],
)
def test_what_a_decision_cannot_have_is_not_asked_of_it(changed: dict[str, object], problems: list[str]) -> None:
    finding = judged(FULL, replace(FULL, **changed))  # type: ignore[arg-type]
    assert [problem.subject for problem in finding.problems] == problems
    assert finding.outcome is (Outcome.FAILS if problems else Outcome.HOLDS)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, 83.0, float("nan"), float("inf")])
def test_a_confidence_that_is_none_fails(confidence: float) -> None:
    finding = judged(FULL, replace(FULL, confidence=confidence))
    assert [problem.text for problem in finding.problems] == ["1 of 2 decisions names a confidence that is no number from 0 to 1"]


@pytest.mark.parametrize("confidence", [0.0, 1.0])
def test_the_ends_of_the_range_are_in_it(confidence: float) -> None:
    assert judged(replace(FULL, confidence=confidence)).outcome is Outcome.HOLDS


def test_one_confidence_for_five_different_decisions_is_a_note() -> None:
    five = [replace(FULL, id=f"t-{number}", input_digest=f"sha256:{number}") for number in range(5)]
    assert judged(*five).notes[:-1] == ("5 different decisions state the same confidence, 0.8",)
    assert judged(*five[:4]).notes[:-1] == ()
    assert judged(*(replace(item, input_digest="sha256:0") for item in five)).notes[:-1] == ()
    assert judged(*five[:4], replace(five[4], confidence=0.7)).notes[:-1] == ()


def test_spans_without_a_decision_fail_and_no_spans_are_unknown() -> None:
    assert judged().outcome is Outcome.FAILS
    assert judged().reason == "5 spans arrived, and no decision among them"
    finding = judged(spans=0, exports=0)
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)
    assert finding.remedy.command.endswith("traces-complete")


@pytest.mark.parametrize("changed", [{"error": "KeyError"}, {"outcome": "refused"}, {"outcome": "fallback"}])
def test_where_no_model_answered_nothing_is_proven(changed: dict[str, str]) -> None:
    finding = judged(replace(FULL, **changed))  # type: ignore[arg-type]
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)


def test_a_decision_that_ended_in_an_error_is_noted() -> None:
    assert judged(FULL, replace(BARE, error="KeyError")).notes[:-1] == ("1 decision ended in an error and is not judged",)


def test_a_problem_lies_where_the_decision_is_made() -> None:
    place = Location("app/answer.py", 12)
    assert judged(replace(BARE, location=place)).location == place
    assert judged(BARE, location=Location("readiness.toml", 3)).location == Location("readiness.toml", 3)


def changed(before: str, after: str) -> dict[str, str]:
    """The holding asset with one change of its demo."""
    folder = ASSETS / ID / "holds"
    files = {path.name: path.read_text() for path in folder.iterdir()}
    assert before in files["demo.py"]
    return files | {"demo.py": files["demo.py"].replace(before, after)}


def test_a_source_that_is_a_file_of_the_project_and_is_not_there_fails(judge: Judge) -> None:
    files = changed('text("refunds.txt")', 'text("kb/refund.txt#2"), text("kb/there.txt")') | {"kb/there.txt": "x"}
    finding = judge(ID, files=files)
    assert [problem.text for problem in finding.problems] == ["a decision names kb/refund.txt as a source, and there is no such file"]
    assert finding.notes in ((), ("named as a source and not seen to be read: kb/there.txt",))


@pytest.mark.parametrize(
    "name",
    [
        "doc-12",
        "faq.md",
        "public.orders",
        "https://example.org/kb/refunds.html",
        "kb/article-12",
        "elsewhere/refunds.txt",
        "kb/../x.txt",
        "tool:x",
    ],
)
def test_a_source_that_need_be_no_file_is_believed(judge: Judge, name: str) -> None:
    files = changed('text("refunds.txt")', f"text({name!r})") | {"kb/there.txt": "x"}
    assert judge(ID, files=files).outcome is Outcome.HOLDS


def test_a_source_that_setting_up_or_the_demo_itself_made_is_there(judge: Judge) -> None:
    files = changed('text("refunds.txt")', 'text("kb/made.txt"), text(os.path.abspath("kb/set-up.txt"))') | {"kb/there.txt": "x"}
    files["demo.py"] = files["demo.py"].replace("SPANS = []", "SPANS = []\nopen('kb/made.txt', 'w').close()")
    files["readiness.toml"] += 'setup = [["python", "-c", "open(\'kb/set-up.txt\', \'w\').close()"]]\n'
    finding = judge(ID, files=files)
    assert (finding.outcome, finding.reason) == (Outcome.HOLDS, "")


def test_a_source_not_read_is_a_note(judge: Judge) -> None:
    finding = judge(ID, files=changed('text("refunds.txt")', 'text("other.txt")') | {"other.txt": "x"})
    assert finding.outcome is Outcome.HOLDS
    assert finding.notes[:-1] in ((), ("named as a source and not seen to be read: other.txt",))


def test_one_decision_is_told_as_an_example() -> None:
    assert judged(FULL).notes[-1].startswith(f"for example {FULL.id}: ")
    assert FULL.model_version in judged(FULL).notes[-1]
