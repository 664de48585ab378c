"""R3: the demo in the root of another operating system, put together here from the system's own Python and what it links to."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.config import manifest as manifests
from readiness.errors import CannotJudge, UsageError
from readiness.layers.infrastructure import procedure
from readiness.runs import os_roots
from readiness.testing.projects import make_repository
from readiness.world import files
from readiness.world import project as projects
from readiness.world.demo import DemoSession
from readiness.world.environment import uv_binary
from readiness.world.session import Session, silent

DEMO = """
import os
print(open("/etc/os-release").read().strip(), os.path.exists("/etc/passwd"), os.getuid() != 0)
try:
    open("/usr/left", "w")
except OSError as error:
    print(error.strerror)
"""


def linked(program: Path) -> set[str]:
    """The libraries a program is linked to, with the loader."""
    said = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    return set(re.findall(r"(/\S+) \(0x", said))


@pytest.fixture
def another(workplace: Path) -> tuple[Path, str]:
    """A root with a Python, and the version of that as `3.11`."""
    python = Path("/usr/bin/python3").resolve()
    minor = python.name.removeprefix("python")
    library = Path(f"/usr/lib/python{minor}")
    if not (re.fullmatch(r"3\.\d+", minor) and library.is_dir() and shutil.which("ldd")):
        pytest.skip("this system has no Python of its own to build a root from")
    root = workplace / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc/os-release").write_text('PRETTY_NAME="Another Linux 1"\n')
    for name in ("bin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    wanted = {str(python), *linked(python), *linked(uv_binary())}
    for path in wanted:
        target = root / re.sub(r"^/(?:usr/)?", "usr/", path)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    shutil.copytree(
        library, root / library.relative_to("/"), ignore=shutil.ignore_patterns("__pycache__", "test*", "dist-packages", "*.pyc")
    )
    return root, minor


def test_the_demo_runs_in_the_other_root_and_leaves_it_as_it_was(
    another: tuple[Path, str], workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, minor = another
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    place = make_repository(tmp_path / "desk", {"demo.py": DEMO, "readiness.toml": '[demo]\ncommand = ["python", "demo.py"]\n'})
    project, manifest = projects.load(place), manifests.load(place)
    before = files.state_of(root)
    with closing(Session(project, procedure.discover(project, manifest), system=root)) as session:
        try:
            there = os_roots.interpreter(session.sandbox, root, minor)
        except CannotJudge as error:
            if "namespaces" in error.message:
                pytest.skip(error.message)
            raise
        session.procedure = replace(session.procedure, interpreters=(there,))
        ran = DemoSession(project, manifest, session).first.ran
    assert ran.ok, (ran.said, session.first.reason)
    assert ran.stdout.splitlines() == ['PRETTY_NAME="Another Linux 1" False True', "Read-only file system"]
    assert files.state_of(root) == before
    assert os_roots.named(root) == "Another Linux 1"


def test_without_namespaces_nothing_is_run_in_the_wrong_system(
    another: tuple[Path, str], workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, minor = another
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    monkeypatch.setenv("READINESS_PLAIN_SANDBOX", "1")
    place = make_repository(tmp_path / "desk", {"demo.py": "print(1)\n"})
    project = projects.load(place)
    with (
        closing(Session(project, procedure.discover(project, manifests.load(place)), system=root)) as session,
        pytest.raises(CannotJudge, match="another root needs namespaces"),
    ):
        os_roots.interpreter(session.sandbox, root, minor)


def test_a_root_without_that_python_is_another_experiment(another: tuple[Path, str], tmp_path: Path) -> None:
    place = make_repository(tmp_path / "desk", {"demo.py": "print(1)\n"})
    project = projects.load(place)
    with (
        closing(Session(project, procedure.discover(project, manifests.load(place)))) as session,
        pytest.raises(CannotJudge, match=r"no Python 3\.5"),
    ):
        os_roots.interpreter(session.sandbox, another[0], "3.5")


def test_no_root_is_made_unasked_and_what_is_no_root_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotJudge, match="--root DIR, or --make-root"):
        os_roots.chosen(None, make=False, minor="3.11", progress=silent)
    with pytest.raises(CannotJudge, match=r"no release of Debian brings Python 3\.5"):
        os_roots.chosen(None, make=True, minor="3.5", progress=silent)
    for root in (tmp_path, Path("/")):
        with pytest.raises(UsageError):
            os_roots.chosen(root, make=True, minor="3.11", progress=silent)
