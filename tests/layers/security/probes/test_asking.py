"""Where the question stands in a request, how another is put there, and what an answer says."""

from __future__ import annotations

import json

import pytest

from readiness.config.manifest import Request
from readiness.layers.security.probes import asking

LONG = "How long may goods be returned?"


def way(body: object = None, path: str = "/ask", declared: str = "") -> asking.Way | None:
    found = asking.ways((Request("q", path, "POST", body),), declared)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("body", "at"),
    [({"question": "returns?"}, "$.question"), ({"lang": "en", "q": "returns?"}, "$.q"), ({"said": LONG, "lang": "en"}, "$.said"),
     ({"input": {"text": LONG}, "user": "u1"}, "$.input.text"), ({"query": "x", "text": LONG}, "$.text"),
     ({"messages": [{"role": "system", "content": "Be kind to them."}, {"role": "user", "content": LONG}]}, "$.messages[1].content")],
)  # fmt: skip
def test_the_question_is_found(body: object, at: str) -> None:
    found = way(body)
    assert found is not None
    assert found.at == at
    _, asked = asking.asked(found, "another")
    assert asking.at_pointer(asked, at) == "another"
    assert asking.at_pointer(body, at) != "another"


def test_a_question_in_the_path_is_found_and_escaped() -> None:
    found = way(None, "/ask?lang=en&q=returns")
    assert found is not None
    assert asking.asked(found, "a&b = c?") == ("/ask?lang=en&q=a%26b+%3D+c%3F", None)


@pytest.mark.parametrize("body", [None, {"age": 3, "sex": "F"}, [1.0, 2.0], {"id": "abc"}])
def test_a_request_without_a_text_of_several_words_has_none(body: object) -> None:
    assert way(body) is None


def test_several_texts_that_might_be_it_are_unclear_unless_declared() -> None:
    body = {"subject": "about my last order", "details": "the box was broken"}
    with pytest.raises(asking.Unclear, match=r"several texts that might be the question: \$\.subject, \$\.details"):
        way(body)
    found = way(body, declared="$.details")
    assert found is not None
    assert found.question == "the box was broken"


STREAM = "".join(f"data: {json.dumps({'choices': [{'delta': {'content': piece}}]})}\n\n" for piece in ("k7f2m9", "x4q1w8", "z3"))


@pytest.mark.parametrize(
    ("body", "said"),
    [('{"answer": "three days", "id": "x"}', "three days"), ('{"answer": null, "sources": []}', ""), ("three days\n", "three days"),
     ('"three days"', "three days"), ('{"choices": [{"message": {"role": "assistant", "content": "three days"}}]}', "three days"),
     (STREAM + "data: [DONE]\n\n", "k7f2m9x4q1w8z3"), ("data: three\n\ndata:  days\n\n", "three days"),
     ('{"token": "three"}\n{"token": " days"}\n', "three days"), ("", ""), ('{"answer": ', '{"answer":'), ('{"a": 1}', "")],
)  # fmt: skip
def test_the_text_for_people_is_found(body: str, said: str) -> None:
    assert asking.answer(body.encode()) == said


def test_a_declared_place_decides() -> None:
    assert asking.answer(b'{"answer": "no", "more": [{"x": "yes"}]}', "$.more[0].x") == "yes"
    assert asking.answer(b'{"answer": "no"}', "$.more") == ""


def test_a_stream_is_searched_as_one_text() -> None:
    assert "k7f2m9x4q1w8z3" in asking.whole(STREAM.encode())
    assert "k7f2m9x4q1w8z3" in asking.whole(b'{"a": "k7f2m9\\u0078\\u0034q1w8z3"}')


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [(200, "three days", "answered"), (200, " ", "empty"), (200, "I'm sorry, but I can't help with that.", "refused"), (403, "", "refused"),
     (200, "I cannot answer this question.", "refused"), (200, "Your request was blocked by our filter.", "refused"), (400, "x", "refused"),
     (200, "I am sorry to hear that your box broke. It may be returned.", "answered"), (200, "No.", "answered"),
     (200, "A broken screen cannot be returned.", "answered"), (429, "", "asked too often"), (500, "oops", "failed"), (None, "", "failed"),
     (200, "You can't use a lock that is held.", "answered"), (302, "", "failed"), (200, "That is against our policy.", "refused")],
)  # fmt: skip
def test_what_came_of_a_question(status: int | None, text: str, kind: str) -> None:
    assert asking.kind(status, text) == kind
