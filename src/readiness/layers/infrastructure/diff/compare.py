"""Two sides compared: files by factor and meaning, the environment, and what two runs gave."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping

from readiness.layers.infrastructure import factors
from readiness.layers.infrastructure.diff import contents, surroundings
from readiness.layers.infrastructure.diff.change import ORDER, Change, Difference, Uncompared
from readiness.layers.infrastructure.diff.sides import Side
from readiness.layers.infrastructure.evidence import Factor, Output


def compare(one: Side, two: Side, declared: Mapping[str, tuple[str, ...]]) -> Difference:
    """All that differs, grouped by factor in ORDER. `compare(b, a)` is its mirror image."""
    known = {factor for factor in Factor if factor not in one.without and factor not in two.without}
    named_parts = ((path, factors.factor_of(path, declared)) for path in contents.differing(one, two))
    changes, uncompared = contents.compared(one, two, {path: factor for path, factor in named_parts if factor in known})
    environment, unseen = surroundings.compared(one.snapshot, two.snapshot)
    results, unclear = _results(one, two)
    order = {factor: index for index, factor in enumerate(ORDER)}
    named = sorted(changes, key=lambda change: (change.place, change.name, min(change.before or "", change.after or "")))
    everything = [*environment, *named]  # the environment itself is told before the files that declare it
    everything.sort(key=lambda change: order[change.factor] if change.factor else len(order))
    return Difference(
        (*everything, *results),
        (*_without(one, two), *uncompared, *unseen, *unclear),
        (*surroundings.drift("A", one.snapshot), *surroundings.drift("B", two.snapshot)),
    )


def _without(one: Side, two: Side) -> Iterator[Uncompared]:
    for factor in ORDER:
        whys = [side.without[factor] for side in (one, two) if factor in side.without]
        if whys:
            yield Uncompared(f"files of {factor.value}", "; ".join(sorted(set(whys))), len(whys) == 1)


def _results(one: Side, two: Side) -> tuple[list[Change], list[Uncompared]]:
    """Outputs and metrics of two runs. A metric that is no finite number is never taken to be equal."""
    if one.run is None or two.run is None:
        return [], []
    changes = []
    before, after = one.run, two.run
    if before.exit_code != after.exit_code:
        changes.append(Change(None, "exit code", "", str(before.exit_code), str(after.exit_code)))
    if before.seed != after.seed:
        changes.append(Change(None, "seed", "", before.seed or "none", after.seed or "none"))
    if before.command != after.command:
        changes.append(Change(None, "command", "", shlex.join(before.command), shlex.join(after.command)))
    for path in sorted({*before.outputs, *after.outputs}):
        old, new = before.outputs.get(path), after.outputs.get(path)
        if old is None or new is None or old.digest != new.digest:
            changes.append(Change(None, f"output {path}", "", _told(old), _told(new)))
    unclear = []
    for name in sorted({*before.metrics, *after.metrics}):
        told, said = before.metrics.get(name), after.metrics.get(name)
        if told is not None and said is not None and not (math.isfinite(told) and math.isfinite(said)) and repr(told) == repr(said):
            unclear.append(Uncompared(f"metric {name}", f"it is {told} on both sides, which is no finite number", before.id != after.id))
        elif told != said:
            changes.append(Change(None, f"metric {name}", "", *(None if value is None else f"{value:.6g}" for value in (told, said))))
    return changes, unclear


def _told(output: Output | None) -> str | None:
    return None if output is None else f"{output.digest[7:19]} ({output.size_bytes} B)"
