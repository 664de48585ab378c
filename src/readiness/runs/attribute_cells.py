"""Runs the cells of an attribution: a tree of which each file comes from A or from B, in the environment of one side.

An environment is installed once for each side, always into the same folder; the files of a cell are put there, what an
earlier cell left in HOME, TMPDIR and caches is taken away, and the demo runs with SEED set. A file's time of change is
made from its content: compiled Python is trusted by time and size, and two versions of a file may share both.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from readiness.errors import CannotJudge, UsageError
from readiness.layers.infrastructure.cassettes.answering import answering
from readiness.layers.infrastructure.evidence import Factor
from readiness.layers.infrastructure.experiment import Cell, Failed, Measured
from readiness.runs.attribute_kept import Kept, Key
from readiness.runs.attribute_metric import Metric, NoMetric
from readiness.runs.attribute_sides import Difference, Side
from readiness.sequence.finding import Cause
from readiness.world import beneath, files, record
from readiness.world.demo import DemoSession, Run
from readiness.world.environment import Environment, Step
from readiness.world.explanation import last_line
from readiness.world.sandbox import Sandbox, without_work_folder
from readiness.world.session import Session

MANIFEST: Final = "readiness.toml"
_KEPT_CACHES: Final = ("uv", "pycache")


class Drifted(Exception):
    """An environment is not the one that earlier cells were run in."""


class Unmixable(Exception):
    """A mixture of packages, or a state between A and B, cannot be installed or taken apart, for the reason given."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a file of a cell holds: its mode and digest as `files` gives them, and the bytes or where they lie."""

    mode: str
    digest: str
    source: Path | bytes

    def bytes(self) -> bytes:
        """The content, or the target of a link."""
        if isinstance(self.source, bytes):
            return self.source
        return os.fsencode(self.source.readlink()) if self.mode == "120000" else self.source.read_bytes()


