"""The answers are the right ones, and none where none is known."""

import json
from pathlib import Path

import pytest

from faq.__main__ import main
from faq.answers import THRESHOLD, Answer, answer, load, score

DATA = Path(__file__).parent.parent / "data"
KNOWN = {"Where is my invoice?": "Under Billing.", "How long does shipping take?": "Three days."}


def test_the_nearest_question_answers() -> None:
    assert answer("where can I find my invoice", KNOWN) == Answer("Under Billing.", 1.0 * score("where can I find my invoice", "Where is my invoice?"), "Where is my invoice?")
    assert answer("how long will shipping take", KNOWN).text == "Three days."


def test_it_abstains_below_the_threshold() -> None:
    found = answer("dragons", KNOWN)
    assert (found.text, found.source) == ("", "")
    assert 0 <= found.confidence < THRESHOLD


def test_the_threshold_itself_is_enough() -> None:
    exact = score("where can I find my invoice", "Where is my invoice?")
    assert answer("where can I find my invoice", KNOWN, exact).text == "Under Billing."
    assert answer("where can I find my invoice", KNOWN, exact + 0.01).text == ""


def test_nothing_known_is_an_abstention() -> None:
    assert answer("anything", {}) == Answer("", 0.0, "")


@pytest.mark.parametrize(("one", "two", "expected"), [("Same?", "same", 1.0), ("abc", "xyz", 0.0)])
def test_scores_run_from_zero_to_one(one: str, two: str, expected: float) -> None:
    assert score(one, two) == expected


def test_scores_keep_four_digits() -> None:
    found = score("where can I find the invoice", "Where is my invoice?")
    assert found == round(found, 4) != round(found, 2)


def test_the_demo_answers_every_line(tmp_path: Path) -> None:
    main(DATA / "questions.txt", tmp_path / "deep/out.jsonl")
    records = [json.loads(line) for line in (tmp_path / "deep/out.jsonl").read_text().splitlines()]
    assert len(records) == 5
    assert [bool(record["answer"]) for record in records] == [True, True, True, True, False]
    assert records[0]["source"] == "How do I reset my password?"


def test_the_list_is_loaded() -> None:
    known = load(DATA / "faq.json")
    assert len(known) == 6
    assert known["How long does shipping take?"] == "Three to five working days."
