"""What is answered to whom, and that nothing of a bad request comes back."""

import json

import pytest
from readiness import Refused
from readiness.sdk import Authorization

from agent.web import LONGEST, Request, respond, text

TOKENS = {"portal": "portal-token", "lead": "lead-token"}


class Desk:
    """Repeats what it is asked."""

    def serve(self, customer, message):
        """What was asked."""
        return {"customer": customer, "message": message}

    def approve(self, order, person):
        """What is agreed to; nothing waits for o-9, and o-8 may not be."""
        if order == "o-9":
            raise KeyError(order)
        if order == "o-8":
            raise Refused(Authorization(False, "a", "b", "c", ("no_more_than_was_paid",), "forbidden"))
        return {"order": order, "by": person}


def send(method="POST", path="/ask", body=b'{"customer": "c-1", "message": "why?"}', token="portal-token", stopped=False):
    """The status and content of a reply."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    reply = respond(Request(method, path, headers, body), TOKENS, Desk(), lambda: stopped)
    assert json.loads(reply.body) == reply.content
    return int(reply.status), reply.content


def test_the_portal_asks_and_the_lead_approves():
    assert send() == (200, {"customer": "c-1", "message": "why?"})
    assert send(path="/approve", body=b'{"order": "o-1"}', token="lead-token") == (200, {"order": "o-1", "by": 'Person::"mara"'})


def test_nobody_does_what_is_for_another():
    assert send(token="lead-token")[0] == 404
    assert send(path="/approve", body=b'{"order": "o-1"}')[0] == 404


def test_nobody_is_refused_before_anything_else_is_looked_at():
    for path in ("/ask", "/approve", "/nowhere", "/"):
        assert send(path=path, token="", body=b"{") == (401, {"error": "send a token: Authorization: Bearer …"})
    assert send(token="wrong")[0] == 401


def test_health_is_public_and_says_nothing_else():
    assert send("GET", "/healthz", b"", token="") == (200, {"status": "ok"})
    assert send("POST", "/healthz", token="")[0] == 401


def test_what_is_not_there_is_not_found():
    assert send("GET", "/ask", b"")[0] == 404
    assert send(path="/nowhere")[0] == 404


def test_a_stopped_agent_refuses():
    assert send(stopped=True) == (503, {"stopped": True})
    assert send(path="/approve", body=b'{"order": "o-1"}', token="lead-token", stopped=True)[0] == 503
    assert send(stopped=True, token="")[0] == 401


def test_what_may_not_be_is_forbidden_by_name():
    assert send(path="/approve", body=b'{"order": "o-8"}', token="lead-token") == (403, {"refused": ["no_more_than_was_paid"]})
    assert send(path="/approve", body=b'{"order": "o-9"}', token="lead-token") == (400, {"error": "nothing waits for that order"})


@pytest.mark.parametrize("body", [b"", b"{", b'{"secret-4711', b"[]", b"3", b"{}", b'{"customer": "c-1"}', b'{"customer": "c", "message": 3}',
                                  b'{"customer": " ", "message": "x"}', b"\xff"])  # fmt: skip
def test_a_bad_body_is_refused_and_not_repeated(body):
    status, content = send(body=body)
    assert status == 400
    assert "4711" not in json.dumps(content)


def test_a_text_has_a_longest_length_and_is_stripped():
    assert text(json.dumps({"message": f" {'x' * (LONGEST - 2)} "}).encode(), "message") == "x" * (LONGEST - 2)
    assert text(json.dumps({"message": "x" * LONGEST}).encode(), "message") == "x" * 1000
    assert send(body=json.dumps({"customer": "c", "message": "x" * 1001}).encode())[0] == 400
