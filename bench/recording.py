"""Figures of recorded runs: a snapshot, the verification of what is installed, the difference of two runs, what `run` costs.

All are taken in one environment of 300 packages with 6,000 files and one project of 7,000 files, nothing remembered.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, cpu_s, many_files, wall_s
from readiness.layers.infrastructure import surroundings
from readiness.testing.projects import make_repository
from readiness.testing.wheels import make_wheel
from readiness.world import record
from readiness.world.digests import Digests

PACKAGES = 300
MODULES = 18
"""Modules of a package; with METADATA and WHEEL these are 20 files that its RECORD vouches for."""
ROUNDS = 5
COMMAND_S = 10
LISTING = "from importlib.metadata import distributions\nprint(len([(item.name, item.version) for item in distributions()]))"


@dataclass(frozen=True, slots=True)
class Place:
    """A project, the environment it runs in, and the variables in which `python` is that of the environment."""

    project: Path
    environment: Path
    env: dict[str, str]

    def readiness(self, *words: str) -> list[str]:
        """The command line of ours, run by our own interpreter."""
        return [sys.executable, "-m", "readiness", *words]


@contextmanager
def place(files: dict[str, str]) -> Iterator[Place]:
    """A repository of these files and an environment of 300 packages, removed at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.EnvBuilder(with_pip=False, symlinks=True).create(folder / "env")
        site = record.site_packages(folder / "env")
        for number in range(PACKAGES):
            part = f"part{number}"
            modules = {f"{part}/module{n}.py": f"VALUE = {number * n}  # of {part}, {n}\n" * 200 for n in range(MODULES)}
            with zipfile.ZipFile(make_wheel(folder / "wheels", part, "1.0", modules)) as wheel:
                wheel.extractall(site)
        path = f"{folder / 'env/bin'}{os.pathsep}{os.environ['PATH']}"
        env = {**os.environ, "PATH": path, "VIRTUAL_ENV": str(folder / "env"), "XDG_CONFIG_HOME": str(folder / "config")}
        yield Place(make_repository(folder / "many", files), folder / "env", env)


