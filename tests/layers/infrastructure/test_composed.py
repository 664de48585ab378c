"""Which services of a compose file are started for the demo, and what of it is refused, with the line that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.config import manifest as manifests
from readiness.config.manifest import Demo
from readiness.errors import CannotJudge
from readiness.layers.infrastructure import composed
from readiness.layers.infrastructure.composed import System
from readiness.testing.projects import make_repository
from readiness.world import project as projects

DEMO = Demo(command=("python", "demo.py"))
FILES = {"demo.py": "print(1)\n", "Dockerfile": "FROM a\n"}


def read(folder: Path, text: str, demo: Demo = DEMO, **more: str) -> System:
    """The system of a project with this compose file."""
    files = FILES | {"compose.yaml": text} | {name.replace("__", "/").replace("_", "."): content for name, content in more.items()}
    return composed.system(projects.load(make_repository(folder / "desk", files)), demo)


def refused(folder: Path, text: str, demo: Demo = DEMO, **more: str) -> str:
    """Why a compose file is not started."""
    with pytest.raises(CannotJudge) as error:
        read(folder, text, demo, **more)
    return error.value.message


def test_what_the_demos_service_waits_for_starts_first_then_what_compose_starts_anyway(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
services:
  front: {image: nginx, depends_on: [app]}
  app: {build: ., depends_on: [desk]}
  later: {image: later}
  tool: {image: tool, profiles: [tools]}
  desk: {image: desk, depends_on: [disk]}
  disk: {image: disk}
""",
    )
    assert (found.service.name, [item.name for item in found.beside]) == ("app", ["disk", "desk", "later"])
    assert (set(found.required), dict(found.absent)) == ({"app", "desk", "disk"}, {})


def test_one_that_only_runs_beside_may_be_absent(tmp_path: Path) -> None:
    found = read(tmp_path, "services:\n  app: {build: .}\n  spy: {image: spy, pid: host}\n  more: {image: more, depends_on: [spy]}\n")
    assert dict(found.absent) == {"spy": "compose.yaml:3: `pid` is not done here"}
    assert [item.name for item in found.beside] == ["more"]
    shared = "services:\n  app: {build: ., volumes: ['./d:/d']}\n  worker: {image: w, volumes: ['./d:/d']}\n"
    assert read(tmp_path / "2", shared).absent == {"worker": "`worker` and `app` would share `./d`, and each gets a copy here"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  a: {build: .}\n  b: {build: .}\n", 'a, b of compose.yaml are built from this project; [demo] service = "a" in'),
        ("  a: {image: x}\n", "compose.yaml builds no service from this project"),
        ("  a: {build: ../other}\n", "compose.yaml builds no service from this project"),
        ("  a: {build: https://github.com/x/y.git}\n", "compose.yaml builds no service from this project"),
        ("  a: {build: ., depends_on: [b]}\n  b: {image: x, privileged: true}\n", "compose.yaml:3: service `b`: `privileged` would"),
        ("  a: {build: ., depends_on: [b]}\n", "compose.yaml:2: `a` waits for `b`, which is no service"),
        ("  a: {build: ., depends_on: [b]}\n  b: {image: x, depends_on: [a]}\n", "`a` waits for itself"),
        ("  a:\n    build: .\n    volumes: ['../x:/x']\n", "compose.yaml:4: service `a`: `../x` lies outside of the project"),
        ("  a: {build: ., env_file: .env}\n", "compose.yaml:2: service `a`: `.env` is no file of the project, and no"),
        ("  a: {build: ., depends_on: [b], volumes: [./d:/d]}\n  b: {image: x, volumes: [./d:/d:ro]}\n",
         "compose.yaml:3: `b` and `a` would share `./d`"),
        ("  a: [", "compose.yaml: line"),
    ],
)  # fmt: skip
def test_what_cannot_be_started_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, f"services:\n{text}")


def test_the_manifest_tells_which_service_is_meant(tmp_path: Path) -> None:
    text = "services:\n  a: {build: .}\n  b: {build: .}\n"
    assert read(tmp_path / "1", text, Demo(command=("python",), service="b")).service.name == "b"
    assert "[demo] service names `c`, and compose.yaml has a, b" in refused(tmp_path / "2", text, Demo(command=("python",), service="c"))
    assert manifests.parse('[demo]\ncommand = ["a"]\nservice = "b"\n').demo == Demo(command=("a",), service="b", line=1)


