"""Modes: written on purpose with comments kept, shown with what they ask for, ended loudly."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from readiness.config import manifest as manifests
from readiness.errors import InputError, UsageError
from readiness.runs import mode as modes
from readiness.sequence.finding import Outcome
from readiness.sequence.mode import Declaration, Mode

TODAY = date(2026, 11, 20)
ENDS = date(2026, 12, 20)
TEXT = '# ours\n[project]\nid = "bot"   # the bot\nstakes = "money"\n\n[demo]\ncommand = ["python", "bot.py"]\n'
WANTED = Declaration(Mode.RESEARCH, ENDS, "is it feasible", "ada@example.org")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "readiness.toml").write_text(TEXT)
    (tmp_path / "bot.py").write_text("print(1)\n")
    return tmp_path


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode is not Mode.PRODUCTION])
def test_a_mode_is_written_and_taken_back_and_comments_stay(root: Path, mode: Mode) -> None:
    wanted = Declaration(mode, ENDS, "is it feasible", "ada@example.org")
    assert modes.change(root, wanted, TODAY).declared == wanted
    assert manifests.load(root).mode == wanted
    text = (root / "readiness.toml").read_text()
    assert text.startswith('# ours\n[project]\nid = "bot"   # the bot\n')
    modes.change(root, Declaration(), TODAY)
    assert manifests.load(root).mode == Declaration()
    assert (root / "readiness.toml").read_text().replace('mode = "production"\n', "") == TEXT


def test_a_manifest_is_made_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text("print(1)\n")
    modes.change(tmp_path, WANTED, TODAY)
    assert manifests.load(tmp_path).mode == WANTED


BAD: dict[str, tuple[Declaration, str]] = {
    "no end": (Declaration(Mode.RESEARCH, None, "a", "b"), "needs --until"),
    "nothing": (Declaration(Mode.CRISIS), "needs --until, --reason, --owner"),
    "passed": (Declaration(Mode.PROTOTYPE, TODAY - timedelta(days=1), "a", "b"), "has passed"),
    "production with an end": (Declaration(Mode.PRODUCTION, ENDS), "production has no end"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_can_be_no_mode_is_refused_and_nothing_is_written(root: Path, name: str) -> None:
    wanted, text = BAD[name]
    with pytest.raises(UsageError, match=text):
        modes.change(root, wanted, TODAY)
    assert (root / "readiness.toml").read_text() == TEXT


def test_a_placeholder_is_refused_and_nothing_is_written(root: Path) -> None:
    with pytest.raises(InputError, match="placeholder"):
        modes.change(root, Declaration(Mode.RESEARCH, ENDS, "TODO", "ada"), TODAY)
    assert (root / "readiness.toml").read_text() == TEXT


def test_a_project_written_in_one_line_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "readiness.toml").write_text('project = { id = "bot" }\n')
    with pytest.raises(UsageError, match="in one line"):
        modes.change(tmp_path, WANTED, TODAY)


@pytest.mark.parametrize(("day", "warning"), [(TODAY, ""), (ENDS - timedelta(days=14), "in 14 days"), (ENDS, "in 0 days"),
                                              (ENDS + timedelta(days=1), "ended 2026-12-20")])  # fmt: skip
def test_the_end_is_announced(root: Path, day: date, warning: str) -> None:
    modes.change(root, WANTED, TODAY)
    found = modes.show(root, day)
    assert warning in found.warning
    assert bool(found.warning) == bool(warning)
    assert found.expired == (day > ENDS)
    assert (found.conditions[-1].outcome is Outcome.FAILS) == found.expired


def compose(count: int) -> str:
    return "services:\n" + "".join(f"  s{number}: {{image: 'a:1'}}\n" for number in range(count))


@pytest.mark.parametrize(
    ("text", "outcome"),
    [(compose(5), Outcome.HOLDS), (compose(6), Outcome.FAILS), ("services: [", Outcome.UNKNOWN), ("", Outcome.HOLDS)],
)
def test_a_prototype_has_few_containers(root: Path, text: str, outcome: Outcome) -> None:
    (root / "deploy").mkdir()
    (root / "deploy/compose.yaml").write_text(text)
    found = modes.change(root, Declaration(Mode.PROTOTYPE, ENDS, "a", "b"), TODAY)
    assert found.conditions[0].outcome is outcome


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode is not Mode.PRODUCTION])
def test_what_nobody_looks_at_is_unknown(root: Path, mode: Mode) -> None:
    found = modes.change(root, Declaration(mode, ENDS, "a", "b"), TODAY)
    assert {item.outcome for item in found.conditions[:-1]} == {Outcome.UNKNOWN}
    assert len(found.conditions) >= 3
