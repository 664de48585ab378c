"""A check that is ended from outside, by Ctrl-C or by force: nothing half-written, nothing running, nothing lying about."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from uuid import uuid4

import pytest

from tests.cli.conftest import Readiness, processes, wait_until

HANGS = "import time\nif __name__ == '__main__':\n    time.sleep(60)\n"


@pytest.fixture
def marker(readiness: Readiness) -> str:
    """A project whose demo hangs, and the word that names its processes."""
    word = f"readiness-marker-{uuid4().hex}"
    readiness.project({"main.py": HANGS, "readiness.toml": f'[demo]\ncommand = ["python", "main.py", "{word}"]\n'})
    return word


def ended(readiness: Readiness, marker: str, number: int) -> tuple[int, str, str]:
    """Ends a check by a signal to its whole group while the demo hangs."""
    with readiness.start("check", "app") as program:
        assert wait_until(lambda: bool(processes(marker)))
        os.killpg(program.pid, number)
        stdout, stderr = program.communicate()
    return program.returncode, stdout, stderr


def assert_nothing_half_written(readiness: Readiness) -> None:
    kept = [path for path in (readiness.folder / "app/.readiness").rglob("*") if path.is_file() and path.name != ".gitignore"]
    assert kept, "the checks before the demo left their evidence"
    assert all(path.name.endswith(".dsse.json") and json.loads(path.read_bytes()) for path in kept)
    assert readiness("evidence", "verify", "--project", "app").code == 0


def test_ctrl_c_ends_everything_and_says_so(readiness: Readiness, marker: str) -> None:
    code, stdout, stderr = ended(readiness, marker, signal.SIGINT)
    assert (code, stdout) == (130, "")
    assert stderr.endswith("interrupted\n\nhint: nothing half-written was left; `readiness check` goes on from the evidence there is\n")
    assert "Traceback" not in stderr
    assert processes(marker) == []
    assert readiness.swept()
    assert_nothing_half_written(readiness)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_check_that_is_killed_leaves_what_the_next_one_sweeps(readiness: Readiness, marker: str, number: int) -> None:
    code, stdout, _ = ended(readiness, marker, number)
    assert (code, stdout) == (-number, "")
    assert wait_until(lambda: processes(marker) == [], 10)
    assert any(readiness.work.iterdir())
    assert_nothing_half_written(readiness)
    readiness("check", "app", "--only", "starts", "--again")
    assert readiness.swept()


def test_the_check_after_an_interrupted_one_goes_on_from_its_evidence(readiness: Readiness, marker: str) -> None:
    ended(readiness, marker, signal.SIGINT)
    said = readiness("check", "app", "--only", "starts", "--format", "json")
    assert said.finding("starts")["cached"]


def test_two_checks_of_one_project_at_once_both_end_well(readiness: Readiness) -> None:
    readiness.project({"main.py": "print('hello')\n", "readiness.toml": '[demo]\ncommand = ["python", "main.py"]\n'})
    programs: list[subprocess.Popen[str]] = [readiness.start("check", "app", "--layer", "infrastructure", "--again") for _ in range(2)]
    outputs = [program.communicate() for program in programs]
    assert [program.returncode for program in programs] == [0, 0], outputs
    assert readiness("evidence", "verify", "--project", "app").code == 0
