"""Demos that do what demos should not: each ends in a verdict and one clear line, and nothing of it lives on."""

from __future__ import annotations

from uuid import uuid4

import pytest

from tests.cli.conftest import Readiness, Within, processes

HANGS = "import time\nprint('ready', flush=True)\ntime.sleep(60)\n"
FLOODS = "import os\nwhile True: os.write(1, b'x' * 65536)\n"
LEAVES = """import os, sys, time
print("done", flush=True)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(60)
"""
TRACEBACK = "import traceback\ntry:\n    {}['answer']\nexcept KeyError:\n    traceback.print_exc()\n"
NETWORK = "import urllib.request\nurllib.request.urlopen('http://readiness.invalid')\n"
OUTSIDE = "open('/etc/readiness-escape', 'w')\n"
FAILS = {
    "traceback": (TRACEBACK, "the demo ends with exit 0 and a traceback: KeyError: 'answer'"),
    "exit": ("raise ValueError('broken')\n", "the demo ends with exit 1: ValueError: broken"),
    "signal": ("import os\nos.abort()\n", "the demo died of signal 6"),
    "outside": (OUTSIDE, "/etc/readiness-escape"),
}
UNKNOWN = {
    "hangs": (HANGS, "the demo was still running after 1 s"),
    "floods": (FLOODS, "the demo was still running after 1 s"),
    "network": (NETWORK, "Name or service not known|Temporary failure in name resolution"),
    "random": ("import random\nprint(random.random())\n", "two runs in the same environment differ"),
}


@pytest.fixture
def readiness(readiness: Readiness) -> Within:
    """Commands in this process."""
    return Within.of(readiness)


def manifest(*command: str, timeout_s: int = 30) -> str:
    words = ", ".join(f'"{word}"' for word in ("python", *command))
    return f'[project]\nstakes = "annoyance"\n[demo]\ncommand = [{words}]\ntimeout_s = {timeout_s}\n'


def judged(readiness: Readiness, code: str, expected: int, timeout_s: int = 30) -> str:
    """The one line a check says of a demo, in text and JSON alike."""
    marker = f"readiness-marker-{uuid4().hex}"
    readiness.project(
        {"main.py": f"if __name__ == '__main__':\n{indented(code)}", "readiness.toml": manifest("main.py", marker, timeout_s=timeout_s)}
    )
    said = readiness("check", "app", "--only", "recreates-elsewhere")
    assert said.code == expected
    assert processes(marker) == []
    assert said.stdout.count("\n  ") >= 1
    return said.stdout


def indented(code: str) -> str:
    return "".join(f"    {line}\n" for line in code.splitlines())


@pytest.mark.parametrize("name", FAILS)
def test_a_demo_that_is_broken_fails(readiness: Readiness, name: str) -> None:
    code, line = FAILS[name]
    said = judged(readiness, code, 1)
    assert "✗ recreates elsewhere     not even rerun: " in said
    assert line in said


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_demo_that_could_not_be_judged_is_unknown(readiness: Readiness, name: str) -> None:
    code, lines = UNKNOWN[name]
    said = judged(readiness, code, 3, 1 if lines.endswith("after 1 s") else 30)
    assert "? recreates elsewhere     not even rerun: " in said
    assert any(line in said for line in lines.split("|"))


def test_a_demo_that_leaves_processes_behind_leaves_none(readiness: Readiness) -> None:
    assert "R2: " in judged(readiness, LEAVES, 0)


def test_a_demo_that_prints_much_is_compared_whole(readiness: Readiness) -> None:
    many = "for number in range(10_000): print({}, str(number) * 20)\n"
    assert "R2: " in judged(readiness, many.format("0"), 0)
    other = many.format("__import__('time').time_ns() if number == 5_000 else 0")
    assert "differ" in judged(readiness, other, 3)


def test_a_demo_writes_only_into_its_copy(readiness: Readiness) -> None:
    said = judged(readiness, "open('made.txt', 'w').write('made')\nprint('done')\n", 0)
    assert "the demo also wrote made.txt" in said
    assert sorted(path.name for path in (readiness.folder / "app").iterdir()) == [".readiness", "main.py", "readiness.toml"]


def test_a_demo_that_does_not_write_its_output_fails(readiness: Readiness) -> None:
    readiness.project({"main.py": "print('done')\n", "readiness.toml": f'{manifest("main.py")}outputs = ["out/answers.json"]\n'})
    said = readiness("check", "app", "--only", "recreates-elsewhere")
    assert (said.code, "the demo did not write out/answers.json" in said.stdout) == (1, True)


@pytest.mark.parametrize("place", ["readiness.toml", ".python-version"])
def test_an_interpreter_that_is_not_here_is_unknown_and_named(readiness: Readiness, place: str) -> None:
    files = {
        "main.py": "print('hello')\n",
        "pyproject.toml": '[project]\nname = "app"\nversion = "1"\n',
        "readiness.toml": manifest("main.py"),
    }
    files |= (
        {".python-version": "3.5\n"}
        if place != "readiness.toml"
        else {"readiness.toml": files["readiness.toml"] + '[infrastructure]\npython = "3.5"\n'}
    )
    readiness.project(files)
    said = readiness("check", "app")
    assert said.code == 3
    assert f"? installs                Python 3.5 ({place}) is not on this machine; here are 3." in said.stdout
    assert "$ uv python install 3.5" in said.stdout
