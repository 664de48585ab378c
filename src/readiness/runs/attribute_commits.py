"""Which commits between A and B bring the effect of the factor that matters most, by running states between them.

A cell is the factor's files as some commit of the path left them, and everything else as in the context of the search
inside. Where the factor holds the locks, that commit's environment is installed; where it holds the manifest, that
commit's demo is run.
"""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from math import ceil, log2
from pathlib import Path
from tempfile import TemporaryDirectory

from readiness.errors import InputError, UsageError
from readiness.layers.infrastructure import bisecting
from readiness.layers.infrastructure.attributed import Attribution
from readiness.layers.infrastructure.bisecting import Asked, Stretch, Values
from readiness.layers.infrastructure.ddmin import OutOfRuns
from readiness.layers.infrastructure.evidence import Factor
from readiness.runs import attribute_sides
from readiness.runs.attribute_cells import MANIFEST, Cells, Content, Recipe, Unmixable, contents_of
from readiness.runs.attribute_inside import SEEDS_AT_MOST, Search, searching, winner
from readiness.runs.attribute_path import Commit, Way
from readiness.world.session import Session


@dataclass(frozen=True, slots=True)
class Skipped:
    """A commit whose state gave nothing, and why."""

    commit: Commit
    reason: str


@dataclass(frozen=True, slots=True)
class Brought:
    """Which commits bring the effect of a factor: of `commits` (those that change its files, in the order they were made).

    `carrying` and `against` count their steps from A on, from 1; `backwards` says that B is older, so that a step takes its
    commit back. `note` says in words why nothing was looked for.
    """

    factor: str
    commits: tuple[Commit, ...] = ()
    backwards: bool = False
    carrying: tuple[Stretch, ...] = ()
    against: tuple[Stretch, ...] = ()
    effect: float = 0.0
    share: float = 0.0
    whole: bool = False
    skipped: tuple[Skipped, ...] = ()
    seeds: int = 0
    runs: int = 0
    note: str = ""

    def of(self, found: Stretch) -> tuple[Commit, ...]:
        """The commits of a stretch, the oldest first."""
        steps = tuple(reversed(self.commits)) if self.backwards else self.commits
        chosen = steps[found.first - 1 : found.last]
        return tuple(reversed(chosen)) if self.backwards else chosen


