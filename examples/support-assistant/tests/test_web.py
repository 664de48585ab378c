"""What is answered to whom, and that nothing of a bad request comes back."""

import json

import pytest

from assistant.web import LONGEST, Request, question, respond

TOKENS = {"operator": "desk-token", "customer": "portal-token"}


def ask(text, who):
    """Repeats what it was asked."""
    return {"asked": text, "by": who}


def send(method="POST", path="/ask", body=b'{"question": "why?"}', token="desk-token", stopped=False):
    """The status and content of a reply."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    reply = respond(Request(method, path, headers, body), TOKENS, ask, lambda: stopped)
    assert json.loads(reply.body) == reply.content
    assert reply.body.endswith(b"}\n")
    return int(reply.status), reply.content


def test_a_reader_is_answered():
    assert send() == (200, {"asked": "why?", "by": "operator"})
    assert send(token="portal-token") == (200, {"asked": "why?", "by": "customer"})


def test_nobody_is_refused_before_anything_else_is_looked_at():
    for path in ("/ask", "/nowhere", "/"):
        status, content = send(path=path, token="", body=b"{")
        assert status == 401
        assert content == {"error": "send a token: Authorization: Bearer …"}
    assert send(token="wrong")[0] == 401


def test_health_is_public_and_says_nothing_else():
    assert send("GET", "/healthz", b"", token="") == (200, {"status": "ok"})
    assert send("POST", "/healthz", token="")[0] == 401


def test_what_is_not_there_is_not_found():
    assert send("GET", "/ask", b"")[0] == 404
    assert send(path="/nowhere")[0] == 404


def test_a_stopped_assistant_refuses():
    assert send(stopped=True) == (503, {"stopped": True})
    assert send(stopped=True, token="")[0] == 401
    assert send("GET", "/healthz", b"", stopped=True)[0] == 200


@pytest.mark.parametrize("body", [b"", b"{", b'{"secret-4711', b"[]", b"3", b"{}", b'{"question": 3}', b'{"question": "  "}', b"\xff"])
def test_a_bad_body_is_refused_and_not_repeated(body):
    status, content = send(body=body)
    assert status == 400
    assert "4711" not in json.dumps(content)


def test_a_question_has_a_longest_length():
    assert question(json.dumps({"question": "x" * LONGEST}).encode()) == "x" * 1000
    assert send(body=json.dumps({"question": "x" * 1001}).encode())[0] == 400


def test_a_question_is_stripped():
    assert question(b'{"question": " why? "}') == "why?"