def test_variables_and_files_come_from_what_is_committed_and_from_the_manifest(tmp_path: Path) -> None:
    text = "services:\n  a:\n    build: .\n    image: ${NAME}:${TAG}\n    env_file: .env\n    environment: {KEY: '${KEY}', MODE: own}\n"
    demo = Demo(command=("python",), env={"TAG": "2"}, secrets=("KEY",))
    found = read(tmp_path, text, demo, _env_example="NAME=desk\nTAG=1\nMODE=file\n# UNUSED=1\nPORT=80\n").service
    assert found.image == "desk:2"
    assert found.environment["KEY"].startswith("readiness-canary-")
    assert {name: found.environment[name] for name in ("MODE", "PORT", "NAME")} == {"MODE": "own", "PORT": "80", "NAME": "desk"}
    assert "UNUSED" not in found.environment


def test_a_secret_that_is_only_named_is_the_same_wherever_it_is_asked_for(tmp_path: Path) -> None:
    text = """
services:
  app: {build: ., environment: {DATABASE_URL: 'postgres://me:${POSTGRES_PASSWORD}@db/x'}, depends_on: [db]}
  db: {image: postgres, environment: {POSTGRES_PASSWORD: '${POSTGRES_PASSWORD:?}'}}
"""
    found = read(tmp_path / "1", text, _env_example="POSTGRES_PASSWORD=\n")
    password = found.beside[0].environment["POSTGRES_PASSWORD"]
    assert password.startswith("readiness-canary-")
    assert found.service.environment["DATABASE_URL"] == f"postgres://me:{password}@db/x"
    assert "`POSTGRES_PASSWORD` is given no value" in refused(tmp_path / "2", text)
    other = text.replace("POSTGRES_PASSWORD", "POSTGRES_HOST")
    assert "`POSTGRES_HOST` is given no value" in refused(tmp_path / "3", other, _env_example="POSTGRES_HOST=\n")


def test_the_file_an_engine_would_read_is_read(tmp_path: Path) -> None:
    def file(name: str, *paths: str) -> str:
        return composed.file_of(projects.load(make_repository(tmp_path / name, {"a.py": "", **dict.fromkeys(paths, "services: {}")})))

    assert file("none") == ""
    assert file("root", "docker-compose.yml", "compose.yaml", "deploy/compose.yaml") == "compose.yaml"
    assert file("below", "deploy/compose.prod.yaml", "deploy/docker-compose.yml", "deploy/compose.yml") == "deploy/compose.yml"
    with pytest.raises(CannotJudge, match="which compose file starts the system is not said"):
        file("two", "a/compose.yaml", "b/compose.yaml")


def test_a_compose_file_below_builds_from_where_it_lies(tmp_path: Path) -> None:
    files = FILES | {"deploy/compose.yaml": "services:\n  app:\n    build: ..\n    volumes: ['../data:/data']\n", "data/x": ""}
    found = composed.system(projects.load(make_repository(tmp_path / "desk", files)), DEMO)
    assert (found.dockerfile(found.service), found.place("../data"), found.service.refusals) == ("Dockerfile", "data", ())


@pytest.mark.parametrize(
    ("demo", "environment", "said"),
    [
        (Demo(notebook="a.ipynb"), "", "a notebook is not run in containers"),
        (Demo(command=("a",), network="on"), "", "no way leads out"),
        (
            Demo(command=("a",), needs=("postgres",)),
            "",
            "compose.yaml:2: [demo] needs postgres, and service `app` is given no DATABASE_URL",
        ),
        (Demo(command=("a",), needs=("postgres",)), "environment: {DATABASE_URL: 'postgres://db/x'}", ""),
        (DEMO, "", ""),
    ],
)
def test_a_demo_that_cannot_be_run_in_a_service_is_told(tmp_path: Path, demo: Demo, environment: str, said: str) -> None:
    found = read(tmp_path, f"services:\n  app: {{build: ., {environment}}}\n", demo)
    assert (said in composed.unlike_the_demo(demo, found.service, found.file)) is True
    assert bool(said) is bool(composed.unlike_the_demo(demo, found.service, found.file))
