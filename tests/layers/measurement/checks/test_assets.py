"""Every check of layer 5 on its three assets: it holds, it fails by exactly the planted fault, it does not apply."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readiness.formats import outcomes
from readiness.layers import catalog
from readiness.layers.measurement import locking, metric, units
from readiness.sequence.finding import Basis, Outcome
from readiness.sequence.layers import Layer
from readiness.world import keys
from readiness.world import project as projects
from tests.layers.desk import FILE, LOCK
from tests.layers.measurement.conftest import Found, asset

CHECKS = [spec.id for spec in catalog.OURS if spec.layer is Layer.MEASUREMENT]
NAMED = {
    "measurement.outcome-defined": "the classifier's accuracy",
    "measurement.baseline-precedes-build": "edited after it was locked",
    "measurement.kill-switch-works": "it still answered",
}

Staged = Callable[[Path], Path]


@pytest.mark.parametrize("name", CHECKS)
def test_the_holding_project_holds(found: Found, staged: Staged, name: str) -> None:
    finding = found(name, staged(asset(name, "holds")))
    assert (finding.outcome, finding.reason, finding.basis) == (Outcome.HOLDS, "", Basis.EXECUTED)
    assert finding.observed


@pytest.mark.parametrize("name", CHECKS)
def test_the_failing_project_fails_by_its_planted_fault(found: Found, staged: Staged, name: str) -> None:
    finding = found(name, staged(asset(name, "fails")))
    assert finding.outcome is Outcome.FAILS
    assert NAMED[name] in finding.reason
    assert len(finding.problems) == 1
    assert finding.remedy.text
    assert finding.remedy.command
    assert finding.location is not None


@pytest.mark.parametrize("name", CHECKS)
def test_the_project_without_such_a_thing_is_left_alone(found: Found, staged: Staged, name: str) -> None:
    finding = found(name, staged(asset(name, "not_applicable")))
    assert finding.outcome is Outcome.NOT_APPLICABLE
    assert finding.reason


def test_the_lock_of_the_assets_is_what_locking_makes() -> None:
    root = asset("measurement.baseline-precedes-build", "holds")
    outcome, wrong = outcomes.parse((root / FILE).read_text(), FILE)
    assert (wrong, outcome is not None) == ([], True)
    assert outcome is not None
    assert outcome.baseline is not None
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"a key of the tests").digest())
    key = keys.Key(keys.name(private.public_key()), private)
    baseline = units.measure(metric.of_project(projects.load(root), outcome).units, outcome.aggregate, outcome.baseline)
    assert locking.make(outcome, baseline, datetime(2026, 6, 1, 9, tzinfo=UTC), key) == (root / LOCK).read_bytes()
