"""The sandbox: one command in a throwaway folder, with nothing of the user's but what was listed.

What every command gets: an allow-listed environment, its own HOME, caches and temporary folder, no credentials, no
root rights, an end at its time limit together with everything it started. Where the kernel gives namespaces it also
gets a read-only file system with the user's home and checkout hidden, and no network unless asked for.
`Isolation` says what was reached, and findings repeat it where it is less than that.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from readiness.errors import CannotJudge
from readiness.world import files
from readiness.world.changed import UNCHANGED, Changed

OUTPUT_KEPT: Final = 256 * 1024
"""Bytes kept of each end of each stream; what lies between is counted and dropped."""

USERS: Final = range(61184, 65520)
"""User ids nobody has, as systemd gives them to services that need one for a while; each sandbox takes one of its own,
so that the process limit and the signals of one never reach another."""

_WORK_FOLDER: Final = re.compile(r"/[^\s'\",]*?/run-[a-z0-9_]{8}(?:\.given)?/(?:tree/(?:elsewhere/)?\w+/[^/\s'\"]+/|env/[\w.-]+/)?")
FILE_LIMIT_BYTES: Final = 8 << 30
DISK_LIMIT_BYTES: Final = 24 << 30
DISK_RESERVE_BYTES: Final = 1 << 30
PROCESS_LIMIT: Final = 2048

PASSED: Final = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PIP_CERT",
)
"""Variables of ours handed on: where certificates lie. Everything else is set anew."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """What the machine gave: each True is a wall that stood while the command ran."""

    network_off: bool = False
    files: bool = False
    processes: bool = False
    user: bool = False
    why: str = ""

    def missing(self, network: bool) -> tuple[str, ...]:
        """Notes for a finding, one for each wall that was not there."""
        notes = []
        if not network and not self.network_off:
            notes.append(f"the network could not be switched off here ({self.why or 'no namespaces'})")
        if not self.files:
            notes.append(f"the file system could not be walled off here ({self.why or 'no namespaces'})")
        return tuple(notes)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended. `exit_code` is None where it was ended by us or by a signal; times in seconds."""

    argv: tuple[str, ...]
    exit_code: int | None
    signal: int | None
    timed_out: bool
    filled_disk: bool
    stdout: str
    stderr: str
    dropped_bytes: int
    elapsed_s: float
    isolation: Isolation
    stdout_sha256: str = ""

    @property
    def ok(self) -> bool:
        """Whether it ended by itself with exit code 0."""
        return self.exit_code == 0

    @property
    def said(self) -> str:
        """Both streams, errors last."""
        return f"{self.stdout}\n{self.stderr}".strip()

    @property
    def last_error(self) -> str:
        """The last line of the error stream, shortened."""
        return (self.stderr.strip().splitlines() or ["it said nothing"])[-1][:200]


@dataclass(frozen=True, slots=True)
class Lane:
    """Folders that a command sees in place of others, so that several can run at once as if each were alone.

    `over` maps each folder as commands know it to the one that is put in its place. Needs a machine that gives mounts.
    """

    over: Mapping[Path, Path] = field(default_factory=dict)

    def place(self, path: Path) -> Path:
        """Where what commands of this lane call `path` really lies."""
        for known, ours in self.over.items():
            if path.is_relative_to(known):
                return ours / path.relative_to(known)
        return path


ALONE: Final = Lane()
"""The lane in which everything lies where it says."""


@dataclass(slots=True)
class _Stream:
    """One end of a pipe: the first and last bytes kept, all of them counted and hashed."""

    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    total: int = 0
    digest: str = ""

    def drain(self, pipe: IO[bytes]) -> None:
        import hashlib

        seen = hashlib.sha256()
        while chunk := os.read(pipe.fileno(), 1 << 16):
            self.total += len(chunk)
            seen.update(chunk)
            room = OUTPUT_KEPT - len(self.head)
            self.head += chunk[:room] if room > 0 else b""
            self.tail += chunk[max(room, 0) :]
            if len(self.tail) > 2 * OUTPUT_KEPT:
                del self.tail[:-OUTPUT_KEPT]
        self.digest = seen.hexdigest()

    @property
    def dropped(self) -> int:
        return max(0, self.total - len(self.head) - min(len(self.tail), OUTPUT_KEPT))

    def text(self) -> str:
        middle = f"\n… {self.dropped} bytes dropped …\n".encode() if self.dropped else b""
        return (bytes(self.head) + middle + bytes(self.tail[-OUTPUT_KEPT:])).decode("utf-8", "replace")


