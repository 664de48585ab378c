"""With which tool and from which files a project's packages are locked: the commands that its remedies name."""

from __future__ import annotations

import re
import shlex
import tomllib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from readiness.layers.infrastructure.procedure import COMPILED
from readiness.world.environment import Procedure, Step
from readiness.world.project import Project

_TAKE_A_FILE: Final = ("-r", "--requirement", "-c", "--constraint")
_TAKE_A_VALUE: Final = (*_TAKE_A_FILE, "-e", "-i", "-f", "--index-url", "--extra-index-url", "--find-links")

PRINT_LINES: Final = r"printf '%s\n'"
"""What prints each of its arguments on a line of its own."""


@dataclass(frozen=True, slots=True)
class Locking:
    """How packages are locked: `tool` is uv, poetry or pipenv, `compile` for lists of packages, `notebook`, or empty.

    `files` are those that name packages and are there, `words` the requirements a command line names by itself.
    """

    tool: str = ""
    files: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def lock(self, *, held: str = "", before: str = "") -> str:
        """The command that locks everything, with one requirement more, or as of a day; empty where none would work."""
        if self.tool == "uv":
            return f"uv add {shlex.quote(held)}" if held else f"uv lock --exclude-newer {before}" if before else "uv lock"
        if self.tool in ("poetry", "pipenv"):
            add = "add" if self.tool == "poetry" else "install"
            return f"{self.tool} {add} {shlex.quote(held)}" if held else f"{self.tool} lock"
        return self._compile(held, before) if self.tool == "compile" else ""

    def _compile(self, held: str, before: str) -> str:
        words = [*self.words, *([held] if held else [])]
        if not words and not self.files:
            return ""
        bound = f"--exclude-newer {before} " if before and not held else ""
        sources = " ".join(shlex.quote(name) for name in (*self.files, *(["-"] if words else [])))
        said = f"{'echo' if len(words) == 1 else PRINT_LINES} {' '.join(shlex.quote(word) for word in words)}"
        return f"{f'{said} | ' if words else ''}uv pip compile {bound}--generate-hashes {sources} -o {COMPILED}"

    def add(self, name: str) -> str:
        """The command that declares one package more; empty where that is done by hand."""
        if self.tool in ("uv", "poetry", "pipenv"):
            return self.lock(held=name)
        lists = [file for file in self.files if file.endswith((".txt", ".in"))]
        if self.tool == "compile" and self.files and not lists:
            return ""
        # a file may end without a newline, and a name that is appended would become a part of its last line
        return f"printf '\\n{name}\\n' >> {shlex.quote(lists[0])}" if lists else f"echo {name} >> requirements.txt"

    def update(self, name: str) -> str:
        """The command that moves one package in a lock; empty where no tool does that."""
        commands = {"uv": f"uv lock --upgrade-package {name}", "poetry": f"poetry update {name}", "pipenv": f"pipenv update {name}"}
        return commands.get(self.tool, "")


def locking(project: Project, procedure: Procedure) -> Locking:
    """How the packages that a procedure installs are locked."""
    if procedure.kind in ("uv", "poetry", "pipenv", "notebook"):
        return Locking(procedure.kind)
    steps = procedure.steps
    local = [file for folder in local_folders(project, steps) if (file := metadata_file(project, folder))]
    files = tuple(dict.fromkeys(file for file in (*listed_files(steps), *local) if file in project.paths))
    words = tuple(dict.fromkeys(word for step in steps for word in named_words(step.argv)))
    if files in (("pyproject.toml",), ()) and not words and (tool := _tool(project)):
        return Locking(tool, files)
    return Locking("compile", files, words) if files or words else Locking()


def _tool(project: Project) -> str:
    data = toml(project.text("pyproject.toml"))
    return "uv" if "project" in data else "poetry" if "poetry" in data.get("tool", {}) else ""


def listed_files(steps: tuple[Step, ...]) -> list[str]:
    """The requirement and constraint files that steps install from."""
    return [after for step in steps for word, after in pairwise(step.argv) if word in _TAKE_A_FILE and after != "pyproject.toml"]


def local_folders(project: Project, steps: tuple[Step, ...]) -> list[str]:
    """Folders of the project that steps install as packages, the root as an empty text."""
    found = []
    for step in steps:
        for before, word in pairwise(("", *step.argv)):
            folder = word.partition("[")[0].removeprefix("./").rstrip("/")
            if before in _TAKE_A_FILE and word == "pyproject.toml":
                found.append("")
            elif before not in _TAKE_A_FILE and (word == "." or word.startswith((".[", "./")) or before == "-e"):
                found.append("" if folder in (".", "") else folder)
    return [folder for folder in dict.fromkeys(found) if not folder or any(path.startswith(f"{folder}/") for path in project.paths)]


def metadata_file(project: Project, folder: str) -> str:
    """The file in which a folder declares the packages it needs; empty where it has none."""
    within = f"{folder}/" if folder else ""
    return next((name for name in (f"{within}pyproject.toml", f"{within}setup.py", f"{within}setup.cfg") if name in project.paths), "")


def named_words(argv: tuple[str, ...]) -> list[str]:
    """The requirements that an installation command names by itself."""
    if argv[:3] != ("uv", "pip", "install"):
        return []
    found = []
    for before, word in pairwise(("", *argv[5:])):
        if before not in _TAKE_A_VALUE and re.match(r"[A-Za-z0-9]", word):
            found.append(word)
    return found


def toml(text: str) -> dict[str, Any]:
    """A TOML file as a table, empty where it is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
