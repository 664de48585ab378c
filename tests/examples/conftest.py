"""The examples, made into repositories once for all tests that only look at them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from bench import recall
from readiness.runs.check import Judged, Options, check
from readiness.world import files

SCRIPT = Path(__file__).parents[2] / "examples" / "materialise.py"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def script() -> ModuleType:
    """`examples/materialise.py`, imported."""
    return recall.script()


@pytest.fixture(scope="session")
def made(script: ModuleType) -> Iterator[Callable[[str], Path]]:
    """Makes an example as of NOW, each once, where the unprivileged user of the sandbox can reach it."""
    folder = Path(tempfile.mkdtemp(prefix="readiness-examples-", dir="/var/tmp" if Path("/var/tmp").is_dir() else None))
    folder.chmod(0o755)
    done: dict[str, Path] = {}

    def make(name: str) -> Path:
        if name not in done:
            done[name] = script.materialise(name, folder / name, NOW)
        return done[name]

    yield make
    files.remove_tree(folder)


@pytest.fixture(scope="session")
def judged(made: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Judged]]:
    """Judges an example by what it can show by itself and does not take the longest, each once, with a key of these tests.

    `python -m bench.recall` and the demo let code be changed under its tests, too.
    """
    done: dict[str, Judged] = {}
    with pytest.MonkeyPatch.context() as patched:

        def judge(name: str) -> Judged:
            if name not in done:
                patched.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
                done[name] = check(made(name), Options(only=recall.quick(), again=True))
                patched.undo()
            return done[name]

        yield judge
