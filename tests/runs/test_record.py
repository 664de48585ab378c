"""A demo recorded, and other checks than its recreation judged from the cassette."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from readiness.errors import CannotJudge, UsageError
from readiness.formats.redaction import Secret
from readiness.runs import check, record
from readiness.sequence.finding import Cause, Finding, Outcome
from readiness.testing.projects import make_repository
from tests.layers.conftest import ASSETS, offline, wheelhouse
from tests.layers.infrastructure.cassettes.scripted import Scripted

__all__ = ["offline", "wheelhouse"]
KEY = "sk-runs/Secret+0123456789abcdef"
USER = {"MODEL_KEY": KEY, "API_TOKEN": "token-of-the-desk-0123"}
TRACED = ASSETS / "observability.traces-complete/holds"
SERVER = """
import json, os, urllib.error, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

def ask(text):
    body = json.dumps({"model": "small", "messages": [{"role": "user", "content": text}]}).encode()
    headers = {"Authorization": "Bearer " + os.environ["MODEL_KEY"], "Content-Type": "application/json"}
    url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]

class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def say(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        self.say(200, "{}")

    def do_POST(self):
        if GUARDED and self.headers.get("Authorization") != "Bearer " + os.environ["API_TOKEN"]:
            return self.say(401, "who are you?")
        try:
            text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["q"]
        except ValueError:
            return self.say(400, "what?")
        self.say(200, json.dumps({"answer": ask(text)}))

if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
SERVER_MANIFEST = """
[demo]
server = { argv = ["python", "serve.py"] }
secrets = ["MODEL_KEY", "API_TOKEN"]
network = "cassette"
[[demo.request]]
id = "hello"
method = "POST"
path = "/ask"
json = { q = "hello" }
headers = { Authorization = "Bearer {API_TOKEN}" }
"""


@pytest.fixture
def model() -> Iterator[Scripted]:
    made = Scripted()
    yield made
    made.end()


def recorded(root: Path, model: Scripted, now: datetime | None = None) -> record.Recorded:
    user = {**USER, "OPENAI_BASE_URL": f"{model.url}/v1"}
    made = record.record(record.plan(root, record.Options(), now, user), environment=user)
    model.end()
    return made


def judged(root: Path, name: str, now: datetime | None = None) -> Finding:
    found = check.check(root, check.Options(only=(name,), everything=True, again=True), now=now)
    return next(item.finding for layer in found.verdict.layers for item in layer.checks)


def test_calls_answered_from_a_cassette_must_be_in_the_traces_like_any_other(offline: Path, model: Scripted) -> None:
    root = make_repository(offline / "project", like=TRACED)
    text = (root / "readiness.toml").read_text()
    assert "[demo]\n" in text
    (root / "readiness.toml").write_text(text.replace("[demo]\n", '[demo]\nnetwork = "cassette"\n'))
    made = recorded(root, model)
    calls = sum(bool(item.model) for item in made.cassette.exchanges)
    finding = judged(root, "observability.traces-complete")
    assert (finding.outcome, finding.reason) == (Outcome.HOLDS, "")
    assert f"{calls} model calls at the boundary, each seen" in finding.observed
    assert calls > 1


@pytest.mark.parametrize(("guarded", "outcome"), [(True, Outcome.HOLDS), (False, Outcome.FAILS)])
def test_a_server_is_attacked_while_it_is_answered_from_a_cassette(offline: Path, model: Scripted, guarded: bool, outcome: Outcome) -> None:
    files = {"serve.py": SERVER.replace("GUARDED", str(guarded)), "readiness.toml": SERVER_MANIFEST}
    root = make_repository(offline / "project", files)
    made = recorded(root, model)
    assert made.cassette.secrets == ("MODEL_KEY", "API_TOKEN")
    assert judged(root, "security.anonymous-refused").outcome is outcome
    assert judged(root, "infrastructure.recreates-elsewhere").outcome is Outcome.HOLDS
    assert judged(root, "security.runtime-redacts").outcome is Outcome.HOLDS


def test_every_check_that_rests_on_a_run_with_a_miss_is_unknown_and_the_demo_runs_once_for_it(offline: Path, model: Scripted) -> None:
    root = make_repository(offline / "project", {"serve.py": SERVER.replace("GUARDED", "True"), "readiness.toml": SERVER_MANIFEST})
    recorded(root, model)
    (root / "serve.py").write_text((root / "serve.py").read_text().replace('"small"', '"large"'))
    for name in ("infrastructure.recreates-elsewhere", "security.runtime-redacts", "observability.traces-complete"):
        finding = judged(root, name)
        assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.NETWORK), name
        assert '`model` was "small" and is "large"' in finding.reason


def test_an_expired_cassette_is_unknown_on_its_day_and_not_before(offline: Path, model: Scripted) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    root = make_repository(offline / "project", {"serve.py": SERVER.replace("GUARDED", "True"), "readiness.toml": SERVER_MANIFEST})
    made = recorded(root, model, now)
    assert made.cassette.expires_at == now + timedelta(days=90)
    name = "infrastructure.recreates-elsewhere"
    assert judged(root, name, made.cassette.expires_at - timedelta(hours=1)).outcome is Outcome.HOLDS
    finding = judged(root, name, made.cassette.expires_at)
    assert (finding.outcome, "expired on" in finding.reason) == (Outcome.UNKNOWN, True)


def test_a_secret_that_would_be_kept_all_the_same_keeps_everything_from_being_written(
    offline: Path, model: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    from readiness.layers.infrastructure.cassettes import recording

    monkeypatch.setattr(recording, "Secret", lambda name, value, stand_in: Secret(name, "another value", stand_in))
    code = SERVER.replace("GUARDED", "True").replace("ask(text)}", "ask(text + os.environ['API_TOKEN'])}")
    root = make_repository(offline / "project", {"serve.py": code, "readiness.toml": SERVER_MANIFEST})
    with pytest.raises(CannotJudge, match="nothing was kept: a secret would have been") as caught:
        recorded(root, model)
    assert USER["API_TOKEN"] not in str(caught.value)
    assert not (root / ".readiness/cassettes").exists()


def test_where_there_is_no_demo_there_is_nothing_to_record(offline: Path) -> None:
    root = make_repository(offline / "project", {"app.py": "VALUE = 3\n"})
    with pytest.raises(UsageError, match="there is no demo to record"):
        record.plan(root, record.Options())
    with pytest.raises(UsageError, match="expires after 1 to 366 days"):
        record.plan(root, record.Options(expires_days=400))


def test_what_one_model_was_asked_is_added_up(offline: Path, model: Scripted) -> None:
    root = make_repository(offline / "project", {"serve.py": SERVER.replace("GUARDED", "True"), "readiness.toml": SERVER_MANIFEST})
    cassette = recorded(root, model).cassette
    first = cassette.exchanges[0]
    more = replace(cassette, exchanges=(first, first, replace(first, input_tokens=None, output_tokens=None), replace(first, model="")))
    assert record.used(more) == {"small": record.Used(3, 22, 10, 1)}
    assert cassette.reads in ((), ("readiness.toml",), ("serve.py",), ("readiness.toml", "serve.py"))
