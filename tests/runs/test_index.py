"""One check against the real package index: the shipped example that drifted, judged as a user would see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.runs import check
from readiness.sequence.finding import Cause, Outcome
from readiness.sequence.layers import Layer
from readiness.testing.projects import make_repository

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.index
@pytest.mark.slow
def test_the_drifted_example_installs_and_starts_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = make_repository(tmp_path / "reminders", like=EXAMPLES / "drifted")
    judged = check.check(root, check.Options(upto=Layer.INFRASTRUCTURE, again=True))
    findings = {item.spec.id.partition(".")[2]: item.finding for item in judged.verdict.layers[0].checks}
    if findings["installs"].cause is Cause.INDEX:
        pytest.skip(f"the package index does not answer: {findings['installs'].reason}")
    assert findings["installs"].outcome is Outcome.HOLDS
    assert findings["starts"].outcome is Outcome.FAILS
    assert "pkg_resources" in findings["starts"].observed
    assert "setuptools" in findings["starts"].reason
    assert (judged.verdict.exit_code, judged.verdict.layer_held) == (1, 0)
    assert judged.verdict.next is not None
    assert judged.verdict.next.check == "infrastructure.starts"
