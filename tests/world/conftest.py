"""Boxes to break out of: a work folder any user can reach, a home and a checkout beside it that anybody may write to.

What stands between a command and those folders is then the sandbox alone, and no mode of a file.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from readiness.world import interpreters
from readiness.world.sandbox import Ran, Sandbox


@dataclass(frozen=True)
class Box:
    """A sandbox, the folders around it, and a marker that names this test's processes in every process list."""

    sandbox: Sandbox
    home: Path
    checkout: Path
    neighbour: Path
    python: str
    marker: str

    def run(self, code: str, *arguments: str, network: bool = False, timeout_s: float = 30) -> Ran:
        """Runs Python code in the box."""
        argv = [self.python, "-c", code, *arguments]
        return self.sandbox.run(argv, cwd=self.sandbox.root / "home", network=network, timeout_s=timeout_s)

    def left(self) -> list[int]:
        """The ids of processes that carry the marker, but for our own."""
        return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit() and self._ours(folder)]

    def _ours(self, folder: Path) -> bool:
        try:
            return self.marker.encode() in (folder / "cmdline").read_bytes() and int(folder.name) != os.getpid()
        except OSError:
            return False

    def close(self) -> None:
        """Ends what a failed test let live, stopped first so that nothing forks away, and removes the work folder."""
        for number in (signal.SIGSTOP, signal.SIGSTOP, signal.SIGKILL):
            for pid in self.left():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
        with contextlib.suppress(FileNotFoundError):  # a test may have closed it
            self.sandbox.close()


def reachable_python() -> interpreters.Interpreter:
    """An interpreter that the user commands run as can start, also where nothing is walled off."""
    for item in interpreters.installed():
        if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in item.path.parents):
            return item
    pytest.skip("no interpreter here that every user can start")


def _make(folder: Path, *, plain: bool) -> Box:
    home, checkout, neighbour = folder / "home", folder / "checkout", folder / "neighbour"
    for path in (home, checkout, neighbour):
        path.mkdir()
        path.chmod(0o777)
        (path / "private.txt").write_text("private\n")
    work = folder / "work"
    work.mkdir(mode=0o755)
    (work / "run").mkdir(mode=0o755)
    python = reachable_python()
    sandbox = Sandbox(work / "run", (Path.home(), home, checkout), (python.prefix,), plain=plain)
    return Box(sandbox, home, checkout, neighbour, str(python.path), f"readiness-marker-{uuid4().hex}")


_given: list[bool] = []


def namespaces(box: Box) -> bool:
    """Whether this machine gives namespaces, asked once."""
    if not _given:
        isolation = box.sandbox.run(["/bin/true"], cwd=box.sandbox.root / "home").isolation
        _given.append(isolation.files and isolation.processes and isolation.network_off)
    return _given[0]


@pytest.fixture
def walled(workplace: Path) -> Iterator[Box]:
    """A box with every wall; skipped where the kernel gives no namespaces."""
    box = _make(workplace, plain=False)
    try:
        if not namespaces(box):
            pytest.skip("this machine gives no namespaces")
        yield box
    finally:
        box.close()


@pytest.fixture
def plain(workplace: Path) -> Iterator[Box]:
    """A box without namespaces, as on a machine that gives none."""
    box = _make(workplace, plain=True)
    try:
        yield box
    finally:
        box.close()


@pytest.fixture(params=["walled", "plain"])
def box(request: pytest.FixtureRequest) -> Box:
    """The same box with its walls and without."""
    found: Box = request.getfixturevalue(request.param)
    return found


Launch = Callable[..., list[str]]

LAUNCHER = """
import sys
from pathlib import Path
from readiness.world.sandbox import Sandbox

root, mode, *argv = sys.argv[1:]
Path(root).mkdir(mode=0o755)
box = Sandbox(Path(root), plain=mode == "plain")
ran = box.run(argv, cwd=box.root, timeout_s=60)
print(ran.stdout, ran.isolation, ran.exit_code)
"""
"""A program of its own that runs one command in a sandbox: something to give secrets to, and to kill."""


@pytest.fixture
def launch(workplace: Path) -> Launch:
    """The command line of a program that runs a command in a sandbox, `walled` or `plain`."""

    def argv(mode: str, *command: str) -> list[str]:
        return [sys.executable, "-c", LAUNCHER, str(workplace / "launched"), mode, *command]

    return argv
