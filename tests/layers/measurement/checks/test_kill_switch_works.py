"""The switch pulled in commands and servers that obey, pretend to, or never listen."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.sequence.finding import Outcome
from readiness.testing.projects import make_repository
from tests.layers.desk import FILE, changed, files
from tests.layers.measurement.conftest import Found, asset

ID = "measurement.kill-switch-works"
ASK = """
import json, os, sys, urllib.request
with urllib.request.urlopen(os.environ["READINESS_URL"] + "/api/projects/" + os.environ["READINESS_PROJECT"] + "/state") as answer:
    stopped = json.load(answer)["state"] == "stopped"
"""
WRITE = "open('out.txt', 'w').write('three days')\n"
TOML = '[project]\nstakes = "money"\n[demo]\ncommand = ["python", "main.py"]\noutputs = ["out.txt"]\n[measurement]\nstop_within_s = 5\n'


def project(tmp_path: Path, code: str, toml: str = TOML, more: dict[str, str] | None = None) -> Path:
    return make_repository(tmp_path / "desk", {"main.py": code, "readiness.toml": toml} | (more or {}))


@pytest.mark.parametrize(
    ("code", "outcome", "said"),
    [
        (ASK + "if stopped: sys.exit('stopped')\n" + WRITE, Outcome.HOLDS, "stopped before it began, it did nothing and said so (exit 1)"),
        (ASK + "if stopped:\n    print('stopped, nothing done')\n    sys.exit(0)\n" + WRITE, Outcome.HOLDS, "(exit 0)"),
        (WRITE, Outcome.FAILS, "nothing listens"),
        ("import sys\n" + WRITE + "if False: sys.exit(1)\n", Outcome.FAILS, "nothing listens"),
        (ASK + WRITE + "if stopped: sys.exit('stopped')\n", Outcome.FAILS, "it still wrote out.txt"),
        (ASK + "if stopped: sys.exit(0)\n" + WRITE, Outcome.FAILS, "ended as if all were well"),
        (ASK + WRITE, Outcome.FAILS, "it still wrote out.txt"),
        ("import sys\nsys.exit(3)\n", Outcome.UNKNOWN, "the demo did not run"),
    ],
    ids=["error", "says so", "deaf", "deaf with an exit", "too late", "silent", "ignores", "broken"],
)
def test_a_command_is_stopped_before_it_starts(tmp_path: Path, found: Found, code: str, outcome: Outcome, said: str) -> None:
    finding = found(ID, project(tmp_path, code))
    assert finding.outcome is outcome, finding
    assert said in f"{finding.observed} {finding.reason}"


def test_a_command_that_only_prints_is_seen_by_what_it_prints(tmp_path: Path, found: Found) -> None:
    toml = TOML.replace('outputs = ["out.txt"]\n', "")
    assert found(ID, project(tmp_path, ASK + "print('three days')\n", toml)).outcome is Outcome.FAILS


def test_a_word_that_is_always_printed_says_nothing(tmp_path: Path, found: Found) -> None:
    code = ASK + "print('2 machines stopped')\nif stopped: sys.exit(0)\n" + WRITE
    finding = found(ID, project(tmp_path, code))
    assert (finding.outcome, "as if all were well" in finding.reason) == (Outcome.FAILS, True)


@pytest.mark.parametrize(
    ("old", "new", "outcome", "said"),
    [
        ("", "", Outcome.HOLDS, "after the order, served again"),
        ('503 if STOPPED.is_set() and self.path != "/" else 200', "200", Outcome.FAILS, "still answered after 1.5 s (status 200)"),
        ("(STOPPED.set if stopped else STOPPED.clear)()", "stopped and STOPPED.set()", Outcome.FAILS, "did not serve again"),
        ("(STOPPED.set if stopped else STOPPED.clear)()", "stopped and os._exit(0)", Outcome.FAILS, "answered nothing at all"),
        ("threading.Thread(target=follow, daemon=True).start()\n", "", Outcome.FAILS, "nothing listens"),
        ("STOPPED = threading.Event()\n", "raise SystemExit(4)\n", Outcome.UNKNOWN, "the demo did not run"),
    ],
    ids=["obeys", "ignores", "never comes back", "dies", "deaf", "broken"],
)
def test_a_server_is_stopped_and_released(tmp_path: Path, found: Found, old: str, new: str, outcome: Outcome, said: str) -> None:
    root = make_repository(tmp_path / "desk", like=asset(ID, "holds"))
    code, toml = (root / "serve.py").read_text(), (root / "readiness.toml").read_text()
    assert old in code
    (root / "serve.py").write_text(code.replace(old, new))
    (root / "readiness.toml").write_text(toml.replace("stop_within_s = 3", "stop_within_s = 1.5"))
    finding = found(ID, root)
    assert finding.outcome is outcome, finding
    assert said in f"{finding.observed} {finding.reason}"


def test_a_server_without_a_request_was_never_asked(tmp_path: Path, found: Found) -> None:
    toml = '[demo]\nserver = { argv = ["python", "serve.py"] }\n'
    root = make_repository(tmp_path / "desk", {"serve.py": (asset(ID, "holds") / "serve.py").read_text(), "readiness.toml": toml})
    finding = found(ID, root)
    assert (finding.outcome, "no request is declared" in finding.reason) == (Outcome.UNKNOWN, True)


def test_code_without_a_demo_is_unknown(tmp_path: Path, found: Found) -> None:
    finding = found(ID, make_repository(tmp_path / "desk", {"app.py": "X = 1\n"}))
    assert (finding.outcome, finding.remedy.command) == (Outcome.UNKNOWN, "readiness init")


@pytest.mark.parametrize("authority", ['"@org/managers"', "Grace Hopper"])
def test_a_switch_that_works_needs_a_person_to_pull_it(tmp_path: Path, found: Found, authority: str) -> None:
    code = ASK + "if stopped: sys.exit('stopped')\n" + WRITE
    text = changed(("authority: Grace Hopper <grace@example.org>", f"authority: {authority}"))
    finding = found(ID, project(tmp_path, code, more=files(text)))
    assert finding.outcome is Outcome.FAILS
    assert "must be a person with an address or a handle" in finding.reason
    assert finding.location is not None
    assert finding.location.file == FILE