class Sandbox:
    """A work folder with a HOME, a temporary folder and caches of its own, in which commands run.

    Three folders side by side, all removed by `close`: `root`, of whose children those that were opened are writable for
    commands and nothing else is; `given`, what we hand to commands to read; `private`, what no command sees. So
    nothing we write to by its path can have been replaced by a link. `hidden` are folders no command may see. `system` is
    the root folder of another operating system, in which commands run instead of this one's; it takes namespaces.
    """

    def __init__(
        self,
        root: Path,
        hidden: tuple[Path, ...] = (),
        shown: tuple[Path, ...] = (),
        *,
        plain: bool = False,
        system: Path | None = None,
    ) -> None:
        self.root = root
        self.system = system
        self.hidden = hidden
        self.shown = shown
        self.plain = plain
        self.drops_root = hasattr(os, "geteuid") and os.geteuid() == 0
        self.user = random.SystemRandom().choice(USERS)
        self.private = root.parent / f"{root.name}.ours"
        self.given = root.parent / f"{root.name}.given"
        self._numbers = itertools.count(1)
        self._open: list[Path] = []
        self.private.mkdir(mode=0o700)
        self.given.mkdir(mode=0o755)
        self.given.chmod(0o755)
        for name in ("home", "tmp", "cache", "tools", "env"):
            self.open(root / name)

    def show(self, folder: Path) -> None:
        """Lets every later command see a folder that lies where it would not."""
        self.shown = (*self.shown, folder)

    def open(self, folder: Path) -> Path:
        """Makes a folder of the work folder, with what is already in it, the commands' own to write to."""
        folder.mkdir(parents=True, exist_ok=True)
        self.hand_over(folder)
        self._open.append(folder)
        return folder

    def give(self, name: str, data: bytes) -> Path:
        """A file for commands to read and never to write, in place of the one of that name."""
        target = self.given / name
        files.write_atomically(target, data)
        target.chmod(0o755)
        return target

    def give_alone(self, name: str, data: bytes, user: int | None = None) -> Path:
        """A file that only the commands, or those of that `user`, may read, for what nobody else of this machine must see."""
        target = self.given / name
        target.unlink(missing_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(data)
        self.hand_over(target, user)
        return target

    def hand_over(self, path: Path, user: int | None = None) -> None:
        """Gives a tree to the unprivileged user that commands run as, or to that `user`, where we are root."""
        if self.drops_root:
            owner = self.user if user is None else user
            subprocess.run(["chown", "-R", "-h", f"{owner}:{owner}", "--", os.fspath(path)], check=True)

    def lane(self, name: str, folders: tuple[Path, ...]) -> Lane:
        """A lane in which the given folders, and those every command writes to, are copies made now. Packages stay in one cache."""
        over = {}
        for number, folder in enumerate((*folders, *(self.root / name for name in ("home", "tmp", "cache")))):
            target = self.root / "lanes" / name / str(number)
            target.mkdir(parents=True)
            for child in folder.iterdir():
                if child != self.root / "cache/uv":
                    subprocess.run(["cp", "-a", "--", os.fspath(child), os.fspath(target)], check=False, capture_output=True)
            self.hand_over(target)
            over[folder] = target
        return Lane(over)

    def environment(self, extra: Mapping[str, str] | None = None, path_first: tuple[Path, ...] = ()) -> dict[str, str]:
        """The whole environment of a command: the allow-listed names, our own settings, and `extra` last."""
        home, tmp = self.root / "home", self.root / "tmp"
        env = {name: os.environ[name] for name in PASSED if name in os.environ}
        env |= {
            "PATH": os.pathsep.join([*(str(p) for p in path_first), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(home),
            "TMPDIR": str(tmp),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_DATA_HOME": str(home / ".local/share"),
            "XDG_STATE_HOME": str(home / ".local/state"),
            "USER": "readiness",
            "LOGNAME": "readiness",
            "LANG": "C.UTF-8",
            "PYTHONPYCACHEPREFIX": str(self.root / "cache/pycache"),
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
            "TERM": "dumb",
        }
        return env | dict(extra or {})

    def run(
        self,
        argv: list[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        path_first: tuple[Path, ...] = (),
        network: bool = False,
        timeout_s: float = 120,
        changed: Changed = UNCHANGED,
        lane: Lane = ALONE,
    ) -> Ran:
        """Runs a command, with what is `changed` around it, and returns how it ended; never raises for what the command does.

        Raises CannotJudge where the sandbox itself could not be set up.
        """
        status = self.private / f"status-{next(self._numbers)}"
        spec = {
            "argv": argv,
            "cwd": str(cwd),
            "env": self.environment(env, path_first),
            "network": network,
            "writable": [str(path) for path in self._open],
            "over": [[str(ours), str(known)] for known, ours in lane.over.items()],
            "tmp": str(lane.place(self.root / "tmp")),
            "shown": [str(path) for path in (*self._visible(), self.root, self.given)],
            "hidden": [str(path) for path in (*self.hidden, self.private, Path("/run"))],
            "uid": self.user if self.drops_root else 0,
            "gid": self.user if self.drops_root else 0,
            "limits": {"FSIZE": FILE_LIMIT_BYTES, "CORE": 0, "NPROC": PROCESS_LIMIT},
            "status": str(status),
            "plain": self.plain,
            **self._other_system(),
        }
        started = time.monotonic()
        process = self._start(changed.applied(spec))
        streams = _Stream(), _Stream()
        timed_out, filled = self._watch(process, streams, timeout_s)
        elapsed_s = time.monotonic() - started
        isolation, wait_status = _read_status(status)
        if isolation is None:
            said = streams[1].text().strip().splitlines()
            raise CannotJudge(f"the sandbox did not start: {said[-1] if said else 'no reason given'}")
        ended = wait_status is not None and not timed_out and not filled
        code = os.waitstatus_to_exitcode(wait_status) if ended and wait_status is not None else None
        if wait_status is None and not timed_out and not filled:
            code = -signal.SIGKILL  # the supervisor was killed, and the command with it
        return Ran(
            tuple(argv),
            code if code is not None and code >= 0 else None,
            -code if code is not None and code < 0 else None,
            timed_out,
            filled,
            streams[0].text(),
            streams[1].text(),
            streams[0].dropped + streams[1].dropped,
            elapsed_s,
            isolation,
            streams[0].digest,
        )

    def _other_system(self) -> dict[str, str]:
        if self.system is None:
            return {}
        stage = self.private / "stage"
        stage.mkdir(exist_ok=True)
        return {"root": str(self.system), "stage": str(stage)}

    def _visible(self) -> list[Path]:
        """What may be shown: a folder that holds a hidden one would bring it back to light."""
        hidden = [path.resolve() for path in self.hidden]
        return [path for path in self.shown if not any(secret.is_relative_to(path.resolve()) for secret in hidden)]

    def _start(self, spec: Mapping[str, object]) -> subprocess.Popen[bytes]:
        jail = Path(__file__).with_name("probes") / "jail.py"
        read, write = os.pipe()
        payload = json.dumps(spec).encode()
        feeder = threading.Thread(target=_feed, args=(write, payload), daemon=True)
        feeder.start()
        try:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", str(jail), str(read)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=(read,),
                start_new_session=True,
                env={},
            )
        finally:
            os.close(read)

    def _watch(self, process: subprocess.Popen[bytes], streams: tuple[_Stream, _Stream], timeout_s: float) -> tuple[bool, bool]:
        assert process.stdout is not None
        assert process.stderr is not None
        readers = [
            threading.Thread(target=stream.drain, args=(pipe,), daemon=True)
            for stream, pipe in zip(streams, (process.stdout, process.stderr), strict=True)
        ]
        for reader in readers:
            reader.start()
        deadline = time.monotonic() + timeout_s
        free_before = files.free_bytes(self.root)
        timed_out = filled = False
        try:
            while process.poll() is None:
                if time.monotonic() > deadline:
                    timed_out = True
                elif self._disk_full(free_before):
                    filled = True
                if timed_out or filled:
                    break
                _wait(process, min(0.25, max(0.001, deadline - time.monotonic())))
        finally:
            _end(process)
            for reader in readers:
                reader.join(timeout=5)
            process.stdout.close()
            process.stderr.close()
        return timed_out, filled

    def _disk_full(self, free_before: int) -> bool:
        free = files.free_bytes(self.root)
        if free > DISK_RESERVE_BYTES and free_before - free < DISK_LIMIT_BYTES:
            return False
        return free < DISK_RESERVE_BYTES < free_before or files.tree_bytes(self.root) > DISK_LIMIT_BYTES

    def close(self) -> None:
        """Removes the work folder and everything in it, in a process of its own that nobody has to wait for."""
        for folder in (self.private, self.given):
            files.remove_tree(folder)
        if self.root.exists():
            gone = self.root.with_name(f"gone-{self.root.name.removeprefix('run-')}")
            self.root.rename(gone)
            files.remove_later(gone)


def kept(path: Path) -> tuple[str, int, str]:
    """What is kept of a stream that was written to a file: its text, the bytes dropped from the middle, SHA-256 of all."""
    stream = _Stream()
    with path.open("rb") as handle:
        stream.drain(handle)
    return stream.text(), stream.dropped, stream.digest


def without_work_folder(text: str) -> str:
    """A text without the paths of the work folder, which mean nothing to a reader."""
    return _WORK_FOLDER.sub("", text)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> None:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def _feed(fd: int, payload: bytes) -> None:
    try:
        with os.fdopen(fd, "wb") as pipe:
            pipe.write(payload)
    except BrokenPipeError:
        return  # the launcher died first; its status file says so


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        _wait(process, 6)
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        process.wait()


def _read_status(path: Path) -> tuple[Isolation | None, int | None]:
    try:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
    except FileNotFoundError:
        return None, None
    if not lines:
        return None, None
    got = lines[0]
    isolation = Isolation(got["network_off"], got["files"], got["processes"], got["user"], got["why"])
    return isolation, lines[1]["status"] if len(lines) > 1 else None
