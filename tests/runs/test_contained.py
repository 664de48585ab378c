"""R4 with a real engine: the demo in the image of its service, beside another one, with no way out, and nothing left."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from readiness.errors import CannotJudge
from readiness.runs import contained, record
from readiness.sequence.finding import Cause
from readiness.testing.projects import make_repository
from readiness.world.engine import LABEL, Engine
from tests import engines
from tests.layers.infrastructure.cassettes.scripted import Scripted

DEMO = """
import os, socket, urllib.request
from pathlib import Path

def way_out():
    try:
        socket.create_connection(("1.1.1.1", 53), 3)
        return "open"
    except OSError:
        return "closed"

def greeting():
    host = os.environ.get("DESK_HOST")
    if not host:
        return "hello"  # the first run has no neighbour
    with socket.create_connection((host, 5432), 5) as line:
        return line.recv(100).decode()

Path("out").mkdir(exist_ok=True)
Path("out/a.txt").write_text(f"{greeting()} {way_out()} {os.environ['SEED']} {Path('data.txt').read_text()}")
"""
DESK = """
import socket, time
time.sleep(1)
server = socket.create_server(("0.0.0.0", 5432))
open("/tmp/ready", "w")
while True:
    line, _ = server.accept()
    line.sendall(b"hello")
    line.close()
"""
TOML = '[demo]\ncommand = ["python", "demo.py"]\noutputs = ["out/a.txt"]\n'
DOCKERFILE = f"FROM {engines.IMAGE}\nWORKDIR /app\nCOPY . .\nRUN python -c 'print(1)'\nUSER me\nCMD python -m http.server\n"
COMPOSE = f"""
services:
  app:
    build: .
    ports: ["8080:80"]
    environment: {{DESK_HOST: desk}}
    depends_on:
      desk: {{condition: service_healthy}}
  desk:
    image: {engines.IMAGE}
    command: python /desk/desk.py
    volumes: ["./desk.py:/desk/desk.py:ro", "kept:/kept"]
    healthcheck: {{test: [CMD, python, -c, "open('/tmp/ready')"], interval: 1s, retries: 30}}
volumes:
  kept:
"""
FILES = {
    "demo.py": DEMO,
    "desk.py": DESK,
    "data.txt": "three days",
    "readiness.toml": TOML,
    "Dockerfile": DOCKERFILE,
    "compose.yaml": COMPOSE,
}
Climb = Callable[..., tuple[Cause, str]]


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine, in which everything that was there before is there afterwards, and nothing else."""
    found = engines.answering(tmp_path_factory.mktemp("image"))
    before = everything(found)
    yield found
    assert everything(found) == before


def everything(engine: Engine) -> dict[str, set[str]]:
    """Whatever an engine holds, by kind."""
    words = {"container": ("ps", "-aq"), "network": ("network", "ls", "-q"), "volume": ("volume", "ls", "-q"), "image": ("images", "-aq")}
    return {kind: set(engine.must(*asked).split()) for kind, asked in words.items()}


