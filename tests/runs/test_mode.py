"""Modes: written on purpose with comments kept, shown with what they ask for, ended loudly."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from readiness.config import manifest as manifests
from readiness.errors import InputError, UsageError
from readiness.runs import check
from readiness.runs import mode as modes
from readiness.runs.mode import Condition
from readiness.sequence.finding import Outcome
from readiness.sequence.mode import Declaration, Mode

TODAY = date(2026, 11, 20)
ENDS = date(2026, 12, 20)
TEXT = '# ours\n[project]\nid = "bot"   # the bot\nstakes = "money"\n\n[demo]\ncommand = ["python", "bot.py"]\n'
WANTED = Declaration(Mode.RESEARCH, ENDS, "is it feasible", "ada@example.org")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path.parent / f"{tmp_path.name}-config"))
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


@pytest.mark.parametrize(("count", "outcome"), [(3, Outcome.HOLDS), (4, Outcome.FAILS)])
def test_a_condition_is_shown_as_it_was_judged(root: Path, count: int, outcome: Outcome) -> None:
    (root / "compose.yaml").write_text(compose(count))
    ends = datetime.now(UTC).date() + timedelta(days=30)
    modes.change(root, Declaration(Mode.PROTOTYPE, ends, "a", "b"), TODAY)
    assert modes.show(root, TODAY).conditions[0] == Condition(
        "few containers", Outcome.UNKNOWN, "not judged yet: `readiness check --only infrastructure.few-containers`"
    )
    check.check(root, check.Options(only=("few-containers",)))
    few, data, end = modes.show(root, TODAY).conditions
    assert (few.outcome, data.outcome, end.outcome) == (outcome, Outcome.UNKNOWN, Outcome.HOLDS)
    assert f"compose.yaml names {count} containers" in few.text
    assert few.text.endswith("(observed)")
    (root / "bot.py").write_text("print(2)\n")  # evidence of another state says nothing
    assert modes.show(root, TODAY).conditions[0].outcome is Outcome.UNKNOWN


def test_each_mode_asks_for_its_own_checks(root: Path) -> None:
    asked = {}
    for mode in (Mode.RESEARCH, Mode.PROTOTYPE, Mode.CRISIS):
        asked[mode] = [item.what for item in modes.change(root, Declaration(mode, ENDS, "a", "b"), TODAY).conditions]
    assert asked == {
        Mode.RESEARCH: ["never deployed", "recreates elsewhere", "an end"],
        Mode.PROTOTYPE: ["few containers", "no sensitive data", "a day it is thrown away"],
        Mode.CRISIS: ["isolated", "watched", "can be stopped", "a day it is retired or rebuilt"],
    }


@pytest.mark.parametrize("mode", [mode for mode in Mode if mode is not Mode.PRODUCTION])
def test_what_nobody_looks_at_is_unknown(root: Path, mode: Mode) -> None:
    found = modes.change(root, Declaration(mode, ENDS, "a", "b"), TODAY)
    assert {item.outcome for item in found.conditions[:-1]} == {Outcome.UNKNOWN}
    assert len(found.conditions) >= 3
