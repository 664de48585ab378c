"""How a project says it is set up: its own words first, and which Python it names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from readiness.config import manifest as manifests
from readiness.layers.infrastructure import interpreter, locking, modules, pinning, procedure
from readiness.layers.infrastructure.checks import dependencies_locked
from readiness.testing.projects import make_repository
from readiness.world import project as projects
from readiness.world.environment import Procedure
from readiness.world.interpreters import Interpreter

HERE = tuple(Interpreter(Path(f"/opt/python/{v}/bin/python3"), Version(v)) for v in ("3.14.0", "3.13.0", "3.12.1", "3.11.7", "3.9.18"))
UV_LOCK = 'version = 1\n[[package]]\nname = "tiny"\nversion = "1.0"\n'


def project_of(tmp_path: Path, files: dict[str, str]) -> projects.Project:
    return projects.load(make_repository(tmp_path / "project", files))


def discovered(tmp_path: Path, files: dict[str, str]) -> Procedure:
    project = project_of(tmp_path, files)
    return procedure.discover(project, manifests.load(project.root))


def words(found: Procedure) -> list[str]:
    return [" ".join(step.argv).replace("uv pip install --python {python} ", "pip: ") for step in found.steps]


@pytest.mark.parametrize(
    ("files", "kind", "expected"),
    [
        ({"r.txt": "a\n", "uv.lock": UV_LOCK, "pyproject.toml": "[project]\n"}, "uv", ["uv sync --frozen --python {python}"]),
        ({"requirements.txt": "a\n", "app.py": ""}, "pip", ["pip: -r requirements.txt"]),
        ({"requirements.txt": "a\n", "requirements-dev.txt": "b\n"}, "pip", ["pip: -r requirements.txt"]),
        ({"requirements.txt": "a\n", "requirements.lock": "a==1\nb==2\n"}, "pip", ["pip: -r requirements.lock"]),
        ({"requirements.txt": "a\n", "requirements.lock": "a\n"}, "pip", ["pip: -r requirements.txt"]),
        ({"pyproject.toml": "[project]\nname='x'\nversion='1'\n[build-system]\nrequires=[]\n"}, "package", ["pip: -e ."]),
        ({"pyproject.toml": "[project]\nname='x'\nversion='1'\ndependencies=['a']\n"}, "package", ["pip: -r pyproject.toml"]),
        ({"backend/setup.py": "import sys\nprint(sys.argv[1])\n", "requirements.txt": "a\n"}, "pip", ["pip: -r requirements.txt"]),
        (
            {"Dockerfile": "FROM python:3.11\nCOPY reqs/ /tmp/\nRUN pip install -U pip && pip install --no-cache-dir -r /tmp/base.txt\n"
                           "RUN pip install -q torch==2.0 --index-url https://example.org/cpu\n", "base.txt": "a\n"},
            "pip",
            ["pip: -r base.txt", "pip: torch==2.0 --index-url https://example.org/cpu"],
        ),
        ({"README.md": "```\npip install -r reqs.txt\npip install shop\n```\n", "reqs.txt": "a\n"}, "pip", ["pip: -r reqs.txt"]),
        ({"a.ipynb": '{"cells": [{"cell_type": "code", "source": "!pip install -q a==1 b"}]}'}, "notebook", ["pip: a==1 b"]),
        ({"app.py": "print(1)\n"}, "bare", []),
        ({"environment.yml": "name: x\n", "app.py": ""}, "unread", []),
        ({"pdm.lock": "", "app.py": ""}, "unread", []),
        ({"index.js": ""}, "none", []),
    ],
)  # fmt: skip
def test_the_procedure_is_the_project_s_own(tmp_path: Path, files: dict[str, str], kind: str, expected: list[str]) -> None:
    found = discovered(tmp_path, files)
    assert (found.kind, words(found)) == (kind, expected)
    assert bool(found.unread) == (kind in ("unread", "none"))


CHECKOUT = "git clone https://example.org/ada/shop.git\ncd shop\n"


@pytest.mark.parametrize(
    ("readme", "expected"),
    [
        ("```\ncd src/api\npip install -r requirements.txt\n```\n", ["pip: -r src/api/requirements.txt"]),
        ("```sh\ncd src/api && pip install -r requirements.txt\n```\n", ["pip: -r src/api/requirements.txt"]),
        ("```\ncd src\ncd ./api\npip install -r requirements.txt\n```\n", ["pip: -r src/api/requirements.txt"]),
        ("```\ncd src/web\nnpm i\ncd ../..\npip install -r requirements.txt\n```\n", ["pip: -r requirements.txt"]),
        ("```\ncd src/api\n```\nthen\n```\npip install -r requirements.txt\n```\n", ["pip: -r requirements.txt"]),
        (f"```\n{CHECKOUT}pip install -r requirements.txt\n```\n", ["pip: -r requirements.txt"]),
        (f"```\n{CHECKOUT}cd src/api\npip install -r requirements.txt\n```\n", ["pip: -r src/api/requirements.txt"]),
        ("```\ncd ../other\npip install -r more.txt\n```\n", ["pip: -r requirements.txt"]),  # not said here: the usual name
        ("    cd src/api\n    pip install -r requirements.txt\n", ["pip: -r src/api/requirements.txt"]),
        ("```\ncd src/api\npip install -e '.[all]' -r requirements.txt\n```\n", ["pip: -e ./src/api[all] -r src/api/requirements.txt"]),
        (
            "```\npip install -r dev.txt\npip install -e src/api\n```\nor\n```\npip install -r more.txt\npip install -e src/api\n```\n",
            ["pip: -r more.txt", "pip: -e src/api"],
        ),
        ("```\npip install -r dev.txt\npip install -r more.txt\n```\n", ["pip: -r more.txt"]),
        ("```\npip install -r more.txt\npip install -e src/api\n```\n", ["pip: -r more.txt", "pip: -e src/api"]),
    ],
)
def test_a_readme_installs_where_it_went_to(tmp_path: Path, readme: str, expected: list[str]) -> None:
    files = {
        "README.md": readme,
        "requirements.txt": "a\n",
        "more.txt": "b\n",
        "src/api/requirements.txt": "c\n",
        "src/web/x.js": "",
        "dev.txt": "",
    }
    assert words(discovered(tmp_path, files)) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pip install --prefix=/install --no-cache-dir -r requirements.txt", "pip: -r requirements.txt"),
        ("pip install --target /deps --root=/x -rrequirements.txt", "pip: -r requirements.txt"),
        ("pip install --pre --extra-index-url=https://example.org/simple a", "pip: --pre --extra-index-url https://example.org/simple a"),
        ("pip install --upgrade-strategy eager -U a", "pip: a"),
        ("pip install -c https://example.org/limits.txt a", "pip: -c https://example.org/limits.txt a"),
    ],
)
def test_options_that_say_where_or_how_are_left_out(tmp_path: Path, line: str, expected: str) -> None:
    assert words(discovered(tmp_path, {"Dockerfile": f"FROM python:3.11\nRUN {line}\n", "requirements.txt": "a\n"})) == [expected]


def test_the_manifest_has_the_first_word(tmp_path: Path) -> None:
    files = {
        "readiness.toml": '[demo]\ncommand = ["python", "x.py"]\nsetup = [["pip", "install", "-r", "r.txt"]]\n',
        "r.txt": "",
        "uv.lock": "",
    }
    assert words(discovered(tmp_path, files)) == ["pip: -r r.txt"]


def test_a_pipenv_lock_becomes_hashed_requirements_of_its_default_group_alone(tmp_path: Path) -> None:
    lock = '{"default": {"tzdata": {"version": "==2025.2", "hashes": ["sha256:aa"]}}, "develop": {"tzdata": {"version": "==2024.1"}}}'
    found = discovered(tmp_path, {"Pipfile.lock": lock, "Pipfile": "", "app.py": ""})
    assert list(found.prepared.values()) == ["tzdata==2025.2 --hash=sha256:aa\n"]


@pytest.mark.parametrize(
    ("files", "exact", "source"),
    [
        ({".python-version": "3.11.4\n", "Dockerfile": "FROM python:3.9\n"}, "3.11.4", ".python-version"),
        ({"Dockerfile": "ARG V=3.10\nFROM python:${V}-slim AS base\n"}, "3.10", "Dockerfile:2"),
        ({"Dockerfile": "FROM ghcr.io/astral-sh/uv:python3.13-bookworm-slim\n"}, "3.13", "Dockerfile:1"),
        ({"runtime.txt": "python-3.12.1\n"}, "3.12.1", "runtime.txt"),
        ({"Pipfile": '[requires]\npython_version = "3.9"\n'}, "3.9", "Pipfile"),
        ({".tool-versions": "nodejs 20\npython 3.11.7\n"}, "3.11.7", ".tool-versions"),
        ({".python-version": "pypy3.10\n"}, "", ""),
    ],
)
def test_the_declared_python_is_found_where_projects_declare_it(tmp_path: Path, files: dict[str, str], exact: str, source: str) -> None:
    found = interpreter.declared(project_of(tmp_path, files))
    assert (found.exact, found.source) == (exact, source)


def test_poetry_s_caret_is_a_range(tmp_path: Path) -> None:
    found = interpreter.declared(project_of(tmp_path, {"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.10"\n'}))
    assert found.allowed == SpecifierSet(">=3.10,<4")


def test_an_exact_python_that_is_not_here_leaves_none_to_try() -> None:
    assert interpreter.choose(interpreter.Declaration("3.8"), HERE, None) == ()
    assert [str(i.version) for i in interpreter.choose(interpreter.Declaration("3.12"), HERE, None)] == ["3.12.1"]


def test_an_undeclared_python_is_the_one_that_was_current_when_the_project_was_last_changed() -> None:
    chosen = interpreter.choose(interpreter.Declaration(), HERE, datetime(2023, 6, 1, tzinfo=UTC))
    assert [item.minor for item in chosen] == ["3.11", "3.12", "3.13"]


def test_a_range_bounds_what_is_tried() -> None:
    chosen = interpreter.choose(interpreter.Declaration(allowed=SpecifierSet(">=3.10,<3.13")), HERE, datetime(2026, 6, 1, tzinfo=UTC))
    assert [item.minor for item in chosen] == ["3.12", "3.11"]


DOCKER = "FROM python:3.12\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --frozen\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (DOCKER, ""),
        ("FROM python:3.12\nCOPY . .\nRUN uv sync\n", ""),
        ("FROM python:3.12\nRUN --mount=type=bind,source=uv.lock,target=uv.lock uv sync --locked\n", ""),
        ("FROM python:3.12\nCOPY uv.lock pyproject.toml ./\nRUN uv export -o r.txt && pip install -r r.txt\n", ""),
        ("FROM nginx:1.27\nCOPY site /usr/share/nginx\n", ""),
        (DOCKER.replace(" uv.lock", ""), "never copies uv.lock"),
        ("FROM python:3.12\nCOPY pyproject.toml .\nRUN uv pip install -e .\n", "not from uv.lock"),
        ("FROM python:3.12\nCOPY . .\nRUN pip install --no-cache-dir -r requirements.txt\n", "not from uv.lock"),
    ],
)
def test_an_image_build_that_ignores_the_lock_is_seen(tmp_path: Path, text: str, problem: str) -> None:
    project = project_of(tmp_path, {"Dockerfile": text, "uv.lock": UV_LOCK, "pyproject.toml": "[project]\nname='x'\n"})
    found = dependencies_locked.image_problems(project, Procedure("uv", "uv.lock", lock="uv.lock"))
    assert [item.text for item in found if problem not in item.text] == []
    assert bool(found) == bool(problem)


def test_included_files_and_constraints_pin_too(tmp_path: Path) -> None:
    files = {"requirements.txt": "-r base.txt\n-c limits.txt\nb\n", "base.txt": "a==1\n", "limits.txt": "b==2\n"}
    project = project_of(tmp_path, files)
    said = pinning.declared(project, procedure.discover(project, manifests.Manifest()))
    assert said.pinned == {"a": {"1"}, "b": {"2"}}


def test_modules_beside_the_product_are_told_apart_unless_there_is_nothing_else(tmp_path: Path) -> None:
    both = {"shop/__init__.py": "", "examples/one.py": "", "tests/test_x.py": "", "setup.py": ""}
    found = modules.of(project_of(tmp_path / "a", both))
    assert [(item.file, item.aside) for item in found] == [("examples/one.py", True), ("shop/__init__.py", False)]
    alone = modules.of(project_of(tmp_path / "b", {"examples/one.py": ""}))
    assert [(item.file, item.aside) for item in alone] == [("examples/one.py", False)]


README = "# x\n\n```\npip install -r requirements.txt\n```\n"


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({"README.md": README}, "sed -i '4s|requirements.txt|requirements.lock|' README.md"),
        (
            {"Dockerfile": "FROM python:3.11\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n"},
            "sed -i 's|requirements.txt|requirements.lock|' Dockerfile",
        ),
    ],
)
def test_a_lock_that_nothing_installs_from_is_put_to_use(tmp_path: Path, files: dict[str, str], command: str) -> None:
    project = project_of(tmp_path, {"requirements.txt": "a\n", "requirements.lock": "a==1\nb==2\n", **files})
    found = procedure.discover(project, manifests.load(project.root))
    free = pinning.Drift(
        1, 0, ("a", "b"), {"a": "1", "b": "2"}, "requirements.txt", "pip", found.source, locking=locking.locking(project, found)
    )
    assert "compile" in free.remedy().command
    assert replace(free, unused_lock=procedure.unused_lock(project, found)).remedy().command == command


def test_a_package_listed_once_for_each_marker_is_pinned_to_all_of_them(tmp_path: Path) -> None:
    text = "a==1 ; python_version < '3.12'\na==2 ; python_version >= '3.12'\n./vendor/my_tool-3.0-py3-none-any.whl --hash=sha256:ab\n"
    project = project_of(tmp_path, {"requirements.txt": text})
    said = pinning.declared(project, procedure.discover(project, manifests.Manifest()))
    assert said.pinned == {"a": {"1", "2"}, "my-tool": {"3.0"}}