@dataclass
class _Path:
    """The states of a search: the commits' files, written out when they are first asked for."""

    search: Search
    way: Way
    commits: tuple[Commit, ...]
    holding: ExitStack
    reasons: dict[int, str] = field(default_factory=dict)

    def values(self, state: int) -> Values | None:
        """The metric of a state, a value a seed; None where it does not run."""
        if state in (0, len(self.commits)):
            return self.search.whole if state else self.search.base
        found = self.search.values_of(lambda: self._recipe(state))
        if isinstance(found, str):
            self.reasons[state] = found
            return None
        return found

    def step(self, number: int) -> Commit:
        """The commit of a step, from 1 at A."""
        return self.commits[-number] if self.way.backwards else self.commits[number - 1]

    def commit(self, state: int) -> str:
        """The commit whose files a state has: going backwards, that is the one before what its step takes back."""
        return self.commits[len(self.commits) - state - 1 if self.way.backwards else state - 1].id

    def _recipe(self, state: int) -> Recipe:
        cells, commit = self.search.cells, self.commit(state)
        name = f"commit-{commit[:12]}"
        if name not in cells.between:
            self._join(name, commit)
        side = cells.side(name)
        contents = contents_of(side, side.project.root)
        own = frozenset(self.search.factor.names)
        base, end = cells.recipe(self.search.around), cells.recipe(self.search.around | own)
        paths = {*base.files, *end.files, *contents}
        if all(_same(end.files.get(path), contents.get(path)) for path in paths if cells.differing.factor(path) in own):
            return end
        changed = {path for path in paths if cells.differing.factor(path) in own and not _same(base.files.get(path), contents.get(path))}
        bench = name if Factor.INFRASTRUCTURE.value in own else base.bench
        both = cells.a.demo is not None and cells.b.demo is not None
        instrument = name if both and cells.differing.factor(MANIFEST) in own and MANIFEST in changed else base.instrument
        if instrument == name and side.demo is None:
            raise Unmixable("its manifest has no demo")
        return self._named(base, {path: contents.get(path) for path in changed}, bench, instrument)

    def _named(self, base: Recipe, changed: dict[str, Content | None], bench: str, instrument: str) -> Recipe:
        """The recipe under a name made from what is in it, so that two commits with the same files are run once."""
        if not changed and bench == base.bench:
            return base
        told = json.dumps([sorted((path, f"{item.mode} {item.digest}" if item else "") for path, item in changed.items()), bench])
        files = {path: item for path, item in base.files.items() if path not in changed}
        files |= {path: item for path, item in changed.items() if item is not None}
        return Recipe(f"{base.name} + path-{hashlib.sha256(told.encode()).hexdigest()[:12]}", files, bench, instrument)

    def _join(self, name: str, commit: str) -> None:
        cells = self.search.cells
        scratch = self.holding.enter_context(TemporaryDirectory(prefix="readiness-attribute-"))
        home = self.way.repository if self.way.folder == "." else self.way.repository / self.way.folder
        try:
            side = attribute_sides.of_commit(home, self.way.repository, commit[:7], commit, Path(scratch))
        except (UsageError, InputError) as error:
            raise Unmixable(str(error).splitlines()[0]) from None
        session = Session(side.project, side.procedure, cells.sessions["A"].progress)
        self.holding.callback(session.close)
        cells.join(name, attribute_sides.writing(side, cells.a.written), session)


def _same(one: Content | None, two: Content | None) -> bool:
    if one is None or two is None:
        return one is two
    return (one.mode, one.digest) == (two.mode, two.digest)


def reserved(found: Attribution, way: Way, cells: Cells, most_runs: int) -> int:
    """How many of the runs the search inside leaves for the commits: what one culprit needs, at most half of them."""
    part = winner(found)
    steps = len(way.of(frozenset(part.names), cells.differing, cells.a.written)) if part is not None else 0
    if steps < 2:
        return 0
    seeds = min(found.seeds, SEEDS_AT_MOST) if found.seeded else 1
    return min(most_runs // 2, seeds * (ceil(log2(steps)) + 1))


def look(cells: Cells, found: Attribution, way: Way, share: float, min_effect: float, most_runs: int, holding: ExitStack) -> Brought | None:
    """The fewest commits that bring `share` of the winner's effect; None where nothing won."""
    part = winner(found)
    if part is None:
        return None
    if way.note:
        return Brought(part.name, note=way.note)
    commits = way.of(frozenset(part.names), cells.differing, cells.a.written)
    if not commits:
        return Brought(part.name, note="no commit on the path from A to B changes a file of it")
    search = searching(cells, found, part, share, most_runs)
    if not search.base:
        return Brought(part.name, commits, way.backwards, note="it changes nothing with all others from A, nor with all others from B")
    path = _Path(search, way, commits, holding)
    asked = Asked(share, min_effect, paired=found.paired)
    try:
        said = bisecting.narrowed(len(commits), path.values, asked)
    except OutOfRuns:
        return Brought(part.name, commits, way.backwards, note="no runs were left for it")
    by_id = {commit.id: commit for commit in commits}
    skipped = tuple(Skipped(by_id[path.commit(state)], path.reasons[state]) for state in said.skipped)
    single = {path.step(item.first).id for item in (*said.carrying, *said.against) if item.first == item.last}
    commits = tuple(way.weighed(commit) if commit.id in single else commit for commit in commits)
    return Brought(
        part.name, commits, way.backwards, said.carrying, said.against, search.effect, said.share, said.whole, skipped,
        search.seeds, search.runs,
    )  # fmt: skip
