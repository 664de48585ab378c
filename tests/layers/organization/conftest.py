"""Projects with scripted authors, reviewers and dates, and a context to judge them in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
from tests.layers.desk import OUTCOME, files

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
ADA, GRACE, MARY = "Ada Lovelace <ada@example.org>", "Grace Hopper <grace@example.org>", "Mary Seacole <mary@example.org>"
AUTHORITY = f"data: {MARY}\nsecurity: {MARY}\ncost: {MARY}\nkill: {MARY}\n"


def ago(days: float) -> str:
    """A moment that many days before now."""
    return f"{NOW - timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


@dataclass(frozen=True)
class Work:
    """One commit: who wrote it, how many days ago, who reviewed it, and to which file."""

    author: str
    days: float
    reviewed: str = ""
    path: str = "app.py"


@dataclass(frozen=True)
class Case:
    """A project: its outcome (none where empty), authority file, further files, and the work done in it."""

    outcome: str = OUTCOME
    authority: str = ""
    more: dict[str, str] = field(default_factory=dict)
    work: tuple[Work, ...] = ()
    toml: str = ""
    start: float = 300


Judged = Callable[[str, Case], Finding]


def build(root: Path, case: Case) -> Path:
    """The repository of a case."""
    texts = (files(case.outcome) if case.outcome else {}) | case.more
    texts |= {name: text for name, text in (("authority.yaml", case.authority), ("readiness.toml", case.toml)) if text}
    make_repository(root, texts | {"README.md": "the desk\n"}, when=ago(case.start))
    for number, work in enumerate(case.work):
        (root / work.path).parent.mkdir(parents=True, exist_ok=True)
        (root / work.path).write_text(f"STEP = {number}\n")
        trailer = f"\n\nReviewed-by: {work.reviewed}" if work.reviewed else ""
        commit(root, f"step {number}{trailer}", author=work.author, when=ago(work.days))
    return root


def judge(name: str, root: Path) -> Finding:
    """What a check of the organization finds in a folder, at the fixed time and the project's own stakes."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    session = Session(project, procedure.discover(project, manifest))
    context = Context(project, manifest, session, DemoSession(project, manifest, session), NOW)
    implementation = catalog.load(catalog.find(name))
    return implementation.judge(implementation.observe(context), Policy(manifest.stakes))


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    """Judges a case by one check."""

    def run(name: str, case: Case) -> Finding:
        return judge(name, build(tmp_path / "desk", case))

    return run
