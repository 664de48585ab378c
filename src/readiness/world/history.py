"""The history of a repository: who wrote lines, which commits touched a file, what it held, what differs since."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from readiness.world import git

_UNCOMMITTED: Final = "0" * 40
_LONGEST_WALK: Final = 1000


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a line, as the commit says; both are empty where the line is not committed yet."""

    name: str
    mail: str

    def is_called(self, person: str) -> bool:
        """Whether a name in a file means this author: by mail address, its local part, or name, in any case."""
        wanted = person.strip().removeprefix("@").casefold()
        mail = self.mail.casefold()
        return bool(wanted) and wanted in (mail, mail.partition("@")[0], self.name.casefold())


def authors(root: Path, path: str, first: int, last: int, commit: str = "") -> tuple[Author, ...] | None:
    """The authors of lines `first` to `last` of a file below `root`, as of a commit or as it lies there, each once.

    None where git cannot say: no repository, a file it does not know. A mail map of the project renames nobody here.
    """
    revision = [commit] if commit else []
    found = git.output(
        root, "-c", "blame.ignoreRevsFile=", "blame", "--porcelain", f"-L{first},{last}", *revision, "--", path
    )  # fmt: skip
    if found is None:
        return None
    lines = found.decode(errors="replace").splitlines()
    commits = {words[0] for words in (line.split() for line in lines if not line.startswith("\t")) if words and len(words[0]) == 40}
    named = [_author(root, commit) for commit in sorted(commits)]
    return tuple(dict.fromkeys(named)) if commits else None


def _author(root: Path, commit: str) -> Author:
    if commit == _UNCOMMITTED:
        return Author("", "")
    found = git.output(root, "show", "-s", "--no-use-mailmap", "--format=%an%n%ae", commit) or b""
    name, _, mail = found.decode(errors="replace").strip().partition("\n")
    return Author(name, mail)


def tagged(root: Path, pattern: str) -> tuple[str, str] | None:
    """The newest tag of a pattern and its commit; None where there is none."""
    found = git.output(root, "for-each-ref", "--sort=-creatordate", "--format=%(refname:short)", f"refs/tags/{pattern}") or b""
    for name in found.decode(errors="replace").splitlines():
        commit = git.output(root, "rev-parse", "--verify", "-q", f"refs/tags/{name}^{{commit}}")
        if commit:
            return name, commit.decode().strip()
    return None


def touching(root: Path, path: str) -> list[str]:
    """The commits on the first line of descent that changed a file below `root`, newest first, at most a thousand."""
    found = git.output(root, "log", "--first-parent", f"-n{_LONGEST_WALK}", "--format=%H", "--", path) or b""
    return found.decode().split()


def parent(root: Path, commit: str) -> str:
    """The first parent of a commit; empty where it has none here."""
    found = git.output(root, "rev-parse", "--verify", "-q", f"{commit}^")
    return found.decode().strip() if found else ""


def held(root: Path, commit: str, path: str) -> str:
    """What a file below `root` held at a commit, as text; empty where it was not there."""
    found = git.output(root, "show", f"{commit}:./{path}")
    return (found or b"").decode("utf-8", "replace")


def day(root: Path, commit: str) -> datetime | None:
    """When a commit was made (UTC); None where it is not here."""
    text = (git.output(root, "show", "-s", "--format=%ct", commit) or b"").strip()
    return datetime.fromtimestamp(int(text), UTC) if text.isdigit() else None


def lines_changed(root: Path, commit: str) -> dict[str, tuple[int, int]]:
    """Tracked files below `root` that differ from a commit, with lines added and removed (0, 0 for what is no text)."""
    found = git.output(root, "diff", "--numstat", "--no-renames", "--no-ext-diff", "--no-textconv", "--relative", "-z", commit, "--", ".")
    changed = {}
    for row in (found or b"").split(b"\0"):
        added, _, rest = row.partition(b"\t")
        removed, _, path = rest.partition(b"\t")
        if path:
            changed[os.fsdecode(path)] = (int(added) if added.isdigit() else 0, int(removed) if removed.isdigit() else 0)
    return changed
