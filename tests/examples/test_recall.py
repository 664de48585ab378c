"""The planted defects of the proof of concept are all found, and its ready twin is blamed for nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from bench import recall

Made = Callable[[str], Path]


@pytest.fixture(autouse=True)
def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signing key of the test's own."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.mark.index
@pytest.mark.slow
def test_every_planted_defect_is_found(script: ModuleType, made: Made) -> None:
    score = recall.of_poc(made(script.POC), script.truth(), slow=False)
    assert score.planted >= 30
    assert score.missed == ()


@pytest.mark.index
@pytest.mark.slow
def test_the_ready_twin_is_blamed_for_nothing(script: ModuleType, made: Made) -> None:
    assert recall.of_ready(made(script.READY), slow=False).alarms == ()
