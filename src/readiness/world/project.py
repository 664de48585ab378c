"""The project: a folder, what belongs to it, and which state of it is judged."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from readiness.errors import CannotJudge, UsageError
from readiness.sequence.evidence import Digest
from readiness.world import files, git

MANIFESTS: Final = re.compile(
    r"pyproject\.toml|setup\.py|setup\.cfg|requirements(?![\w.-]*(?:dev|test|doc|lint|ci\b))[\w.-]*\.(?:txt|in)|Pipfile|"
    r"environment\.ya?ml|readiness\.toml"
)
ASIDE: Final = frozenset({"docs", "doc", "tests", "test", "examples", "example", "samples", "benchmarks", "scripts", "tools",
                           "third_party", "vendor", "template", "templates", ".github", ".devcontainer", ".binder"})  # fmt: skip
"""Folders whose files are about a project and not of it."""

SAID: Final = re.compile(r"\.readiness/.*|waivers/[a-z0-9-]{1,63}\.sig|approvals/\d{4}-\d\d-\d\d-[0-9a-f]{12}\.(?:md|html|json|sig)")
"""What is said about a project and is no part of it: neither judged nor given to what is executed, so that signing a
waiver or writing an approval does not make the evidence stale that it rests on."""
_SAID_GLOBS: Final = ("waivers/*.sig", *(f"approvals/[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]-{'[0-9a-f]' * 12}.{kind}"
                                        for kind in ("md", "html", "json", "sig")))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a project that was taken out of history comes from: whose folder keeps its evidence, its id, its time."""

    home: Path
    id: str
    changed_at: datetime | None
    repository: Path | None = None
    commit: str = ""


@dataclass(frozen=True)
class Project:
    """One project. `root` holds it, `toplevel` is its repository (the same, or above), `commit` is empty without git."""

    root: Path
    toplevel: Path
    id: str
    commit: str
    dirty: bool
    changed_at: datetime | None
    warnings: tuple[str, ...] = field(default=())
    home: Path = Path()
    """The folder that keeps the evidence: the root, but for a project taken out of history."""
    vcs: bool = False
    """Whether git knows this project."""
    repository: Path | None = None
    """The folder to ask git about its history in, up to `commit`; None where there is none."""
    folder: str = "."
    """Where the project lies in its repository, in `/` form."""

    @cached_property
    def whole(self) -> Project | None:
        """The repository this project is a part of, as a project; None where it is the whole of it."""
        if self.folder == ".":
            return None
        return replace(self, root=self.root.parents[self.folder.count("/")], folder=".")

    @cached_property
    def entries(self) -> tuple[files.Entry, ...]:
        """The files that belong to the project, sorted by path; what lies behind a link belongs to where that leads."""
        return tuple(sorted(self._listed(), key=lambda entry: os.fsencode(entry.path)))

    def _listed(self) -> list[files.Entry]:
        if not self.vcs:
            return [entry for entry in files.walk(self.root) if not SAID.fullmatch(entry.path)]
        found = [entry for path in git.listed(self.root) if (entry := files.entry(self.root, path)) is not None]
        linked = {entry.path for entry in found if entry.mode == "120000"}
        return [entry for entry in found if not SAID.fullmatch(entry.path) and not (linked and _behind(entry.path, linked))]

    @cached_property
    def _seen(self) -> frozenset[tuple[object, ...]]:
        return self._look()

    def _look(self) -> frozenset[tuple[object, ...]]:
        found = set()
        for entry in self._listed():
            with contextlib.suppress(OSError):
                state = os.lstat(self.root / entry.path)
                found.add((entry.path, entry.mode, state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino))
        return frozenset(found)

    def unchanged(self) -> bool:
        """Whether the files are still those whose digest was taken, by what the file system says of them."""
        return self._look() == self._seen

    @cached_property
    def tree(self) -> Digest:
        """The digest of those files. Raises CannotJudge where one cannot be read."""
        assert self._seen is not None  # looked at first, so that a change meanwhile is noticed
        try:
            return files.tree_digest(self.root, self.entries)
        except OSError as error:
            raise CannotJudge(f"{_shown(error.filename)} cannot be read: {error.strerror}", "make it readable or ignore it") from None

    @cached_property
    def paths(self) -> frozenset[str]:
        """The paths of the files, relative to the root."""
        return frozenset(entry.path for entry in self.entries)

    def text(self, path: str) -> str:
        """The content of a file, empty where it is not one of the project; bytes that are no UTF-8 are replaced."""
        if path not in self.paths:
            return ""
        place = self.root / path
        try:
            if place.is_symlink() and not place.resolve().is_relative_to(self.root.resolve()):
                return ""  # a link out of the project: what it leads to is none of ours to read
            data = place.read_bytes()
        except (OSError, RuntimeError):
            return ""
        # pip reads a requirement file by its byte order mark, and Windows editors write UTF-16
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        return data.decode(encoding, "replace")


