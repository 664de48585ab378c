"""Inside the factor that matters most: which file, key, column, lines, package or commit explains its effect."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from readiness.layers.infrastructure.attributed import Attribution, Part, Word
from readiness.layers.infrastructure.ddmin import Minimal, OutOfRuns, Units, minimal
from readiness.layers.infrastructure.evidence import Factor
from readiness.layers.infrastructure.experiment import Cell, Failed, Measured
from readiness.runs.attribute_cells import Cells, Content, Recipe, Unmixable, content_of
from readiness.runs.attribute_metric import NoMetric
from readiness.runs.attribute_units import Split, Unit, packages, split
from readiness.world import git

SEEDS_AT_MOST = 8


@dataclass(frozen=True, slots=True)
class Inside:
    """The minimal part of a factor: its `units`, the share of the factor's effect they explain, with the seeds used.

    `whole` is False where the runs ended before it was known to be minimal; `candidates` is how many units there were.
    """

    factor: str
    units: tuple[str, ...]
    candidates: int
    effect: float
    factor_effect: float
    share: float
    seeds: int
    runs: int
    whole: bool
    commits: tuple[str, ...] = ()
    note: str = ""


@dataclass
class Search:
    """One search: in which context, over which seeds, with how many runs; `base` and `whole` are the metric without and with
    all of the factor, a value a seed."""

    cells: Cells
    around: Cell
    factor: Part
    seeds: int
    most_runs: int
    asked: float
    effect: float = 0.0
    base: list[float] = field(default_factory=list)
    began: int = 0
    whole: list[float] = field(default_factory=list)

    @property
    def runs(self) -> int:
        """Runs of this search so far."""
        return len(self.cells.asked) - self.began

    def effect_of(self, recipe: Callable[[], Recipe]) -> float | None:
        """The mean effect of a recipe against the context without the factor; None where it does not run."""
        values = self.values_of(recipe)
        return fmean(values) - fmean(self.base) if isinstance(values, list) else None

    def values_of(self, recipe: Callable[[], Recipe]) -> list[float] | str:
        """The metric of a recipe with each seed; why it does not run where it does not. Raises OutOfRuns."""
        if self.runs + self.seeds > self.most_runs:
            raise OutOfRuns
        values = []
        try:
            made = recipe()
            for seed in range(self.seeds):
                found = self.cells.run(made, seed)
                if isinstance(found, Failed):
                    return found.reason
                values.append(found.value)
        except (Unmixable, NoMetric) as error:
            return str(error)
        return values

    def explains(self, effect: float | None) -> bool:
        """Whether an effect is the share of the factor's that was asked for."""
        return effect is not None and effect * self.effect > 0 and abs(effect) >= self.asked * abs(self.effect) * (1 - 1e-9)


def winner(found: Attribution) -> Part | None:
    """The part whose effect is sure and largest; None without one."""
    sure = [part for part in found.parts if part.word is Word.EFFECT]
    return max(sure, key=lambda part: abs(part.estimate.mean), default=None)


def look(cells: Cells, found: Attribution, share: float, most_runs: int) -> Inside | None:
    """The minimal part of the winner that explains at least `share` of its effect; None where nothing won."""
    part = winner(found)
    if part is None:
        return None
    search = searching(cells, found, part, share, most_runs)
    if Factor.INFRASTRUCTURE.value in part.names:
        if len(part.names) > 1:
            return _nothing(search, "it runs only together with others, so its packages cannot be told apart")
        return _packages(search)
    return _files(search)


def searching(cells: Cells, found: Attribution, part: Part, share: float, most_runs: int) -> Search:
    """Around which other factors the search is made: with none of the live ones from B, or with all, where more happens."""
    live = frozenset(name for other in found.parts if other.word is not Word.INERT for name in other.names)
    own = frozenset(part.names)
    seeds = min(found.seeds, SEEDS_AT_MOST) if found.seeded else 1
    best = Search(cells, frozenset(), part, seeds, most_runs, share, began=len(cells.asked))
    for around in (frozenset[str](), live - own):
        without, with_it = _values(cells, around, seeds), _values(cells, around | own, seeds)
        if without and with_it and abs(fmean(with_it) - fmean(without)) > abs(best.effect):
            best = Search(cells, around, part, seeds, most_runs, share, fmean(with_it) - fmean(without), without, best.began, with_it)
    return best


