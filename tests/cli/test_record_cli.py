"""A demo recorded with its credentials and judged without them: what is asked first, kept, answered, and told."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from readiness.world.proxy.authority import Authority
from tests.cli.conftest import Readiness, Said, Within, wait_until
from tests.formats.test_redaction import betrays
from tests.layers.infrastructure.cassettes.scripted import Scripted
from tests.world.conftest import reachable_python

KEY = "sk-proj-Very/Secret+0123456789=="
DEMO = """\
import json, os, urllib.request

def ask(text):
    body = json.dumps({"model": "small", "messages": [{"role": "user", "content": text}]}).encode()
    headers = {"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "Content-Type": "application/json"}
    url = os.environ["OPENAI_BASE_URL"] + "/chat/completions"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]

with open("answers.txt", "w") as out:
    for text in ("how long?", "how much?"):
        print(ask(text), file=out)
"""
MANIFEST = """\
[project]
stakes = "money"
[demo]
command = ["python", "main.py"]
secrets = ["OPENAI_API_KEY"]
outputs = ["answers.txt"]
network = "cassette"
"""
FILES = {"main.py": DEMO, "readiness.toml": MANIFEST}
RECREATES = ("--only", "recreates-elsewhere", "--format", "json")


@pytest.fixture
def readiness(readiness: Readiness) -> Within:
    """Commands in this process."""
    return Within.of(readiness)


@dataclass
class Desk:
    """The command line, a model on loopback, and a key for it that only recordings see."""

    readiness: Readiness
    model: Scripted

    def record(self, *words: str, **more: str) -> Said:
        env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{self.model.url}/v1", **more}
        return self.readiness("record", "--project", "app", *words, env=env)

    def check(self, name: str = "app", **env: str) -> Said:
        """Judges with no key, no address and no server left."""
        asked = self.model.counts.total()
        said = self.readiness("check", name, *RECREATES, env=env)
        assert self.model.counts.total() == asked
        return said

    def change(self, path: str, old: str, new: str) -> None:
        place = self.readiness.folder / "app" / path
        text = place.read_text()
        assert old in text
        place.write_text(text.replace(old, new))

    @property
    def cassette(self) -> Path:
        """The one that was written."""
        (found,) = (self.readiness.folder / "app/.readiness/cassettes").glob("*.json")
        return found

    def left(self) -> list[str]:
        """Files below the project that were not there before."""
        root = self.readiness.folder / "app"
        return [path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and path.name not in FILES]


@pytest.fixture
def desk(readiness: Readiness) -> Iterator[Desk]:
    model = Scripted()
    readiness.project(FILES)
    yield Desk(readiness, model)
    model.end()


def test_a_demo_is_recreated_elsewhere_from_its_cassette_without_network_or_key(desk: Desk) -> None:
    made = desk.record("--yes")
    assert made.code == 0, made.stderr
    assert "2 requests to 1 host" in made.stdout
    assert "small                            2 requests, 22 tokens in, 10 out" in made.stdout
    finding = desk.check().finding("recreates-elsewhere")
    assert (finding["outcome"], finding["basis"]) == ("holds", "executed")
    kept = [path.read_bytes() for path in (desk.readiness.folder / "app").rglob("*") if path.is_file()]
    assert not any(betrays(data, KEY) for data in kept)
    assert not betrays((made.stdout + made.stderr).encode(), KEY)
    desk.model.end()
    text = desk.readiness("check", "app", "--only", "recreates-elsewhere", "--again")
    assert f"answered from the cassette {desk.cassette.name}, recorded on" in text.stdout.replace("\n            ", " ")


def test_nothing_is_done_before_it_was_agreed_to(desk: Desk) -> None:
    planned = desk.record("--plan")
    assert (planned.code, planned.stderr) == (0, "")
    for line in ("would run    python main.py (readiness.toml)", "hands over   OPENAI_API_KEY from your environment",
                 f"{desk.model.url}/v1 (OPENAI_BASE_URL)", "https://api.anthropic.com (ANTHROPIC_BASE_URL, its default)",
                 "any other host it asks for by HTTP or HTTPS", "would write  .readiness/cassettes/<id>.json"):  # fmt: skip
        assert line in planned.stdout
    refused = desk.record()
    assert refused.code == 2
    assert "error: not recorded: nobody agreed to it" in refused.stderr
    assert "would run    python main.py" in refused.stderr
    assert (desk.model.counts.total(), desk.left()) == (0, [])


@pytest.mark.parametrize(
    ("value", "said"),
    [("", "not set in your environment: OPENAI_API_KEY"), ("short", "too short to be taken out of what is kept (fewer than 8 characters)")],
)
def test_a_key_that_is_missing_or_too_short_is_refused_first(desk: Desk, value: str, said: str) -> None:
    refused = desk.record("--yes", OPENAI_API_KEY=value)
    assert refused.code == 2
    assert said in refused.stderr
    assert desk.model.counts.total() == 0


def test_a_demo_that_does_not_end_well_leaves_nothing_and_tells_no_key(desk: Desk) -> None:
    desk.change("main.py", "print(ask(text), file=out)", "raise SystemExit(ask(text) + os.environ['OPENAI_API_KEY'])")
    refused = desk.record("--yes")
    assert refused.code == 3
    assert "nothing was kept, since the demo did not end well: it ended with exit 1" in refused.stderr
    assert "HOW LONG?readiness-canary-" in refused.stderr
    assert not betrays(refused.stderr.encode(), KEY)
    assert desk.left() == []


def test_a_demo_that_asks_nobody_needs_none(desk: Desk) -> None:
    desk.change("main.py", "print(ask(text), file=out)", "print(text, file=out)")
    refused = desk.record("--yes")
    assert refused.code == 3
    assert "nothing crossed the boundary by HTTP" in refused.stderr


def test_without_a_cassette_it_is_unknown_and_said_how_to_get_one(desk: Desk) -> None:
    said = desk.check()
    finding = said.finding("recreates-elsewhere")
    assert (said.code, finding["outcome"], finding["reason"]) == (3, "unknown", "no cassette was recorded of the demo")
    assert finding["remedy"]["command"] == "readiness record"


def rewrite(desk: Desk, old: str, new: str) -> None:
    desk.cassette.write_text(desk.cassette.read_text().replace(old, new))


def spoil(desk: Desk) -> None:
    for path in (desk.cassette.parent / "blobs").iterdir():
        path.write_bytes(b"{}")


CHANGES: dict[str, Callable[[Desk], object]] = {
    '`messages[0].content` was "how much?" and is "how much now?"': lambda desk: desk.change("main.py", "how much?", "how much now?"),
    '`model` was "small" and is "large"': lambda desk: desk.change("main.py", "small", "large"),
    "is asked a 3rd time": lambda desk: desk.change("main.py", '("how long?", "how long?")', '("how long?",) * 3'),
    "was recorded of another demo": lambda desk: desk.change("readiness.toml", '"main.py"]', '"main.py", "x"]'),
    "it is half a cassette, or none": lambda desk: desk.cassette.write_bytes(desk.cassette.read_bytes()[:500]),
    "is of another version": lambda desk: rewrite(desk, "cassette/1", "cassette/2"),
    "was changed after it was recorded": lambda desk: rewrite(desk, '"status": 200', '"status": 201'),
    "lacks the body": lambda desk: shutil.rmtree(desk.cassette.parent / "blobs"),
    "which is not what its name says": spoil,
}


@pytest.mark.parametrize("said", CHANGES)
def test_what_is_not_in_the_cassette_is_unknown_with_the_reason_also_where_the_demo_swallows_it(desk: Desk, said: str) -> None:
    swallow = 'try:\n            print(ask(text), file=out)\n        except OSError:\n            print("sorry", file=out)'
    desk.change("main.py", "print(ask(text), file=out)", swallow)
    if "3rd" in said:  # one question, and an answer with an id of its own each time
        desk.change("main.py", "how much?", "how long?")
    assert desk.record("--yes").code == 0
    CHANGES[said](desk)
    found = desk.check()
    finding = found.finding("recreates-elsewhere")
    assert (found.code, finding["outcome"]) == (3, "unknown")
    assert said in finding["reason"]
    assert finding["remedy"]["command"] == "readiness record"


def test_an_expired_cassette_is_unknown(desk: Desk) -> None:
    assert desk.record("--yes", "--expires", "1").code == 0
    later = ("faketime", "-f", "+2d")
    if shutil.which("faketime") is None:
        pytest.skip("no faketime on this machine")
    said = desk.readiness("check", "app", *RECREATES, through=later)
    assert "expired on" in said.finding("recreates-elsewhere")["reason"]
    listed = desk.readiness("record", "list", "--project", "app", through=later)
    assert "expired on" in listed.stdout


def test_cassettes_are_listed_shown_and_verified(desk: Desk) -> None:
    assert desk.readiness("record", "list", "--project", "app").stdout == "no cassettes; `readiness record` makes one\n"
    assert desk.readiness("record", "show", "--project", "app").code == 2
    desk.record("--yes")
    listed = desk.readiness("record", "list", "--project", "app")
    assert listed.stdout.startswith(f"✓ .readiness/cassettes/{desk.cassette.name}  2 requests, recorded ")
    shown = desk.readiness("record", "show", desk.cassette.stem[:8], "--project", "app")
    assert f"   1  POST {desk.model.url}/v1/chat/completions  small  200, " in shown.stdout
    assert "a credential 2 times" in shown.stdout
    assert desk.readiness("record", "verify", "--project", "app").stdout.endswith(" bodies are what they were\n")
    next((desk.cassette.parent / "blobs").iterdir()).unlink()
    wrong = desk.readiness("record", "verify", "--project", "app")
    assert (wrong.code, "lacks the body" in wrong.stdout) == (1, True)
    desk.cassette.write_text(desk.cassette.read_text().replace("cassette/1", "cassette/2"))
    for words in (("verify",), ("show", desk.cassette.stem)):
        other = desk.readiness("record", *words, "--project", "app")
        assert other.code == 2
        assert "is of another version: expected `readiness/cassette/1`, got `readiness/cassette/2`" in other.stderr
    assert desk.readiness("record", "show", "ffff", "--project", "app").code == 2
    assert desk.readiness("record", "--project", "nowhere").code == 2
    assert desk.record("--expires", "0").code == 2


def test_a_price_is_only_told_where_the_project_states_it(desk: Desk) -> None:
    with (desk.readiness.folder / "app/readiness.toml").open("a") as handle:
        handle.write('[demo.prices.small]\ninput_per_million = 2.0\noutput_per_million = 10\ncurrency = "EUR"\n')
    assert "2 requests, 22 tokens in, 10 out, 0.000144 EUR" in desk.record("--yes").stdout


def test_others_recreate_it_from_a_cassette_that_is_shared(desk: Desk) -> None:
    made = desk.record("--yes", "--share")
    assert made.stdout.startswith("✓ cassettes/")
    theirs = desk.readiness.folder / "theirs"
    shutil.copytree(desk.readiness.folder / "app", theirs, ignore=shutil.ignore_patterns(".readiness"))
    assert desk.check("theirs").finding("recreates-elsewhere")["outcome"] == "holds"


def test_evidence_ends_with_the_cassette_it_rests_on(desk: Desk) -> None:
    desk.record("--yes", "--expires", "2")
    first = desk.check().finding("recreates-elsewhere")
    assert not first["cached"]
    again = desk.check().finding("recreates-elsewhere")
    assert again["cached"]
    recorded = json.loads(desk.cassette.read_text())
    assert again["expires_at"] == recorded["expires_at"]
    desk.cassette.unlink()
    assert desk.check().finding("recreates-elsewhere")["outcome"] == "unknown"


def test_it_works_where_a_machine_gives_no_namespaces_and_says_so(desk: Desk) -> None:
    own = desk.readiness  # which interpreters are here is looked up once in a process
    desk.readiness = Readiness(own.folder, own.work, own.env)
    folder = reachable_python().path.parent  # the user commands run as must be able to start it
    bare = {"READINESS_PLAIN_SANDBOX": "1", "PATH": f"{folder}:/usr/bin:/bin", "PYENV_ROOT": "/nonexistent"}
    made = desk.record("--yes", **bare)
    assert made.code == 0, made.stderr
    assert "what went past the recorder was not seen" in made.stdout
    said = desk.readiness("check", "app", "--only", "recreates-elsewhere", env=bare)
    assert "the network could not be switched off here" in re.sub(r"\s+", " ", said.stdout)
    assert said.code == 0, said.stdout


def test_a_folder_that_cannot_be_written_is_said(desk: Desk) -> None:
    place = desk.readiness.folder / "app/.readiness"
    place.mkdir()
    (place / "cassettes").write_text("in the way")
    refused = desk.record("--yes")
    assert refused.code == 2
    assert "cannot be written" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_a_session_that_ends_in_the_middle_leaves_no_half_cassette(desk: Desk, number: signal.Signals) -> None:
    desk.change("main.py", "print(ask(text), file=out)", "print(ask(text), file=out); import time; time.sleep(30)")
    env = {**desk.readiness.env, "OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": f"{desk.model.url}/v1"}
    program = subprocess.Popen(
        [sys.executable, "-m", "readiness", "record", "--yes", "--project", "app"],
        cwd=desk.readiness.folder, env=env,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert wait_until(lambda: desk.model.counts.total() > 0)
    program.send_signal(number)
    _, said = program.communicate(timeout=60)
    assert not betrays(said, KEY)
    assert (b"; `readiness record` begins anew\n" in said) == (number == signal.SIGINT)
    assert desk.left() == []
    desk.change("main.py", "time.sleep(30)", "0")
    assert desk.record("--yes").code == 0  # and what was left of the other is swept


SECURE = """\
import json, os, ssl, urllib.request
with urllib.request.urlopen("{url}/v1/echo?key=" + os.environ["OPENAI_API_KEY"][:0] + "1", b"hello") as answer:
    open("answers.txt", "w").write(json.load(answer)["path"])
