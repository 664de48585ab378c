"""The secret scanner: the maintained program of the installed wheel, run over files or over history, and read.

It only reads. It is run with an empty environment, in a folder of ours, told to ask nobody anything (it can validate
what it finds, and look for updates, over the network: both are off), and ended at its time limit with all it started.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

FOUND_NOTHING: Final = 0
FOUND_SOMETHING: Final = 200
REPORT_BYTES: Final = 256 << 20
"""The longest report that is read."""

_QUIET: Final = ("--no-update-check", "--quiet", "scan", "--no-validate", "--no-ignore", "--format", "json")
"""`--no-ignore`: a comment in a line of the project does not switch the scanner off; `[security].allow` has an end and a reason."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What the scanner wrote (never to be shown: it holds values), or in one line why there is nothing."""

    report: bytes = field(default=b"", repr=False)
    trouble: str = ""


def program() -> Path | None:
    """The scanner's program; None where its package is not installed, or not for this machine."""
    package = find_spec("kingfisher")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).with_name("bin") / "kingfisher"
    return path if path.is_file() else None


def files(folder: Path, work: Path, limit_s: float) -> Scan:
    """Scans the files below `folder`, whatever git would say of them."""
    return _scan(["--git-history", "none", "--no-dedup", "."], folder, work, limit_s)


def commits(bare: Path, commit: str, folder: str, work: Path, limit_s: float) -> Scan:
    """Scans every version of every file in `folder` that is reachable from `commit` in a bare repository."""
    where = [] if folder == "." else ["--path-prefix", f"{folder}/"]
    return _scan(["--branch", commit, *where, "."], bare, work, limit_s)


def _scan(args: list[str], folder: Path, work: Path, limit_s: float) -> Scan:
    found = program()
    if found is None:
        return Scan(trouble="the secret scanner is not installed")
    work.mkdir(parents=True, exist_ok=True)
    argv = [os.fspath(found), *_QUIET, "--rule-cache-dir", os.fspath(_rules(work)), *args]
    try:
        code, report = _run(argv, folder, work, limit_s)
    except OSError as error:
        return Scan(trouble=f"the secret scanner does not run here: {error.strerror}")
    if code is None:
        return Scan(trouble=f"the secret scanner did not end within {limit_s:g} s")
    if len(report) > REPORT_BYTES:
        return Scan(trouble="the secret scanner's report is too long to be read")
    if code not in (FOUND_NOTHING, FOUND_SOMETHING):
        return Scan(trouble=f"the secret scanner ended with {f'exit {code}' if code > 0 else f'signal {-code}'}")
    return Scan(bytes(report))


def _rules(work: Path) -> Path:
    """Where the rules are kept compiled, which takes the scanner some seconds: the user's cache, else the work folder."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        cache = (Path(named) if named.startswith("/") else Path.home() / ".cache") / "readiness/scanner-rules"
        cache.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return work / "rules"
    return cache if os.access(cache, os.W_OK) else work / "rules"


def _run(argv: list[str], folder: Path, work: Path, limit_s: float) -> tuple[int | None, bytearray]:
    """The exit code (None where it did not end in time) and the report, which holds values and so never lies in a file."""
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": os.fspath(work), "TMPDIR": os.fspath(work), "XDG_CACHE_HOME": os.fspath(work),
           "LC_ALL": "C.UTF-8", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}  # fmt: skip
    # What it says besides the report may repeat a line it read, so nobody gets to see it.
    process = subprocess.Popen(
        argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    assert process.stdout is not None
    report, late = bytearray(), threading.Event()

    def end() -> None:
        late.set()
        _kill(process)

    timer = threading.Timer(limit_s, end)
    timer.start()
    try:
        while len(report) <= REPORT_BYTES and (more := process.stdout.read1(1 << 20)):  # type: ignore[attr-defined]  # it is buffered
            report += more
        if len(report) > REPORT_BYTES:
            _kill(process)
        code = process.wait()
        return (None if late.is_set() else code), report
    finally:
        timer.cancel()
        if process.poll() is None:
            _kill(process)
            process.wait()
        process.stdout.close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Ends the scanner with all it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
