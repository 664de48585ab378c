"""Every way out of a run is looked at: output, exports, answers, errors, outputs; and what was not seen is said."""

from __future__ import annotations

import pytest

from readiness.sequence.finding import Cause, Finding, Outcome
from readiness.world import demo as demos
from tests.layers.conftest import Judge

ID = "security.runtime-redacts"
MANIFEST = '[demo]\ncommand = ["python", "demo.py"]\nsecrets = ["API_TOKEN", "OTHER"]\noutputs = ["answers.txt"]\n'
BEGIN = """
import base64, gzip, os, sys, urllib.request
key = os.environ["API_TOKEN"]
open("answers.txt", "w").write("three days\\n")
def export(body, **headers):
    url = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces"
    urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/x-protobuf", **headers}))
"""
SERVER_MANIFEST = """
[demo]
server = { argv = ["python", "serve.py"] }
secrets = ["API_TOKEN"]
[[demo.request]]
id = "ask"
method = "POST"
path = "/ask"
json = { q = "how long?" }
headers = { Authorization = "Bearer {API_TOKEN}" }
"""
SERVER = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

KEY = os.environ["API_TOKEN"]

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.say(200, "well")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Authorization") != "Bearer " + KEY:
            return self.say(401, NOBODY)
        try:
            self.say(200, ANSWER(json.loads(body)))
        except ValueError:
            LOG
            self.say(400, BROKEN)

    def say(self, status, text):
        self.send_response(status)
        HEADER
        self.end_headers()
        self.wfile.write(text.encode())

HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def told(judge: Judge, code: str) -> Finding:
    return judge(ID, files={"demo.py": BEGIN + code, "readiness.toml": MANIFEST})


def served(judge: Judge, **parts: str) -> Finding:
    code = SERVER
    given = {"NOBODY": "'who are you?'", "ANSWER": "lambda q: 'three days'", "LOG": "pass", "BROKEN": "'no JSON'", "HEADER": "pass"} | parts
    for mark, text in given.items():
        code = code.replace(mark, text, 1) if mark != "ANSWER" else code.replace("ANSWER(", f"({text})(", 1)
    return judge(ID, files={"serve.py": code, "readiness.toml": SERVER_MANIFEST})


def test_a_run_that_uses_its_keys_and_keeps_them_holds(judge: Judge) -> None:
    finding = told(judge, 'print(len(key), hash(key)); export(b"\\x0a\\x05hello")')
    assert (finding.outcome, finding.reason) == (Outcome.HOLDS, "")


@pytest.mark.parametrize(
    ("code", "where"),
    [
        ("print(key)", "standard output"),
        ("print('key', key[17:31], file=sys.stderr)", "standard error"),
        ("export(b'\\x0a\\x29' + key.encode())", "the export to /v1/traces"),
        (
            "export(gzip.compress(b'\\x0a\\x38' + base64.b64encode(key.encode())), **{'Content-Encoding': 'gzip'})",
            "the export to /v1/traces (in base64)",
        ),
        ("open('answers.txt', 'a').write(key[::-1])", "answers.txt"),
        ("raise ValueError('no key ' + key)", "standard error"),
        ("print(key.upper())", "standard output"),
    ],
    ids=["output", "error, in part", "protobuf", "base64 in gzip", "output file, turned round", "a traceback", "another case"],
)
def test_every_way_out_is_looked_at(judge: Judge, code: str, where: str) -> None:
    finding = told(judge, code)
    assert (finding.outcome, finding.cause, finding.reason) == (Outcome.FAILS, Cause.PROJECT, f"API_TOKEN is in {where}")
    assert finding.remedy.command == "git grep -n API_TOKEN"
    assert demos.canary("API_TOKEN")[-24:] not in repr(finding)


def test_each_leak_is_a_problem_of_its_own(judge: Judge) -> None:
    finding = told(judge, "print(key, os.environ['OTHER']); export(key.encode())")
    assert [problem.subject for problem in finding.problems] == [
        "API_TOKEN in standard output", "OTHER in standard output", "API_TOKEN in the export to /v1/traces",
    ]  # fmt: skip


def test_a_demo_that_fails_or_says_too_much_is_unknown(judge: Judge) -> None:
    finding = told(judge, "raise SystemExit(3)")
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, "the demo did not run: it ended with exit 3")


def test_a_demo_that_says_too_much_to_keep_is_unknown(judge: Judge) -> None:
    finding = told(judge, "print('a line\\n' * 200_000)")
    assert (finding.outcome, "were not looked at" in finding.reason) == (Outcome.UNKNOWN, True)


def test_a_server_that_keeps_its_key_also_in_errors_holds(judge: Judge) -> None:
    assert served(judge).outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("parts", "where"),
    [
        ({"ANSWER": "lambda q: 'asked with ' + KEY"}, "the answer to ask"),
        ({"HEADER": "self.send_header('X-Debug', KEY)"}, "the answer to ask"),
        ({"NOBODY": "'expected ' + KEY"}, "the answer to ask, asked without credentials"),
        ({"BROKEN": "str(self.headers)"}, "the answer to ask, asked with a broken body"),
        ({"LOG": "print(self.headers, file=sys.stderr)"}, "the server's log"),
    ],
    ids=["answer", "header", "refusal", "error", "log"],
)
def test_a_server_is_looked_at_also_where_it_refuses_and_fails(judge: Judge, parts: dict[str, str], where: str) -> None:
    finding = served(judge, **parts)
    assert (finding.outcome, finding.reason) == (Outcome.FAILS, f"API_TOKEN is in {where}")


@pytest.mark.parametrize(("code", "outcome"), [("print(len(url))", Outcome.HOLDS), ("print('connecting to', url)", Outcome.FAILS)])
def test_the_database_password_of_the_run_is_a_secret_too(judge: Judge, code: str, outcome: Outcome) -> None:
    manifest = '[demo]\ncommand = ["python", "demo.py"]\nneeds = ["postgres"]\n'
    finding = judge(ID, files={"demo.py": f'import os\nurl = os.environ["DATABASE_URL"]\n{code}\n', "readiness.toml": manifest})
    assert finding.outcome is outcome
    assert finding.reason == ("" if outcome is Outcome.HOLDS else "the database password is in standard output")
