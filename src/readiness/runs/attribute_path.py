"""The commits between the two sides of an attribution: the first-parent path from one to the other, and what each changes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from readiness.formats import globs
from readiness.runs.attribute_sides import Difference, Side
from readiness.world import git

_MARK: Final = b"\x01\x02"
_FORMAT: Final = "%x01%x02%H%x1f%an%x1f%as%x1f%P%x1f%s"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of the path: who wrote it and when (YYYY-MM-DD), which paths of the project it changes.

    `merged` are the ends of the branches it merges; `brings` is how many commits come with them, which `Way.weighed` counts.
    """

    id: str
    subject: str
    author: str
    date: str
    paths: tuple[str, ...]
    merged: tuple[str, ...] = ()
    brings: int = 0

    @property
    def short(self) -> str:
        """Its first seven digits."""
        return self.id[:7]


@dataclass(frozen=True, slots=True)
class Way:
    """The path from A to B, the oldest commit first; where B is the older one it is gone `backwards`.

    `repository` and `folder` say where the project lies. `note` says in words why there is no path.
    """

    repository: Path = Path()
    folder: str = "."
    commits: tuple[Commit, ...] = ()
    older: str = ""
    backwards: bool = False
    note: str = ""

    def of(self, names: frozenset[str], differing: Difference, written: tuple[str, ...]) -> tuple[Commit, ...]:
        """The commits that change a file of these factors, the oldest first."""
        apart = [globs.pattern(glob) for glob in written]

        def counts(path: str) -> bool:
            return differing.factor(path) in names and not any(glob.fullmatch(path) for glob in apart)

        return tuple(commit for commit in self.commits if any(counts(path) for path in commit.paths))

    def weighed(self, commit: Commit) -> Commit:
        """A commit with the number of those it merges; asked of git, so of few."""
        if commit.brings or not commit.merged:
            return commit
        found = git.ask(self.repository, "rev-list", "--count", *commit.merged, f"^{commit.id}^1") or b"0"
        return replace(commit, brings=int(found))


def between(a: Side, b: Side) -> Way:
    """The path between two sides that are commits of one repository, or why there is none."""
    for name, side in (("A", a), ("B", b)):
        if not side.commit:
            return Way(note=f"{name} is no commit, so there are no commits between")
    root, inside = b.project.repository, b.project.folder
    if root is None or git.ask(root, "cat-file", "-e", f"{a.commit}^{{commit}}") is None:
        return Way(note="A and B are commits of different repositories")
    if a.project.folder != inside:
        return Way(note=f"the project moved from {a.project.folder} to {inside}: commits between are not run")
    if a.commit == b.commit:
        return Way(note="A and B are the same commit")
    if git.ask(root, "merge-base", "--is-ancestor", a.commit, b.commit) is not None:
        return _way(root, inside, a.commit, b.commit, backwards=False)
    if git.ask(root, "merge-base", "--is-ancestor", b.commit, a.commit) is not None:
        return _way(root, inside, b.commit, a.commit, backwards=True)
    return Way(note=_apart(root, a.commit, b.commit))


def _apart(root: Path, one: str, two: str) -> str:
    if git.shallow(root):
        return "this clone is shallow, and the history between A and B is not in it: `git fetch --unshallow` brings it"
    base = (git.ask(root, "merge-base", one, two) or b"").decode().strip()
    if not base:
        return "A and B have no history in common, so there are no commits between"
    return f"neither A nor B comes before the other: compare each with {base[:7]}, where their branches part"


def _way(root: Path, inside: str, old: str, new: str, *, backwards: bool) -> Way:
    """The first parents of the newer commit, back to the first that has the older one among its ancestors."""
    after = set((git.ask(root, "rev-list", "--ancestry-path", f"{old}..{new}") or b"").decode().split())
    where = [] if inside == "." else ["--", f":(top,literal){inside}"]
    found = git.ask(
        root, "log", "--first-parent", "--diff-merges=first-parent", "--name-only", "--no-renames", "-z", f"--format={_FORMAT}",
        f"{old}..{new}", *where,
    )  # fmt: skip
    if found is None:
        return Way(note="git does not tell the commits between A and B")
    line = (git.ask(root, "rev-list", "--first-parent", f"{old}..{new}") or b"").decode().split()
    beside = [commit for commit in line if commit not in after]
    commits = {commit.id: commit for record in found.split(_MARK)[1:] if (commit := _commit(record, inside)).id in after}
    entry = next((commit for commit in reversed(line) if commit in after), "")
    if beside and entry:
        # the older side lies on a branch that this commit merged: from there to it the rest of the line comes in at once
        commits = {entry: _entry(root, entry, old, inside), **{name: item for name, item in commits.items() if name != entry}}
    ordered = tuple(commits[name] for name in reversed(line) if name in commits)
    return Way(root, inside, ordered, old, backwards)


def _commit(record: bytes, inside: str) -> Commit:
    head, _, rest = record.partition(b"\0")
    name, author, date, parents, subject = (part.decode(errors="replace") for part in head.split(b"\x1f", 4))
    paths = tuple(path for item in rest.split(b"\0") if (path := _inside(os.fsdecode(item.lstrip(b"\n")), inside)))
    return Commit(name, subject, author, date, paths, tuple(parents.split()[1:]))


def _entry(root: Path, commit: str, old: str, inside: str) -> Commit:
    """The commit that merged the older side, with everything that differs between the two."""
    where = [] if inside == "." else ["--", f":(top,literal){inside}"]
    shown = git.ask(root, "show", "-s", f"--format={_FORMAT}", commit) or b""
    made = _commit(shown.rstrip(b"\n").removeprefix(_MARK), inside)
    names = git.ask(root, "diff", "--name-only", "--no-renames", "-z", old, commit, *where) or b""
    paths = tuple(path for item in names.split(b"\0") if (path := _inside(os.fsdecode(item), inside)))
    brings = len((git.ask(root, "rev-list", f"{old}..{commit}") or b"").split()) - 1
    return replace(made, paths=paths, brings=brings)


def _inside(path: str, folder: str) -> str:
    if folder == ".":
        return path
    return path[len(folder) + 1 :] if path.startswith(f"{folder}/") else ""


def counts(way: Way, differing: Difference, written: tuple[str, ...]) -> Mapping[str, int]:
    """How many commits change each factor that differs."""
    return {name: len(way.of(frozenset((name,)), differing, written)) for name in differing.factors}
