"""Which code judges: a changed check is another one, whatever its version says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import readiness
from readiness.testing.projects import make_repository
from readiness.world import own_code

ANSWERED = "from evidence, nothing was run"


def check(code: Path, project: Path, config: Path) -> str:
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(code), "XDG_CONFIG_HOME": str(config), "HOME": str(config)}
    argv = [sys.executable, "-m", "readiness", "check", "--only", "images-pinned", str(project)]
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=False).stdout


def test_evidence_of_older_code_does_not_answer_for_newer(tmp_path: Path) -> None:
    code = tmp_path / "code"
    shutil.copytree(Path(readiness.__file__).parent, code / "readiness", ignore=shutil.ignore_patterns("__pycache__"))
    project = make_repository(tmp_path / "bot", {"Dockerfile": "FROM python:latest\n"})
    assert ANSWERED not in check(code, project, tmp_path)
    assert ANSWERED in check(code, project, tmp_path)
    images = code / "readiness/layers/infrastructure/images.py"
    text = images.read_text()
    images.write_text(text.replace('"is a moving tag"', '"moves, as a tag"'))
    changed = check(code, project, tmp_path)
    assert ANSWERED not in changed
    assert "moves, as a tag" in changed
    assert ANSWERED in check(code, project, tmp_path)


def test_the_digest_is_the_same_wherever_the_same_code_lies(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name / "checks").mkdir(parents=True)
        (tmp_path / name / "checks/starts.py").write_text("A = 1\n")
        (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / "other/checks/starts.cpython-311.pyc").write_bytes(b"\0")
    one, other = (own_code._of_folder(tmp_path / name) for name in ("one", "other"))
    assert one == other
    (tmp_path / "other/checks/starts.py").rename(tmp_path / "other/checks/begins.py")
    assert own_code._of_folder(tmp_path / "other") != one


def test_the_code_of_another_package_is_found_by_its_module() -> None:
    assert len(own_code.of_module("yaml.nodes")) == 64
    assert own_code.of_module("yaml.nodes") == own_code.of_module("yaml")
    assert own_code.of_module("no_such_package.check") == ""
    assert len(own_code.of_module("typing_extensions")) == 64
