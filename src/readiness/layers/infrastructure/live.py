"""What is live against what is declared: an installed environment, running containers, set variables."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Final

from readiness.formats import compose, containers, dotenv
from readiness.layers.infrastructure import declarations, terraforming
from readiness.layers.infrastructure.evidence import Part
from readiness.layers.infrastructure.pinning import declared
from readiness.sequence.finding import Cause, Location, Problem
from readiness.world import record
from readiness.world.context import Context
from readiness.world.engine import CLIENTS

ENVIRONMENTS: Final = (".venv", "venv")
_SEEDS: Final = frozenset({"pip", "setuptools", "wheel", "uv", "distribute", "pkg-resources"})
"""What makes an environment, and is installed with it."""
_QUICK_S: Final = 20


def parts(context: Context) -> list[Part]:
    """Every comparison that the project gives occasion to."""
    looks: list[Callable[[Context], list[Part]]] = [terraforming.states, _environments, _services, _variables]
    return [part for look in looks for part in look(context)]


# What is installed beside the project, against what is locked


def _environments(context: Context) -> list[Part]:
    root = context.project.root
    found = [name for name in ENVIRONMENTS if (root / name / "pyvenv.cfg").is_file()]
    return [_environment(context, name) for name in found]


def _environment(context: Context, name: str) -> Part:
    path = context.project.root / name
    pinned = declared(context.project, context.session.procedure).pinned
    if not pinned:
        return Part(absent=f"nothing pins what {name} should hold")
    compared = f"{name} with what is locked"
    if context.session.blocked is not Cause.NONE:
        return Part(compared, cause=context.session.blocked, reason=context.session.why_blocked)
    try:
        installed, own = record.packages(path), record.local_packages(path)
        altered = record.verify(path).altered
    except OSError as error:
        return Part(compared, cause=Cause.TOOL, reason=f"{name} cannot be read: {error}")
    problems = _differing(context, name, installed, own, pinned)
    files = [Problem(f"{name}/{item.path}", f"{item.path} of {item.package} in {name} was {item.how}") for item in altered]
    return Part(compared, (*problems, *files))


def _differing(context: Context, name: str, installed: dict[str, str], own: set[str], pinned: dict[str, set[str]]) -> tuple[Problem, ...]:
    expected = context.session.first.packages
    texts = "\n".join(context.project.text(path) for path in context.project.paths if _names_packages(path))
    found = []
    for package in sorted({*expected, *installed} - _SEEDS - own):
        there, right = installed.get(package), expected.get(package)
        if right is not None and there is None and package in pinned:
            found.append(Problem(f"{name}: {package}", f"{package} {right} is locked and not in {name}"))
        elif there is not None and package in pinned and there not in pinned[package]:
            found.append(
                Problem(f"{name}: {package}", f"{package} is {there} in {name}, and locked as {', '.join(sorted(pinned[package]))}")
            )
        elif right is None and there is not None and package not in pinned and not _mentioned(texts, package):
            found.append(Problem(f"{name}: {package}", f"{package} {there} is in {name} and declared nowhere"))
    return tuple(found)


def _names_packages(path: str) -> bool:
    return bool(
        re.search(r"(?:requirements|constraints)[^/]*\.(?:txt|in)$|\.lock$|\.toml$|Pipfile|setup\.(?:py|cfg)$|requirements/[^/]+$", path)
    )


def _mentioned(texts: str, package: str) -> bool:
    name = "[-_.]+".join(re.escape(part) for part in package.split("-"))
    return bool(re.search(rf"(?<![\w.-]){name}(?![\w-])", texts, re.IGNORECASE))


# Running containers, against the compose files


def _services(context: Context) -> list[Part]:
    files = declarations.compose_files(context.project)
    if not files:
        return []
    answered = False
    for client in filter(None, map(shutil.which, CLIENTS)):
        names = _ask(client, "ps", "-q", "--filter", f"label=com.docker.compose.project.working_dir={context.project.root}")
        answered = answered or names is not None
        if names and names.split():
            return [_running(context, client, names.split())]
    if not answered:
        return [Part(absent="no container engine answers here, so no service of the compose file runs on this machine")]
    return [Part(absent="no service of the compose file runs here")]


def _running(context: Context, client: str, ids: list[str]) -> Part:
    compared = "running containers with the compose file"
    inspected = _ask(client, "inspect", *ids)
    try:
        running = containers.containers(inspected or "")
        silent = next((item.service for item in running if not item.configuration), "")
        if silent:
            return Part(compared, cause=Cause.TOOL, reason=f"the container of service {silent} does not say what it was made from")
        used = list(dict.fromkeys(file for item in running for file in item.files if file))
        arguments = [word for file in used for word in ("-f", file)]
        told = _ask(client, "compose", "--project-directory", str(context.project.root), *arguments, "config", "--hash", "*")
        if told is None:
            return Part(
                compared, cause=Cause.SYSTEM, reason="services run, and `docker compose config --hash` does not say what they should be"
            )
        wanted = containers.hashes(told)
    except ValueError as error:
        return Part(compared, cause=Cause.TOOL, reason=str(error))
    file = declarations.compose_files(context.project)[0]
    found = [(item.service, "runs and is no longer declared") for item in running if item.service not in wanted]
    found += [(item.service, "runs with another configuration than is declared")
              for item in running if wanted.get(item.service, item.configuration) != item.configuration]  # fmt: skip
    found += [(name, "is declared and does not run") for name in wanted if all(item.service != name for item in running)]
    return Part(compared, tuple(Problem(f"service {name}", f"service {name} {how}", Location(file)) for name, how in sorted(set(found))))


def _ask(client: str, *words: str) -> str | None:
    try:
        done = subprocess.run([client, *words], capture_output=True, text=True, timeout=_QUICK_S, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None


# Variables that are set for the deployment, against those that are declared


def _variables(context: Context) -> list[Part]:
    project = context.project
    wanted = _asked_for(context)
    place = project.root / ".env"
    if not wanted:
        return []
    if not place.is_file() or ".env" in project.paths:
        return [Part(absent="no variables are set for a deployment here: there is no .env")]
    try:
        said = dotenv.parse(_active(place.read_text(encoding="utf-8", errors="replace")))
    except OSError as error:
        return [Part(".env with what is declared", cause=Cause.TOOL, reason=f".env cannot be read: {error.strerror}")]
    missing = [
        Problem(f".env: {name}", f"{name} is asked for and has no value in .env", place_)
        for name, place_ in sorted(wanted.items())
        if not said.get(name)
    ]
    given = set(said)
    known = declarations.declared(project, given)
    more = [Problem(f".env: {name}", f"{name} is set in .env and declared nowhere") for name in sorted(given - known)]
    return [Part(".env with what is declared", (*missing, *more), executed=False)]


def _active(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _asked_for(context: Context) -> dict[str, Location]:
    """The variables that compose files leave to whoever starts them: named without a value, or as `${NAME:?}`."""
    found: dict[str, Location] = {}
    for path in declarations.compose_files(context.project):
        text = context.project.text(path)
        try:
            services = compose.parse(text)
        except ValueError:
            continue
        for service in services:
            bare = [name for name in service.variables if name not in service.values]
            needed = [
                name
                for value in service.values.values()
                for name in re.findall(r"\$\{(\w+)(?::?\?[^}]*)?\}|\$(\w+)", value)
                for name in name
                if name
            ]
            for name in (*bare, *needed):
                line = next((number for number, said in enumerate(text.splitlines(), 1) if re.search(rf"\b{name}\b", said)), 1)
                found.setdefault(name, Location(path, line))
    return found
