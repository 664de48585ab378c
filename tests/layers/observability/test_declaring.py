"""A package more is declared where the project declares its own, and locked where it has a lock."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from uv import find_uv_bin

from readiness.config import manifest as manifests
from readiness.layers.infrastructure import procedure
from readiness.layers.observability import declaring
from readiness.testing.projects import make_repository
from readiness.world import project as projects

PROJECT = "[project]\nname = 'x'\nversion = '1'\n"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"pyproject.toml": PROJECT, "uv.lock": "version = 1\n"}, "uv add a b"),
        ({"pyproject.toml": "[tool.poetry]\nname='x'\n", "poetry.lock": ""}, "poetry add a b"),
        ({"Pipfile": "", "Pipfile.lock": "{}"}, "pipenv install a b"),
        ({"pyproject.toml": PROJECT + "dependencies = ['c']\n"}, "uv add a b"),
        ({"requirements.txt": "c\n"}, "printf '%s\\n' '' a b >> requirements.txt"),
        ({"requirements.txt": "c==1 --hash=sha256:00\n"},
         "printf '%s\\n' a b | uv pip compile --generate-hashes requirements.txt - -o requirements.txt"),
        ({"requirements.txt": "c==1 --hash=sha256:00\n", "requirements.in": "c\n"},
         "printf '%s\\n' '' a b >> requirements.in && uv pip compile --generate-hashes requirements.in -o requirements.txt"),
        ({"Dockerfile": "FROM python:3.12\nCOPY . .\nRUN pip install -r ci/pip.txt && pip install -r requirements.txt\n",
          "ci/pip.txt": "pip==26.1 --hash=sha256:00\n", "requirements.txt": "c\n"}, "printf '%s\\n' '' a b >> requirements.txt"),
        ({"main.py": ""}, "printf '%s\\n' a b >> requirements.txt"),
    ],
)  # fmt: skip
def test_the_command_goes_by_the_lock(tmp_path: Path, files: dict[str, str], command: str) -> None:
    project = projects.load(make_repository(tmp_path / "project", {"main.py": "", **files}))
    assert declaring.command(project, procedure.discover(project, manifests.Manifest()), ("a", "b")) == command


def test_a_hashed_list_is_locked_anew_with_the_packages(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(find_uv_bin()).parent}:{os.environ['PATH']}")
    root = make_repository(offline / "project", {"requirements.in": "tiny", "requirements.txt": f"tiny==1.0 --hash=sha256:{0:064}\n"})
    project = projects.load(root)
    command = declaring.command(project, procedure.discover(project, manifests.Manifest()), ("leaf",))
    ran = subprocess.run(["sh", "-c", command], cwd=root, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert (root / "requirements.in").read_text() == "tiny\nleaf\n"
    assert "leaf==2.0" in (root / "requirements.txt").read_text()
