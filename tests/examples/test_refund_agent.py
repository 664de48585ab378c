"""The refund agent holds all five layers, its own tests pass, and its policies bite where the example says so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bench import recall
from readiness.layers import catalog
from readiness.runs import access
from readiness.runs.check import Options, check
from readiness.sequence.finding import Outcome
from readiness.sequence.stakes import Stakes

AGENT = "refund-agent"
LONG = {recall.SLOW, "infrastructure.survives-perturbation"}
"""What takes longest and is judged by `python -m bench.recall`."""
Made = Callable[[str], Path]


@pytest.mark.index
@pytest.mark.slow
def test_it_holds_all_five_layers(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    asked = tuple(name for name in recall.asked() if name not in LONG)
    found = recall.of(check(made(AGENT), Options(only=asked, again=True)))
    assert set(asked) <= set(found)
    assert recall.of_ready({name: found[name] for name in asked}).alarms == ()
    required = {spec.id for spec in catalog.OURS if spec.required_from is not None and Stakes.MONEY.rank >= spec.required_from.rank}
    without = {name for name in required - LONG if found[name].outcome is not Outcome.HOLDS}
    database = {"security.grants-match", "security.forbidden-refused", "security.retrieval-isolated"}
    assert without == {"infrastructure.migrations-apply", "infrastructure.rolls-back"} | database  # it has none
    assert found["security.budgets-kept"].observed.count("by one, and ") == 3  # each was tried with less


def test_its_own_tests_pass(made: Made) -> None:
    env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(argv, cwd=made(AGENT), env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b\d+ passed", done.stdout)


def test_its_policies_are_sound_and_name_what_they_guard(made: Made) -> None:
    linted = access.lint(made(AGENT))
    assert linted.faults == ()
    said = {policy.id: dict(policy.annotations) for policy in linted.access.read.policies}
    assert [name for name, texts in said.items() if "budget" in texts] == [
        "agents_ask_the_model",
        "agents_look_at_orders_of_their_customer",
        "agents_refund_orders_of_their_customer",
    ]
    assert [name for name, texts in said.items() if "requires_approval" in texts] == ["large_refunds_need_a_lead"]
