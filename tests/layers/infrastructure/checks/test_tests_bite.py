"""Changes tried at once are judged as they are one after the other, and no lane sees what another does."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from readiness.layers.infrastructure.checks import tests_bite
from readiness.sequence.finding import Outcome
from readiness.world.context import Context
from tests.layers.conftest import Judge

ID = "infrastructure.tests-bite"
CODE = '''"""Prices."""


def price(amount, voucher=None):
    if amount > 10 and not voucher:
        return amount * 0.9
    if amount < 0 or amount == 7:
        return 0
    return amount - 1 if voucher is not None else amount


def shipping(weight, express):
    return weight * 2 + (5 if express else 1) if weight > 3 else 4
'''
TESTS = '''"""A suite that leaves things behind, wherever it may write, and notices only some changes."""

import os
import pathlib
import tempfile
import time

import shop

PLACES = [pathlib.Path.home(), pathlib.Path(tempfile.gettempdir()), pathlib.Path(os.environ["XDG_CACHE_HOME"]), pathlib.Path(".")]


def test_prices():
    for place in PLACES:
        mark = place / "running"
        with mark.open("x"):  # fails where another run is at it just now
            pass
    time.sleep(0.2)
    try:
        assert shop.price(20) == 18
        assert shop.price(-2) == 0
        assert shop.price(3, "voucher") == 2
    finally:
        for place in PLACES:
            (place / "running").unlink()
'''
FILES = {"shop.py": CODE, "tests/test_shop.py": TESTS, "conftest.py": ""}


@pytest.fixture
def seen(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> list[tests_bite.Observed]:
    """What the check observed, each time it did."""
    found: list[tests_bite.Observed] = []
    plain = tests_bite.observe

    def observe(context: Context) -> tests_bite.Observed:
        found.append(plain(context))
        return found[-1]

    monkeypatch.setattr(tests_bite, "observe", observe)
    return found


@pytest.mark.parametrize("stakes", ["annoyance", "regulation"])
def test_two_lanes_find_what_one_finds(
    judge: Judge, seen: list[tests_bite.Observed], monkeypatch: pytest.MonkeyPatch, stakes: str, tmp_path: Path
) -> None:
    files = FILES | {"readiness.toml": f'[project]\nstakes = "{stakes}"\n'}
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2})
    findings = [judge(ID, files=files)]
    monkeypatch.setattr(tests_bite, "LANES", 1)
    shutil.rmtree(tmp_path / "project/.readiness")  # else the first answer would be remembered
    findings.append(judge(ID, root=tmp_path / "project"))
    assert seen[0] == seen[1]
    assert 0 < seen[0].killed < seen[0].tried
    assert findings[0].observed == findings[1].observed
    assert findings[0].outcome is not Outcome.NOT_APPLICABLE


def test_a_test_file_without_a_test_asks_for_one_and_not_for_passing_ones(judge: Judge) -> None:
    finding = judge(ID, files={"shop.py": CODE, "requirements.txt": "", "test_shop.py": "import shop\n\nprint(shop.price(3))\n"})
    assert (finding.outcome, finding.reason.partition(" in ")[0]) == (Outcome.FAILS, "no tests ran")
    assert finding.remedy == tests_bite._WRITE_ONE
