"""The planted defects of the proof of concept are all found, and its ready twin is blamed for nothing."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from bench import recall
from readiness.runs.check import Judged
from readiness.sequence.finding import Outcome

Judge = Callable[[str], Judged]


@pytest.mark.index
@pytest.mark.slow
def test_every_planted_defect_is_found(script: ModuleType, judged: Judge) -> None:
    found = recall.of(judged(script.POC))
    assert set(recall.quick()) <= set(found)
    score = recall.of_poc(found, script.truth(), slow=False)
    assert score.planted >= 30
    assert score.missed == ()


@pytest.mark.index
@pytest.mark.slow
def test_the_ready_twin_is_blamed_for_nothing(script: ModuleType, judged: Judge) -> None:
    found = recall.of(judged(script.READY))
    assert set(recall.quick()) <= set(found)
    assert recall.of_ready(found).alarms == ()
    quiet = (Outcome.HOLDS, Outcome.NOT_APPLICABLE)
    assert {name: item.observed for name, item in found.items() if name in recall.quick() and item.outcome not in quiet} == {}
    assert "attacks of 4 kinds" in found["security.probes-withstood"].observed  # also through documents that row security hides
