"""The suite of `attribute`: pairs whose every cell was run once, resampled thousands of times, against the known truth.

`python -m bench.attribution` prints the figures and fails where one is beyond its limit; `--record` runs all cells of all
pairs again (some minutes) and writes `bench/attribution/*.json`; `--times N` says how often each pair is resampled. A
table holds the metric of every combination of the factors that matter, for each seed; that the other factors change
nothing was seen when it was recorded.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from types import ModuleType

from bench.attribution_apps import APPS, FACTORS, PAIRS, App, Pair, sides
from readiness.layers.infrastructure import attribution, experiment
from readiness.layers.infrastructure.attributed import Attribution, Word
from readiness.layers.infrastructure.attributing import attribute
from readiness.layers.infrastructure.experiment import Cell, Measured, Settings
from readiness.layers.infrastructure.factors import factor_of

TABLES = Path(__file__).with_name("attribution_tables")
SEEDS = 120
TIMES = 2000
SETTINGS = Settings()


@dataclass(frozen=True, slots=True)
class Table:
    """A recorded pair: `live` factors, and by cell of these the metric for each seed."""

    pair: str
    live: tuple[str, ...]
    values: Mapping[Cell, tuple[float, ...]]

    @property
    def means(self) -> list[float]:
        """The mean of every combination over all recorded seeds, in the order of their masks."""
        players = tuple(frozenset((name,)) for name in self.live)
        return [sum(self.values[cell]) / len(self.values[cell]) for cell in experiment.coalitions(players)]

    @property
    def interactions(self) -> list[float]:
        """The interaction of each pair of live factors over all recorded seeds."""
        rows = attribution.interaction_rows(len(self.live)).values() if len(self.live) > 1 else []
        return [sum(weight * mean for weight, mean in zip(row, self.means, strict=True)) for row in rows]

    @property
    def truth(self) -> dict[str, float]:
        """The Shapley value of each live factor over all recorded seeds; 0 where it is 0 but for rounding."""
        found = attribution.shapley(self.means)
        return {name: 0.0 if abs(value) < 1e-9 else value for name, value in zip(self.live, found, strict=True)}


@dataclass(slots=True)
class Score:
    """What resampling one pair, or all of them, gave."""

    times: int = 0
    verdicts: int = 0
    right: int = 0
    intervals: int = 0
    covered: int = 0
    blamed_wrongly: int = 0
    live: int = 0
    live_right: int = 0
    pairs: int = 0
    pairs_covered: int = 0
    runs: list[float] = field(default_factory=list)
    seeds: list[int] = field(default_factory=list)
    wrong: dict[str, int] = field(default_factory=dict)


# Recording


def record(pair: Pair, seeds: int = SEEDS) -> Table:
    """Runs all 64 cells of a pair with every seed; factors that change nothing anywhere are left out."""
    app = APPS[pair.app]
    before, after = sides(pair)
    cells = {frozenset(chosen): _cell(app, before, after, frozenset(chosen), seeds) for chosen in _subsets()}
    live = tuple(name for name in FACTORS if any(cells[cell] != cells[cell | {name}] for cell in cells))
    kept = {cell: tuple(value for value, _ in cells[cell]) for cell in cells if cell <= frozenset(live)}
    return Table(pair.name, live, kept)


def _subsets() -> Iterator[tuple[str, ...]]:
    for size in range(len(FACTORS) + 1):
        yield from combinations(FACTORS, size)


def _cell(app: App, before: Mapping[str, str], after: Mapping[str, str], cell: Cell, seeds: int) -> list[tuple[float, str]]:
    files = {path: (after if factor_of(path, {}) in cell else before)[path] for path in before}
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        version = files["requirements.txt"].strip().partition("==")[2]
        sys.modules[app.package] = _module(app.package, app.wheels[version])
        run = _module("main", files["main.py"]).run
        found = []
        for seed in range(seeds):
            metrics, answers = run(root, seed)
            found.append((metrics[app.metric], json.dumps(answers)))
    return found


def _module(name: str, source: str) -> ModuleType:
    made = ModuleType(name)
    exec(compile(source, name, "exec"), made.__dict__)  # the applications of this suite
    return made


def write(table: Table) -> None:
    """Writes a table, one cell a line."""
    TABLES.mkdir(exist_ok=True)
    cells = ",\n".join(f"  {json.dumps(' '.join(sorted(cell)))}: {json.dumps(list(values))}" for cell, values in table.values.items())
    text = f'{{"pair": {json.dumps(table.pair)}, "live": {json.dumps(table.live)}, "cells": {{\n{cells}\n}}}}\n'
    _path(table.pair).write_text(text)


def _path(name: str) -> Path:
    return TABLES / f"{name.replace(' ', '_')}.json"


def read(name: str) -> Table:
    """The recorded table of a pair."""
    data = json.loads(_path(name).read_text())
    return Table(name, tuple(data["live"]), {frozenset(key.split()): tuple(values) for key, values in data["cells"].items()})


# Resampling


def once(table: Table, number: int, settings: Settings) -> Attribution:
    """One attribution over seeds drawn from the recorded ones."""
    rng = random.Random(f"{table.pair} {number}")
    recorded = len(next(iter(table.values.values())))
    drawn = [rng.randrange(recorded) for _ in range(max(settings.looks) + 1)]

    def measure(cell: Cell, seed: int, again: int) -> Measured:
        live = cell & frozenset(table.live)
        value = table.values[live][drawn[seed]]
        return Measured(value, f"{value} {drawn[seed]} {sorted(live)}")

    return attribute(FACTORS, measure, settings)


def score(table: Table, times: int, first: int = 0, settings: Settings = SETTINGS) -> Score:
    """The verdicts, intervals and runs of a pair resampled so many times."""
    found, truth, interactions = Score(), table.truth, table.interactions
    for number in range(first, first + times):
        said = once(table, number, settings)
        found.times += 1
        found.runs.append(said.runs / said.full)
        found.seeds.append(said.seeds)
        blamed = False
        for part in said.parts:
            real = truth.get(part.name)
            right = part.word is Word.INERT if real is None else _right(part.word, part.estimate.mean, real)
            found.verdicts += 1
            found.right += right
            if not right:
                found.wrong[f"{part.name}: {part.word}"] = found.wrong.get(f"{part.name}: {part.word}", 0) + 1
            found.live += real is not None
            found.live_right += right and real is not None
            if real is not None and part.word is not Word.INERT:
                found.intervals += 1
                found.covered += part.estimate.low <= real <= part.estimate.high
            blamed |= not real and part.word is Word.EFFECT
        found.blamed_wrongly += blamed
        for item, real in zip(said.interactions, interactions, strict=True):
            found.pairs += 1
            found.pairs_covered += item.estimate.low <= real <= item.estimate.high
    return found


def _right(word: Word, mean: float, real: float) -> bool:
    if real == 0:
        return word in (Word.CHANCE, Word.NONE)
    return word is Word.EFFECT and (mean > 0) == (real > 0)


COUNTED = ("times", "verdicts", "right", "intervals", "covered", "blamed_wrongly", "live", "live_right", "pairs", "pairs_covered")


def added(scores: list[Score]) -> Score:
    """All scores in one."""
    whole = Score()
    for item in scores:
        for name in COUNTED:
            setattr(whole, name, getattr(whole, name) + getattr(item, name))
        whole.runs += item.runs
        whole.seeds += item.seeds
    return whole


def figures(scores: Mapping[str, Score], tables: Mapping[str, Table]) -> list[tuple[str, bool, str]]:
    """What the suite promises, each with whether it held and the figure."""
    whole = added(list(scores.values()))
    chance_only = [name for name, table in tables.items() if not any(table.truth.values())]
    lucky = added([scores[name] for name in chance_only])
    right, covered = whole.right / whole.verdicts, whole.covered / whole.intervals
    live, pairs = whole.live_right / whole.live, whole.pairs_covered / whole.pairs
    blamed = lucky.blamed_wrongly / lucky.times
    runs, most = sum(whole.runs) / len(whole.runs), max(whole.runs)
    return [
        ("verdicts on factors that are right", right >= 0.95, f"{right:.2%} of {whole.verdicts} (limit 95 %)"),
        ("and on those that matter or are chance", live >= 0.95, f"{live:.2%} of {whole.live} (limit 95 %)"),
        ("95 % intervals that cover", 0.92 <= covered <= 0.98, f"{covered:.2%} of {whole.intervals} (limits 92 and 98 %)"),
        ("95 % intervals of interactions that cover", pairs >= 0.92, f"{pairs:.2%} of {whole.pairs} (limit 92 %)"),
        ("pairs of chance only with a factor blamed", blamed <= 0.05, f"{blamed:.2%} of {lucky.times} (limit 5 %)"),
        ("runs against all combinations", most <= 1 / 3, f"mean {runs:.1%}, at most {most:.1%} (limit 33.3 %)"),
    ]


def _line(name: str, table: Table, found: Score) -> str:
    truth = ", ".join(f"{factor} {value:+.3f}" for factor, value in table.truth.items())
    return (
        f"{name:<24} right {found.right / found.verdicts:6.1%}  cover {found.covered / max(1, found.intervals):6.1%}"
        f"  blamed wrongly {found.blamed_wrongly / found.times:5.1%}  seeds {sum(found.seeds) / found.times:4.1f}"
        f"  runs {max(found.runs):5.1%}  {truth}  {found.wrong or ''}"
    )


def main(argv: list[str]) -> int:
    """Records, or resamples and prints; exit 1 where a limit is not kept."""
    parser = argparse.ArgumentParser("python -m bench.attribution")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--times", type=int, default=TIMES)
    given = parser.parse_args(argv)
    if given.record:
        for pair in PAIRS:
            table = record(pair)
            write(table)
            print(f"{pair.name}: {', '.join(table.live) or 'nothing'} live", flush=True)
        return 0
    tables = {pair.name: read(pair.name) for pair in PAIRS}
    with ProcessPoolExecutor(2) as pool:
        scores = dict(zip(tables, pool.map(score, tables.values(), [given.times] * len(tables)), strict=True))
    for name, found in scores.items():
        print(_line(name, tables[name], found))
    told = figures(scores, tables)
    for name, good, text in told:
        print(f"{'✓' if good else '✗'} {name}: {text}")
    return 0 if all(good for _, good, _ in told) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
