"""Where a stranger would find the name of a setting, and a value for it: any text of the repository that is no code."""

from __future__ import annotations

import contextlib
import re
from typing import Final

from readiness.formats import compose, dotenv
from readiness.world.project import Project

_TEXT_LIMIT_BYTES: Final = 1_000_000
_CODE: Final = (".py", ".ipynb", ".lock", ".svg")


def declared(project: Project, names: set[str]) -> set[str]:
    """Those of `names` that a file names: an example environment file, a compose file, a Dockerfile, a README.

    The project is asked first, then the rest of the repository it lies in.
    """
    left = set(names)
    for place in (project, project.whole):
        if place is not None:
            left -= _named(place, left)
    return names - left


def _named(project: Project, names: set[str]) -> set[str]:
    left = set(names)
    for entry in project.entries:
        if not left:
            break
        if entry.path.endswith(_CODE) or entry.mode == "120000":
            continue
        if (project.root / entry.path).stat().st_size <= _TEXT_LIMIT_BYTES:
            left -= set(re.findall(r"\b[A-Za-z_][A-Za-z0-9_]{2,}\b", project.text(entry.path)))
    return names - left


def documented(project: Project) -> dict[str, str]:
    """Settings the project documents, name → value: those of example files, then those that compose files give services."""
    found: dict[str, str] = {}
    for path in example_files(project):
        found = dotenv.parse(project.text(path)) | found
    for path in compose_files(project):
        with contextlib.suppress(ValueError):
            for service in compose.parse(project.text(path)):
                found = {name: resolved(project, value) for name, value in service.values.items()} | found
    return found


def resolved(project: Project, reference: str) -> str:
    """An image reference of a compose file with its variables as the example environment files or their defaults set them."""
    values: dict[str, str] = {}
    for path in example_files(project):
        values = dotenv.parse(project.text(path)) | values

    def value(found: re.Match[str]) -> str:
        return values.get(found[1] or found[3]) or found[2] or found[0]

    return re.sub(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))", value, reference)


def example_files(project: Project) -> list[str]:
    """Files that document the environment by example, at the root first."""
    names = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example", "example.env", ".env-example", "sample.env",
             ".example.env", ".env.test", "env.sample", ".env_example", ".env.local.example", ".env.defaults")  # fmt: skip
    return sorted((path for path in project.paths if path.rpartition("/")[2] in names), key=lambda path: (path.count("/"), path))


def compose_files(project: Project) -> list[str]:
    """Compose files at the root, or one folder below."""
    pattern = re.compile(r"(?:[\w.-]+/)?(?:docker-)?compose(?:[.-][\w-]+)*\.ya?ml")
    return sorted(path for path in project.paths if pattern.fullmatch(path) and not path.startswith("."))
