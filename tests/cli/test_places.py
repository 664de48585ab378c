"""Folders that cannot be written, commands that run at the same time, servers that leave something behind."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import APP, Readiness

OUTCOME = """kind: Outcome
id: resolution-time
change: tickets are resolved faster
"""
LEAVING = """
import os, subprocess, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

if len(sys.argv) == 1 and os.fork() == 0:
    os.execv(sys.executable, [sys.executable, "serve.py", "stay"])
if len(sys.argv) == 1:
    import time
    time.sleep(60)
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def mounted(readiness: Readiness) -> Iterator[Callable[[str], Path]]:
    """A project in a file system of its own, mounted anew with the options given."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount")
    root = readiness.folder / "app"
    root.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", root], capture_output=True, check=False).returncode != 0:
        pytest.skip("nothing can be mounted here")
    readiness.project(APP)

    def remount(options: str) -> Path:
        subprocess.run(["mount", "-o", f"remount,{options}", root], check=True)
        return root

    yield remount
    subprocess.run(["umount", root], check=True)


WRITERS = (("init",), ("mode", "research", "--until", "2099-01-01", "--reason", "try", "--owner", "Ada"), ("approve", "--to-build"))


@pytest.mark.parametrize("words", WRITERS, ids=[words[0] for words in WRITERS])
@pytest.mark.parametrize("full", [False, True], ids=["read-only", "full"])
def test_a_folder_that_cannot_be_written_is_told(
    readiness: Readiness, mounted: Callable[[str], Path], words: tuple[str, ...], *, full: bool
) -> None:
    root = mounted("rw")
    if words[0] == "init":
        (root / "readiness.toml").unlink()
    if full:
        with (root / "fill").open("wb", buffering=0) as handle:
            while handle.write(b"\0" * min(4096, _room(root))):
                pass
    else:
        mounted("ro")
    said = readiness(words[0], *words[1:], *((str(root),) if words[0] != "mode" else ("--project", str(root))))
    assert said.code == 2
    assert "cannot be written" in said.stderr
    assert "hint: " in said.stderr
    assert list(root.glob(".*.tmp")) == []


def _room(root: Path) -> int:
    state = os.statvfs(root)
    return state.f_bavail * state.f_frsize


def test_a_check_in_a_folder_that_cannot_be_written_still_judges(readiness: Readiness, mounted: Callable[[str], Path]) -> None:
    said = readiness("check", str(mounted("ro")), "--only", "starts", "--format", "json")
    assert (said.code, said.finding("starts")["outcome"]) == (0, "holds")
    assert "evidence cannot be kept" in said.json["warnings"][-1]


def test_two_checks_at_once_both_judge_and_leave_whole_evidence(readiness: Readiness) -> None:
    readiness.project(APP)
    running = [readiness.start("check", "app", "--layer", "infrastructure", "--format", "json") for _ in range(2)]
    codes = [process.wait(120) for process in running]
    for process in running:
        process.communicate()
    assert len(set(codes)) == 1
    verified = readiness("evidence", "verify", "--project", "app")
    assert (verified.code, "refused" in verified.stdout) == (0, False)


def test_a_server_that_leaves_a_process_on_its_port_is_told(readiness: Readiness) -> None:
    toml = '[project]\nstakes = "annoyance"\n[demo]\nserver = { argv = ["python", "serve.py"] }\n[[demo.request]]\nid = "q"\npath = "/"\n'
    readiness.project({"serve.py": LEAVING, "readiness.toml": toml})
    said = readiness("check", "app", "--only", "recreates-elsewhere", "--format", "json")
    assert any("still answered on its port" in note for note in said.finding("recreates-elsewhere")["notes"])


def test_an_outcome_that_is_half_written_is_told_line_by_line(readiness: Readiness) -> None:
    readiness.project({**APP, "outcomes/resolution-time.yaml": OUTCOME})
    said = readiness("outcome", "lint", "--project", "app")
    assert said.code != 0
    assert "outcomes/resolution-time.yaml:" in said.stdout + said.stderr
