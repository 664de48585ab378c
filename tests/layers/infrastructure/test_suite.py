"""Which files are the tests of a project."""

from __future__ import annotations

from pathlib import Path

from readiness.layers.infrastructure import suite
from readiness.testing.projects import make_repository
from readiness.world import project as projects


def test_tests_are_where_pytest_looks(tmp_path: Path) -> None:
    every = ["test_a.py", "tests/test_b.py", "app/c_test.py", ".ipynb_checkpoints/test_a-checkpoint.py", "app/.old/test_d.py", "latest.py"]
    project = projects.load(make_repository(tmp_path / "project", dict.fromkeys(every, "")))
    assert suite.files(project) == ["app/c_test.py", "test_a.py", "tests/test_b.py"]
