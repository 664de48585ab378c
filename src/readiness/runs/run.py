"""`run`: executes a command of the user in their own checkout and environment, and records what its result rests on.

The command has the terminal, the signals and the exit code; what is recorded is read beside it. A run is written when it
is over and whole: a session that is killed leaves none.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

from readiness.config import manifest as manifests
from readiness.errors import UsageError
from readiness.layers.infrastructure import recorded, recording
from readiness.layers.infrastructure.evidence import FileState, Run, Snapshot
from readiness.layers.infrastructure.outputs import Outputs
from readiness.layers.infrastructure.recording import Before
from readiness.sequence.evidence import Digest
from readiness.world import files
from readiness.world import project as projects
from readiness.world.digests import Digests

_FORWARDED: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a user asked to be run and recorded. `outputs` are globs below the project, besides those of [demo]."""

    command: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    metrics: str = ""
    seed: str = ""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was read beside the command."""

    states: dict[str, FileState]
    snapshot: Snapshot
    notes: list[str]


def run(root: Path, asked: Asked) -> Run:
    """Executes the command and records it. Raises UsageError before it starts where it cannot, or nothing could be recorded."""
    manifest = manifests.load(root)
    if shutil.which(asked.command[0]) is None:
        raise UsageError(f"no command `{asked.command[0]}`", "name a program on PATH, or a path to one that may be executed")
    _make_place(root)
    outputs = Outputs.of(root, manifest.demo, asked.outputs, asked.metrics)
    run_id = recorded.new_id(time.time_ns() // 1_000_000, secrets.token_bytes(10))
    env = {**os.environ, "READINESS_RUN": run_id} | ({"SEED": asked.seed} if asked.seed else {})
    found = recording.before(root, outputs.names, manifest.infrastructure.factors)
    started, clock = datetime.now(UTC), time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        seen: list[Future[_Seen]] = []
        exit_code = _execute(asked.command, env, lambda: seen.append(pool.submit(_look, found, asked.command, env)))
        elapsed_s = time.monotonic() - clock
        beside = seen[0].result()
    written, unwritten = outputs.written()
    metrics, trouble = outputs.metrics(written)
    kept = {path: state for path, state in beside.states.items() if path not in found.outputs}
    made = Run(
        id=run_id,
        project=manifest.project_id or projects.default_id(root, found.checkout.toplevel),
        command=asked.command,
        started=_to_ms(started),
        elapsed_s=round(elapsed_s, 3),
        exit_code=exit_code,
        commit=found.checkout.commit,
        dirty=found.checkout.dirty,
        tree=_tree(beside.states),
        seed=env.get("SEED", ""),
        factors=recording.digest_factors(kept, beside.snapshot, found.declared),
        files=kept,
        outputs=written,
        metrics=metrics,
        snapshot=beside.snapshot,
        notes=(*beside.notes, *unwritten, *trouble),
    )
    _store(root, made)
    return made


def _store(root: Path, made: Run) -> None:
    try:
        recorded.store(root, made)
    except OSError as error:
        message = f"the command ended with exit {made.exit_code}, and its run cannot be recorded: {error.strerror}"
        raise UsageError(message, "make space or the folder writable, and run it again") from None


def _to_ms(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _make_place(root: Path) -> None:
    """Makes the folder of runs, so that a full or read-only disk is known before the command ran for nothing."""
    try:
        files.ignore_own(root)
        (root / recorded.FOLDER).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=root / recorded.FOLDER) as probe:
            probe.write(bytes(4096))
    except OSError as error:
        hint = "make the project's folder writable, and see that there is space"
        raise UsageError(f"no run can be recorded below {root / '.readiness'}: {error.strerror}", hint) from None


def _look(found: Before, command: tuple[str, ...], env: Mapping[str, str]) -> _Seen:
    from readiness.layers.infrastructure import surroundings  # takes a while to load, which the command need not wait for

    memory = Digests.of_project(found.checkout.root)
    states, notes = recording.states(found, memory, _holds_secret)
    snapshot = surroundings.take(found.checkout.root, states, env, memory, command)
    memory.save()
    return _Seen(states, snapshot, notes)


def _holds_secret(path: str, text: str) -> bool:
    from readiness.layers.security import patterns

    name = path.rpartition("/")[2]
    return (name.startswith(".env") and "example" not in name) or next(patterns.hits(path, text), None) is not None


def _execute(command: tuple[str, ...], env: Mapping[str, str], meanwhile: Callable[[], None]) -> int:
    """Runs the command with our streams; returns its exit code as a shell tells it. Raises UsageError where it does not start."""
    try:
        process = subprocess.Popen(command, env=env)
    except OSError as error:
        raise UsageError(f"`{command[0]}` does not start: {error.strerror}", "name a program that may be executed") from None
    with _handing_on(process):
        meanwhile()
        code = process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _handing_on(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Hands signals on to the command, which decides what they mean. Ctrl-C reaches it from the terminal already."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def hand_on(number: int, _: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in _FORWARDED}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tree(states: Mapping[str, FileState]) -> Digest:
    if any(not state.digest for state in states.values()):
        return Digest("")
    return files.digest_of_lines((state.mode, path, state.digest[7:]) for path, state in states.items())
