"""Starting costs next to nothing: measured against a bare Python of the same environment, in CPU time."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = (
    "psycopg",
    "duckdb",
    "numpy",
    "starlette",
    "cryptography",
    "yaml",
    "uv",
    "tomlkit",
    "packaging",
    "rfc8785",
    "subprocess",
    "asyncio",
)
LOADED = """
import runpy, sys
sys.argv = ["readiness", *sys.argv[1:]]
try:
    runpy.run_module("readiness", run_name="__main__")
except SystemExit as ended:
    assert not ended.code, ended.code
print("loaded:", *sys.modules)
"""


def cpu_s(*argv: str, runs: int = 9) -> float:
    """User and system time of a program, the best of several runs."""
    took = []
    for _ in range(runs):
        program = subprocess.Popen([sys.executable, *argv], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        assert program.returncode == 0
        took.append(used.ru_utime + used.ru_stime)
    return min(took)


def assert_within(times: int, *argv: str) -> None:
    """Compares with a bare Python, up to three times: on a shared machine one measurement may be disturbed."""
    ratios = []
    for _ in range(3):
        ratios.append(cpu_s("-m", "readiness", *argv) / cpu_s("-c", "pass"))
        if ratios[-1] <= times:
            return
    pytest.fail(f"{min(ratios):.1f} times the CPU of a bare Python")


def test_help_takes_at_most_four_times_a_bare_python() -> None:
    assert_within(4, "--help")


def test_listing_the_checks_takes_at_most_eight_times_a_bare_python() -> None:
    assert_within(8, "checks")


COMMANDS = ("check", "run", "diff", "export", "attribute", "record", "recreate", "access", "data")


@pytest.mark.parametrize("argv", [("--help",), ("--version",), ("checks",), *((name, "--help") for name in COMMANDS)])
def test_nothing_heavy_is_imported_to_answer_quickly(argv: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, *argv], capture_output=True, text=True, check=True)
    loaded = done.stdout.rpartition("loaded:")[2].split()
    assert "readiness.cli.main" in loaded
    assert sorted(set(HEAVY) & set(loaded)) == []


def test_an_interruption_says_what_the_command_does_when_called_again() -> None:
    from readiness.cli import main

    said = {name: main.interrupted(name) for commands in main.COMMANDS.values() for name in commands}
    assert all(f"`readiness {name}` " in text for name, text in said.items())
    going_on = {name for name, text in said.items() if " goes on from " in text}
    assert going_on == {"check", "questions", "approve", "attribute"}
