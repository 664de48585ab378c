"""How a project gets one package more without going past its lock: declared, locked again, and installed from there."""

from __future__ import annotations

import posixpath
import shlex
from itertools import pairwise
from typing import Final

from readiness.formats import requirements
from readiness.world.environment import Procedure
from readiness.world.project import Project

_INSTALLERS: Final = frozenset({"pip", "setuptools", "wheel", "uv", "poetry", "pipenv", "pip-tools"})
"""What installs the packages of a project; a list of nothing else is not where the project declares its own."""
_TOOLS: Final = {"uv.lock": "uv add", "poetry.lock": "poetry add", "Pipfile.lock": "pipenv install"}


def command(project: Project, procedure: Procedure, packages: tuple[str, ...]) -> str:
    """The command that declares packages where the project declares its own, and locks them where it has a lock."""
    names = " ".join(packages)
    if tool := _TOOLS.get(procedure.lock):
        return f"{tool} {names}"
    listed = [after for step in procedure.steps for word, after in pairwise(step.argv) if word in ("-r", "--requirement")]
    lists = [name for name in (*listed, procedure.lock, "requirements.txt") if name.endswith((".txt", ".in")) and name in project.paths]
    lists = [name for name in lists if not _of_installers(project, name)]
    if not lists:
        return f"uv add {names}" if "[project]" in project.text("pyproject.toml") else f"printf '%s\\n' {names} >> requirements.txt"
    return _in_list(project, lists[0], names)


def _of_installers(project: Project, file: str) -> bool:
    names = {line.name for line in requirements.parse(project.text(file)).lines}
    return bool(names) and names <= _INSTALLERS


def _in_list(project: Project, file: str, names: str) -> str:
    stem, _ = posixpath.splitext(file)
    source, shown = f"{stem}.in", shlex.quote(file)
    # a file may end without a newline, and a name that is appended would become a part of its last line
    if file != source and source in project.paths:
        source = shlex.quote(source)
        return f"printf '%s\\n' '' {names} >> {source} && uv pip compile --generate-hashes {source} -o {shown}"
    if "--hash=" in project.text(file):
        return f"printf '%s\\n' {names} | uv pip compile --generate-hashes {shown} - -o {shown}"
    return f"printf '%s\\n' '' {names} >> {shown}"
