"""The experiment on made-up projects: what is run, what is called inert, chance, inseparable, and what cannot be said."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest

from readiness.layers.infrastructure import experiment
from readiness.layers.infrastructure.attributed import Attribution, Part, Word
from readiness.layers.infrastructure.attributing import attribute
from readiness.layers.infrastructure.experiment import Cell, Failed, Measured, NoAttribution, Settings

FACTORS = ("code", "configuration", "infrastructure", "data", "model", "prompts")
Value = Callable[[Cell, int], float]


def noise(cell: Cell, seed: int, *, sd: float, of: tuple[str, ...] = ()) -> float:
    """Chance that a seed brings, another one where a factor of `of` was swapped."""
    return random.Random(f"{seed} {sorted(cell & set(of))}").gauss(0, sd)


def measured(value: Value, digest: Value | None = None) -> experiment.Measure:
    """A measure that gives a value and, as outputs, that value or what else is given."""

    def measure(cell: Cell, seed: int, again: int) -> Measured | Failed:
        found = value(cell, seed)
        return Measured(found, str(digest(cell, seed) if digest else found))

    return measure


def part(found: Attribution, name: str) -> Part:
    return next(item for item in found.parts if name in item.names)


def test_effects_and_inert_factors_are_told_apart() -> None:
    found = attribute(
        FACTORS,
        measured(lambda cell, seed: 2.0 * ("data" in cell) - 1.0 * ("code" in cell) + noise(cell, seed, sd=0.3, of=("data",))),
        Settings(),
    )
    assert [item.word for item in found.parts] == [Word.EFFECT, Word.INERT, Word.INERT, Word.EFFECT, Word.INERT, Word.INERT]
    assert part(found, "data").estimate.low < 2 < part(found, "data").estimate.high
    assert sum(item.estimate.mean for item in found.parts) == pytest.approx(found.total.mean)
    assert sum(item.share or 0 for item in found.parts) == pytest.approx(1)
    assert found.runs <= found.full / 3
    assert found.observed - found.total.mean == pytest.approx(found.chance.mean)


def test_identical_files_are_never_run() -> None:
    asked: set[Cell] = set()

    def measure(cell: Cell, seed: int, again: int) -> Measured:
        asked.add(cell)
        return Measured(float("data" in cell), "")

    attribute(("data", "model"), measure, Settings())
    assert all(cell <= {"data", "model"} for cell in asked)


def test_nothing_that_differs_changes_anything() -> None:
    found = attribute(FACTORS, measured(lambda cell, seed: noise(frozenset(), seed, sd=1)), Settings())
    assert {item.word for item in found.parts} == {Word.INERT}
    assert found.total.mean == 0
    assert found.runs == experiment.screening_runs(6)


def test_without_seeds_one_run_of_each_cell_is_enough() -> None:
    found = attribute(FACTORS, measured(lambda cell, seed: 3.0 * ("model" in cell) + 1.5 * ("code" in cell)), Settings())
    assert not found.seeded
    assert part(found, "model").estimate.mean == 3
    assert found.chance.mean == 0
    assert found.runs < 50


def test_chance_alone_blames_nobody() -> None:
    found = attribute(FACTORS, measured(lambda cell, seed: noise(cell, seed, sd=1, of=("data",))), Settings())
    assert part(found, "data").word is Word.CHANCE
    assert found.seeds == 50


def test_a_difference_within_the_minimum_effect_ends_early() -> None:
    found = attribute(FACTORS, measured(lambda cell, seed: noise(cell, seed, sd=0.1, of=("data",))), Settings(min_effect=0.5))
    assert (part(found, "data").word, found.seeds, found.decided) == (Word.CHANCE, 8, True)
    assert part(found, "data").note == "no effect beyond 0.5 either way"
    small = attribute(FACTORS, measured(lambda cell, seed: 0.1 * ("data" in cell) + 0.001 * seed), Settings(min_effect=0.5))
    assert part(small, "data").word is Word.SMALL


def test_interactions_are_shown() -> None:
    found = attribute(
        FACTORS, measured(lambda cell, seed: 2.0 * ({"data", "code"} <= cell) + noise(cell, seed, sd=0.1, of=("data", "code"))), Settings()
    )
    assert part(found, "data").interacts == ("code",)
    assert part(found, "data").estimate.mean == pytest.approx(1, abs=0.2)
    assert found.interactions[0].estimate.mean == pytest.approx(2, abs=0.3)
    assert found.beyond is not None
    assert found.beyond.mean == pytest.approx(2, abs=0.3)


def test_two_factors_that_run_only_together_are_not_separated() -> None:
    def measure(cell: Cell, seed: int, again: int) -> Measured | Failed:
        if ("code" in cell) != ("configuration" in cell):
            return Failed("the demo fails: KeyError: 'top_k'")
        value = ("code" in cell) + 0.5 * ("data" in cell) + noise(cell, seed, sd=0.1, of=("data", "code"))
        return Measured(value, str(value))

    found = attribute(FACTORS, measure, Settings())
    assert part(found, "code").names == ("code", "configuration")
    assert part(found, "code").estimate.mean == pytest.approx(1, abs=0.2)
    assert part(found, "data").word is Word.EFFECT
    assert found.unrunnable[0].cell == ("code",)
    assert "KeyError" in found.unrunnable[0].reason


def test_a_combination_in_the_middle_that_does_not_run_joins_whom_it_needs() -> None:
    def measure(cell: Cell, seed: int, again: int) -> Measured | Failed:
        # code and data from B together need the model of B
        if {"code", "data"} <= cell and "model" not in cell:
            return Failed("the demo fails")
        value = sum(name in cell for name in ("code", "data", "model")) + noise(cell, seed, sd=0.1, of=("code", "data", "model"))
        return Measured(float(value), str(value))

    found = attribute(FACTORS, measure, Settings())
    assert any(len(item.names) > 1 and "model" in item.names for item in found.parts)
    assert sum(item.estimate.mean for item in found.parts) == pytest.approx(found.total.mean)


def test_where_nothing_mixed_runs_only_the_whole_is_told() -> None:
    def measure(cell: Cell, seed: int, again: int) -> Measured | Failed:
        return Measured(float(len(cell)) + noise(cell, seed, sd=0.1), "") if len(cell) in (0, 6) else Failed("it fails")

    found = attribute(FACTORS, measure, Settings())
    assert [item.names for item in found.parts] == [FACTORS]
    assert found.parts[0].estimate.mean == pytest.approx(6, abs=0.2)


@pytest.mark.parametrize(("side", "value", "said"), [
    (frozenset(), Failed("the demo fails: boom"), r"the demo fails: boom in cell A \(SEED=0\)"),
    (frozenset(FACTORS), Measured(math.nan, ""), r"the metric is NaN in cell B \(SEED=0\)"),
    (frozenset(FACTORS), Measured(math.inf, ""), r"the metric is infinite in cell B"),
])  # fmt: skip
def test_a_side_that_gives_nothing_ends_it(side: Cell, value: Measured | Failed, said: str) -> None:
    with pytest.raises(NoAttribution, match=said):
        attribute(FACTORS, lambda cell, seed, again: value if cell == side else Measured(1.0, ""), Settings())


def test_a_mixed_cell_without_a_number_is_named() -> None:
    def measure(cell: Cell, seed: int, again: int) -> Measured:
        lone = cell == {"data"}
        return Measured(math.nan if lone else float("data" in cell and "code" in cell), str(sorted(cell)))

    found = attribute(FACTORS, measure, Settings())
    assert found.unrunnable[0] == experiment.Unrunnable(("data",), 0, "the metric is NaN")
    assert len(part(found, "data").names) > 1


def test_where_seeds_are_not_honoured_intervals_are_unpaired() -> None:
    drawn = random.Random(4)

    def measure(cell: Cell, seed: int, again: int) -> Measured:
        return Measured(3.0 * ("data" in cell) + drawn.gauss(0, 0.5), str(drawn.random()))

    found = attribute(("data", "code"), measure, Settings())
    assert not found.paired
    assert part(found, "data").word is Word.EFFECT
    assert part(found, "code").word is Word.CHANCE


def test_outputs_that_never_repeat_leave_the_metric_to_compare() -> None:
    drawn = random.Random(4)
    found = attribute(
        FACTORS, measured(lambda cell, seed: float("data" in cell) + seed % 3 * 0.1, lambda cell, seed: drawn.random()), Settings()
    )
    assert part(found, "code").word is Word.INERT
    assert part(found, "data").word is Word.EFFECT


def test_a_change_of_outputs_and_not_of_the_metric_is_no_effect() -> None:
    found = attribute(FACTORS, measured(lambda cell, seed: float(seed % 3), lambda cell, seed: float("prompts" in cell) + seed), Settings())
    assert part(found, "prompts").word is Word.NONE
    assert part(found, "prompts").note == "it changes outputs, and not this metric"


def test_a_factor_that_wakes_with_a_later_seed_is_not_called_inert() -> None:
    found = attribute(
        FACTORS,
        measured(lambda cell, seed: 3.0 * ("data" in cell) + noise(cell, seed, sd=0.2, of=("data",)) - 2 * ("model" in cell and seed > 3)),
        Settings(),
    )
    assert part(found, "model").word is not Word.INERT
    assert found.notes == ("model changed nothing with the first seeds and did with a later one",)


def test_too_few_runs_are_said_with_how_many_are_needed() -> None:
    value = measured(lambda cell, seed: sum(name in cell for name in FACTORS) + noise(cell, seed, sd=1, of=FACTORS))
    with pytest.raises(NoAttribution, match="20 runs do not suffice"):
        attribute(FACTORS, value, Settings(max_runs=20))
    with pytest.raises(NoAttribution, match=r"40 runs do not suffice: about \d+ are needed"):
        attribute(FACTORS, value, Settings(max_runs=40))


def test_many_live_players_are_sampled() -> None:
    names = tuple(f"part{n}" for n in range(9))
    found = attribute(
        names,
        measured(lambda cell, seed: sum(int(name[-1]) for name in cell) + noise(cell, seed, sd=0.5, of=names)),
        Settings(max_runs=500),
    )
    assert not found.exact
    assert found.interactions == ()
    assert found.runs <= 500
    for name in names:
        assert part(found, name).estimate.low <= int(name[-1]) <= part(found, name).estimate.high
    assert sum(item.estimate.mean for item in found.parts) == pytest.approx(found.total.mean)


def test_five_or_six_live_factors_fit_the_runs_there_are() -> None:
    def of(live: tuple[str, ...]) -> Attribution:
        return attribute(FACTORS, measured(lambda cell, seed: 3.0 * len(cell & set(live)) + noise(cell, seed, sd=0.2, of=live)), Settings())

    for live in (FACTORS[:5], FACTORS):
        found = of(live)
        assert {item.word for item in found.parts if item.names[0] in live} == {Word.EFFECT}
        assert found.runs <= 400


def test_one_factor_at_a_time_would_have_given_wrong_sums() -> None:
    found = attribute(("code", "data"), measured(lambda cell, seed: 4.0 * (len(cell) == 2) + 0.01 * seed), Settings())
    assert [item.estimate.mean for item in found.parts] == pytest.approx([2, 2])
    assert found.beyond is not None
    assert found.beyond.mean == pytest.approx(4)  # each alone does nothing


def test_the_same_experiment_twice_asks_for_the_same_runs() -> None:
    asked: list[list[tuple[Cell, int, int]]] = [[], []]
    for log in asked:

        def measure(cell: Cell, seed: int, again: int, log: list[tuple[Cell, int, int]] = log) -> Measured:
            log.append((cell, seed, again))
            return Measured(len(cell) + noise(cell, seed, sd=1, of=FACTORS), "")

        attribute(FACTORS[:3], measure, Settings())
    assert asked[0] == asked[1]
    assert len(set(asked[0])) == len(asked[0])
