"""The server over a real socket: it answers, logs one line for each request, and says so where it is not configured."""

import http.client
import json
import threading

import pytest

from assistant import logs, serve, web
from assistant.settings import Settings


class Desk:
    """Repeats what it is asked, and breaks where it is told to."""

    def ask(self, question, reader):
        """The question and who asked."""
        if question == "break":
            raise RuntimeError("password=secret-4711")
        return {"asked": question, "by": reader}


@pytest.fixture
def send():
    """A function that sends one request and returns status, content and whether the connection stays open."""
    server = serve.Server(Settings(0, "", {"operator": "desk-token"}), Desk())
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def sent(method, path, body=None, token="desk-token"):
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        connection.request(method, path, body, {"Authorization": f"Bearer {token}"})
        reply = connection.getresponse()
        content = json.loads(reply.read())
        open_still = connection.sock is not None
        connection.close()
        return reply.status, content, open_still

    yield sent
    server.shutdown()
    server.server_close()


@pytest.fixture
def lines(monkeypatch):
    """What is logged: the fields of each event."""
    found = []
    for level in ("info", "exception"):
        monkeypatch.setattr(logs.LOGGER, level, lambda event, extra=None: found.append({"event": event, **(extra or {})}))
    return found


def test_a_question_is_answered_over_http(send):
    assert send("POST", "/ask", '{"question": "why?"}') == (200, {"asked": "why?", "by": "operator"}, True)
    assert send("GET", "/healthz?from=compose", token="")[0] == 200
    assert send("POST", "/ask")[0] == 400


def test_one_line_is_logged_for_each_request(send, lines):
    send("POST", "/ask?token=secret-4711", '{"question": "why?"}')
    (line,) = lines
    assert 0 <= line.pop("elapsed_ms") < 900
    assert line == {"event": "answered", "method": "POST", "path": "/ask", "status": 200, "reader": "operator"}


def test_a_failure_is_answered_without_its_message(send, lines):
    status, content, _ = send("POST", "/ask", '{"question": "break"}')
    assert (status, content) == (500, {"error": "this did not work; the log says why"})
    assert [line["event"] for line in lines] == ["request failed", "answered"]


def test_a_body_that_is_too_long_ends_the_connection(send):
    longest = json.dumps({"question": "why?"}).ljust(web.BODY_BYTES)
    assert send("POST", "/ask", longest)[::2] == (200, True)
    assert send("POST", "/ask", longest + "  ")[::2] == (200, False)


def test_it_does_not_start_without_its_settings(monkeypatch, capsys):
    monkeypatch.delenv("API_TOKEN", raising=False)
    assert serve.main() == 2
    assert capsys.readouterr().err == "error: set API_TOKEN; .env.example says what for\n"
