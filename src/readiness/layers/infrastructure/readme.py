"""The `pip install` lines of a README, each in the folder it is called in."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from readiness.formats import dockerfile
from readiness.layers.infrastructure import pip_lines
from readiness.world.environment import Step
from readiness.world.project import Project

_RUNNERS: Final = frozenset({"pip", "pip3", "python", "python3", "uv", "py"})
_ASIDE: Final = re.compile(r"dev|test|doc|lint|gpu|cuda", re.IGNORECASE)
_FENCE: Final = re.compile(r"\s*(?:```|~~~)")


def steps(project: Project) -> tuple[Step, ...]:
    """The installations a README asks for in order, each once; those of a release of the project are left out.

    A code block that installs what only developers need is theirs as a whole, where another one installs the product.
    """
    names = ("readme.md", "readme.rst", "readme.txt", "readme")
    readme = next((path for path in sorted(project.paths) if path.lower() in names), "")
    blocks: dict[int, list[Step]] = {}
    for block, number, folder, words in _commands(project, project.text(readme)):
        argv = pip_lines.arguments(words) if words[0] in _RUNNERS else []
        step = pip_lines.step(project, argv, f"{readme}:{number}", folder=folder) if argv else None
        if step and any(word in ("-r", "-e") or word.startswith(".") for word in step.argv):
            blocks.setdefault(block, []).append(step)
    users = [block for block in blocks.values() if not any(map(_is_aside, block))]
    found: dict[tuple[str, ...], Step] = {}
    for step in (step for block in users or blocks.values() for step in block if not _is_aside(step)):
        found.setdefault(step.argv, step)
    return tuple(found.values())


def _is_aside(step: Step) -> bool:
    return bool(_ASIDE.search(" ".join(step.argv[5:])))


@dataclass(slots=True)
class _Shell:
    """Where the reader of a README stands: in a folder of the project, or nowhere that is known (None)."""

    project: Project
    folder: str | None = ""
    cloned: str = ""

    def clone(self, words: list[str]) -> None:
        """Remembers what the first repository is called that is cloned, which is this one."""
        target = next((word for word in words[2:] if not word.startswith("-")), "")
        self.cloned = self.cloned or PurePosixPath(target).name.removesuffix(".git")

    def enter(self, target: str) -> None:
        """Goes to a folder of the project; to the checkout itself where it was just made; else nowhere."""
        if self.folder is None:
            return
        path = posixpath.normpath(posixpath.join(self.folder, target))
        if target.startswith(("/", "~", "$")) or target == "-":
            self.folder = None
        elif path == "." or any(name.startswith(f"{path}/") for name in self.project.paths):
            self.folder = "" if path == "." else path
        elif self.folder or not self._is_checkout(path):
            self.folder = None

    def _is_checkout(self, path: str) -> bool:
        project = self.project
        own = {self.cloned, project.root.name, project.toplevel.name, project.folder}
        return path in own or posixpath.join(path, "") == f"{project.toplevel.name}/{project.folder}/" or path.startswith("<")


def _commands(project: Project, text: str) -> Iterator[tuple[int, int, str, list[str]]]:
    """(block, line, folder, words) of each command; a folder is left where a code block, or outside of one a paragraph, ends."""
    shell, fenced, block = _Shell(project), False, 0
    for number, line in enumerate(text.splitlines(), start=1):
        if _FENCE.match(line) or not (fenced or line.strip()):
            fenced ^= bool(_FENCE.match(line))
            shell.folder, block = "", block + 1
            continue
        for words in dockerfile.shell_commands(line.strip().strip("`").lstrip("$> ")):
            if words[0] == "cd" and len(words) == 2:
                shell.enter(words[1])
            elif words[:2] == ["git", "clone"]:
                shell.clone(words)
            elif shell.folder is not None:
                yield block, number, shell.folder, words
