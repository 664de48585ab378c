"""One judged state of a project, executed: copies of its tree, its environments, its demo, each made once."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from readiness.errors import CannotJudge
from readiness.sequence.finding import Cause
from readiness.world import beneath, files
from readiness.world.changed import UNCHANGED, Changed
from readiness.world.environment import Builder, Environment, Procedure
from readiness.world.project import Project
from readiness.world.sandbox import ALONE, Lane, Ran, Sandbox

if TYPE_CHECKING:
    from readiness.world.postgres import Address, Server

DATABASE: Final = "postgres"
"""The folder of a session's own database server, among what no command sees."""
SPARE: Final = "spare"
"""The folder of its second one, likewise."""

MEMORY: Final = Path("/dev/shm")  # noqa: S108  a folder of ours in it, made by us alone
LEFT_BYTES: Final = 512 << 20
"""The most that an installation may leave in HOME and still be copied."""
OURS: Final = frozenset({"uv", "pycache"})
"""What the caches hold of the package client and of Python, which no demo looks at."""

Progress = Callable[[str], contextlib.AbstractContextManager[None]]


@contextmanager
def silent(text: str) -> Iterator[None]:
    """A progress display that shows nothing."""
    yield


class Session:
    """Executes one project in one sandbox; everything expensive is done at most once, and only when asked for.

    `root` of the sandbox lies in `READINESS_WORK`, else in the machine's folder for large temporary files. `system` is the
    root folder of another operating system to execute it in.
    """

    def __init__(self, project: Project, procedure: Procedure, progress: Progress = silent, system: Path | None = None) -> None:
        self.project = project
        self.system = system
        self.procedure = procedure
        self.progress = progress
        self.installed: Path | None = None
        """What the installation left in HOME and in the caches of the first environment; None where it is too much to keep."""
        self.counts_statements = False
        """Whether the database server counts what it is asked; to be said before it is first used."""
        self.roles_given: set[str] = set()
        """The roles that were made in its database servers for runs and for looking at them, not by the project."""
        self._lock: IO[str] | None = None

    @cached_property
    def sandbox(self) -> Sandbox:
        """The work folder of this session. Raises CannotJudge where none can be made."""
        parent = work_folder()
        try:
            # One at a time: a lock file that is there and not yet held would look like one whose holder died.
            with _alone(parent):
                sweep(parent)
                root = Path(tempfile.mkdtemp(prefix="run-", dir=parent))
                self._lock = _hold(parent / f"{root.name}.lock")
        except OSError as error:
            raise CannotJudge(f"no work folder can be made in {parent}: {error.strerror}", "set READINESS_WORK to a folder") from None
        root.chmod(0o755)
        hidden = {*_homes(), self.project.toplevel}
        plain = bool(os.environ.get("READINESS_PLAIN_SANDBOX"))
        return Sandbox(root, tuple(hidden), tuple(self._shown()), plain=plain, system=self.system)

    def _shown(self) -> Iterator[Path]:
        from readiness.world.environment import index_settings

        for interpreter in self.procedure.interpreters:
            if self.system is None:  # another system brings its own
                yield interpreter.prefix
        for name in ("UV_FIND_LINKS", "SSL_CERT_FILE", "SSL_CERT_DIR"):
            value = os.environ.get(name, "") if name.startswith("SSL") else index_settings().get(name, "")
            yield from (Path(part) for part in value.split() if part.startswith("/"))
        with contextlib.suppress(OSError):
            resolver = Path("/etc/resolv.conf").resolve(strict=True)
            if str(resolver).startswith("/run/"):
                yield resolver.parent

    @cached_property
    def builder(self) -> Builder:
        """What builds environments here, from a package cache nobody else uses."""
        return Builder(self.sandbox)

    @cached_property
    def pristine(self) -> Path:
        """The files that are judged, copied once to where no command sees them.

        Raises CannotJudge where they changed since their digest was taken.
        """
        target = self.sandbox.private / "pristine"
        target.mkdir()
        try:
            files.copy_tree(self.project.root, self.project.entries, target)
            same = files.tree_digest(target, self.project.entries) == self.project.tree
        except OSError:
            same = False
        if not same:
            raise CannotJudge("the files of the project changed while they were copied", "readiness check")
        return target

    def tree(self, name: str) -> Path:
        """A fresh copy of the project's files, handed to the unprivileged user."""
        target = self.sandbox.root / "tree" / name / self.project.root.name
        if not target.exists():
            target.mkdir(parents=True)
            files.copy_tree(self.pristine, self.project.entries, target)
            self.sandbox.open(target)
        return target

    def restore(self, tree: Path, before: dict[str, str]) -> tuple[list[str], list[str]]:
        """Puts a tree back to `before` (as `files.state_of` gave it); returns the paths (created, changed)."""
        after = files.state_of(tree)
        added = sorted((path for path in after if path not in before), reverse=True)
        changed = sorted(path for path, digest in before.items() if after.get(path) != digest)
        for path in added:
            beneath.remove(tree, path)
        ours = {entry.path: entry for entry in self.project.entries}
        for path in changed:
            beneath.remove(tree, path)
        again = [entry for path, entry in ours.items() if any(path == other or path.startswith(f"{other}/") for other in changed)]
        for entry in again:
            self._put_back(tree, entry)
        if again:
            self.sandbox.hand_over(tree)
        created = sorted(path for path in added if after[path] != files.FOLDER)
        return created, [path for path in changed if before[path] != files.FOLDER]

    def _put_back(self, tree: Path, entry: files.Entry) -> None:
        source = self.pristine / entry.path
        if entry.mode == "120000":
            beneath.link(tree, entry.path, str(source.readlink()))
        else:
            beneath.write(tree, entry.path, source.read_bytes(), 0o755 if entry.mode == "100755" else 0o644)

    @cached_property
    def postgres(self) -> tuple[Server, Address]:
        """A database server of this session alone, running; it ends with the session. Raises CannotJudge where none starts."""
        return self._serve(DATABASE)

    @cached_property
    def spare(self) -> tuple[Server, Address]:
        """A second server, for databases that are made and thrown away: what is shared by all of a server stays out of the demo's."""
        return self._serve(SPARE)

    def _serve(self, folder: str) -> tuple[Server, Address]:
        from readiness.world.postgres import Server, binaries, extensions

        # Thrown away with the session: nothing in it has to outlive a power cut.
        settings = extensions.trusted(binaries(), self.sandbox.given / "postgres") | {
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "autovacuum": "off",
        }
        if self.counts_statements and (binaries().parent / "share/extension/pg_stat_statements.control").is_file():
            settings["shared_preload_libraries"] = "pg_stat_statements"
        server = Server(self.sandbox.private / folder, settings=settings, socket_mode=0o777)
        with self.progress("starting a database server"):
            address = server.ensure()
        self.sandbox.show(address.socket_folder)
        return server, address

    @cached_property
    def first(self) -> Environment:
        """The first environment, installed by the project's own procedure into an empty one."""
        with self.progress("installing into an empty environment"):
            built = self.builder.build("first", self.tree("first"), self.procedure)
        self.installed = self._left()
        return built

    def _left(self) -> Path | None:
        """Copies HOME and the caches, without those of the package client and of Python, to where no command sees them."""
        root, target = self.sandbox.root, self.sandbox.private / "installed"
        kept = ("home", "cache")
        try:
            sizes = [files.tree_bytes(child) for name in kept for child in (root / name).iterdir() if child.name not in OURS]
            if sum(sizes) > LEFT_BYTES:
                return None
            for name in kept:
                shutil.copytree(root / name, target / name, symlinks=True, ignore=lambda _, names: OURS.intersection(names))
        except (OSError, shutil.Error):
            return None  # a pipe, a socket: nothing that can be copied
        return target

    @property
    def blocked(self) -> Cause:
        """Why nothing of the project can be run: NONE where it was installed.

        Where the project itself is to blame, what depends on it is merely not exercised; where this machine or the
        index is, that cause is handed on, so that nobody remembers it for longer than it lasts.
        """
        if self.procedure.unread:
            return Cause.TOOL
        if not self.procedure.interpreters:
            return Cause.INTERPRETER
        cause = self.first.cause
        return Cause.NOT_EXERCISED if cause is Cause.PROJECT else cause

    @property
    def why_blocked(self) -> str:
        """One line on why nothing can be run; the reason itself where it is this machine's."""
        own = self.procedure.unread or not self.procedure.interpreters or self.first.cause is Cause.PROJECT
        return "the project was not installed" if own else f"the project was not installed: {self.first.reason}"

    @cached_property
    def second(self) -> Environment:
        """A second environment in another place, with the interpreter of the first."""
        from dataclasses import replace

        chosen = (self.first.interpreter,) if self.first.interpreter else ()
        procedure = replace(self.procedure, interpreters=chosen)
        with self.progress("installing again, into a fresh environment elsewhere"):
            return self.builder.build("second", self.tree("elsewhere/second"), procedure)

    def run(
        self,
        environment: Environment,
        argv: list[str],
        *,
        env: dict[str, str] | None = None,
        network: bool = False,
        timeout_s: float = 120,
        changed: Changed = UNCHANGED,
        lane: Lane = ALONE,
    ) -> Ran:
        """Runs a command of the project in an environment, in its copy of the tree, the network off unless asked for."""
        return self.sandbox.run(
            argv,
            cwd=environment.tree,
            env={"VIRTUAL_ENV": str(environment.path), **(env or {})},
            path_first=(environment.path / "bin",),
            network=network,
            timeout_s=timeout_s,
            changed=changed,
            lane=lane,
        )

    def probe(self, name: str) -> Path:
        """A stand-alone program of ours, copied to where the sandbox can read it."""
        target = self.sandbox.given / name
        if not target.exists():
            self.sandbox.give(name, (Path(__file__).with_name("probes") / name).read_bytes())
        return target

    def close(self) -> None:
        """Removes everything that was made."""
        for name in ("postgres", "spare"):
            if name in self.__dict__:
                self.__dict__[name][0].stop()
        if "sandbox" in self.__dict__:
            files.remove_tree(memory_folder(self.sandbox.root.name))
            self.sandbox.close()
            if self._lock is not None:
                Path(self._lock.name).unlink(missing_ok=True)
                self._lock.close()