@pytest.fixture
def climb(engine: Engine, workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Climb:
    """Tries R4 on a project made of FILES with some of them changed."""
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    monkeypatch.setenv("UV_OFFLINE", "1")

    def climbed(**changed: str) -> tuple[Cause, str]:
        files = FILES | {name.replace("_", "."): textwrap.dedent(text) for name, text in changed.items()}
        return engines.tried(make_repository(tmp_path / f"desk{next(numbers)}", files))

    numbers = itertools.count()
    return climbed


def test_the_demo_gives_the_same_beside_its_neighbour_with_no_way_out(climb: Climb) -> None:
    cause, said = climb()
    assert (cause, said.startswith("the same result in the image of service `app` with its Python 3.")) == (Cause.NONE, True), said
    assert said.endswith(", beside desk, and no way out")


def test_whatever_a_run_is_called_its_image_has_a_name(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {engines.IMAGE}\nLABEL {LABEL}=run-_a__b_\n")
    engine.must("build", "-t", "localhost/readiness:run-_a__b_-App.1", str(tmp_path))
    engine.remove("run-_a__b_")


def test_a_step_of_the_dockerfile_that_ends_badly_fails_with_its_line(climb: Climb) -> None:
    cause, said = climb(Dockerfile=DOCKERFILE.replace("print(1)", "import nothing_like_it"))
    assert (cause, "Dockerfile:4: `RUN python -c" in said) == (Cause.PROJECT, True), said
    assert "No module named 'nothing_like_it'" in said


def test_an_image_without_what_the_demo_reads_fails(climb: Climb) -> None:
    cause, said = climb(Dockerfile=DOCKERFILE.replace("COPY . .", "COPY demo.py ."))
    assert (cause, "data.txt, which the project holds as data.txt and the image does not" in said) == (Cause.PROJECT, True), said


def test_an_image_without_the_demo_is_unknown(climb: Climb) -> None:
    cause, said = climb(Dockerfile=DOCKERFILE.replace("COPY . .", "COPY data.txt ."))
    assert (cause, "holds no /app/demo.py" in said) == (Cause.TOOL, True), said


def test_what_differs_in_the_image_fails(climb: Climb) -> None:
    cause, said = climb(Dockerfile=DOCKERFILE + "RUN true\nUSER root\nRUN python -c \"open('data.txt', 'w').write('four days')\"\n")
    assert (cause, "the result differs: out/a.txt" in said) == (Cause.PROJECT, True), said


def test_outputs_that_the_image_holds_already_are_not_those_of_the_demo(climb: Climb) -> None:
    demo = DEMO.replace('Path("out/a.txt")', 'Path("out/b.txt" if os.environ.get("DESK_HOST") else "out/a.txt")')
    written = "import os; os.mkdir('out'); open('out/a.txt', 'w').write('hello closed 0 three days')"
    cause, said = climb(demo_py=demo, Dockerfile=DOCKERFILE.replace("'print(1)'", f'"{written}"'))
    assert (cause, "did not write out/a.txt" in said) == (Cause.PROJECT, True), said


def test_a_server_is_asked_inside(climb: Climb) -> None:
    server = """
        import http.server, os
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b'{"days": 3}')
        http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
        """
    toml = '[demo]\nserver = { argv = ["python", "demo.py"] }\n[[demo.request]]\nid = "q1"\npath = "/"\n'
    cause, said = climb(demo_py=server, readiness_toml=toml, compose_yaml="services:\n  app:\n    build: .\n")
    assert (cause, "beside" in said) == (Cause.NONE, False), said


def test_a_neighbour_that_never_gets_healthy_is_unknown(climb: Climb) -> None:
    cause, said = climb(compose_yaml=COMPOSE.replace("/tmp/ready", "/tmp/never").replace("retries: 30", "retries: 1, timeout: 1s"))
    assert (cause, "service `desk` did not become healthy" in said) == (Cause.TOOL, True), said


def test_an_image_that_cannot_be_pulled_is_unknown(climb: Climb) -> None:
    cause, said = climb(compose_yaml=COMPOSE.replace(f"image: {engines.IMAGE}", "image: registry.invalid/desk:1"))
    assert (cause, "pull registry.invalid/desk:1`" in said) == (Cause.NETWORK, True), said
    cause, said = climb(Dockerfile=DOCKERFILE.replace(f"FROM {engines.IMAGE}", "FROM registry.invalid/python:3"))
    assert (cause, "could not be pulled" in said) == (Cause.NETWORK, True), said


def test_the_tree_may_be_mounted_over_the_image_as_a_copy(climb: Climb, tmp_path: Path) -> None:
    cause, said = climb(
        Dockerfile=f"FROM {engines.IMAGE}\nWORKDIR /app\n",
        compose_yaml=COMPOSE.replace("    ports:", "    volumes: ['.:/app']\n    ports:"),
    )
    assert cause is Cause.NONE, said
    assert not (tmp_path / "desk0/out").exists()


def test_an_entrypoint_that_hands_over_is_kept(climb: Climb) -> None:
    script = '#!/bin/sh\nset -e\necho "three days" > data.txt\nexec "$@"\n'
    kept = DOCKERFILE.replace(
        "COPY . .",
        'COPY . .\nRUN python -c \'import os; os.chmod("/app/start.sh", 0o755); os.unlink("data.txt"); os.chmod("/app", 0o777)\'',
    )
    cause, said = climb(
        Dockerfile=kept + 'ENTRYPOINT ["/app/start.sh"]\n', start_sh=script, demo_py=DEMO.replace("read_text()}", "read_text().strip()}")
    )
    assert cause is Cause.NONE, said


def test_what_a_killed_run_left_is_removed_by_the_next_and_nothing_else(
    climb: Climb, engine: Engine, workplace: Path, tmp_path: Path
) -> None:
    ours = engine.must("create", "--label", f"{LABEL}=mine", engines.IMAGE, "python").splitlines()[-1]
    root = make_repository(
        tmp_path / "desk",
        FILES
        | {
            "demo.py": "import time\nprint(1)\ntime.sleep(60 if 'DESK_HOST' in __import__('os').environ else 0)\n",
            "readiness.toml": TOML.partition("outputs")[0],
        },
    )
    code = f"from pathlib import Path\nfrom tests import engines\nengines.tried(Path({str(root)!r}))\n"
    process = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"READINESS_WORK": str(workplace / "work")})
    try:
        deadline = time.monotonic() + 120
        while not (runs := list((workplace / "work").glob("run-*.containers.json"))) or not any(
            name.endswith("-app") for name in engine.must("ps", "--format", "{{.Names}}").split()
        ):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.5)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    run = runs[0].name.removesuffix(".containers.json")
    assert engine.labelled(run)["container"]
    climb(compose_yaml="services:\n  app:\n    image: nothing\n")  # unknown, and a session all the same
    assert not any(engine.labelled(run).values())
    assert engine.labelled("mine")["container"] == [engine.inspected("container", ours)["Id"]]
    engine.must("rm", ours)