"""


@pytest.fixture
def vendor(tmp_path: Path) -> Iterator[tuple[Scripted, Path]]:
    """A vendor with TLS at another address of this machine, and the authorities that vouch for it."""
    authority = Authority(tmp_path / "vendor")
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(authority.bundle())
    with ExitStack() as stack:
        server = Scripted(authority.context("127.0.0.2"), "127.0.0.2")
        stack.callback(server.end)
        yield server, bundle


def test_a_vendor_with_tls_is_recorded_and_answered_for(desk: Desk, vendor: tuple[Scripted, Path]) -> None:
    server, bundle = vendor
    (desk.readiness.folder / "app/main.py").write_text(SECURE.replace("{url}", server.url))
    made = desk.record("--yes", SSL_CERT_FILE=str(bundle))
    assert made.code == 0, made.stderr
    assert f"127.0.0.2:{server.server_port}" in made.stdout
    server.end()
    assert desk.check().finding("recreates-elsewhere")["outcome"] == "holds"


STRAY = """
import socket
try:
    socket.create_connection(("192.0.2.7", 443), 2)
except OSError:
    pass
"""
PIN = """
import ssl, urllib.request
try:
    urllib.request.urlopen("https://vendor.example/", timeout=5, context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
except OSError:
    pass
"""
OTHER_PROTOCOL = """
import socket
from urllib.parse import urlsplit
at = urlsplit(os.environ["HTTPS_PROXY"])
with socket.create_connection((at.hostname, at.port)) as client:
    client.sendall(b"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n")
    client.recv(1)
"""


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (STRAY, "something was sent past the proxy"),
        (PIN, "does not believe the certificate made for vendor.example"),
        (OTHER_PROTOCOL, "HTTP/2"),
    ],
    ids=["past the proxy", "pinned", "another protocol"],
)
def test_what_goes_past_the_recorder_is_told_and_makes_a_later_run_unknown(desk: Desk, code: str, said: str) -> None:
    assert desk.record("--yes").code == 0
    main = desk.readiness.folder / "app/main.py"
    main.write_text(main.read_text() + code)
    finding = desk.check().finding("recreates-elsewhere")
    assert finding["outcome"] == "unknown"
    assert said in finding["reason"]
    shutil.rmtree(desk.readiness.folder / "app/.readiness")
    made = desk.record("--yes")  # recorded as it is, it failed then as it fails now
    assert made.code == 0, made.stderr
    assert ("past the proxy" in made.stdout, "our certificate" in made.stdout, "HTTP/2" in made.stdout).count(True) == 1
    assert desk.check().finding("recreates-elsewhere")["outcome"] == "holds"
