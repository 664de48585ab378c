"""The suite of attribution with known truth, in small: its tables are what the programs give, and its limits are kept."""

from __future__ import annotations

import pytest

from bench import attribution as suite
from bench.attribution_apps import FACTORS, PAIRS


def test_there_are_a_dozen_pairs_over_three_applications() -> None:
    assert len(PAIRS) >= 12
    assert len({pair.app for pair in PAIRS}) == 3
    tables = [suite.read(pair.name) for pair in PAIRS]
    assert sum(not any(table.truth.values()) for table in tables) >= 3
    assert {name for table in tables for name in table.live} == set(FACTORS)


@pytest.mark.parametrize("name", ["two causes", "rounded and decayed", "lucky draws"])
def test_the_tables_are_what_the_programs_give(name: str) -> None:
    pair = next(pair for pair in PAIRS if pair.name == name)
    recorded = suite.read(name)
    again = suite.record(pair, seeds=3)
    assert again.live == recorded.live
    for cell, values in again.values.items():
        assert values == pytest.approx(recorded.values[cell][:3], rel=1e-9)


def test_verdicts_intervals_and_runs_keep_their_limits() -> None:
    tables = {pair.name: suite.read(pair.name) for pair in PAIRS}
    scores = {name: suite.score(table, 60) for name, table in tables.items()}
    told = suite.figures(scores, tables)
    assert len(told) == 6
    assert [f"{name}: {text}" for name, good, text in told if not good] == []