def _values(cells: Cells, cell: Cell, seeds: int) -> list[float]:
    found = [cells(cell, seed, 0) for seed in range(seeds)]
    return [item.value for item in found if isinstance(item, Measured)] if all(isinstance(item, Measured) for item in found) else []


def _nothing(search: Search, note: str) -> Inside:
    return Inside(search.factor.name, (), 0, 0.0, search.effect, 0.0, search.seeds, search.runs, False, note=note)


# Files and what is in them


def _files(search: Search) -> Inside:
    if not search.base:
        return _nothing(search, "it changes nothing with all others from A, nor with all others from B")
    cells = search.cells
    paths = [path for name in search.factor.names for path in cells.differing.changed[name]]

    def of_files(chosen: Units) -> Recipe:
        return _recipe(search, {paths[index]: cells.file("B", paths[index]) for index in chosen})

    outer = _minimal(search, len(paths), of_files)
    kept = [paths[index] for index in sorted(outer.units)]
    splits = [_split(cells, path) for path in kept]
    units = [unit for found in splits for unit in found.units]
    if len(units) == len(kept):
        return _said(search, outer, units, len(paths), of_files)

    def of_units(chosen: Units) -> Recipe:
        return _recipe(search, _mixed(cells, kept, splits, chosen))

    try:
        if not search.explains(search.effect_of(lambda: of_units(frozenset(range(len(units)))))):
            return _said(search, outer, [Unit(path) for path in kept], len(paths), of_files)
    except OutOfRuns:
        return _said(search, outer, [Unit(path) for path in kept], len(paths), of_files)
    inner = _minimal(search, len(units), of_units)
    return _said(search, Minimal(inner.units, inner.whole and outer.whole), [units[i] for i in sorted(inner.units)], len(units), of_units)


def _minimal(search: Search, count: int, recipe: Callable[[Units], Recipe]) -> Minimal:
    return minimal(count, lambda chosen: search.explains(search.effect_of(lambda: recipe(chosen))))


def _split(cells: Cells, path: str) -> Split:
    """A file taken apart; one unit where it cannot be, or where one side does not have it."""
    one, two = cells.file("A", path), cells.file("B", path)
    plain = one is not None and two is not None and "120000" not in (one.mode, two.mode)
    found = split(path, one.bytes(), two.bytes()) if plain and one is not None and two is not None else None
    return found or Split((Unit(path),), lambda chosen: b"")


def _mixed(cells: Cells, paths: Sequence[str], splits: Sequence[Split], chosen: Units) -> dict[str, Content | None]:
    mixed: dict[str, Content | None] = {}
    start = 0
    for path, found in zip(paths, splits, strict=True):
        own = frozenset(index - start for index in chosen if start <= index < start + len(found.units))
        start += len(found.units)
        if len(found.units) == 1 or len(own) == len(found.units) or not own:
            mixed[path] = cells.file("B" if own else "A", path)
        else:
            other = cells.file("B", path)
            mixed[path] = content_of(other.mode if other else "100644", found.mixture(own))
    return mixed


def _recipe(search: Search, replaced: Mapping[str, Content | None]) -> Recipe:
    """The context with some files replaced; None takes one away. With all that the factor changed it is a cell of before."""
    cells = search.cells
    changed = [path for name in search.factor.names for path in cells.differing.changed[name]]
    if all(path in replaced and replaced[path] == cells.file("B", path) for path in changed):
        return cells.recipe(search.around | frozenset(search.factor.names))
    base = cells.recipe(search.around)
    files = dict(base.files)
    for path, content in replaced.items():
        if content is None:
            files.pop(path, None)
        else:
            files[path] = content
    told = json.dumps(sorted((path, content.digest if content else "") for path, content in replaced.items()))
    name = f"{base.name} + {hashlib.sha256(told.encode()).hexdigest()[:12]}"
    return Recipe(name, files, base.bench, base.instrument)


