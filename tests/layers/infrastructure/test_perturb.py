"""Planted hidden causes are found and named, and clean demos are left alone; the whole list is in bench/hidden_state.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import hidden_state
from readiness.world.perturbed import Perturbation


def test_at_least_one_fault_is_planted_for_every_perturbation_and_some_demos_are_clean() -> None:
    planted = {name for item in hidden_state.PLANTED.values() for names in item.causes for name in names}
    chance = {item.chance for item in hidden_state.PLANTED.values()}
    assert set(Perturbation) - planted == {Perturbation.HASH}  # which differs by itself
    assert {"hash seed", "clock", "by chance"} <= chance
    assert sum(not item.causes and not item.chance for item in hidden_state.PLANTED.values()) >= 4
    assert sum(len(item.causes) + bool(item.chance) for item in hidden_state.PLANTED.values()) >= 16


@pytest.mark.parametrize("name", hidden_state.PART)
def test_what_is_planted_is_named_and_nothing_else(offline: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("READINESS_WORK", str(workplace / "work"))
    planted = hidden_state.PLANTED[name]
    assert hidden_state.wrong(planted, hidden_state.searched(offline, planted)) == ""
