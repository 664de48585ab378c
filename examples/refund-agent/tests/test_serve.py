"""The server over a real socket: it answers, logs one line for each request, and says so where it is not configured."""

import http.client
import json
import threading

import pytest

from agent import logs, serve, web
from agent.model import Model
from agent.settings import Settings


class Desk:
    """Repeats what it is asked, and breaks where it is told to."""

    def serve(self, customer, message):
        """The message."""
        if message == "break":
            raise RuntimeError("password=secret-4711")
        return {"asked": message}

    def approve(self, order, person):
        """The order."""
        return {"order": order}


@pytest.fixture
def send():
    """A function that sends one request and returns status, content and whether the connection stays open."""
    server = serve.Server(Settings(0, Model("m", "http://x", "k"), {"portal": "portal-token"}), Desk())
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def sent(method, path, body=None, token="portal-token"):
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


ASK = '{"customer": "c-1", "message": "why?"}'


def test_a_message_is_answered_over_http(send):
    assert send("POST", "/ask", ASK) == (200, {"asked": "why?"}, True)
    assert send("GET", "/healthz?from=compose", token="")[0] == 200
    assert send("POST", "/ask")[0] == 400


def test_one_line_is_logged_for_each_request(send, lines):
    send("POST", "/ask?token=secret-4711", ASK)
    (line,) = lines
    assert 0 <= line.pop("elapsed_ms") < 900
    assert line == {"event": "answered", "method": "POST", "path": "/ask", "status": 200, "caller": "portal"}


def test_a_failure_is_answered_without_its_message(send, lines):
    status, content, _ = send("POST", "/ask", '{"customer": "c-1", "message": "break"}')
    assert (status, content) == (500, {"error": "this did not work; the log says why"})
    assert [line["event"] for line in lines] == ["request failed", "answered"]


def test_a_body_that_is_too_long_ends_the_connection(send):
    longest = ASK.ljust(web.BODY_BYTES)
    assert send("POST", "/ask", longest)[::2] == (200, True)
    assert send("POST", "/ask", longest + "  ")[::2] == (200, False)


def test_it_does_not_start_without_its_settings(monkeypatch, capsys):
    monkeypatch.delenv("PORTAL_TOKEN", raising=False)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://model/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert serve.main() == 2
    assert capsys.readouterr().err == "error: set PORTAL_TOKEN; .env.example says what for\n"
