"""The half of the golden set that nothing was fitted on: right answers, abstentions, and a confidence that means what it says."""

import pytest

from tests import golden


@pytest.fixture(scope="module")
def cases():
    """Every case of the half that is for testing."""
    return list(golden.judged("test"))


def test_most_questions_find_their_document(cases):
    asked = [case for case in cases if case.documents]
    right = sum(case.right for case in asked)
    print(f"golden set: {right} of {len(asked)} questions find their document")
    assert right >= 0.75 * len(asked) > 20


def test_what_nothing_answers_is_not_answered(cases):
    unanswerable = [case for case in cases if not case.documents]
    abstained = sum(case.answer.text is None for case in unanswerable)
    print(f"golden set: {abstained} of {len(unanswerable)} unanswerable questions are not answered")
    assert abstained >= 0.9 * len(unanswerable) > 8


def test_what_is_answered_is_mostly_right(cases):
    given = [case for case in cases if case.answer.text is not None]
    right = sum(case.right for case in given)
    print(f"golden set: {right} of {len(given)} answers are right")
    assert right >= 0.8 * len(given) > 15


def test_the_confidence_is_calibrated(cases):
    brier = sum((case.answer.confidence - case.right) ** 2 for case in cases) / len(cases)
    print(f"golden set: Brier score {brier:.3f}")
    assert brier < 0.13
