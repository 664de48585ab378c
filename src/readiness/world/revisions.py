"""Revisions of a repository: which ones are marked, which touched a file, what it held then, what differs since."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from readiness.world import git

_LONGEST_WALK: Final = 1000


def tagged(root: Path, pattern: str) -> tuple[str, str] | None:
    """The newest tag of a pattern and its commit; None where there is none."""
    found = git.ask(root, "for-each-ref", "--sort=-creatordate", "--format=%(refname:strip=2)", f"refs/tags/{pattern}") or b""
    for name in found.decode(errors="replace").splitlines():
        commit = git.ask(root, "rev-parse", "--verify", "-q", "--end-of-options", f"refs/tags/{name}^{{commit}}")
        if commit:
            return name, commit.decode().strip()
    return None


def tags_before(root: Path, commit: str) -> list[tuple[str, str]]:
    """The tags of commits that a commit came after, each with its commit, newest first; a tag of the commit itself is none."""
    found = git.ask(root, "for-each-ref", "--merged", commit, "--sort=-creatordate",
                    "--format=%(refname:strip=2)%00%(objectname)%00%(*objectname)", "refs/tags") or b""  # fmt: skip
    tags = [line.split("\0") for line in found.decode(errors="replace").splitlines()]
    return [(name, peeled or plain) for name, plain, peeled in tags if (peeled or plain) != commit]


def changing(root: Path, commit: str, paths: tuple[str, ...]) -> list[str]:
    """The commits on the first line of descent up to `commit` that changed anything at paths of a repository, newest first."""
    named = [f":(top,literal){path}" for path in paths]
    found = git.ask(root, "log", "--first-parent", f"-n{_LONGEST_WALK}", "--format=%H", commit, "--", *named) or b""
    return found.decode().split()


def differs(root: Path, commit: str, other: str, paths: tuple[str, ...]) -> bool:
    """Whether anything at paths of a repository differs between a commit and another, or the files as they are where `other` is empty."""
    named = [f":(top,literal){path}" for path in paths]
    changed = git.ask(root, "diff", "--name-only", "--no-ext-diff", "--no-textconv", commit, *([other] if other else []), "--", *named)
    added = b"" if other else git.ask(root, "ls-files", "--others", "--exclude-standard", "--", *named)
    return bool(changed or added)


def touching(root: Path, path: str) -> list[str]:
    """The commits on the first line of descent that changed a file below `root`, newest first, at most a thousand."""
    found = git.ask(root, "log", "--first-parent", f"-n{_LONGEST_WALK}", "--format=%H", "--", path) or b""
    return found.decode().split()


def known(root: Path, commit: str) -> bool:
    """Whether a commit is here."""
    return bool(commit) and git.ask(root, "cat-file", "-e", "--end-of-options", f"{commit}^{{commit}}") is not None


def parent(root: Path, commit: str) -> str:
    """The first parent of a commit; empty where it has none here."""
    found = git.ask(root, "rev-parse", "--verify", "-q", f"{commit}^")
    return found.decode().strip() if found else ""


def held(root: Path, commit: str, path: str) -> str:
    """What a file below `root` held at a commit, as text; empty where it was not there."""
    found = git.ask(root, "show", f"{commit}:./{path}")
    return (found or b"").decode("utf-8", "replace")


def made(root: Path, commit: str) -> datetime | None:
    """When a commit was made (UTC); None where it is not here."""
    text = (git.ask(root, "show", "-s", "--format=%ct", commit) or b"").strip()
    return datetime.fromtimestamp(int(text), UTC) if text.isdigit() else None
