"""A container engine for tests, where one answers and can run: with an image put together from this system's own Python."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.config import manifest as manifests
from readiness.errors import CannotJudge
from readiness.layers.infrastructure import procedure
from readiness.layers.infrastructure.cassettes.answering import answering as answering_of
from readiness.runs import contained
from readiness.sequence.finding import Cause
from readiness.world import engine as engines
from readiness.world import project as projects
from readiness.world.context import Context
from readiness.world.demo import DemoSession
from readiness.world.engine import Engine
from readiness.world.session import Session

IMAGE = "localhost/readiness-tests:1"
_TRIED: dict[str, bool] = {}
_LEFT_OUT = ("__pycache__", "test*", "dist-packages", "*.pyc", "config-*", "idlelib", "lib2to3", "ensurepip", "turtle*")


def answering(folder: Path) -> Engine:
    """An engine that runs containers, with IMAGE in it; the test is skipped where there is none."""
    try:
        engine = engines.found()
    except CannotJudge as error:
        pytest.skip(error.message)
    if engine.client not in _TRIED:
        _TRIED[engine.client] = _runs(engine.client, folder)
    if not _TRIED[engine.client]:
        pytest.skip("the engine that answers here runs no container")
    return engine


def _runs(client: str, folder: Path) -> bool:
    """Whether an engine runs a container of IMAGE, which is put there where it is missing."""
    engine = Engine(client)
    if not engine.has_image(IMAGE):
        engine.must("import", str(_system(folder)), IMAGE, timeout_s=300)
    said = engine.ask("create", "--network", "none", IMAGE, "python", "-c", "")
    container = said.stdout.strip().rpartition("\n")[2]
    try:
        return said.ok and engine.ask("start", container).ok and engine.must("wait", container) == "0"
    finally:
        engine.ask("rm", "-f", container)


def _linked(program: Path) -> set[str]:
    said = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"(/\S+) \(0x", said))


def _system(folder: Path) -> Path:
    """A root with this system's Python, a shell and what both are linked to, as a tar file."""
    python = Path("/usr/bin/python3").resolve()
    minor = python.name.removeprefix("python")
    library = Path(f"/usr/lib/python{minor}")
    if not (re.fullmatch(r"3\.\d+", minor) and library.is_dir() and shutil.which("ldd")):
        pytest.skip("this system has no Python of its own to build an image from")
    root = folder / "image"
    for name in ("etc", "tmp", "usr/bin", "usr/lib", "usr/lib64"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    loaded = {str(path) for path in Path("/usr/lib").glob("*/libgcc_s.so.1")}  # asked for only when a thread ends
    wanted = {str(python), "/bin/sh", *loaded}.union(*(_linked(path) for path in (python, Path("/bin/sh"))))
    wanted |= {path for shared in (library / "lib-dynload").glob("*.so") for path in _linked(shared)}
    for path in wanted:
        target = root / re.sub(r"^/(?:usr/)?", "usr/", path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    shutil.copytree(library, root / library.relative_to("/"), ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for name in ("python", "python3"):
        (root / "usr/bin" / name).symlink_to(python.name)
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\nme:x:1000:1000::/:/bin/sh\n")
    (root / "tmp").chmod(0o1777)
    subprocess.run(["tar", "-C", str(root), "-cf", str(folder / "image.tar"), "."], check=True)
    return folder / "image.tar"


def tried(root: Path) -> tuple[Cause, str]:
    """The demo of a project run in containers alone: NONE where it gave the same, else whose fault it is, and what is said."""
    project, manifest, now = projects.load(root), manifests.load(root), datetime.now(UTC)
    with closing(Session(project, procedure.discover(project, manifest))) as session:
        demo = DemoSession(project, manifest, session, answering_of(project, manifest, now))
        context = Context(project, manifest, session, demo, now)
        assert demo.demo is not None
        assert demo.first.ran.ok, demo.first.ran.said
        try:
            step, text = contained.recreated(context, demo.demo)
        except CannotJudge as error:
            return Cause.TOOL, error.message
        return step.cause, step.reason or text