def timed(work: Callable[[], object]) -> float:
    """Elapsed seconds of a piece of work."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def _hashed(files: list[str]) -> None:
    subprocess.run(["sha256sum", *files], stdout=subprocess.DEVNULL, check=True)


def installed() -> Iterator[Figure]:
    """What is installed against its RECORD, and a whole snapshot, against `sha256sum` of the same files; interleaved rounds."""
    with place({"main.py": "print('hello')\n"}) as here:
        site = record.site_packages(here.environment)
        files = [str(path) for path in site.rglob("*") if path.is_file() and path.name != "RECORD"]
        taken: dict[str, list[float]] = {"sha256sum": [], "listing": [], "verify": [], "snapshot": []}
        python = here.environment / "bin/python"
        work: dict[str, Callable[[], object]] = {
            "sha256sum": lambda: _hashed(files),
            "listing": lambda: subprocess.run([python, "-c", LISTING], stdout=subprocess.DEVNULL, check=True),
            "verify": lambda: record.verify(here.environment),
            "snapshot": lambda: surroundings.take(here.project, ["main.py"], here.env, Digests(None), ("python", "main.py")),
        }
        seen = surroundings.take(here.project, ["main.py"], here.env, Digests(None), ("python", "main.py"))
        assert (len(seen.packages), seen.verified_files, seen.altered) == (PACKAGES, len(files), ())
        for _ in range(ROUNDS):
            for name, piece in work.items():
                taken[name].append(timed(piece))
        middle = {name: statistics.median(values) for name, values in taken.items()}
    ratio = middle["verify"] / middle["sha256sum"]
    yield Figure(
        f"RECORD verification of {len(files):,} files", middle["verify"] <= 2.0,
        f"{middle['verify']:.2f} s, {ratio:.1f}x sha256sum of them ({middle['sha256sum']:.2f} s; limit 2 s)",
    )  # fmt: skip
    least = middle["sha256sum"] + middle["listing"]
    yield Figure(
        f"snapshot of {PACKAGES} packages", middle["snapshot"] <= 1.5,
        f"{middle['snapshot']:.2f} s, {middle['snapshot'] / least:.1f}x sha256sum and listing them ({least:.2f} s; limit 1.5 s)",
    )  # fmt: skip


def difference() -> Iterator[Figure]:
    """`readiness diff` of two recorded runs against the start of a bare Python; medians of 9 interleaved rounds."""
    small = {f"src/module{n}.py": f"VALUE = {n}\n" for n in range(40)}
    for name, files in (("40", small), ("7,000", many_files())):
        with place({**files, "config.yaml": "top_k: 3\n"}) as here:
            recorded = here.readiness("run", "--", "true")
            subprocess.run(recorded, cwd=here.project, env=here.env, check=True, capture_output=True)
            (here.project / "config.yaml").write_text("top_k: 4\n")
            subprocess.run(recorded, cwd=here.project, env=here.env, check=True, capture_output=True)
            ids = sorted(path.name for path in (here.project / ".readiness/runs").iterdir())
            told = subprocess.run(here.readiness("diff", *ids), cwd=here.project, env=here.env, check=False, capture_output=True, text=True)
            assert "top_k 3 → 4" in told.stdout, told
            taken: dict[str, list[float]] = {"bare": [], "diff": [], "cpu": []}
            for _ in range(9):
                taken["bare"].append(wall_s([sys.executable, "-c", "pass"]))
                elapsed, cpu = _both(here.readiness("diff", *ids), here)
                taken["diff"].append(elapsed)
                taken["cpu"].append(cpu)
            bare, diff, cpu = (statistics.median(values) for values in taken.values())
            text = f"{diff:.2f} s ({cpu:.2f} s of CPU), {diff / bare:.1f}x the start of a bare Python ({bare * 1000:.0f} ms; limit 0.2 s)"
            yield Figure(f"diff of two runs, {name} files", diff <= 0.2, text)


def overhead() -> Iterator[Figure]:
    """`readiness run` of a command of ten seconds against the bare command, in a project of 7,000 files; interleaved pairs."""
    with place(many_files()) as here:
        turns = _turns(COMMAND_S)
        commands = {"sleeps": ["sleep", str(COMMAND_S)], "computes": [sys.executable, "-c", f"for _ in range({turns}): pass"]}
        for name, argv in commands.items():
            pairs, extra = [], []
            for _ in range(3):
                bare, bare_cpu = _both(argv, here)
                shutil.rmtree(here.project / ".readiness", ignore_errors=True)  # nothing is remembered: the first run of a day
                run, run_cpu = _both(here.readiness("run", "--", *argv), here)
                pairs.append(run / bare - 1)
                extra.append(run_cpu - bare_cpu)
            middle = statistics.median(pairs)
            text = f"{middle:+.1%} ({min(pairs):+.1%} to {max(pairs):+.1%}; {statistics.median(extra):.1f} s of CPU more; limit 5 %)"
            yield Figure(f"`run` of a command that {name} for {COMMAND_S} s", middle < 0.05, text)


def _both(argv: list[str], here: Place) -> tuple[float, float]:
    """Elapsed and CPU seconds of a command."""
    cpu: list[float] = []
    elapsed = timed(lambda: cpu.append(cpu_s(argv, here.env, here.project)))
    return elapsed, cpu[0]


def _turns(seconds: float) -> int:
    """How often an empty loop turns in so many seconds, here and now."""
    probe = 20_000_000
    return int(probe * seconds / cpu_s([sys.executable, "-c", f"for _ in range({probe}): pass"]))


ALL: dict[str, Callable[[], Iterator[Figure]]] = {
    "installed": installed,
    "diff": difference,
    "run": overhead,
}
