"""Which images count as those a project is built on or runs beside: every one from outside, and none that it builds."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.layers.infrastructure import images
from readiness.layers.infrastructure.checks import images_pinned
from readiness.runs import check
from readiness.sequence.finding import Location, Outcome
from readiness.sequence.stakes import Policy, Stakes
from readiness.testing.projects import make_repository
from readiness.world import project as projects

FROM = "FROM python:3.12.1-slim\n"


def named(root: Path, folder: str = ".") -> list[str]:
    return [item.reference for item in images.named(projects.load(root / folder)).images]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"src/api/Dockerfile": FROM}, ["python:3.12.1-slim"]),
        ({"services/api/deploy/api.Dockerfile": FROM, "web.dockerfile": "FROM node:22\n"}, ["node:22", "python:3.12.1-slim"]),
        ({".devcontainer/Dockerfile": FROM, "docs/Dockerfile": FROM, "Dockerfile.md": FROM, "Dockerfile.example": FROM}, []),
        ({"src/dockerfile.py": "from __future__ import annotations\n", "pkg/dockerfile.go": "from x\n", "Dockerfile.prod": FROM},
         ["python:3.12.1-slim"]),
        ({"compose.yaml": "services:\n  a:\n    build:\n      context: app\n      dockerfile: Image\n", "app/Image": FROM},
         ["python:3.12.1-slim"]),
        ({"compose.yaml": "services:\n  a:\n    build: app\n", "app/Dockerfile": FROM}, ["python:3.12.1-slim"]),
        ({"compose.yaml": "services:\n  a:\n    build: .\n    image: mine:latest\n  b:\n    image: mine:latest\n"}, []),
        ({"compose.yaml": "services:\n  a:\n    build: .\n    image: mine\n  b:\n    image: mine:latest\n"}, []),
        ({"compose.yaml": "services:\n  a:\n    build: .\n    image: mine:1\n  b:\n    image: mine:2\n"}, ["mine:2"]),
        ({"compose.yaml": "services:\n  a:\n    image: shop\n", "README.md": "docker build \\\n  -t shop -f Dockerfile .\n"}, []),
        ({"compose.yaml": "services:\n  a:\n    image: shop\n", "README.md": "docker run -t shop\n"}, ["shop"]),
    ],
)  # fmt: skip
def test_an_image_counts_where_it_comes_from_outside(tmp_path: Path, files: dict[str, str], expected: list[str]) -> None:
    assert named(make_repository(tmp_path / "project", files)) == expected


MONOREPO = {
    "api/requirements.txt": "",
    "api/Dockerfile": FROM,
    "web/requirements.txt": "",
    "web/Dockerfile": "FROM node:22\n",
    "Dockerfile": "FROM debian:12\n",
    "docker-compose.yml": "services:\n  db:\n    image: postgres\n  api:\n    build: api\n  web:\n    build: web\n",
    "web/compose.yaml": "services:\n  cache:\n    image: redis:7\n",
}


def test_a_part_of_a_repository_runs_beside_what_the_whole_runs_and_not_on_its_neighbour_s(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "project", MONOREPO)
    assert sorted(named(root, "api")) == ["debian:12", "postgres", "python:3.12.1-slim"]


def test_a_file_above_the_project_is_named_as_seen_from_it(tmp_path: Path) -> None:
    root = make_repository(tmp_path / "project", MONOREPO)
    places = {item.reference: item.location for item in images.named(projects.load(root / "api")).images}
    assert places["postgres"] == Location("../docker-compose.yml", 3)
    assert places["python:3.12.1-slim"] == Location("Dockerfile", 1)


def test_a_revision_is_read_with_what_lay_above_it(offline: Path) -> None:
    from readiness.runs import since

    root = make_repository(offline / "project", MONOREPO)
    options = check.Options(only=("infrastructure.images-pinned",))
    compared = since.compare(root / "api", "HEAD", options, check.Watcher())
    assert compared.judged.verdict.layers[0].checks[0].finding.outcome is Outcome.FAILS
    assert compared.worse == ()


@pytest.mark.parametrize(
    ("references", "text"),
    [
        (("python:3.11",), "1 image named by tag"),
        (("python:3.11", "redis:7"), "2 images named by tag"),
        (("python:3.11@sha256:00", "redis:7"), "2 images named 1 by digest and 1 by tag"),
        (("python:3.11@sha256:00",), "1 image named by digest"),
    ],
)
def test_it_is_said_how_exactly_images_are_named(references: tuple[str, ...], text: str) -> None:
    observed = images.Images(tuple(images.Named(reference, Location("Dockerfile", 1)) for reference in references))
    assert images_pinned.judge(observed, Policy()).observed == text


def test_from_money_on_a_tag_is_not_enough() -> None:
    observed = images.Images((images.Named("python:3.11", Location("Dockerfile", 1)),))
    assert images_pinned.judge(observed, Policy(Stakes.MONEY)).observed == "1 of 1 image can change"
