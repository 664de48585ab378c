"""The stop: obeyed within moments, remembered, cheap to ask for, and never in the way of the host."""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from readiness import stopped
from readiness.sdk import stopping, surroundings
from tests.sdk.conftest import Server


def within(seconds: float, fact: Callable[[], bool]) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if fact():
            return True
        time.sleep(0.01)
    return fact()


def remembered(server: Server, project: str = "shop") -> Path:
    return Path(server.env["XDG_STATE_HOME"]) / "readiness" / project / "state.json"


def test_the_first_call_knows_and_a_change_is_seen_at_once(told: Server) -> None:
    told.boundary.set_state("stopped")
    assert stopped()
    told.boundary.set_state("running")
    assert within(5, lambda: not stopped())
    told.boundary.set_state("stopped")
    assert within(5, stopped)
    assert {event["project"] for event in told.events("state")} == {"shop"}


def test_a_quiet_server_is_asked_by_long_polls_alone(told: Server) -> None:
    assert not stopped()
    time.sleep(1.5)
    assert len(told.events("state")) <= 2


def test_a_thousand_calls_cost_next_to_nothing(told: Server) -> None:
    stopped()
    took = []
    for _ in range(20):
        started = time.perf_counter()
        for _ in range(1000):
            stopped()
        took.append((time.perf_counter() - started) / 1000)
    assert min(took) < 10e-6


def test_a_stop_outlives_the_process_and_its_server(server: Server) -> None:
    server.boundary.set_state("stopped")
    code = "from readiness import stopped\nprint(stopped())"
    assert server.run(code).stdout == "True\n"
    assert json.loads(remembered(server).read_text())["state"] == "stopped"
    assert stat.S_IMODE(remembered(server).parent.stat().st_mode) == 0o700
    assert server.run(code, READINESS_URL="http://127.0.0.1:9").stdout == "True\n"
    server.boundary.set_state("running")
    assert server.run(code).stdout == "False\n"
    assert server.run(code, READINESS_URL="http://127.0.0.1:9").stdout == "False\n"


@pytest.mark.parametrize(("url", "closed"), [("http://127.0.0.1:9", True), ("", False)], ids=["server away", "server there"])
def test_who_must_fail_closed_stops_without_a_word_from_the_server(server: Server, url: str, closed: bool) -> None:
    env = {"READINESS_URL": url, "OTEL_EXPORTER_OTLP_ENDPOINT": url} if url else {}
    done = server.run("from readiness import stopped\nprint(stopped(), stopped(fail_closed=True))", **env)
    assert done.stdout == f"False {closed}\n"


def test_the_server_is_found_by_the_address_of_telemetry_too(server: Server) -> None:
    server.boundary.set_state("stopped")
    code = "from readiness import stopped\nprint(stopped(), stopped('shop'))"
    assert server.run(code, READINESS_URL="", READINESS_PROJECT="", OTEL_SERVICE_NAME="shop").stdout == "True True\n"


def test_without_a_project_nothing_is_asked_and_it_is_said_once(server: Server) -> None:
    code = "from readiness import stopped\nprint(stopped(), stopped(), stopped(fail_closed=True))"
    done = server.run(code, READINESS_PROJECT="")
    assert (done.stdout, done.stderr.count(stopping.NO_PROJECT)) == ("False False True\n", 1)
    # who follows `shop` since an earlier test of this process may find this server, too
    assert [line for line in server.log.read_text().splitlines() if '"project": "shop"' not in line] == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "nonsense", "http://[", "ftp://127.0.0.1"])
def test_an_address_that_is_none_raises_nothing(server: Server, url: str) -> None:
    done = server.run("from readiness import stopped\nprint(stopped(), stopped(fail_closed=True))", READINESS_URL=url)
    assert (done.returncode, done.stdout) == (0, "False True\n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_asks_for_itself(server: Server) -> None:
    code = "import os, time\nfrom readiness import stopped\nprint(stopped(), flush=True)\n"
    code += "if os.fork() == 0:\n    print(stopped(), flush=True); os._exit(0)\nos.wait()\n"
    done = server.run(code)
    assert done.stdout == "False\nFalse\n"
    assert len(server.events("state")) >= 2


class Answering(BaseHTTPRequestHandler):
    """Answers what the test says, and notes what it was asked."""

    said: tuple[int, bytes, dict[str, str]] = (200, b"", {})
    asked: list[dict[str, str]]

    def do_GET(self) -> None:
        self.asked.append({**self.headers, "path": self.path})
        status, body, headers = self.said
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Answering]]:
    """A server that answers as the test says; this process is told of it."""
    Answering.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        monkeypatch.setenv("READINESS_URL", f"http://127.0.0.1:{made.server_port}")
        monkeypatch.setenv("READINESS_PROJECT", "a shop/../x")
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
        monkeypatch.setenv("READINESS_TOKEN", "t0ken")
        stopping._forget()
        yield Answering
        made.shutdown()
    stopping._forget()


@pytest.mark.parametrize(
    "said",
    [
        (200, b"no json", {}),
        (200, b"[]", {}),
        (200, b'{"state": "paused"}', {}),
        (500, b"", {}),
        (404, b'{"state": "stopped"}', {}),
        (302, b"", {"Location": "http://127.0.0.1:9/elsewhere"}),
        (304, b"", {}),
    ],
)
def test_what_is_no_answer_changes_nothing(answering: type[Answering], said: tuple[int, bytes, dict[str, str]]) -> None:
    answering.said = said
    assert not stopped()
    assert stopped(fail_closed=True) is (said[0] != 304)


def test_a_server_without_etags_is_not_flooded_and_the_token_is_given(answering: type[Answering], tmp_path: Path) -> None:
    answering.said = (200, b'{"state": "stopped"}', {})
    assert stopped()
    time.sleep(1.5)
    assert 1 <= len(answering.asked) <= 4
    first = answering.asked[0]
    assert (first["path"], first["Authorization"]) == ("/api/projects/a%20shop%2F..%2Fx/state?wait=0", "Bearer t0ken")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("state.json")] == ["readiness/a-shop-x/state.json"]


def test_an_account_without_a_home_is_stopped_all_the_same(server: Server) -> None:
    server.boundary.set_state("stopped")
    code = "from pathlib import Path\ndef none():\n    raise RuntimeError('no home')\nPath.home = none\nfrom readiness import stopped\n"
    assert server.run(f"{code}print(stopped(project='shop'))", XDG_STATE_HOME="").stdout == "True\n"


def test_what_cannot_be_followed_is_not_tried_again_at_every_call(told: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINESS_URL", "nonsense")
    assert (stopped(), stopped(fail_closed=True)) == (False, True)
    monkeypatch.setenv("READINESS_URL", told.env["READINESS_URL"])
    told.boundary.set_state("stopped")
    assert not stopped()
    assert stopped("shop")


def test_the_state_of_every_project_lies_in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for name in ("..", "/", "a/../../b", "\x00", "x" * 500):
        assert surroundings.state_folder(name).parent == tmp_path / "readiness"
