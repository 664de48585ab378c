"""The two sides of an attribution: a commit, a run, the working tree or a folder, each frozen; which files differ by factor."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from readiness.config import manifest as manifests
from readiness.config.manifest import Demo, Manifest
from readiness.errors import InputError, UsageError
from readiness.formats import globs
from readiness.layers.infrastructure import procedure, recorded
from readiness.layers.infrastructure.evidence import Factor, Run
from readiness.layers.infrastructure.factors import factor_of
from readiness.runs import attribute_restored
from readiness.world import demo as demos
from readiness.world import files, git
from readiness.world import project as projects
from readiness.world.environment import Procedure
from readiness.world.project import Project


@dataclass(frozen=True)
class Side:
    """One side: what was asked for (`text`), the same with what it turned out to be (`shown`), its project and manifest.

    `commit` is empty for what is no commit. `run` is the recorded run whose files these are; `written` are globs of files
    that are no factor of what comes out, because a run says nothing of what they were before.
    """

    text: str
    shown: str
    project: Project
    manifest: Manifest
    commit: str = ""
    run: Run | None = None
    written: tuple[str, ...] = ()

    @cached_property
    def digests(self) -> Mapping[str, str]:
        """Every file of the project with its mode and digest. Raises UsageError where one cannot be read."""
        apart = [globs.pattern(glob) for glob in self.written]
        kept = [entry for entry in self.project.entries if not any(glob.fullmatch(entry.path) for glob in apart)]
        try:
            return {entry.path: f"{entry.mode} {files.digest_of(self.project.root, entry)}" for entry in kept}
        except OSError as error:
            raise UsageError(f"{self.text}: {error.filename} cannot be read: {error.strerror}", "make it readable, or ignore it") from None

    @cached_property
    def demo(self) -> Demo | None:
        """Its demo; None without one."""
        return demos.of(self.project, self.manifest)[0]

    @cached_property
    def procedure(self) -> Procedure:
        """How it is installed."""
        return procedure.discover(self.project, self.manifest)


@contextmanager
def sides(root: Path, first: str, second: str) -> Iterator[tuple[Side, Side]]:
    """Both sides; what was taken out of history is removed at the end. Raises UsageError or InputError for a bad one."""
    with TemporaryDirectory(prefix="readiness-attribute-") as folder:
        a, b = side(root, first, Path(folder) / "a"), side(root, second, Path(folder) / "b")
        written = tuple(sorted({glob for one in (a, b) if one.run is not None for glob in _written(one, one.run)}))
        yield replace(a, written=written), replace(b, written=written)


def side(root: Path, text: str, scratch: Path) -> Side:
    """The side that `text` names for the project in `root`; a commit or the files of a run are written below `scratch`.

    `.` is the working tree; a revision of the repository goes before a folder of the same name.
    """
    if text == ".":
        return _folder(root, text, "the working tree")
    toplevel = git.toplevel(root)
    if recorded.is_prefix(text) and (recorded.looks_like(text) or recorded.matching(root, text)):
        return _run(root, toplevel, text, scratch)
    if toplevel is not None and not text.startswith(("/", "./", "../", "~")):
        commit = ""
        with contextlib.suppress(UsageError):
            commit = git.resolve(toplevel, text)
        if commit:
            return of_commit(root, toplevel, text, commit, scratch)
    path = Path(text).expanduser()
    if path.is_dir():
        return _folder(path.resolve(), text, text)
    if path.exists():
        raise UsageError(f"`{text}` is a file: a side is a commit, a run, `.` or the folder of another checkout")
    if toplevel is None:
        raise UsageError(f"no folder `{text}`, and {root} is not a git repository", "name `.` or the folders of two checkouts")
    git.resolve(toplevel, text)  # names none: it says why
    raise UsageError(f"no commit and no folder `{text}`")


def _folder(path: Path, text: str, shown: str) -> Side:
    manifest = _manifest(path, text)
    project = projects.load(path, manifest.project_id)
    if not project.entries:
        raise UsageError(f"`{text}` holds no files", "name the folder of a project")
    commit = project.commit if project.commit and not project.dirty else ""
    at = f" @{project.commit[:7]}{', changed since' if project.dirty else ''}" if project.commit else ""
    return Side(text, f"{shown}{at}", project, manifest, commit)


def of_commit(root: Path, toplevel: Path, text: str, commit: str, scratch: Path) -> Side:
    """A commit as a side, its files written below `scratch`. Raises UsageError or InputError where it cannot be one."""
    base = scratch / toplevel.name
    git.extract(toplevel, commit, base)
    inside = base / root.relative_to(toplevel)
    if not inside.is_dir() or not any(files.walk(inside)):
        raise UsageError(f"`{text}` does not hold the folder {root.relative_to(toplevel)}", "name a commit that does")
    manifest = _manifest(inside, text)
    name = manifest.project_id or projects.slug(root.name)
    origin = projects.Origin(root, name, git.authored(toplevel, commit), toplevel, commit)
    # the repository is hidden from what is run, so that no cell reads a file of the tree it was taken from
    project = replace(projects.load(inside, origin=origin), toplevel=toplevel)
    return Side(text, f"@{commit[:7]}" if commit.startswith(text) else f"{text} @{commit[:7]}", project, manifest, commit)


def _run(root: Path, toplevel: Path | None, text: str, scratch: Path) -> Side:
    run = recorded.find(root, text)
    if toplevel is not None and git.ask(toplevel, "rev-parse", "--verify", "-q", f"{text}^{{commit}}"):
        raise UsageError(f"`{text}` names a run and a commit", "write refs/heads/… for a branch, r-… and more digits for a run")
    base = scratch / (toplevel or root).name
    inside = base / root.relative_to(toplevel) if toplevel is not None else base
    if toplevel is not None and inside != base and run.commit:
        git.extract(toplevel, run.commit, base)  # what lies around the project may say how it is installed
        files.remove_tree(inside)
    attribute_restored.restore(root, run, text, inside)
    manifest = _manifest(inside, text)
    name = manifest.project_id or projects.slug(root.name)
    origin = projects.Origin(root, name, run.started, toplevel, run.commit)
    project = replace(projects.load(inside, origin=origin), toplevel=toplevel or root)
    if not project.entries:
        raise UsageError(f"`{text}` rested on no file of the project", "name a run of a project with files")
    at = f" @{run.commit[:7]}{', changed since' if run.dirty else ''}" if run.commit else ""
    shown = recorded.shortest(run.id, recorded.ids(root))
    return Side(text, f"{shown}{at}", project, manifest, "" if run.dirty else run.commit, run)


def writing(side: Side, written: tuple[str, ...]) -> Side:
    """The side without the files of the globs `written`."""
    return replace(side, written=written)


def _written(side: Side, run: Run) -> tuple[str, ...]:
    """Globs of what a run writes, of which it records nothing that was there before."""
    demo = side.manifest.demo
    declared = (*demo.outputs, *([demo.metrics] if demo.metrics else [])) if demo else ()
    return (*(name.removeprefix("./") for name in declared), *run.outputs)


def _manifest(root: Path, text: str) -> Manifest:
    try:
        return manifests.load(root)
    except InputError as error:
        raise InputError([f"{text}: {problem}" for problem in error.problems], error.hint) from None


@dataclass(frozen=True)
class Difference:
    """What differs between two sides: the files of each factor that do, and the factors, the manifest's order first.

    `installed` says that they are set up differently, whatever their files say; `owner` maps every path to its factor,
    by what both manifests declare and the `parts` of one's own.
    """

    owner: Mapping[str, str]
    changed: Mapping[str, tuple[str, ...]]
    same: tuple[str, ...]
    installed: bool
    declared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)

    def factor(self, path: str) -> str:
        """The factor of any path, also of one that neither side has."""
        return self.owner.get(path) or _owner(path, self.declared, self.parts)

    @property
    def factors(self) -> tuple[str, ...]:
        """The factors that differ."""
        return tuple(self.changed)


def difference(a: Side, b: Side, parts: Mapping[str, str]) -> Difference:
    """What differs, `parts` being factors of one's own: a name and the glob of its files, taken before all others."""
    declared = {**a.manifest.infrastructure.factors, **b.manifest.infrastructure.factors}
    owner = {path: _owner(path, declared, parts) for path in sorted({*a.digests, *b.digests})}
    unused = [name for name in parts if name not in owner.values()]
    if unused:
        raise UsageError(f"no file matches the part `{unused[0]}`: {parts[unused[0]]}", "a glob is relative to the project: `src/rank/**`")
    differing = [path for path in owner if a.digests.get(path) != b.digests.get(path)]
    names = [*(factor.value for factor in Factor), *parts]
    changed = {name: tuple(path for path in differing if owner[path] == name) for name in names}
    installed = _setup(a.procedure) != _setup(b.procedure)
    kept = {name: paths for name, paths in changed.items() if paths or (installed and name == Factor.INFRASTRUCTURE.value)}
    return Difference(owner, kept, tuple(name for name in names if name not in kept), installed, declared, parts)


def _owner(path: str, declared: Mapping[str, tuple[str, ...]], parts: Mapping[str, str]) -> str:
    for name, glob in parts.items():
        if globs.pattern(glob).fullmatch(path):
            return name
    return factor_of(path, declared).value


def _setup(found: Procedure) -> tuple[object, ...]:
    return (found.steps, tuple(item.path for item in found.interpreters), dict(found.prepared), found.unread)