def _said(search: Search, found: Minimal, units: Sequence[Unit], candidates: int, recipe: Callable[[Units], Recipe]) -> Inside:
    search.most_runs += search.seeds  # what was found was run before, but for all units at once
    effect = search.effect_of(lambda: recipe(found.units)) or 0.0
    return Inside(
        search.factor.name, tuple(unit.label for unit in units), candidates, effect, search.effect,
        effect / search.effect if search.effect else 0.0, search.seeds, search.runs, found.whole, _commits(search.cells, units),
    )  # fmt: skip


def _commits(cells: Cells, units: Sequence[Unit]) -> tuple[str, ...]:
    """The commits between A and B that wrote the units, as `abc1234 subject`; none where a side is no commit."""
    a, b = cells.a, cells.b
    if not a.commit or not b.commit or b.project.repository is None:
        return ()
    root, inside = b.project.repository, b.project.folder
    found: dict[str, None] = {}
    for unit in units:
        path = unit.path if inside == "." else f"{inside}/{unit.path}"
        found |= dict.fromkeys(_blamed(root, a.commit, b.commit, path, unit.lines) or _touching(root, a.commit, b.commit, path))
    shown = (git.ask(root, "show", "-s", "--format=%h %s", commit) for commit in found)
    return tuple(text.decode(errors="replace").strip() for text in shown if text)


def _blamed(root: Path, first: str, last: str, path: str, lines: tuple[int, int]) -> list[str]:
    if lines == (0, 0):
        return []
    said = git.ask(root, "blame", "-s", "-l", "--porcelain", f"-L{lines[0]},{lines[1]}", f"{first}..{last}", "--", path)
    hashes = [line.split()[0] for line in os.fsdecode(said or b"").splitlines() if len(line) > 40 and line[40] == " " and line[0] != "\t"]
    return [commit for commit in dict.fromkeys(hashes) if commit != first]


def _touching(root: Path, first: str, last: str, path: str) -> list[str]:
    return (git.ask(root, "log", "--format=%H", f"{first}..{last}", "--", path) or b"").decode().split()


# Packages


def _packages(search: Search) -> Inside:
    cells = search.cells
    if not search.base:
        return _nothing(search, "it changes nothing with all others from A, nor with all others from B")
    one, two = cells.bench("A").environment, cells.bench("B").environment
    differing = packages(one, two)
    names = list(differing)
    if not names:
        return _nothing(search, "no package differs: the interpreter, or a file of the infrastructure that is read, makes the difference")

    def recipe(chosen: Units) -> Recipe:
        base = cells.recipe(search.around)
        versions = {names[index]: differing[names[index]][1] for index in sorted(chosen)}
        name = f"mix-{hashlib.sha256(json.dumps(versions).encode()).hexdigest()[:12]}"
        if any((f"{base.name} + {name}", seed, 0) not in cells.kept.cells for seed in range(search.seeds)):
            cells.mixed(name, "A", versions)
        return Recipe(f"{base.name} + {name}", base.files, name, base.instrument)

    units = [Unit(name, f"{before or 'absent'} → {after or 'absent'}") for name, (before, after) in differing.items()]
    everything = frozenset(range(len(names)))
    try:
        if not search.explains(search.effect_of(lambda: recipe(everything))):
            return _nothing(search, "its packages alone do not explain it: the interpreter or a file of the infrastructure takes part")
    except OutOfRuns:
        return _nothing(search, "no runs were left for it")
    found = _minimal(search, len(names), recipe)
    return _said(search, found, [units[index] for index in sorted(found.units)], len(names), recipe)
