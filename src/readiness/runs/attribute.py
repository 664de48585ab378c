"""`attribute`: how much of a change in a result is due to code, configuration, infrastructure, data, model, prompts, chance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from readiness.config.manifest import Demo
from readiness.errors import CannotJudge, UsageError
from readiness.layers.infrastructure import attributing, experiment
from readiness.layers.infrastructure.attributed import Attribution
from readiness.layers.infrastructure.experiment import NoAttribution, Settings
from readiness.runs import attribute_commits as commits
from readiness.runs import attribute_inside as inside
from readiness.runs import attribute_kept as kept_cells
from readiness.runs.attribute_cells import MANIFEST, Cells, Drifted
from readiness.runs.attribute_commits import Brought
from readiness.runs.attribute_inside import Inside
from readiness.runs.attribute_metric import Metric, chosen
from readiness.runs.attribute_path import Way, between, counts
from readiness.runs.attribute_sides import Difference, Side, difference, sides
from readiness.world import demo as demos
from readiness.world.session import Progress, Session, silent, work_folder


@dataclass(frozen=True, slots=True)
class Options:
    """How an attribution was asked for. `parts` are factors of one's own: a name and the glob of its files.

    `share` is what the search inside the winner must explain, and that along its commits; `inside_runs` how many runs both
    may take together (0: neither).
    """

    metric: str
    min_effect: float = 0.0
    max_runs: int = 400
    parts: Mapping[str, str] = field(default_factory=dict)
    share: float = 0.9
    inside_runs: int = 160


@dataclass(frozen=True, slots=True)
class Compared:
    """Two sides and what differs between them: everything that is known before a run."""

    id: str
    a: Side
    b: Side
    metric: Metric
    differing: Difference
    plan: Mapping[str, Any]
    way: Way


@dataclass(frozen=True, slots=True)
class Report:
    """An attribution of one's project: what was compared, what came out, what was found inside the winner, which commits bring it."""

    id: str
    a: str
    b: str
    metric: str
    demo: str
    files: Mapping[str, int]
    same: tuple[str, ...]
    attribution: Attribution
    inside: Inside | None
    commits: Brought | None
    notes: tuple[str, ...]
    resumed: int
    made: int
    made_at: datetime
    min_effect: float
    environments: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What an attribution would do: runs of the screening, at most in all, those that are finished, seconds a run.

    `commits` counts those between A and B that change each factor; `no_commits` says why none can be told apart.
    """

    id: str
    a: str
    b: str
    metric: str
    factors: Mapping[str, int]
    same: tuple[str, ...]
    screening: int
    at_most: int
    inside_at_most: int
    commits: Mapping[str, int]
    no_commits: str
    finished: int
    seconds: float | None
    writes: tuple[str, ...]
    notes: tuple[str, ...]


def plan(root: Path, first: str, second: str, options: Options) -> Plan:
    """What would be run; nothing is, and nothing is written. Raises UsageError for what cannot be compared."""
    with _compared(root, first, second, options) as found:
        kept = kept_cells.read(root, found.id)
        count = len(found.differing.factors)
        elapsed = list(kept.elapsed_s.values())
        return Plan(
            found.id, found.a.shown, found.b.shown, options.metric,
            _sizes(found.differing), found.differing.same, min(experiment.screening_runs(count), options.max_runs), options.max_runs,
            options.inside_runs, counts(found.way, found.differing, found.a.written), found.way.note,
            len(kept.cells), median(elapsed) if elapsed else None,
            (f"{root}/{kept_cells.FOLDER}/{found.id}", f"{work_folder()}/run-… (removed afterwards)"),
            (*_notes(found), *kept.notes),
        )  # fmt: skip


def attribute(
    root: Path,
    first: str,
    second: str,
    options: Options,
    progress: Progress = silent,
    told: Callable[[str, int], None] = lambda name, runs: None,
    now: datetime | None = None,
) -> Report:
    """Runs the experiment, or goes on with it. Raises UsageError for bad input, CannotJudge where nothing can be said."""
    moment = now or datetime.now(UTC)
    with _compared(root, first, second, options) as found, kept_cells.opened(root, found.id, found.plan) as kept:
        for again in (False, True):
            with ExitStack() as sessions:
                made = {
                    name: sessions.enter_context(closing(Session(side.project, side.procedure, progress)))
                    for name, side in (("A", found.a), ("B", found.b))
                }
                cells = Cells(found.a, found.b, found.differing, made, found.metric, kept, told)
                try:
                    return _report(found, options, cells, moment, sessions)
                except Drifted as drifted:
                    if again:
                        raise CannotJudge(f"{drifted}, twice", "lock the dependencies of both sides") from None
                    kept.forget(str(drifted))
    raise AssertionError("either a report or an exception ends the loop")


def _report(found: Compared, options: Options, cells: Cells, moment: datetime, holding: ExitStack) -> Report:
    settings = Settings(min_effect=options.min_effect, max_runs=options.max_runs)
    try:
        said = attributing.attribute(found.differing.factors, cells, settings)
    except NoAttribution as error:
        hint = "more runs: --max-runs N; what was finished is gone on with" if "suffice" in str(error) else ""
        raise CannotJudge(f"nothing can be attributed: {error}", hint) from None
    look, brought = _inside(found, options, cells, said, holding) if options.inside_runs else (None, None)
    demo = found.b.demo or found.a.demo
    assert demo is not None, "looked at before"
    return Report(
        found.id, found.a.shown, found.b.shown, options.metric, demos.name(demo),
        _sizes(found.differing), found.differing.same, said, look, brought,
        (*_notes(found), *_other_versions(found, cells), *cells.kept.notes, *said.notes),
        cells.kept.resumed, cells.ran, moment, options.min_effect, cells.environments,
    )  # fmt: skip


def _inside(found: Compared, options: Options, cells: Cells, said: Attribution, holding: ExitStack) -> tuple[Inside | None, Brought | None]:
    """What is inside the winner, and which commits bring it, with the runs that are left."""
    left = options.inside_runs - commits.reserved(said, found.way, cells, options.inside_runs)
    look = inside.look(cells, said, options.share, left)
    left = options.inside_runs - (look.runs if look else 0)
    return look, commits.look(cells, said, found.way, options.share, options.min_effect, left, holding)


@contextmanager
def _compared(root: Path, first: str, second: str, options: Options) -> Iterator[Compared]:
    with sides(root, first, second) as (a, b):
        if a.digests == b.digests:
            ran = a.run is not None and b.run is not None
            hint = "`readiness diff` says what else differs between two runs" if ran else "name two that differ"
            raise UsageError(f"`{first}` and `{second}` hold the same files", hint)
        metric = chosen(options.metric, _demos(a, b))
        differing = _without_instrument(a, b, difference(a, b, options.parts))
        if not differing.factors:
            raise UsageError(f"`{first}` and `{second}` differ in {MANIFEST} alone, and only one has a demo", "name two that differ")
        plan = {
            "schema": "readiness/attribution/1",
            "a": a.project.tree,
            "b": b.project.tree,
            "metric": options.metric,
            "parts": dict(options.parts),
            "interpreters": [[str(item.path) for item in side.procedure.interpreters] for side in (a, b)],
        }
        yield Compared(kept_cells.identity(plan), a, b, metric, differing, plan, between(a, b))


def _demos(a: Side, b: Side) -> list[Demo]:
    found = [side.demo for side in (a, b) if side.demo is not None]
    if not found:
        raise UsageError(
            f"neither `{a.text}` nor `{b.text}` has a demo",
            "say what to run: `readiness init` writes [demo], and `.` is the working tree, with what is not committed",
        )
    return found


def _without_instrument(a: Side, b: Side, found: Difference) -> Difference:
    """The difference without the manifest, where only one side says how to run the demo: it measures both."""
    if a.demo is not None and b.demo is not None:
        return found
    changed = {name: tuple(path for path in paths if path != MANIFEST) for name, paths in found.changed.items()}
    kept = {name: paths for name, paths in changed.items() if paths or not found.changed[name]}
    return replace(found, changed=kept, same=(*found.same, *(name for name in changed if name not in kept)))


def _sizes(differing: Difference) -> dict[str, int]:
    return {name: len(paths) for name, paths in differing.changed.items()}


def _notes(found: Compared) -> tuple[str, ...]:
    notes = []
    if found.a.demo is None or found.b.demo is None:
        has, lacks = (found.b, found.a) if found.a.demo is None else (found.a, found.b)
        notes.append(f"the demo of {has.text} measures both: {lacks.text} has none")
    if found.differing.installed and not found.differing.changed.get("infrastructure"):
        notes.append("no file of the infrastructure differs, and yet the sides are set up differently")
    for name, side in (("A", found.a), ("B", found.b)):
        if side.demo is not None and side.demo.network == "on":
            notes.append(f"the demo of {name} runs with the network on: what it asks may answer differently each time")
        if side.run is not None:
            notes.append(f"{name} has the files of {side.text}; its environment is the one they declare, its command the demo")
    return tuple(notes)


def _other_versions(found: Compared, cells: Cells) -> list[str]:
    """A note for each side that is a run and had packages in other versions than the ones the cells were run with."""
    notes = []
    for name, side in (("A", found.a), ("B", found.b)):
        here = cells.installed(name)
        there = side.run.snapshot.packages if side.run is not None else {}
        other = [
            f"{package} {there[package]}, here {here[package]}"
            for package in sorted(there)
            if here.get(package, there[package]) != there[package]
        ]
        if other:
            notes.append(f"{side.text} ran with other versions: {', '.join(other[:5])}{' …' if len(other) > 5 else ''}")
    return notes
