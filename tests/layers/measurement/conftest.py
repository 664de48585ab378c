"""Projects with a history: what prepares a build is committed first, the rest months later; and a context to judge them in."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.config import manifest as manifests
from readiness.layers import catalog
from readiness.layers.infrastructure import procedure
from readiness.sequence.finding import Finding
from readiness.sequence.stakes import Policy
from readiness.testing.projects import commit, make_repository
from readiness.world import project as projects
from readiness.world.context import Context
from readiness.world.demo import DemoSession
from readiness.world.session import Session
from tests.layers.conftest import ASSETS

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
PREPARES = ("outcomes", "data", "readiness.toml")
PREPARED, BUILT = "2026-06-02T09:00:00Z", "2026-07-01T09:00:00Z"

Opened = Callable[[Path], Context]
Found = Callable[[str, Path], Finding]


@pytest.fixture
def opened(offline: Path) -> Iterator[Opened]:
    """The context of a project in a folder, at a fixed time."""
    with ExitStack() as stack:

        def make(root: Path) -> Context:
            manifest = manifests.load(root)
            project = projects.load(root, manifest.project_id)
            session = stack.enter_context(closing(Session(project, procedure.discover(project, manifest))))
            return Context(project, manifest, session, DemoSession(project, manifest, session), NOW)

        yield make


@pytest.fixture
def found(opened: Opened) -> Found:
    """Runs one check on a project in a folder, at its own stakes."""

    def run(name: str, root: Path) -> Finding:
        implementation = catalog.load(catalog.find(name))
        context = opened(root)
        return implementation.judge(implementation.observe(context), Policy(context.manifest.stakes))

    return run


@pytest.fixture
def staged(tmp_path: Path) -> Callable[[Path], Path]:
    """A repository of an asset: outcomes, data and locks committed first, code months later."""

    def make(asset: Path) -> Path:
        early = [path for path in asset.rglob("*") if path.is_file() and path.relative_to(asset).parts[0] in PREPARES]
        root = make_repository(tmp_path / "desk", {path.relative_to(asset).as_posix(): path.read_text() for path in early}, when=PREPARED)
        shutil.copytree(asset, root, dirs_exist_ok=True)
        commit(root, "build it", when=BUILT)
        return root

    return make


def asset(name: str, variant: str) -> Path:
    """The folder of an asset."""
    return ASSETS / name / variant
