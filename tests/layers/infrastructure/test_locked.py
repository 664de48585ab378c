"""Which files say what a project is pinned to."""

from __future__ import annotations

from readiness.layers.infrastructure import locked


def test_the_lists_of_tools_and_examples_are_not_the_projects() -> None:
    paths = frozenset({"requirements.txt", "api/uv.lock", ".github/requirements-audit.txt", "docs/requirements.txt", "requirements/dev.in",
                       ".ipynb_checkpoints/requirements-checkpoint.txt"})  # fmt: skip
    assert locked.files_of(paths) == ["api/uv.lock", "requirements.txt", "requirements/dev.in"]
