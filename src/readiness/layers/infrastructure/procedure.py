"""How a project says it is set up: its own words first, a lock before a list, and nothing invented where it is clear.

Order of preference: `[demo].setup` of the manifest; a lock (uv.lock, pylock.toml, poetry.lock, Pipfile.lock); the
`pip install` lines of the Dockerfile; requirement files; the project's own metadata; the install lines of the
README; `%pip install` lines of notebooks. A lock or tool that is not driven here makes the procedure `unread`.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, Final

from readiness.config.manifest import Manifest
from readiness.formats import dockerfile, locks, notebook, requirements
from readiness.layers.infrastructure import pip_lines, readme
from readiness.layers.infrastructure.interpreter import choose, declared, dockerfiles
from readiness.layers.infrastructure.pip_lines import PIP_SEMANTICS, UV_PIP
from readiness.world import interpreters
from readiness.world.demo import the_notebook
from readiness.world.environment import Procedure, Step
from readiness.world.project import Project

# poetry and pipenv install what their lock lists without resolving it again; so does this
_UV_SYNC: Final = ("uv", "pip", "sync", "--allow-empty-requirements", "--python", "{python}")


def discover(project: Project, manifest: Manifest) -> Procedure:
    """The procedure of a project, with the interpreters to try it with."""
    found = _discover(project, manifest)
    declaration = declared(project, manifest.infrastructure.python)
    tried = choose(declaration, interpreters.installed(), project.changed_at)
    said = f"Python {declaration.exact}" if declaration.exact else f"Python {declaration.allowed or 'not declared'}"
    place = f" ({declaration.source})" if declaration.source else ""
    return replace(found, interpreters=tried, declared=f"{said}{place}", declared_exactly=bool(declaration.exact))


def _discover(project: Project, manifest: Manifest) -> Procedure:
    if manifest.demo is not None and manifest.demo.setup:
        steps = tuple(Step(_driven(argv), why="readiness.toml") for argv in manifest.demo.setup)
        return Procedure("setup", "readiness.toml", steps, lock=_lock_used(project, manifest.demo.setup))
    pyproject = _toml(project.text("pyproject.toml"))
    for kind, driver in (("uv.lock", _uv), ("pylock.toml", _pylock), ("poetry.lock", _poetry), ("Pipfile.lock", _pipenv)):
        if kind in project.paths:
            return driver(project, pyproject)
    return _from_lists(project, pyproject) or _from_the_rest(project, pyproject)


def _from_lists(project: Project, pyproject: dict[str, Any]) -> Procedure | None:
    """The procedure of a project that lists its packages in a Dockerfile or in requirement files."""
    own = _package(project, pyproject, only_built=True)
    for path in dockerfiles(project):
        if steps := _docker_steps(project, path):
            return Procedure("pip", path, steps + own)
    if steps := _requirement_steps(project):
        return Procedure("pip", steps[0].why, steps + own)
    return None


def _from_the_rest(project: Project, pyproject: dict[str, Any]) -> Procedure:
    for path in locks.UNREAD:
        if path in project.paths and "dependencies" not in pyproject.get("project", {}):
            return Procedure("unread", path, unread=f"{path} is for a tool that is not driven yet")
    if steps := _package(project, pyproject):
        return Procedure("package", steps[0].why, steps)
    if steps := readme.steps(project):
        return Procedure("pip", steps[0].why, steps)
    if (book := the_notebook(project)) and (steps := notebook_steps(project, book)):
        return Procedure("notebook", book, steps)
    if not any(path.endswith((".py", ".ipynb")) for path in project.paths):
        return Procedure("none", "", unread="no Python was found here; other languages are not judged yet")
    return Procedure("bare", "no dependencies declared")


def _driven(argv: tuple[str, ...]) -> tuple[str, ...]:
    # `uv` and `pip` of the manifest must fill our empty environment, not whichever one they would find.
    if argv[0] == "pip":
        return ("uv", "pip", *argv[1:2], "--python", "{python}", *argv[2:])
    return argv


def _lock_used(project: Project, setup: tuple[tuple[str, ...], ...]) -> str:
    words = [word for argv in setup for word in argv]
    if "uv" in words and "sync" in words and "pip" not in words and "uv.lock" in project.paths:
        return "uv.lock"
    return next((word for word in words if word in project.paths and _is_compiled(project, word)), "")


def unused_lock(project: Project, procedure: Procedure) -> str:
    """A compiled `requirements.lock` that the procedure never installs from; empty where there is none."""
    used = {word for step in procedure.steps for word in step.argv}
    unused = not procedure.lock and COMPILED in project.paths and COMPILED not in used
    return COMPILED if unused and _is_compiled(project, COMPILED) else ""


def _is_compiled(project: Project, path: str) -> bool:
    if path in locks.READ:
        return True
    parsed = requirements.parse(project.text(path))
    return parsed.hashed or bool(parsed.lines and all(line.pinned for line in parsed.lines))


def _uv(project: Project, pyproject: dict[str, Any]) -> Procedure:
    workspace = pyproject.get("tool", {}).get("uv", {}).get("workspace")
    every = ("--all-packages",) if workspace else ()
    step = Step(("uv", "sync", "--frozen", "--python", "{python}", *every), why="uv.lock")
    return Procedure("uv", "uv.lock", (step,), lock="uv.lock")


def _pylock(project: Project, pyproject: dict[str, Any]) -> Procedure:
    step = Step(("uv", "pip", "sync", "--python", "{python}", "--preview-features", "pylock", "pylock.toml"), why="pylock.toml")
    return Procedure("pylock", "pylock.toml", (step, *_package(project, pyproject, deps=False)), lock="pylock.toml")


def _poetry(project: Project, pyproject: dict[str, Any]) -> Procedure:
    poetry = pyproject.get("tool", {}).get("poetry", {})
    groups = [
        name for name in ("dev", "test", "tests") if name in poetry.get("group", {}) or name in pyproject.get("dependency-groups", {})
    ]
    if "dev-dependencies" in poetry:
        groups.append("dev")
    export = ["poetry", "export", "--format", "requirements.txt", "--output", "{tools}/poetry-requirements.txt"]
    export += [word for name in dict.fromkeys(groups) for word in ("--with", name)]
    steps = (
        Step(("uv", "tool", "install", "-q", "--with", "poetry-plugin-export", "poetry"), why="to read poetry.lock"),
        Step(tuple(export), why="poetry.lock"),
        Step((*_UV_SYNC, "{tools}/poetry-requirements.txt"), {**PIP_SEMANTICS}, "poetry.lock"),
    )
    return Procedure("poetry", "poetry.lock", steps + _package(project, pyproject, deps=False), lock="poetry.lock")


def _pipenv(project: Project, pyproject: dict[str, Any]) -> Procedure:
    try:
        content = locks.pipfile_requirements(project.text("Pipfile.lock"))
    except ValueError as error:
        return Procedure("unread", "Pipfile.lock", unread=f"Pipfile.lock {error}")
    name = ".readiness-pipfile.txt"
    step = Step((*_UV_SYNC, name), {**PIP_SEMANTICS}, "Pipfile.lock")
    return Procedure(
        "pipenv", "Pipfile.lock", (step, *_package(project, pyproject, deps=False)), lock="Pipfile.lock", prepared={name: content}
    )


def _package(project: Project, pyproject: dict[str, Any], *, deps: bool = True, only_built: bool = False) -> tuple[Step, ...]:
    """The step that installs the project itself, where it is a package and not only a place for tool settings."""
    poetry = pyproject.get("tool", {}).get("poetry", {})
    built = "build-system" in pyproject or _is_setup(project.text("setup.py")) or "[metadata]" in project.text("setup.cfg")
    named = "project" in pyproject or bool(poetry)
    if poetry.get("package-mode") is False or pyproject.get("tool", {}).get("uv", {}).get("package") is False:
        built = False
    if built and (named or not pyproject or "setup.py" in project.paths or "setup.cfg" in project.paths):
        argv = (*UV_PIP, *(() if deps else ("--no-deps",)), "-e", ".")
        return (Step(argv, {**PIP_SEMANTICS}, "pyproject.toml" if named else "setup.py"),)
    if named and deps and not only_built:
        return (Step((*UV_PIP, "-r", "pyproject.toml"), {**PIP_SEMANTICS}, "pyproject.toml"),)
    return ()


def _is_setup(text: str) -> bool:
    return bool(re.search(r"\bsetup\s*\(", text)) and "import" in text


def _docker_steps(project: Project, path: str) -> tuple[Step, ...]:
    parsed = dockerfile.parse(project.text(path))
    sources = {PurePosixPath(source).name: source.removeprefix("./") for source, _ in parsed.copied}
    steps = []
    for line, words in parsed.commands:
        step = pip_lines.step(project, pip_lines.arguments(words), f"{path}:{line}", sources)
        if step is not None:
            steps.append(step)
    return tuple(steps)


COMPILED: Final = "requirements.lock"
"""What our own remedies call the list that pins everything."""

_BESIDE: Final[tuple[str, ...]] = (
    "requirements.txt",
    COMPILED,
    "requirements/base.txt",
    "requirements/prod.txt",
    "requirements/production.txt",
    "requirements/requirements.txt",
    "requirements/main.txt",
    "requirements/runtime.txt",
    "requirements/app.txt",
)


def _requirement_steps(project: Project) -> tuple[Step, ...]:
    """The requirement file to install: a documented one, else the usual names, a hashed one before a loose one."""
    documented = readme.steps(project)
    if any("-r" in step.argv for step in documented):
        return documented
    names: list[str] = [name for name in _BESIDE if name in project.paths]
    if COMPILED in names and _is_compiled(project, COMPILED):
        names = [COMPILED]
    if not names:
        pattern = re.compile(r"requirements[\w.-]*\.txt")
        aside = re.compile(r"dev|test|doc|lint|build|ci|gpu|cuda", re.IGNORECASE)
        names = sorted((path for path in project.paths if pattern.fullmatch(path) and not aside.search(path)), key=len)
    return (Step((*UV_PIP, "-r", names[0]), {**PIP_SEMANTICS}, names[0]),) if names else ()


def notebook_steps(project: Project, path: str) -> tuple[Step, ...]:
    """What the `%pip install` lines of a notebook ask for, in order, each once."""
    try:
        lines = notebook.installs(project.text(path))
    except ValueError:
        return ()
    found: dict[tuple[str, ...], Step] = {}
    for words in lines:
        if step := pip_lines.step(project, list(words), path):
            found.setdefault(tuple(step.argv), step)
    return tuple(found.values())


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