def content_of(mode: str, data: bytes) -> Content:
    """A file made here."""
    return Content(mode, hashlib.sha256(data).hexdigest(), data)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is to be run: its files, in which bench (environment), with whose manifest; `name` is the key it is kept under.

    Bench and manifest are those of A, of B, or of a side between them that `Cells.join` took in.
    """

    name: str
    files: Mapping[str, Content]
    bench: str
    instrument: str


@dataclass
class Bench:
    """An installed environment with its tree, and what lay there right after the installation."""

    session: Session
    demo: DemoSession
    environment: Environment
    generated: frozenset[str]
    home: Path | None
    copied: frozenset[str]
    installed_files: str = ""


@dataclass
class Cells:
    """Everything that cells are run with; called as the `Measure` of an experiment."""

    a: Side
    b: Side
    differing: Difference
    sessions: dict[str, Session]
    metric: Metric
    kept: Kept
    told: Callable[[str, int], None] = field(default=lambda name, runs: None)
    ran: int = 0
    asked: set[Key] = field(default_factory=set)
    between: dict[str, Side] = field(default_factory=dict)
    _benches: dict[str, Bench] = field(default_factory=dict)

    def __call__(self, cell: Cell, seed: int, again: int) -> Measured | Failed:
        """Runs a cell of the experiment, or remembers it. Raises UsageError where A or B does not have the metric."""
        try:
            return self.run(self.recipe(cell), seed, again)
        except NoMetric as error:
            if not cell or cell == frozenset(self.differing.factors):
                raise UsageError(f"{(self.b if cell else self.a).text}: {error}") from None
            return Failed(str(error))

    def run(self, recipe: Recipe, seed: int, again: int = 0) -> Measured | Failed:
        """Runs a recipe, or remembers what it gave. Raises CannotJudge where that is nobody's fault but this machine's."""
        key: Key = (recipe.name, seed, again)
        self.asked.add(key)
        if key not in self.kept.cells:
            self.ran += 1
            self.told(recipe.name, len(self.kept.cells))
            found, elapsed_s = self._execute(recipe, seed)
            self.kept.add(key, found, elapsed_s)
        return self.kept.cells[key]

    @property
    def environments(self) -> int:
        """How many environments were installed."""
        return len(self._benches)

    def installed(self, name: str) -> Mapping[str, str]:
        """The packages and versions that the cells of a side were run with, as far as any was."""
        found = self._benches.get(name) or self._benches.get("A")
        return found.environment.packages if found is not None else {}

    def side(self, name: str) -> Side:
        """A side by its name: A, B, or one that joined."""
        return {"A": self.a, "B": self.b}.get(name) or self.between[name]

    def join(self, name: str, side: Side, session: Session) -> None:
        """Takes in a state between A and B, whose environment or manifest recipes may name; the session is not closed here."""
        self.between[name], self.sessions[name] = side, session

    # What a cell consists of

    @cached_property
    def contents(self) -> dict[str, dict[str, Content]]:
        """The files of both sides, frozen."""
        return {name: contents_of(side, self.sessions[name].pristine) for name, side in (("A", self.a), ("B", self.b))}

    def recipe(self, cell: Cell) -> Recipe:
        """The tree of a cell: every file from the side its factor comes from."""
        name = " ".join(sorted(cell)) or "A"
        taken = {path: found for path, owner in self.differing.owner.items() if (found := self.file("B" if owner in cell else "A", path))}
        bench = "B" if Factor.INFRASTRUCTURE.value in cell else "A"
        return Recipe(name, taken, bench, self.instrument(cell))

    def file(self, side: str, path: str) -> Content | None:
        """A file of one side; None where it has none."""
        return self.contents[side].get(path)

    def instrument(self, cell: Cell) -> str:
        """Whose manifest says how the demo is run: that of the side its file comes from, or of the only one with a demo."""
        if self.a.demo is None or self.b.demo is None:
            return "A" if self.b.demo is None else "B"
        return "B" if self.differing.owner.get(MANIFEST, Factor.CONFIGURATION.value) in cell else "A"

    # Where it is run

    def bench(self, name: str) -> Bench:
        """The environment of a side, installed at the first call. Raises CannotJudge where it cannot be."""
        if name not in self._benches:
            session = self.sessions[name]
            if session.procedure.unread or not session.procedure.interpreters:
                why = f"cannot be installed: {session.procedure.unread or 'no interpreter that it allows is here'}"
                raise Unmixable(f"it {why}") if name in self.between else CannotJudge(f"{name} {why}")
            found = session.first
            if found.cause is not Cause.NONE and name in self.between:
                raise Unmixable(f"it cannot be installed: {found.reason}")
            if found.cause is not Cause.NONE:
                raise CannotJudge(f"{name} cannot be installed: {found.reason}", "readiness check --only installs")
            self.add_bench(name, session, found)
        return self._benches[name]

    def add_bench(self, name: str, session: Session, found: Environment) -> Bench:
        """Takes an installed environment for runs. Raises `Drifted` where earlier cells ran in another one of that name."""
        ours = {entry.path for entry in session.project.entries}
        generated = frozenset(files.state_of(found.tree)) - ours
        copied = frozenset(record.local_packages(found.path) - _in_place(found.path))
        side = next(self.side(known) for known, own in self.sessions.items() if own is session)
        crossings = answering(session.project, side.manifest, datetime.now(UTC))
        demo = DemoSession(session.project, side.manifest, session, crossings)
        self._benches[name] = Bench(session, demo, found, generated, _kept_home(session, name), copied)
        if not self.kept.environment(name, _packages_digest(found)):
            raise Drifted(f"the environment of {name} is not the one earlier runs were made in")
        return self._benches[name]

    def mixed(self, name: str, side: str, versions: Mapping[str, str | None]) -> Bench:
        """The environment of a side with some packages in other versions, None for those that are taken out.

        Made at the first call. Raises `Unmixable` where they do not install together.
        """
        if name in self._benches:
            return self._benches[name]
        session, made = self.sessions[side], self.bench(side).environment
        procedure = replace(session.procedure, interpreters=(made.interpreter,) if made.interpreter else ())
        built = session.builder.build(name, session.tree(name), procedure)
        if built.cause is not Cause.NONE:
            raise CannotJudge(f"{side} cannot be installed again: {built.reason}")
        settings = session.builder.settings(built.path)
        for words in _changes(versions):
            done = session.builder.step(Step(("uv", "pip", *words)), built.path, built.tree, settings)
            if not done.ok:
                raise Unmixable(f"these versions do not install together: {without_work_folder(last_line(done))}")
        return self.add_bench(name, session, replace(built, packages=record.packages(built.path)))

    def _execute(self, recipe: Recipe, seed: int) -> tuple[Measured | Failed, float]:
        bench = self.bench(recipe.bench)
        side = self.side(recipe.instrument)
        _clean(bench)
        _place(bench, recipe)
        if problem := _reinstalled(bench, recipe):
            return Failed(problem), 0.0
        bench.demo.demo, bench.demo.project_id = side.demo, self.b.project.id
        label = f"c{self.ran}"
        run = bench.demo.seeded(bench.environment, seed, label)
        if run.ran.timed_out:  # on a busy machine that may say nothing of the cell
            bench.demo.forget(run, label)
            _clean(bench)
            _place(bench, recipe)
            label = f"{label}b"
            run = bench.demo.seeded(bench.environment, seed, label)
        try:
            return self._read(run), run.ran.elapsed_s
        finally:
            bench.demo.forget(run, label)

    def _read(self, run: Run) -> Measured | Failed:
        ran = run.ran
        if ran.filled_disk:
            raise CannotJudge("the disk is full", "free some space; what was finished is gone on with")
        if not ran.ok:
            if run.watched.refused:
                return Failed("it asks a hosted model, and the network is off")
            why = f"it ran longer than {ran.elapsed_s:.0f} s" if ran.timed_out else without_work_folder(last_line(ran))
            return Failed(f"the demo fails: {why}")
        value = self.metric.read(run.outputs)
        if not math.isfinite(value):
            return Failed(f"the metric is {'NaN' if math.isnan(value) else 'infinite'}")
        whole = json.dumps(sorted((name, run.digest(name)) for name in run.outputs))
        return Measured(value, hashlib.sha256(whole.encode()).hexdigest()[:24])


def contents_of(side: Side, pristine: Path) -> dict[str, Content]:
    """The files of a side, which lie in `pristine`."""
    found = {}
    for path, digest in side.digests.items():
        mode, _, sha256 = digest.partition(" ")
        found[path] = Content(mode, sha256, pristine / path)
    return found


def _in_place(environment: Path) -> set[str]:
    """Canonical names of packages whose files are those of the tree, not copies of them."""
    found = set()
    for info in record.site_packages(environment).glob("*.dist-info"):
        try:
            origin = json.loads((info / "direct_url.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(origin, dict) and isinstance(inside := origin.get("dir_info"), dict) and inside.get("editable"):
            found.add(str(canonicalize_name(info.name.removesuffix(".dist-info").rpartition("-")[0])))
    return found


def _packages_digest(environment: Environment) -> str:
    python = str(environment.interpreter.version) if environment.interpreter else ""
    told = json.dumps([python, sorted(environment.packages.items())])
    return hashlib.sha256(told.encode()).hexdigest()[:24]


# What cells leave behind


def _scratch(sandbox: Sandbox) -> list[Path]:
    caches = sandbox.root / "cache"
    return [sandbox.root / "home", sandbox.root / "tmp", *(path for path in caches.iterdir() if path.name not in _KEPT_CACHES)]


def _kept_home(session: Session, name: str) -> Path | None:
    """What the installation left in HOME, kept apart; None where it left nothing."""
    home = session.sandbox.root / "home"
    if not any(home.iterdir()):
        return None
    target = session.sandbox.private / f"home-{name}"
    shutil.copytree(home, target, symlinks=True)
    return target


def _clean(bench: Bench) -> None:
    """Takes away what an earlier run left where the next one would find it."""
    sandbox = bench.session.sandbox
    caches = sandbox.root / "cache"
    for folder in _scratch(sandbox):
        if folder.parent == caches:
            files.remove_tree(folder)
            continue
        for child in folder.iterdir():
            files.remove_tree(child)
    if bench.home is not None:
        shutil.copytree(bench.home, sandbox.root / "home", symlinks=True, dirs_exist_ok=True)
        sandbox.hand_over(sandbox.root / "home")


def _place(bench: Bench, recipe: Recipe) -> None:
    """Makes the tree hold the files of the recipe, what the installation generated, and nothing else."""
    tree = bench.environment.tree
    there = files.state_of(tree)
    wanted = {path: found.digest for path, found in recipe.files.items()}
    modes = {entry.path: entry.mode for entry in files.walk(tree)}
    folders = {"/".join(path.split("/")[:depth]) for path in wanted for depth in range(1, path.count("/") + 1)}
    for path in sorted(there, reverse=True):
        if path not in wanted and path not in folders and path not in bench.generated:
            beneath.remove(tree, path)
    changed = False
    for path, found in recipe.files.items():
        if there.get(path) == found.digest and modes.get(path) == found.mode:
            _date(tree / path, found)
            continue
        changed = True
        if found.mode == "120000":
            beneath.link(tree, path, os.fsdecode(found.bytes()))
        else:
            beneath.write(tree, path, found.bytes(), 0o755 if found.mode == "100755" else 0o644)
            _date(tree / path, found)
    if changed:
        bench.session.sandbox.hand_over(tree)


def _date(path: Path, found: Content) -> None:
    if found.mode != "120000":
        moment = 1_000_000_000 + int(found.digest[:7], 16)
        os.utime(path, (moment, moment), follow_symlinks=False)


def _reinstalled(bench: Bench, recipe: Recipe) -> str:
    """Installs the project's own package anew where the environment holds a copy of its files; why it fails, or nothing."""
    if not bench.copied:
        return ""
    whole = hashlib.sha256(json.dumps(sorted((path, found.digest) for path, found in recipe.files.items())).encode()).hexdigest()
    if whole == bench.installed_files:
        return ""
    argv = ("uv", "pip", "install", "-q", "--python", "{python}", "--no-deps", "--reinstall", ".")
    builder, found = bench.session.builder, bench.environment
    done = builder.step(Step(argv), found.path, found.tree, builder.settings(found.path))
    # two installations in one second would be the same to who compiled the first
    files.remove_tree(bench.session.sandbox.root / "cache/pycache")
    bench.installed_files = whole if done.ok else ""
    return "" if done.ok else f"its own package does not install: {without_work_folder(last_line(done))}"


def _changes(versions: Mapping[str, str | None]) -> list[tuple[str, ...]]:
    gone = [package for package, version in versions.items() if not version]
    wanted = [f"{package}=={version}" for package, version in versions.items() if version]
    took = [("uninstall", "-q", "--python", "{python}", *gone)] if gone else []
    return [*took, ("install", "-q", "--python", "{python}", "--no-deps", *wanted)] if wanted else took
