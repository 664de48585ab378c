"""A container engine, asked through the client that is installed: `docker` or `podman`, in the words both understand.

Everything that is made carries the label of one run, and a note of it lies in that run's folder, so that the next session
removes what a killed one left. Nothing without that label is ever touched.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from readiness.errors import CannotJudge

CLIENTS: Final = ("docker", "podman")
LABEL: Final = "readiness.run"
NOTE: Final = ".containers.json"
"""How the note ends that says in which engine a run made something."""
ADDRESSES: Final = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "CONTAINER_HOST", "CONTAINER_CONNECTION", "XDG_RUNTIME_DIR")
"""Variables that say where a client finds its engine."""
QUICK_S: Final = 60
ANSWERS_S: Final = 20
OUTPUT_BYTES: Final = 1 << 30
"""The most that is copied out of a container as one file."""
_NOWHERE: Final = re.compile(r"no such file|could not find the file|not a directory|does not exist|could not be found", re.IGNORECASE)
"""How engines say that a file is not there."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a word of the client ended: its exit code, both streams; `code` is None where it took too long."""

    code: int | None
    stdout: str
    stderr: str

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return self.code == 0

    @property
    def last(self) -> str:
        """The last line it said."""
        lines = [line.strip() for line in f"{self.stdout}\n{self.stderr}".splitlines() if line.strip()]
        lines = [line for line in lines if not line.startswith("Run 'docker")]
        return lines[-1][:200] if lines else f"exit {self.code}"


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine, by the path of its client and what says where that finds it."""

    client: str
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`docker` or `podman`."""
        return Path(self.client).name

    def ask(self, *words: str, timeout_s: float = QUICK_S, stdin: IO[bytes] | None = None) -> Said:
        """Asks, and returns how that ended; never raises for what the engine says."""
        process = subprocess.Popen(
            [self.client, *words],
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self._environment(),
        )
        try:
            out, err = process.communicate(timeout=timeout_s)
            return Said(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))
        except subprocess.TimeoutExpired:
            return Said(None, "", f"`{self.name} {words[0]}` was still at it after {timeout_s:g} s")
        finally:
            if process.poll() is None:  # too long, or interrupted
                process.kill()
                process.communicate()

    def must(self, *words: str, timeout_s: float = QUICK_S) -> str:
        """What the engine answers, stripped. Raises CannotJudge with what it says where it refuses."""
        said = self.ask(*words, timeout_s=timeout_s)
        if not said.ok:
            raise CannotJudge(f"`{self.name} {' '.join(words[:2])}` was refused: {said.last}", f"{self.name} info")
        return said.stdout.strip()

    def inspected(self, kind: str, name: str) -> dict[str, Any]:
        """What the engine says of an image, a container or a network. Raises CannotJudge where it says nothing."""
        try:
            found = json.loads(self.must(kind, "inspect", name))[0]
        except (ValueError, LookupError, TypeError):
            raise CannotJudge(f"`{self.name} {kind} inspect` says nothing that can be read", f"{self.name} info") from None
        return dict(found)

    def has_image(self, reference: str) -> bool:
        """Whether an image is here."""
        return self.ask("image", "inspect", reference).ok

    def put(self, container: str, folder: str, archive: Path) -> None:
        """Unpacks a tar file in a folder of a container that is there. Raises CannotJudge where that is refused."""
        with archive.open("rb") as handle:
            said = self.ask("cp", "-", f"{container}:{folder}", stdin=handle, timeout_s=300)
        if not said.ok:
            raise CannotJudge(f"nothing can be copied into {folder} of a container: {said.last}", f"{self.name} info")

    def fetch(self, container: str, path: str) -> bytes | None:
        """The content of a regular file of a container, running or ended; None where there is none.

        Raises CannotJudge where the engine does not say, or the file is larger than what is copied.
        """
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                [self.client, "cp", f"{container}:{path}", "-"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                env=self._environment(),
            )
            assert process.stdout is not None
            try:
                with contextlib.suppress(tarfile.TarError, EOFError), tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                    member = archive.next()
                    if member is not None:
                        return self._content(archive, member, path)
                process.wait(QUICK_S)
            finally:
                process.stdout.close()
                process.kill()
                process.wait()
            said.seek(0)
            text = said.read().decode("utf-8", "replace").strip()
        if not _NOWHERE.search(text):
            raise CannotJudge(f"{path} cannot be copied out of a container: {text.splitlines()[-1][:200] if text else 'no reason given'}")
        return None

    def _content(self, archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> bytes | None:
        if not member.isreg():
            return None
        if member.size > OUTPUT_BYTES:
            raise CannotJudge(f"{path} is larger than {OUTPUT_BYTES >> 20} MiB, which is not copied out of a container")
        handle = archive.extractfile(member)
        return handle.read() if handle is not None else None

    def labelled(self, run: str) -> dict[str, list[str]]:
        """What carries the label of a run, by kind."""
        chosen = f"label={LABEL}={run}"
        asked = {
            "container": ("ps", "-aq", "--no-trunc"),
            "network": ("network", "ls", "-q"),
            "volume": ("volume", "ls", "-q"),
            "image": ("images", "-aq", "--no-trunc"),
        }
        return {kind: self.must(*words, "--filter", chosen).split() for kind, words in asked.items()}

    def remove(self, run: str) -> None:
        """Removes everything of a run, and only that. Raises CannotJudge where the engine keeps any of it."""
        removing = {
            "container": ("rm", "-f", "-v"),
            "network": ("network", "rm"),
            "volume": ("volume", "rm", "-f"),
            "image": ("rmi", "-f"),
        }
        for name in self.labelled(run)["container"]:
            self.ask("kill", name)  # nobody has to wait until it obeys
        for _ in range(3):  # an image that others are made of goes after them
            found = self.labelled(run)
            if not any(found.values()):
                return
            for kind, words in removing.items():
                for name in dict.fromkeys(found[kind]):
                    self.ask(*words, name, timeout_s=2 * QUICK_S)
        left = {kind: names for kind, names in self.labelled(run).items() if names}
        if left:
            raise CannotJudge(f"{self.name} keeps {', '.join(left)} of an earlier run", f"{self.name} ps -a --filter label={LABEL}={run}")

    def _environment(self) -> dict[str, str]:
        """The user's own environment, for the client is the user's, with plain progress in English."""
        plain = {"BUILDKIT_PROGRESS": "plain", "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "DOCKER_CLI_HINTS": "false"}
        return {**os.environ, **self.env, **plain}


def found() -> Engine:
    """The first engine that answers. Raises CannotJudge naming what was looked for, and the one command that shows why."""
    silent = []
    for name in CLIENTS:
        client = shutil.which(name)
        if client is None:
            continue
        engine = Engine(client, {name: os.environ[name] for name in ADDRESSES if name in os.environ})
        said = engine.ask("version", timeout_s=ANSWERS_S)
        if said.ok and engine.ask("ps", "-q", timeout_s=ANSWERS_S).ok:
            return engine
        silent.append(f"{name} is installed and no engine answers it ({said.last})")
    if not silent:
        raise CannotJudge("needs a container engine, and neither docker nor podman is installed: install one, then `docker info`")
    name = silent[0].partition(" ")[0]
    raise CannotJudge(f"{'; '.join(silent)}: start it, then `{name} info`")


def is_local(engine: Engine) -> bool:
    """Whether folders of this machine can be shown to a container: not where the engine runs on another one."""
    address = engine.env.get("DOCKER_HOST" if engine.name == "docker" else "CONTAINER_HOST", "")
    if not address and engine.name == "docker":
        address = engine.ask("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").stdout.strip()
    return not address or address.startswith(("unix://", "npipe://"))


def note_of(root: Path) -> Path:
    """The note about what the run of a work folder makes; it lies beside the folder, and outlives it where that is needed."""
    return root.with_name(f"{root.name}{NOTE}")


@contextlib.contextmanager
def noted(engine: Engine, root: Path) -> Iterator[str]:
    """The label for everything a run makes: noted before anything is made, and all of it removed at the end."""
    note = note_of(root)
    note.write_text(json.dumps({"client": engine.client, "env": dict(engine.env)}), encoding="utf-8")
    try:
        yield root.name
    finally:
        engine.remove(root.name)
        note.unlink()


def sweep(note: Path) -> None:
    """Removes what the run of a note left in its engine, and the note; where that engine does not answer now, both stay."""
    try:
        told = json.loads(note.read_text(encoding="utf-8"))
        engine = Engine(str(told["client"]), {str(name): str(value) for name, value in told["env"].items()})
        engine.remove(note.name.removesuffix(NOTE))
    except (ValueError, LookupError, TypeError, AttributeError):
        pass  # killed while the note was written: nothing had been made
    except (CannotJudge, OSError):
        return
    note.unlink(missing_ok=True)


def archive(target: Path, items: Iterable[tuple[str, bytes | Path | None, int]]) -> Path:
    """Writes a tar file of (path, content, a file, or None for a folder, mode) in that order; times are left at zero."""
    with tarfile.open(target, "w") as out:
        for path, content, mode in items:
            member = tarfile.TarInfo(path)
            member.mode = mode
            if content is None:
                member.type = tarfile.DIRTYPE
                out.addfile(member)
                continue
            data = content.read_bytes() if isinstance(content, Path) else content
            member.size = len(data)
            out.addfile(member, io.BytesIO(data))
    return target
