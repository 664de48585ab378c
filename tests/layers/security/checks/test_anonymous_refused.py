"""Which answers refuse, which give, and which tell nothing: a real server that answers each caller as it is told."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from readiness.sequence.finding import Basis, Cause, Finding, Outcome
from tests.layers.conftest import Judge

ID = "security.anonymous-refused"
SERVER = """
import json, os
from http.server import BaseHTTPRequestHandler, HTTPServer

TOLD = json.load(open("told.json"))

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        sent = self.headers.get("Authorization") or self.headers.get("X-Api-Key")
        right = "Bearer " + os.environ["API_TOKEN"]
        who = "nobody" if sent is None else "right" if sent in (right, "letter") else "wrong"
        try:
            json.loads(body or b"{}")
        except ValueError:
            os._exit(1) if TOLD.get("dies") else None
        status, text, *target = TOLD[who]
        if self.path.startswith("/health"):
            status, text, target = 200, "well", []
        if status is None:
            return self.connection.close()
        self.send_response(status)
        for place in target:
            self.send_header("Location", place)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
HEADERS = 'headers = { Authorization = "Bearer {API_TOKEN}" }'
RIGHT = [200, "three days"]
NO = [401, "who are you?"]

Told = Callable[..., Finding]


@pytest.fixture
def told(judge: Judge) -> Told:
    """The finding on a server that answers `right`, `nobody` and `wrong` callers so."""

    def run(nobody: object, wrong: object = NO, right: object = RIGHT, headers: str = HEADERS, public: str = "", **more: object) -> Finding:
        manifest = (
            '[demo]\nserver = { argv = ["python", "serve.py"], ready = "/health" }\nsecrets = ["API_TOKEN"]\n'
            f'[[demo.request]]\nid = "ask"\nmethod = "POST"\npath = "/ask?lang=en"\njson = {{ q = "how long?" }}\n{headers}\n{public}'
        )
        answers = json.dumps({"right": right, "nobody": nobody, "wrong": wrong, **more})
        return judge(ID, files={"serve.py": SERVER, "told.json": answers, "readiness.toml": manifest})

    return run


@pytest.mark.parametrize(
    ("nobody", "wrong"),
    [([401, ""], [401, ""]), ([403, ""], [403, ""]), ([302, "", "/login?next=/ask"], [401, ""]), ([303, "", "https://sso.shop.io/"], NO),
     ([401, ""], [404, ""]), ([422, "a header is missing"], [401, ""]), ([404, ""], [403, ""])],
    ids=["401", "403", "to a login", "to another host's login", "401, then 404", "a header is missing", "hidden, then 403"],
)  # fmt: skip
def test_who_is_refused(told: Told, nobody: object, wrong: object) -> None:
    finding = told(nobody, wrong)
    assert (finding.outcome, finding.basis, finding.reason) == (Outcome.HOLDS, Basis.EXECUTED, "")


@pytest.mark.parametrize(
    ("nobody", "wrong", "said"),
    [(RIGHT, NO, "is answered without its credential (answered 200)"), (RIGHT, RIGHT, "and a wrong one is accepted too"),
     (NO, RIGHT, "accepts any credential: with a wrong one it answered 200"),
     ([200, "another answer"], NO, "answered without its credential"),
     ([404, ""], RIGHT, "accepts any credential")],
    ids=["answers nobody", "answers everybody", "accepts any", "answers nobody otherwise", "hides, and accepts any"],
)  # fmt: skip
def test_who_is_answered_fails(told: Told, nobody: object, wrong: object, said: str) -> None:
    finding = told(nobody, wrong)
    assert (finding.outcome, finding.cause, finding.problems[0].subject) == (Outcome.FAILS, Cause.PROJECT, "POST /ask")
    assert said in finding.reason
    assert 'Authorization = "Bearer {API_TOKEN}"' in finding.remedy.text


@pytest.mark.parametrize(
    ("nobody", "wrong", "said"),
    [([500, "oops"], NO, "answered 500"), ([404, ""], [404, ""], "answered 404"), ([405, ""], [422, ""], "answered 405"),
     ([307, "", "/ask/"], NO, "answered 307, to /ask/"), ([302, "", "https://127.0.0.1/ask"], NO, "answered 302"),
     ([302, "", "/welcome"], NO, "302"),
     ([429, ""], NO, "answered 429"), ([None, ""], NO, "not answered"), (NO, [500, ""], "with a wrong credential: answered 500"),
     ([200, '<input type="password">'], NO, "with a login page or an error in it")],
    ids=["500", "404", "405", "slash", "scheme", "elsewhere", "429", "closed", "dies of a wrong one", "a login page"],
)  # fmt: skip
def test_what_is_no_refusal_and_no_answer_is_unknown(told: Told, nobody: object, wrong: object, said: str) -> None:
    finding = told(nobody, wrong)
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)
    assert said in finding.reason


def test_a_route_that_asks_for_no_credential_fails_unless_it_is_public(told: Told) -> None:
    finding = told(RIGHT, headers="")
    assert (finding.outcome, finding.reason) == (Outcome.FAILS, "POST /ask asks for no credential: anyone who can reach it may ask")
    assert 'public = ["POST /ask"]' in finding.remedy.text
    sent = """ -H 'Content-Type: application/json' -d '{"q": "how long?"}'"""
    assert finding.remedy.command == f'curl -i -X POST "http://127.0.0.1:$PORT/ask"{sent}'


def test_a_public_route_is_left_alone_by_method_and_path(told: Told) -> None:
    finding = told(RIGHT, public='[security]\npublic = ["POST /ask"]\n')
    assert (finding.outcome, finding.basis) == (Outcome.NOT_APPLICABLE, Basis.DECLARED)


def test_another_method_or_a_longer_path_is_not_the_public_one(told: Told) -> None:
    assert told(RIGHT, public='[security]\npublic = ["GET /ask", "POST /ask/more", "POST /"]\n').outcome is Outcome.FAILS


def test_a_credential_written_out_in_its_header_is_left_out_too(told: Told) -> None:
    assert told(NO, headers='headers = { X-Api-Key = "letter" }').outcome is Outcome.HOLDS


def test_a_server_that_dies_of_a_broken_body_is_still_judged_by_what_it_said_before(told: Told) -> None:
    assert told(NO, dies=True).outcome is Outcome.HOLDS


def test_a_server_that_does_not_run_is_unknown(told: Told) -> None:
    finding = told(NO, right=[500, ""])
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, "the demo did not run: request ask was answered by 500")


def test_a_server_that_is_asked_nothing_is_unknown(judge: Judge) -> None:
    files = {
        "serve.py": SERVER,
        "told.json": "{}",
        "readiness.toml": '[demo]\nserver = { argv = ["python", "serve.py"], ready = "/health" }\n',
    }
    assert judge(ID, files=files).outcome is Outcome.UNKNOWN
