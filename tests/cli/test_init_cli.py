"""What `init` prints, whole: for a notebook, an empty folder, several projects, no git, a manifest that is half there."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import pytest

from readiness.testing.projects import make_repository
from tests.cli.conftest import Readiness, Said, Within

NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
HALF = '# ours\n[project]\nstakes = "money"   # an order each\n\n[demo]\ncommand = ["python", "show.py"]\noutputs = ["out.txt"]\n'
PROJECTS: dict[str, dict[str, str]] = {
    "notebook": {"visits.ipynb": NOTEBOOK, "data/visits.csv": "day,visits\n2026-01-01,3\n"},
    "monorepo": {
        "services/api/requirements.txt": "tiny==1.0\n",
        "services/api/demo.py": "print('api')\n",
        "services/web/pyproject.toml": '[project]\nname = "web"\nversion = "1"\n',
        "services/web/web.py": "",
    },
    "half": {"show.py": "import os\nos.environ['DESK_TOKEN']\n", "readiness.toml": HALF, ".python-version": "3.11.7\n"},
}


@pytest.fixture
def readiness(readiness: Readiness) -> Within:
    """Commands in this process."""
    return Within.of(readiness)


@pytest.mark.parametrize("name", PROJECTS)
def test_a_repository_is_told_what_it_says_and_what_it_does_not(
    readiness: Readiness, golden: Callable[[str, Said], None], name: str
) -> None:
    make_repository(readiness.folder / name, PROJECTS[name])
    golden(f"init/{name}", readiness("init", name))


def test_a_second_time_there_is_nothing_to_add(readiness: Readiness, golden: Callable[[str, Said], None]) -> None:
    make_repository(readiness.folder / "half", PROJECTS["half"])
    readiness("init", "half")
    golden("init/again", readiness("init", "half"))


def test_an_empty_folder_is_a_beginning(readiness: Readiness, golden: Callable[[str, Said], None]) -> None:
    (readiness.folder / "empty").mkdir()
    golden("init/empty", readiness("init", "empty"))


def test_a_folder_without_git_is_told_the_same(readiness: Readiness, golden: Callable[[str, Said], None]) -> None:
    readiness.project({"demo.py": "print('hello')\n", "CODEOWNERS": "* @ada\n"}, "plain")
    golden("init/plain", readiness("init", "plain"))


def test_a_dry_run_prints_a_manifest_and_nothing_else_where_it_may_be_redirected(readiness: Readiness) -> None:
    readiness.project({"demo.py": "print('hello')\n"}, "plain")
    said = readiness("init", "plain", "--dry-run")
    assert tomllib.loads(said.stdout)["demo"] == {"command": ["python", "demo.py"]}
    assert "would get 3 keys" in said.stderr
    assert not (readiness.folder / "plain/readiness.toml").exists()


def test_what_is_printed_fits_a_screen(readiness: Readiness) -> None:
    make_repository(readiness.folder / "half", PROJECTS["half"])
    lines = readiness("init", "half").stdout.splitlines()
    assert len(lines) <= 40
    assert max(len(line) for line in lines) <= 110 or all(len(line) <= 110 for line in lines if not line.strip().startswith("$"))