def _homes() -> set[Path]:
    """The home of the user, by the environment and by the account: the two may differ."""
    found = {Path.home()}
    with contextlib.suppress(KeyError):
        found.add(Path(pwd.getpwuid(os.getuid()).pw_dir))
    return {path for path in found if path != Path("/")}


def memory_folder(run: str) -> Path:
    """Where the trees of one session lie that are kept in memory: a file system that lists folders in an order of its own."""
    return MEMORY / f"readiness-{run}"


def work_folder() -> Path:
    """The folder that holds the work of all sessions of this user, made where it is missing."""
    named = os.environ.get("READINESS_WORK")
    base = Path(named) if named else Path("/var/tmp") / f"readiness-{os.getuid()}"  # noqa: S108  checked below
    if not named and not Path("/var/tmp").is_dir():  # noqa: S108
        base = Path(tempfile.gettempdir()) / f"readiness-{os.getuid()}"
    try:
        base.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotJudge(f"no work folder can be made at {base}: {error.strerror}", "set READINESS_WORK to a folder") from None
    if base.stat().st_uid != os.getuid():
        raise CannotJudge(f"{base} belongs to somebody else", "set READINESS_WORK to a folder of your own")
    return base


def sweep(parent: Path) -> None:
    """Removes what sessions left that were killed: their lock is no longer held."""
    for gone in parent.glob("gone-*"):
        files.remove_later(gone)
    for lock in parent.glob("run-*.lock"):
        handle = _try_hold(lock)
        if handle is None:
            continue
        name = lock.name.removesuffix(".lock")
        for folder in (DATABASE, SPARE):
            _stop_database(parent / f"{name}.ours" / folder)
        for leftover in (parent / name, parent / f"{name}.ours", parent / f"{name}.given", memory_folder(name)):
            files.remove_tree(leftover)
        lock.unlink(missing_ok=True)
        handle.close()
    _sweep_containers(parent)


def _sweep_containers(parent: Path) -> None:
    """Removes the containers of sessions that are no more: they outlive whoever started them."""
    for note in parent.glob("run-*.containers.json"):
        if not note.with_name(note.name.replace(".containers.json", ".lock")).exists():
            from readiness.world import engine

            engine.sweep(note)


def _stop_database(folder: Path) -> None:
    """Ends the server of a session that was killed: it outlives whoever started it."""
    if folder.exists():
        from readiness.world.postgres import Server

        with contextlib.suppress(CannotJudge):
            Server(folder).stop()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _hold(path: Path) -> IO[str]:
    handle = path.open("w")
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def _try_hold(path: Path) -> IO[str] | None:
    try:
        handle = path.open("r+")
    except OSError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return None
    return handle