def test_the_death_of_the_watching_program_is_not_the_demos() -> None:
    assert contained._code(b'{"kind": "state"}\n{"kind": "end", "code": 0}\n{half', "app", 6) == 0
    assert contained._code(b'{"kind": "end", "code": -11}\n', "app", 11) == -11
    for events in (b"", b'{"kind": "state"}\n', b'[1]\n{"kind": "end"}\n'):
        with pytest.raises(CannotJudge, match="the watching program died of signal 6 in the container of service `app`"):
            contained._code(events, "app", 6)


CALLING = """
import json, os, urllib.request

def ask(text):
    body = json.dumps({"model": "small", "messages": [{"role": "user", "content": text}]}).encode()
    headers = {"Authorization": "Bearer " + os.environ["MODEL_KEY"], "Content-Type": "application/json"}
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/chat/completions", body, headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]

with open("a.txt", "w") as out:
    out.write(ask("how long?"))
"""


def test_a_demo_is_answered_from_its_cassette_inside(
    engine: Engine, workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    toml = '[demo]\ncommand = ["python", "demo.py"]\noutputs = ["a.txt"]\nsecrets = ["MODEL_KEY"]\nnetwork = "cassette"\n'
    files = {"demo.py": CALLING, "readiness.toml": toml, "Dockerfile": DOCKERFILE, "compose.yaml": "services:\n  app: {build: .}\n"}
    root = make_repository(tmp_path / "project", files)
    model = Scripted()
    user = {"MODEL_KEY": "sk-runs/Secret+0123456789abcdef", "OPENAI_BASE_URL": f"{model.url}/v1"}
    try:
        record.record(record.plan(root, record.Options(), None, user), environment=user)
    finally:
        model.end()
    cause, said = engines.tried(root)
    assert (cause, said.startswith("the same result in the image")) == (Cause.NONE, True), said
