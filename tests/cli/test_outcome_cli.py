"""`readiness outcome`: what people see, exit code and both streams together, compared with golden files."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from readiness.cli import main as cli
from readiness.runs import outcome as runs
from readiness.testing.projects import commit, make_repository
from tests.cli.conftest import GOLDEN
from tests.layers.desk import FILE, LOCK, OUTCOME, changed, files

Seen = Callable[..., str]


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that is locked, then built; it is the current folder, and a fixed key signs."""
    secret = base64.b64encode(hashlib.sha256(b"a key of the tests").digest()).decode()
    monkeypatch.setenv("READINESS_SIGNING_KEY", secret)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    root = make_repository(tmp_path / "desk", files(), when="2026-05-31T09:00:00Z")
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def seen(capsys: pytest.CaptureFixture[str]) -> Seen:
    """Runs a command and compares what it said with a golden file; READINESS_GOLDEN=write writes it."""

    def run(name: str, *words: str) -> str:
        code = cli.main(["outcome", *words])
        said = capsys.readouterr()
        text = f"$ readiness outcome {' '.join(words)}\n[exit {code}]\n--- stdout\n{said.out}--- stderr\n{said.err}"
        golden = GOLDEN / "outcome" / f"{name}.txt"
        if os.environ.get("READINESS_GOLDEN") == "write":
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(text)
        assert text == golden.read_text()
        return text

    return run


def build(root: Path) -> None:
    (root / "app.py").write_text("X = 1\n")
    commit(root, "build", when="2026-07-01T09:00:00Z")


def test_an_outcome_that_runs_is_measured(desk: Path, seen: Seen) -> None:
    seen("lint", "lint")


def test_an_outcome_that_was_locked_first_says_so(desk: Path, seen: Seen) -> None:
    runs.lock_all(desk, now=datetime(2026, 6, 1, 9, tzinfo=UTC))
    commit(desk, "lock", when="2026-06-02T09:00:00Z")
    build(desk)
    seen("lint_locked", "lint", "resolution-time")
    (desk / FILE).write_text(changed(("target: -40%", "target: -30%")))
    seen("lint_edited", "lint")


def test_everything_wrong_is_shown_with_its_place(desk: Path, seen: Seen) -> None:
    text = changed(
        ("unit: ticket", "unit: chat"), ("closed_at) as value", "closd_at) as value"), ("severity: annoyance", "severity: safety"),
        ("change: support tickets are resolved 40 % faster", "change: we will have an AI chatbot"),
    )  # fmt: skip
    (desk / FILE).write_text(text)
    seen("lint_wrong", "lint")
    seen("lock_wrong", "lock")
    assert not (desk / LOCK).exists()


def test_a_file_that_cannot_be_read_is_bad_input(desk: Path, seen: Seen) -> None:
    (desk / FILE).write_text(
        changed(("direction: decrease", "direktion: down"), ("owner: Ada Lovelace <ada@example.org>", "owner: <owner>"))
    )
    seen("lint_bad_input", "lint")
    seen("lock_bad_input", "lock")


def test_data_that_is_not_here_is_no_verdict(desk: Path, seen: Seen) -> None:
    (desk / FILE).write_text(changed(("data/tickets.csv", "lake/*.parquet")))
    seen("lint_no_data", "lint")
    seen("lock_no_data", "lock")


def test_a_wrong_name_names_the_near_one(desk: Path, seen: Seen) -> None:
    seen("lint_unknown", "lint", "resolution-tine")
    (desk / FILE).unlink()
    seen("lint_none", "lint")


def test_locking_signs_once_and_an_edit_is_a_new_version(desk: Path, seen: Seen) -> None:
    seen("lock", "lock")
    first = (desk / LOCK).read_bytes()
    assert cli.main(["outcome", "lock"]) == 0
    assert (desk / LOCK).read_bytes() == first
    (desk / FILE).write_text("# a comment changes nothing\n" + OUTCOME)
    assert cli.main(["outcome", "lock"]) == 0
    assert (desk / LOCK).read_bytes() == first


def test_a_lock_after_the_build_says_what_it_is(desk: Path, seen: Seen) -> None:
    runs.lock_all(desk, now=datetime(2026, 6, 1, 9, tzinfo=UTC))
    build(desk)
    (desk / FILE).write_text(changed(("target: -40%", "target: -30%")))
    seen("lock_second_version", "lock")


def test_units_that_may_still_change_are_not_locked(desk: Path) -> None:
    locked = runs.lock_all(desk, now=datetime(2026, 5, 20, tzinfo=UTC))
    assert locked[0].refused == "the last units of the baseline are not mature before 2026-05-30: lock it then"
    assert runs.lock_all(desk, now=datetime(2026, 5, 30, tzinfo=UTC))[0].refused == ""


def test_a_window_without_units_is_not_locked(desk: Path) -> None:
    (desk / FILE).write_text(changed(("{from: 2026-03-01, to: 2026-05-15}", "{from: 2024-03-01, to: 2024-05-15}")))
    assert "no complete unit lies in the baseline window" in runs.lock_all(desk)[0].refused


def test_a_lock_that_is_damaged_is_not_written_over(desk: Path, seen: Seen) -> None:
    (desk / LOCK).write_text("{}\n")
    seen("lock_damaged", "lock")


def test_the_locked_numbers_and_the_plan_are_in_the_lock(desk: Path) -> None:
    lock = runs.lock_all(desk, now=datetime(2026, 6, 1, tzinfo=UTC))[0].lock
    assert lock is not None
    assert lock.baseline is not None
    assert (lock.baseline.units, lock.baseline.open, lock.baseline.value) == (102, 0, 36.5)
    assert (lock.version, lock.tuning.alpha, lock.tuning.planned_units) == (1, 0.05, 121)
    (desk / FILE).write_text(changed(("target: -40%", "target: -30%")))
    second = runs.lock_all(desk, now=datetime(2026, 6, 2, tzinfo=UTC))[0].lock
    assert second is not None
    assert (second.version, second.previous) == (2, (lock.envelope,))
