"""Repositories of several releases, and a way to run one check on files whose packages come from the real index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from readiness.runs import check
from readiness.sequence.finding import Finding
from readiness.testing.projects import commit, git, make_repository
from tests.layers.conftest import WALLS, Judge

Released = Callable[..., Path]


@pytest.fixture
def released(tmp_path: Path) -> Released:
    """A repository with a commit for each state of its files, tagged v1, v2 … but for the last."""

    def make(*states: dict[str, str], tags: bool = True) -> Path:
        root = make_repository(tmp_path / "released", states[0], when="2026-01-01T09:00:00Z")
        for number, state in enumerate(states[1:], 1):
            if tags:
                git(root, "tag", f"v{number}")
            for path in root.rglob("*"):
                if path.is_file() and ".git" not in path.parts and path.relative_to(root).as_posix() not in state:
                    path.unlink()
            for name, text in state.items():
                place = root / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text)
            commit(root, f"release {number + 1}", when=f"2026-02-{number:02}T09:00:00Z")
        return root

    return make


@pytest.fixture
def judge_online(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Runs one check on files in a repository of their own, or on the repository that is given; returns the finding."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("READINESS_SIGNING_KEY", raising=False)

    def run(name: str, files: dict[str, str] | None = None, root: Path | None = None) -> Finding:
        place = root or make_repository(tmp_path / "project", files)
        judged = check.check(place, check.Options(only=(name,), everything=True))
        finding = next(item.finding for layer in judged.verdict.layers for item in layer.checks)
        return replace(finding, notes=tuple(note for note in finding.notes if not WALLS.search(note)))

    return run
