"""Figures of `check`: start-up, an unchanged check, the static pass over 7,000 files, the cost of layer 1."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from readiness.config.manifest import Manifest
from readiness.layers.infrastructure import facts, procedure
from readiness.testing.projects import make_repository
from readiness.testing.wheels import make_wheel
from readiness.world import project
from readiness.world.environment import uv_binary


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure: `met` says whether it keeps its limit."""

    name: str
    met: bool
    text: str


def cpu_s(argv: list[str], env: dict[str, str] | None = None, cwd: Path | None = None) -> float:
    """User and system time of a command and all it started, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, cwd=cwd, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def wall_s(argv: list[str], env: dict[str, str] | None = None, cwd: Path | None = None) -> float:
    """Elapsed time of a command in seconds."""
    started = time.monotonic()
    subprocess.run(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env, cwd=cwd, check=False)
    return time.monotonic() - started


def start_up() -> Iterator[Figure]:
    """`--help` and the catalogue against the same environment's `python -c pass`; medians of 15 interleaved rounds."""
    commands = {
        "bare": [sys.executable, "-c", "pass"],
        "--help": [sys.executable, "-m", "readiness", "--help"],
        "checks": [sys.executable, "-m", "readiness", "checks"],
    }
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(15):
        for name, argv in commands.items():
            taken[name].append(cpu_s(argv))
    bare = statistics.median(taken["bare"])
    for name, limit in (("--help", 4.0), ("checks", 8.0)):
        ratio = statistics.median(taken[name]) / bare
        yield Figure(f"CPU of `{name}` against bare Python", ratio <= limit, f"{ratio:.1f}x (limit {limit:g}x)")


def _settings(folder: Path, wheelhouse: Path) -> dict[str, str]:
    extra = {"UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheelhouse), "XDG_CONFIG_HOME": str(folder / "config"), "NO_COLOR": "1"}
    return {**os.environ, **extra}


def unchanged() -> Iterator[Figure]:
    """A second check of an unchanged project, against the first and against one second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        root, wheelhouse = _project(folder)
        env = _settings(folder, wheelhouse)
        argv = [sys.executable, "-m", "readiness", "check", "--layer", "infrastructure", str(root)]
        first = wall_s(argv, env)
        again = statistics.median(wall_s(argv, env) for _ in range(5))
        yield Figure("unchanged check", again < 1.0, f"{again:.2f} s, {again / first:.2f} of the first ({first:.1f} s)")


def many_files() -> dict[str, str]:
    """The files of a project of 7,000 modules."""
    return {f"package/part{n // 100}/module{n}.py": f"import os\n\nVALUE = {n}\n\n\ndef of():\n    return VALUE\n" for n in range(7000)}


def static_pass() -> Iterator[Figure]:
    """Listing, hashing and the static facts of 7,000 files, against reading the same bytes once."""
    with tempfile.TemporaryDirectory() as name:
        files = many_files()
        root = make_repository(Path(name) / "many", files)
        started = time.monotonic()
        for path in files:
            (root / path).read_bytes()
        bare = time.monotonic() - started
        started = time.monotonic()
        found = project.load(project.locate(root)[0])
        steps = procedure.discover(found, Manifest())
        assert found.tree
        assert facts.gather(found, steps)
        taken = time.monotonic() - started
        yield Figure("static pass over 7,000 files", taken < 3.0, f"{taken:.2f} s, {taken / bare:.1f}x reading them once (limit 3 s)")


def layer_one() -> Iterator[Figure]:
    """Layer 1 against the bare installations and demo runs it performs; five interleaved pairs, local wheelhouse."""
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        root, wheelhouse = _project(folder)
        env = _settings(folder, wheelhouse)
        argv = [sys.executable, "-m", "readiness", "check", "--layer", "infrastructure", "--again", str(root)]
        for round_number in range(5):
            bare = _bare(folder / f"bare{round_number}", root, env)
            ratios.append(wall_s(argv, env) / bare)
        middle = statistics.median(ratios)
        text = f"{middle:.2f}x (limit 1.3x; {min(ratios):.2f} to {max(ratios):.2f})"
        yield Figure("layer 1 against the same installations and demos", middle <= 1.3, text)


DEMO_S = 3


def _project(folder: Path) -> tuple[Path, Path]:
    """A project of 20 packages of 60 files each whose demo works for three seconds."""
    wheelhouse = folder / "wheelhouse"
    names = [f"part{n}" for n in range(20)]
    for part in names:
        make_wheel(
            wheelhouse, part, "1.0", {f"{part}/module{n}.py": f"VALUE = {n}\n" * 20 for n in range(60)} | {f"{part}/__init__.py": ""}
        )
    files = {
        "requirements.txt": "".join(f"{part}==1.0\n" for part in names),
        "app/__init__.py": "",
        "app/answers.py": "import " + ", ".join(names) + "\n",
        "demo.py": f"import time\nfrom pathlib import Path\nimport app.answers\ntime.sleep({DEMO_S})\nPath('out.txt').write_text('42')\n",
        "readiness.toml": 'schema = 1\n[demo]\ncommand = ["python", "demo.py"]\noutputs = ["out.txt"]\n',
    }
    return make_repository(folder / "served", files), wheelhouse


def _bare(folder: Path, root: Path, env: dict[str, str]) -> float:
    """The same work without readiness: two installations from an empty cache, the imports, three demo runs."""
    uv, started = str(uv_binary()), time.monotonic()
    cache = {**env, "UV_CACHE_DIR": str(folder / "cache")}
    interpreter = procedure.discover(project.load(root), Manifest()).interpreters[0]
    for number, mode in ((1, "hardlink"), (2, "copy")):
        tree = folder / f"tree{number}"
        subprocess.run(["git", "clone", "-q", str(root), str(tree)], check=True)
        venv, settings = str(folder / f"env{number}"), {**cache, "UV_LINK_MODE": mode}
        subprocess.run([uv, "venv", "-q", "--python", str(interpreter.path), venv], env=settings, check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", venv, "-r", "requirements.txt"], env=settings, cwd=tree, check=True)
        if number == 1:
            for module in ("app.answers", "demo"):
                subprocess.run([f"{venv}/bin/python", "-c", f"import {module}"], cwd=tree, check=True)
        for _ in range(2 if number == 1 else 1):
            subprocess.run([f"{venv}/bin/python", "demo.py"], cwd=tree, check=True)
    return time.monotonic() - started


ALL: dict[str, Callable[[], Iterator[Figure]]] = {
    "start-up": start_up,
    "unchanged": unchanged,
    "static": static_pass,
    "layer-1": layer_one,
}
