"""Who wrote which lines of a file, as git blame says and no mail map of the project rewrites."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readiness.world import git
from readiness.world.project import Project

_UNCOMMITTED: Final = "0" * 40


def principal(person: str) -> str:
    """The name under which a person signs: the address in `Ada Lovelace <ada@example.org>`, else the text as it is."""
    found = re.search(r"<([^<>\s]+)>", person)
    return found[1] if found else person.strip()


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a line, as the commit says; both are empty where the line is not committed yet."""

    name: str
    mail: str

    def is_called(self, person: str) -> bool:
        """Whether a person named in a file is this author: by mail address, its local part, or name, in any case."""
        wanted, name = principal(person).removeprefix("@").casefold(), person.partition("<")[0].strip().casefold()
        mail = self.mail.casefold()
        return bool(wanted) and (wanted in (mail, mail.partition("@")[0], self.name.casefold()) or name == self.name.casefold())


def authors(root: Path, path: str, first: int, last: int, commit: str = "") -> tuple[Author, ...] | None:
    """The authors of lines `first` to `last` of a file below `root`, as of a commit or as it lies there, each once.

    None where git cannot say: no repository, or a file it does not know.
    """
    revision = [commit] if commit else []
    found = git.ask(root, "-c", "blame.ignoreRevsFile=", "blame", "--porcelain", f"-L{first},{last}", *revision, "--", path)
    lines = (found or b"").decode(errors="replace").splitlines()
    commits = {words[0] for words in (line.split() for line in lines if not line.startswith("\t")) if words and len(words[0]) in (40, 64)}
    named = [_author(root, name) for name in sorted(commits)]
    return tuple(dict.fromkeys(named)) if commits else None


def _author(root: Path, commit: str) -> Author:
    if commit.startswith(_UNCOMMITTED):
        return Author("", "")
    found = git.ask(root, "show", "-s", "--no-use-mailmap", "--format=%an%n%ae", commit) or b""
    name, _, mail = found.decode(errors="replace").strip().partition("\n")
    return Author(name, mail)


def last_author(project: Project, path: str) -> Author | None:
    """Who made the last change of a file of a project; both empty where it is not committed, None where git cannot say."""
    if project.repository is None or not project.commit:
        return None
    where = path if project.folder == "." else f"{project.folder}/{path}"
    if project.vcs and git.ask(project.repository, "status", "--porcelain", "--", f":(top,literal){where}"):
        return Author("", "")
    found = git.ask(project.repository, "log", "-1", "--format=%H", project.commit, "--", f":(top,literal){where}")
    commit = (found or b"").decode().strip()
    if not commit or git.shallow(project.repository):
        return None
    return _author(project.repository, commit)
