"""A wheelhouse for the whole session, and a way to run one check on one asset."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.runs import check
from readiness.sequence.finding import Finding
from readiness.testing.projects import make_repository
from readiness.testing.wheels import make_wheel
from tests.layers import recreated, reported, rotated
from tests.packed import write_wheels

ASSETS = Path(__file__).parents[1] / "assets"

WALLS = re.compile(r"could not be (?:walled|switched) off here")
Judge = Callable[..., Finding]
PREPARED: dict[str, Callable[[Path], object]] = {**recreated.PREPARED, **reported.PREPARED, **rotated.PREPARED}
"""What has to be done to an asset before it is judged, by check."""


@pytest.fixture(scope="session")
def wheelhouse() -> Iterator[Path]:
    """Wheels that stand for an index: `middle` needs `leaf`, whose 2.0 dropped the module that `middle` imports.

    They lie where any user can read them, since commands run as an unprivileged one where we are root.
    """
    folder = Path(tempfile.mkdtemp(prefix="readiness-wheels-", dir="/var/tmp"))
    folder.chmod(0o755)
    make_wheel(folder, "tiny", "1.0", {"tiny/__init__.py": "VALUE = 3\n"})
    make_wheel(folder, "middle", "1.0", {"middle/__init__.py": "from leaf_legacy import greet\n"}, ["leaf"])
    make_wheel(folder, "leaf", "1.0", {"leaf/__init__.py": "", "leaf_legacy.py": "def greet():\n    return 'hello'\n"})
    make_wheel(folder, "leaf", "2.0", {"leaf/__init__.py": ""})
    write_wheels(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def offline(wheelhouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package client sees the wheelhouse and nothing else; keys and work lie in the test's own folder."""
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheelhouse))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "READINESS_SIGNING_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def judge(offline: Path) -> Judge:
    """Runs one check on a folder of assets, or on files, in a repository of its own; returns the finding."""

    def run(name: str, variant: str = "", files: dict[str, str] | None = None, root: Path | None = None) -> Finding:
        like = ASSETS / name / variant if variant else None
        root = root or make_repository(offline / "project", files, like=like)
        if variant and name in PREPARED:
            PREPARED[name](root)
        judged = check.check(root, check.Options(only=(name,), everything=True))
        finding = next(item.finding for layer in judged.verdict.layers for item in layer.checks)
        # which walls this machine gives is told by notes of their own, and tested with the sandbox
        return replace(finding, notes=tuple(note for note in finding.notes if not WALLS.search(note)))

    return run
