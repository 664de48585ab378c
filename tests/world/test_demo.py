"""A demo watched at its boundary: what it reads, exports, asks and answers, with and without credentials, and stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from readiness.config import manifest as manifests
from readiness.layers.infrastructure import procedure
from readiness.sequence.finding import Cause
from readiness.testing.projects import make_repository
from readiness.world import demo as demos
from readiness.world import project as projects
from readiness.world.demo import DemoSession
from readiness.world.probes import run_demo
from readiness.world.session import Session

COMMAND = """
import json, os, urllib.error, urllib.request

def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code

print(open("data/in.csv").read())
print(post(os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces", {"resourceSpans": []}))
print(post(os.environ["OPENAI_BASE_URL"] + "/chat/completions", {"model": "small", "messages": []}))
print(os.environ["READINESS_PROJECT"], os.environ["API_TOKEN"])
"""
SERVER = """
import json, os, threading, time, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STOPPED = threading.Event()

def follow():
    url = os.environ["READINESS_URL"] + "/api/projects/" + os.environ["READINESS_PROJECT"] + "/state"
    while True:
        state = json.load(urllib.request.urlopen(url))["state"]
        (STOPPED.set if state == "stopped" else STOPPED.clear)()
        time.sleep(0.1)

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
        if self.headers.get("Authorization") != "Bearer " + os.environ["API_TOKEN"]:
            return self.say(401, "who are you?")
        try:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        except ValueError as error:
            return self.say(500, str(error))
        self.say(503 if STOPPED.is_set() else 200, json.dumps({"answer": question["q"].upper()}))

threading.Thread(target=follow, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
SERVER_MANIFEST = """
[demo]
server = { argv = ["python", "serve.py"] }
secrets = ["API_TOKEN"]
[[demo.request]]
id = "hello"
method = "POST"
path = "/ask"
json = { q = "hello" }
headers = { Authorization = "Bearer {API_TOKEN}" }
[measurement]
stop_within_s = 10
"""

DATABASE = """
import os
import psycopg

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    connection.execute("create extension vector")
    connection.execute("create table orders (id int primary key, note text)")
    connection.execute("create table untouched (id int)")
    connection.execute("insert into orders values (1, 'one'), (2, 'two')")
    print(connection.execute("select count(*) from orders").fetchone()[0])
    print(connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()[0])
"""

Opened = Callable[[dict[str, str]], DemoSession]


@pytest.fixture
def opened(workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """The demo of a project made of files, installed and ready to run."""
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    with ExitStack() as stack:

        def make(files: dict[str, str]) -> DemoSession:
            root = make_repository(tmp_path / "shop", files)
            project, manifest = projects.load(root), manifests.load(root)
            session = stack.enter_context(closing(Session(project, procedure.discover(project, manifest))))
            assert session.blocked is Cause.NONE, session.why_blocked
            return DemoSession(project, manifest, session)

        yield make


def test_a_command_is_seen_reading_exporting_and_asking_a_model(opened: Opened) -> None:
    toml = '[demo]\ncommand = ["python", "main.py"]\nsecrets = ["API_TOKEN"]\n'
    demo = opened({"main.py": COMMAND, "data/in.csv": "a,b\n", "data/unread.csv": "c\n", "readiness.toml": toml})
    run = demo.first
    assert run.ran.ok, run.ran.stderr
    assert run.ran.stdout.split() == ["a,b", "200", "503", "shop", demos.canary("API_TOKEN")]
    assert run.reads is None or ("data/in.csv" in run.reads and "data/unread.csv" not in run.reads)
    assert [(item.path, item.body) for item in run.watched.exports] == [("/v1/traces", b'{"resourceSpans": []}')]
    assert [(call.path, call.model, call.status) for call in run.watched.calls] == [("/chat/completions", "small", None)]
    assert (run.watched.boundary, run.watched.refused, run.watched.leaked_port) == (True, True, False)
    assert demo.first is run


def test_telemetry_by_another_protocol_is_noticed_and_not_taken_for_none(opened: Opened) -> None:
    code = (
        "import os, socket\nfrom urllib.parse import urlsplit\n"
        "at = urlsplit(os.environ['OTEL_EXPORTER_OTLP_ENDPOINT'])\n"
        "with socket.create_connection((at.hostname, at.port)) as client:\n"
        "    client.sendall(b'PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n')\n    print(client.recv(1))\n"
    )
    run = opened({"main.py": code, "readiness.toml": '[demo]\ncommand = ["python", "main.py"]\n'}).first
    assert (run.ran.stdout.strip(), run.watched.grpc, run.watched.exports) == ("b''", True, ())


def test_every_run_is_given_the_same_addresses_so_that_saying_them_is_no_difference(opened: Opened) -> None:
    code = "import os\nprint(*(os.environ[name] for name in ('OTEL_EXPORTER_OTLP_ENDPOINT', 'READINESS_URL', 'OPENAI_BASE_URL')))\n"
    demo = opened({"main.py": code, "readiness.toml": '[demo]\ncommand = ["python", "main.py"]\n'})
    assert demo.first.ran.stdout.count("http://127.0.0.1:") == 3
    assert demo.first.ran.stdout == demo.again.ran.stdout == demo.elsewhere.ran.stdout


def test_a_server_may_tell_where_it_listens(opened: Opened) -> None:
    code = SERVER.replace('{"answer": question["q"].upper()}', '{"self": self.headers["Host"]}')
    demo = opened({"serve.py": code, "readiness.toml": SERVER_MANIFEST})
    told = [run.outputs["outputs/requests/hello.json"].read_text() for run in (demo.first, demo.again)]
    assert told[0].startswith('{"self": "127.0.0.1:')
    assert told[0] == told[1]


def test_two_demos_on_one_network_choose_different_ports_for_their_servers() -> None:
    with ExitStack() as stack:
        first = run_demo.alone()  # type: ignore[no-untyped-call]  # probes are plain Python
        if first is not None:  # else a demo runs on this network just now
            stack.enter_context(first)
        second = run_demo.alone()  # type: ignore[no-untyped-call]  # probes are plain Python
        assert second is None
        assert run_demo.free_port(second) != run_demo.PORTS["server"]  # type: ignore[no-untyped-call]


def test_a_command_that_is_not_there_ends_as_a_shell_would_say_it(opened: Opened) -> None:
    run = opened({"main.py": "", "readiness.toml": '[demo]\ncommand = ["no-such-program"]\n'}).first
    assert (run.ran.exit_code, "cannot start no-such-program" in run.ran.stderr) == (127, True)


def test_a_server_is_asked_as_declared_then_without_credentials_then_wrongly(opened: Opened) -> None:
    demo = opened({"serve.py": SERVER, "readiness.toml": SERVER_MANIFEST})
    assert demo.first.ran.ok, demo.first.ran.stderr
    assert demo.first.outputs["outputs/requests/hello.json"].read_text() == '{"answer": "HELLO"}'
    answers = {answer.phase: (answer.status, answer.body) for answer in demo.attacked.watched.answers}
    assert answers["demo"] == (200, b'{"answer": "HELLO"}')
    assert answers["anonymous"] == (401, b"who are you?")
    assert answers["broken"][0] == 500


def test_a_server_may_take_its_port_as_an_argument(opened: Opened) -> None:
    code = SERVER.replace('int(os.environ["PORT"])', "int(__import__('sys').argv[1])")
    toml = SERVER_MANIFEST.replace('["python", "serve.py"]', '["python", "serve.py", "{PORT}"]')
    run = opened({"serve.py": code, "readiness.toml": toml}).first
    assert run.ran.ok, run.ran.stderr


def test_a_server_is_stopped_and_goes_on_again(opened: Opened) -> None:
    watched = opened({"serve.py": SERVER, "readiness.toml": SERVER_MANIFEST}).stopped.watched
    assert [(drill.state, drill.status) for drill in watched.drills] == [("stopped", 503), ("running", 200)]
    assert all(drill.seconds is not None and drill.seconds < 5 for drill in watched.drills)
    assert watched.state_asked


def test_a_server_that_ignores_the_stop_is_seen_to(opened: Opened) -> None:
    files = {"serve.py": SERVER.replace("STOPPED.is_set()", "False"), "readiness.toml": SERVER_MANIFEST.replace("= 10", "= 1")}
    drill = opened(files).stopped.watched.drills[0]
    assert (drill.state, drill.seconds, drill.status) == ("stopped", None, 200)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import time\ntime.sleep(60)", "was not ready at / after 4 s"),
        ("raise SystemExit(3)", "ended with exit 3 before it was ready"),
        (SERVER.replace("self.say(200, '{}')", "").replace('self.say(200, "{}")', 'self.say(500, "")'), "it answered 500"),
    ],
    ids=["silent", "dies", "answers 500"],
)
def test_a_server_that_never_becomes_ready_says_why(opened: Opened, code: str, said: str) -> None:
    toml = SERVER_MANIFEST.replace('["python", "serve.py"] }', '["python", "serve.py"], ready_s = 4 }')
    run = opened({"serve.py": code, "readiness.toml": toml}).first
    assert (run.ran.exit_code, said in run.ran.stderr) == (1, True)


@pytest.mark.index
def test_a_demo_is_given_a_fresh_database_and_seen_using_it(opened: Opened) -> None:
    toml = '[demo]\ncommand = ["python", "main.py"]\nneeds = ["postgres"]\n'
    demo = opened({"main.py": DATABASE, "requirements.txt": "psycopg[binary]==3.2.13\n", "readiness.toml": toml})
    for run in (demo.first, demo.again):
        assert run.ran.ok, run.ran.stderr
        assert run.ran.stdout.split() == ["2", "False"]
        assert run.database is not None
        assert [(table.name, table.changes) for table in run.database.tables] == [("orders", 2)]
        assert run.database.tables[0].scans


@pytest.mark.parametrize(
    ("argv", "name"),
    [
        (("python", "demo.py"), "python demo.py"),
        (("python", "-c", "import app; print(app.VALUE)"), "python -c 'import app; print(app.VALUE)'"),
        (("uvicorn", "app:app", "--port", "{PORT}"), "uvicorn app:app --port {PORT}"),
    ],
)
def test_the_name_of_a_demo_is_a_command_that_a_shell_takes(argv: tuple[str, ...], name: str) -> None:
    assert demos.name(manifests.Demo(command=argv)) == name