def _behind(path: str, linked: set[str]) -> bool:
    steps = path.split("/")
    return any("/".join(steps[:length]) in linked for length in range(1, len(steps)))


def locate(path: Path) -> list[Path]:
    """The folders of the projects to judge at `path`: itself, or those below it where it only holds others.

    Raises UsageError where there is no such folder or nothing in it.
    """
    try:
        root = path.resolve(strict=True)
    except (OSError, RuntimeError):
        root = path
    if not root.is_dir():
        raise UsageError(f"no folder {path}", "name the folder of a project")
    names = _file_names(root)
    if not names:
        raise UsageError(f"{path} holds no files to judge", "run this in the folder of a project")
    if any(MANIFESTS.fullmatch(name) for name in names if "/" not in name and _declares(root, name)):
        return [root]
    below = nested(names, root)
    if below and not any(name.endswith((".py", ".ipynb")) for name in names if "/" not in name):
        return [root / folder for folder in below]
    return [root]


def nested(names: list[str], root: Path) -> list[str]:
    """Folders below the root that declare a Python project of their own, outermost only, sorted."""
    found: list[str] = []
    for name in sorted(names, key=lambda item: (item.count("/"), item)):
        folder, _, file = name.rpartition("/")
        if not folder or not MANIFESTS.fullmatch(file) or not _declares(root, name):
            continue
        parts = folder.split("/")
        if ASIDE.isdisjoint(part.lower() for part in parts) and not any(folder == f or folder.startswith(f"{f}/") for f in found):
            found.append(folder)
    return sorted(found)


def _declares(root: Path, name: str) -> bool:
    # A pyproject.toml that only configures tools declares no project.
    if name.endswith("setup.py"):
        return bool(re.search(r"\bsetup\s*\(", _read(root / name)))
    if not name.endswith("pyproject.toml"):
        return not name.endswith("setup.cfg") or "[metadata]" in _read(root / name)
    text = _read(root / name)
    return bool(re.search(r"^\s*\[(project|tool\.poetry|build-system|tool\.uv\.workspace)\]", text, re.MULTILINE))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _file_names(root: Path) -> list[str]:
    names = git.listed(root) if git.toplevel(root) else [entry.path for entry in files.walk(root)]
    return [name for name in names if not name.startswith(".readiness/")]


def load(root: Path, project_id: str = "", origin: Origin | None = None) -> Project:
    """The project in a folder; `project_id` overrides the name made from the folder's, `origin` says it is a past state."""
    if origin is not None:
        return Project(
            root, root, origin.id, origin.commit, False, origin.changed_at, (), origin.home, repository=origin.repository,
            folder=_inside(origin.home, origin.repository),
        )  # fmt: skip
    toplevel = git.toplevel(root)
    warnings = []
    if toplevel is None:
        warnings.append("not a git repository: judged as the plain folder it is")
    else:
        warnings += [f"submodule {_shown(path)} is not checked out" for path in git.submodules_missing(root)]
    return Project(
        root=root,
        toplevel=toplevel or root,
        id=project_id or default_id(root, toplevel),
        commit=git.head(root) if toplevel else "",
        dirty=git.dirty(root, _SAID_GLOBS) if toplevel else False,
        changed_at=git.last_change(root) if toplevel else None,
        warnings=tuple(warnings),
        home=root,
        vcs=toplevel is not None,
        repository=toplevel,
        folder=_inside(root, toplevel),
    )


def _inside(root: Path, toplevel: Path | None) -> str:
    return root.relative_to(toplevel).as_posix() if toplevel is not None else "."


def default_id(root: Path, toplevel: Path | None) -> str:
    """The id of a project that declares none, made from the folders it and its repository lie in."""
    return slug(_name(root, toplevel))


def _name(root: Path, toplevel: Path | None) -> str:
    if toplevel is None or root == toplevel:
        return root.name
    return f"{toplevel.name}-{root.relative_to(toplevel).as_posix()}"


def slug(name: str) -> str:
    """A project id made from a folder's name: a-z, 0-9 and hyphens, 1 to 63 of them."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63] or "project"


def _shown(path: object) -> str:
    return str(path).encode("utf-8", "replace").decode()
