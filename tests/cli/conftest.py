"""The command line as users have it: `python -m readiness` in a process of its own, with keys and work folder apart."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import pytest

from readiness.cli.main import main

GOLDEN = Path(__file__).parents[1] / "assets/cli"
DEMO = '[project]\nstakes = "annoyance"\n[demo]\ncommand = ["python", "main.py"]\n'
APP = {"main.py": "print('hello')\n", "readiness.toml": DEMO}
"""A project without dependencies: nothing is downloaded for it."""


@dataclass(frozen=True)
class Said:
    """How a command ended and what it printed."""

    words: tuple[str, ...]
    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:  # whatever the command printed
        return json.loads(self.stdout)

    def finding(self, check: str) -> dict[str, Any]:
        """One check of a JSON verdict, by the ending of its id."""
        checks = [item for layer in self.json["layers"] for item in layer["checks"]]
        found: dict[str, Any] = next(item for item in checks if item["id"].endswith(f".{check}"))
        return found


@dataclass(frozen=True)
class Readiness:
    """Runs commands in `folder`; `work` is their work folder."""

    folder: Path
    work: Path
    env: dict[str, str]

    def __call__(self, *words: str, through: tuple[str, ...] = (), env: dict[str, str] | None = None) -> Said:
        """Runs a command to its end. No command may ever print a traceback or be a bug of ours."""
        argv = [*through, sys.executable, "-m", "readiness", *words]
        done = subprocess.run(argv, cwd=self.folder, env={**self.env, **(env or {})}, capture_output=True, check=False)
        said = Said(words, done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in said.stderr
        assert said.code != 70, said.stderr
        return said

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Starts a command the way a terminal does: in a group of its own, with Ctrl-C at work."""
        return subprocess.Popen(
            [sys.executable, "-m", "readiness", *words],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def project(self, files: dict[str, str], name: str = "app") -> Path:
        """A folder with these files."""
        root = self.folder / name
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return root

    def swept(self) -> bool:
        """Whether the work folder is empty, once what is removed in the background is gone."""
        return wait_until(lambda: not self.work.exists() or not any(self.work.iterdir()))


@dataclass(frozen=True)
class Within(Readiness):
    """Runs commands in this process, which spares the start of one: what they print, and how they end, is the same.

    What depends on a process of its own (signals, limits, a closed stream) goes through `start` or `through`.
    """

    @classmethod
    def of(cls, readiness: Readiness) -> Within:
        """The same command line without a process for each command."""
        return cls(readiness.folder, readiness.work, readiness.env)

    def __call__(self, *words: str, through: tuple[str, ...] = (), env: dict[str, str] | None = None) -> Said:
        """Runs a command to its end, with the folder, the variables and the streams of one that was started."""
        if through:
            return super().__call__(*words, through=through, env=env)
        with TemporaryFile() as out, TemporaryFile() as err:
            with _standing_in(self.folder, {**self.env, **(env or {})}, out, err):
                code = _ended(words)
            told = [file.read().decode() for file in (out, err) if file.seek(0) == 0]
        said = Said(words, code, *told)
        assert "Traceback" not in said.stderr
        assert said.code != 70, said.stderr
        return said


def _ended(words: tuple[str, ...]) -> int:
    try:
        return main(words)
    except SystemExit as ended:  # argparse ends a program itself
        return int(ended.code or 0)


@contextmanager
def _standing_in(folder: Path, env: dict[str, str], out: IO[bytes], err: IO[bytes]) -> Iterator[None]:
    """Makes this process be in a folder, with these variables and streams, down to the descriptors that children inherit."""
    before, streams, variables = Path.cwd(), (sys.stdout, sys.stderr), dict(os.environ)
    for stream in streams:
        stream.flush()
    saved = [os.dup(1), os.dup(2)]
    try:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        with open(1, "w", closefd=False, encoding="utf-8") as sys.stdout, open(2, "w", closefd=False, encoding="utf-8") as sys.stderr:
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(env)
            yield
    finally:
        sys.stdout, sys.stderr = streams
        for number, handle in enumerate(saved, 1):
            os.dup2(handle, number)
            os.close(handle)
        os.environ.clear()
        os.environ.update(variables)
        os.chdir(before)


def wait_until(told: Callable[[], bool], seconds: float = 30) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + seconds
    while not told():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def processes(marker: str) -> list[str]:
    """Command lines of processes that name the marker."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            found += [line] if marker in line else []
    return found


@pytest.fixture
def readiness(tmp_path: Path, workplace: Path) -> Iterator[Readiness]:
    """The command line, with nothing of this machine's settings but home and PATH."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("READINESS_", "UV_", "PIP_", "XDG_", "GIT_"))}
    env |= {"XDG_CONFIG_HOME": str(tmp_path / "config"), "READINESS_WORK": str(workplace / "work"), "UV_OFFLINE": "1", "COLUMNS": "100"}
    folder = tmp_path / "here"
    folder.mkdir()
    made = Readiness(folder, workplace / "work", env)
    yield made
    assert made.swept()


@pytest.fixture
def golden(tmp_path: Path) -> Callable[[str, Said], None]:
    """Compares a whole run with its golden file; `READINESS_WRITE_GOLDEN=1` writes the file instead."""

    def compare(name: str, said: Said) -> None:
        text = f"$ readiness {' '.join(said.words)}\n{said.stdout}--- stderr\n{said.stderr}--- exit {said.code}\n"
        text = text.replace(str(tmp_path / "here"), "[HERE]").replace(str(tmp_path), "[TMP]")
        # a machine without some walls says so, in a note of its own
        text = re.sub(
            r"\n +(?:note  )?the (?:file system|network) could not be (?:walled|switched) off here \(.*?\)\)?(?=\n)", "", text, flags=re.S
        )
        path = GOLDEN / f"{name}.txt"
        if os.environ.get("READINESS_WRITE_GOLDEN"):
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare
