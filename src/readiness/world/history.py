"""The history of a project: when a part of it began, who wrote it and who reviewed it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from readiness.world import git
from readiness.world.project import Project

REVIEWED: Final = ("reviewed-by", "approved-by", "acked-by", "signed-off-by")
_TOGETHER: Final = "co-authored-by"
_BOT: Final = re.compile(r"\[bot\]|\bbot@|^(?:dependabot|renovate|github-actions|semantic-release)\b", re.IGNORECASE)
_FIELD, _END = "\x1f", "\x1e"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit and its two dates (UTC), each of which whoever made it could choose."""

    id: str
    authored: datetime
    committed: datetime

    @property
    def at(self) -> datetime:
        """The earlier of the two: when the change was there at the latest. A rebase moves one, a forged author date the other."""
        return min(self.authored, self.committed)


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody as git names them, after `.mailmap`; the address in lower case."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What somebody did: wrote or reviewed the commit, when (UTC), and whether it touched the `inside` asked for."""

    who: Identity
    at: datetime
    commit: str
    review: bool = False
    inside: bool = False


def readable(project: Project) -> str:
    """Why the history of a project cannot be read; empty where it can."""
    if project.repository is None:
        return "there is no git repository, so there is no history"
    if not project.commit:
        return "nothing is committed yet"
    return ""


def cut_off(project: Project) -> bool:
    """Whether the history was cut off when the repository was cloned."""
    return project.repository is not None and git.shallow(project.repository)


def first_touch(project: Project, parts: Iterable[str], besides: Iterable[str] = ()) -> Commit | None:
    """The commit with which `parts` (paths in the project) began, also under names they had before.

    `besides` are globs of files that do not count. None where no commit touched anything that counts.
    """
    wanted = [_literal(project, part) for part in parts]
    if all(part not in ("", ".") for part in parts):
        wanted += [f":(top,literal){old}" for old in _former(project, [_path(project, part) for part in parts])]
    left_out = [f":(top,glob,exclude){_path(project, glob)}" for glob in besides]
    oldest_first = reversed(_commits(project, [*wanted, *left_out]))
    return min(oldest_first, key=lambda commit: commit.at, default=None)


def last_touch(project: Project, path: str) -> Commit | None:
    """The commit that gave a file the content it has; None where that content is in no commit."""
    repository = _repository(project)
    spec = _literal(project, path)
    if project.home == project.root and git.ask(repository, "diff", "--quiet", project.commit, "--", spec) is None:
        return None
    return next(iter(_commits(project, [spec], "-1")), None)


def precedes(project: Project, one: Commit, other: Commit) -> bool:
    """Whether `other` was built on `one`: the order in history, whatever the dates say."""
    found = git.ask(_repository(project), "merge-base", "--is-ancestor", one.id, other.id)
    return found is not None and one.id != other.id


def deeds(project: Project, inside: Iterable[str] = (".",)) -> tuple[Deed, ...]:
    """Everything people wrote and reviewed up to the commit, newest first; what programs did is left out.

    Reviews are what the trailers of commits say (`Reviewed-by`, `Approved-by`, `Acked-by`, `Signed-off-by`).
    """
    repository = _repository(project)
    touching = {commit.id for commit in _commits(project, [_literal(project, part) for part in inside])}
    form = f"%H{_FIELD}%at{_FIELD}%ct{_FIELD}%aN{_FIELD}%aE{_FIELD}%(trailers:only,unfold){_END}"
    said = git.ask(repository, "log", "--use-mailmap", f"--format={form}", project.commit)
    records = [record.strip("\n") for record in _text(said).split(_END)]
    found = [deed for record in records if record.count(_FIELD) >= 5 for deed in _deeds(record, touching)]
    mapped = _mailmapped(repository, {deed.who for deed in found})
    named = [replace(deed, who=mapped.get(deed.who, deed.who)) for deed in found]
    wrote = {(deed.commit, deed.who.email) for deed in named if not deed.review}
    kept = [deed for deed in named if not (deed.review and (deed.commit, deed.who.email) in wrote)]  # nobody reviews themselves
    return tuple(deed for deed in dict.fromkeys(kept) if not _BOT.search(f"{deed.who.name} {deed.who.email}"))


def _deeds(record: str, touching: set[str]) -> Iterator[Deed]:
    commit, authored, committed, name, email, trailers = record.split(_FIELD, 5)
    times = [datetime.fromtimestamp(int(text), UTC) for text in (authored, committed)]
    inside = commit in touching
    author = Identity(name, email.lower())
    yield Deed(author, min(times), commit, inside=inside)
    for line in trailers.splitlines():
        key, _, value = line.partition(":")
        found = re.fullmatch(r"\s*(.*?)\s*<([^<>]+)>\s*", value)
        if found is None:
            continue
        who = Identity(found[1], found[2].lower())
        if key.lower() in REVIEWED:
            yield Deed(who, times[1], commit, review=True, inside=inside)
        elif key.lower() == _TOGETHER:
            yield Deed(who, min(times), commit, inside=inside)


def _mailmapped(repository: Path, people: set[Identity]) -> dict[Identity, Identity]:
    listed = sorted(people, key=lambda item: (item.email, item.name))
    contacts = "".join(f"{item.name} <{item.email}>\n" for item in listed)
    said = _text(git.ask(repository, "check-mailmap", "--stdin", given=contacts.encode())).splitlines()
    if len(said) != len(listed):
        return {}
    found = {}
    for who, line in zip(listed, said, strict=True):
        name, _, email = line.rpartition("<")
        found[who] = Identity(name.strip(), email.rstrip(">").lower())
    return found


def _commits(project: Project, pathspecs: list[str], *limit: str) -> list[Commit]:
    asked = "\n".join([project.commit, "--", *pathspecs]) + "\n"
    said = git.ask(
        _repository(project),
        "log",
        "--full-history",
        *limit,
        "--format=%H %at %ct",
        "--stdin",
        given=asked.encode(errors="surrogateescape"),
    )
    found = []
    for line in _text(said).splitlines():
        commit, authored, committed = line.split(" ")
        found.append(Commit(commit, *(datetime.fromtimestamp(int(text), UTC) for text in (authored, committed))))
    return found


def _former(project: Project, parts: list[str]) -> list[str]:
    """Paths outside the parts from which something in them was moved there."""
    said = git.ask(_repository(project), "log", "-M", "--diff-filter=R", "--name-status", "-z", "--format=", project.commit)
    words = (said or b"").decode(errors="surrogateescape").split("\0")
    old: list[str] = []
    known: set[str] = set()
    for index, word in enumerate(words):
        if not re.fullmatch(r"\n?R\d{1,3}", word) or index + 2 >= len(words):
            continue
        source, target = words[index + 1], words[index + 2]
        within = target in known or any(target == part or target.startswith(f"{part}/") for part in parts)
        if within and "\n" not in source:
            known.add(source)
            old.append(source)
    return old


def _literal(project: Project, part: str) -> str:
    path = _path(project, part)
    return f":(top,literal){path}" if path else ":(top)"


def _path(project: Project, part: str) -> str:
    """A path of the project as one of its repository; empty for the whole of it."""
    steps = [step for step in f"{project.folder}/{part}".split("/") if step not in ("", ".")]
    return "/".join(steps)


def _repository(project: Project) -> Path:
    assert project.repository is not None, "callers ask whether the history is readable first"
    return project.repository


def _text(said: bytes | None) -> str:
    return (said or b"").decode("utf-8", "replace")
