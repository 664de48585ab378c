"""What outcome and authority files state: all of what is valid, none of what is not, and never a crash."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.config.manifest import Manifest, TrustedKey
from readiness.formats import outcomes
from readiness.formats.authority import Authority
from readiness.formats.outcomes import Outcome
from readiness.layers.measurement import locking, metric, units
from readiness.runs import outcome_facts
from readiness.runs import outcome_figures as figures
from readiness.runs.outcome_facts import OutcomeFacts
from readiness.world import keys
from readiness.world import project as projects
from tests.runs.stated import AUTHORITY, OUTCOME, TICKETS

NOW = datetime(2026, 4, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> keys.Key:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("READINESS_SIGNING_KEY", raising=False)
    mine = keys.own()
    assert mine is not None
    return mine


def write(tmp_path: Path, text: str, tickets: str = TICKETS) -> Path:
    root = tmp_path / "p"
    for path, content in (("outcomes/x.yaml", text), ("data/tickets.csv", tickets)):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    return root


def read(root: Path, manifest: Manifest | None = None) -> OutcomeFacts:
    (found,) = outcome_facts.outcome_facts(projects.load(root), manifest or Manifest())
    return found


def lock(root: Path, key: keys.Key) -> Outcome:
    project = projects.load(root)
    outcome, problems = outcomes.parse(project.text("outcomes/x.yaml"), "outcomes/x.yaml")
    assert outcome is not None
    assert (problems, outcome.baseline is not None) == ([], True)
    baseline = units.measure(metric.of_project(project, outcome).units, outcome.aggregate, outcome.baseline)  # type: ignore[arg-type]
    (root / outcome.lock_path).write_bytes(locking.make(outcome, baseline, NOW, key))
    return outcome


def test_a_valid_outcome_states_all_of_itself(tmp_path: Path) -> None:
    found = read(write(tmp_path, OUTCOME))
    assert (found.id, found.owner, found.kill_authority, found.problem) == ("tickets", "Grace Hopper", "Dorothy Vaughan", "")
    assert (found.baseline, found.measured, found.locked) == ("20 hours, over 3 tickets from 1 January 2026 to 31 March 2026", True, None)
    assert found.errors[0].cost == "35 EUR each"
    assert found.works.startswith("Not shown: 1 ticket since 31 March 2026 could be compared with that")


def test_the_baseline_is_the_one_that_was_locked(tmp_path: Path, key: keys.Key) -> None:
    root = write(tmp_path, OUTCOME)
    lock(root, key)
    assert (read(root).locked, read(root).measured) == (date(2026, 4, 10), True)
    write(tmp_path, OUTCOME, TICKETS.replace("2026-02-05,20", "2026-02-05,30"))
    found = read(root)
    assert (found.baseline.partition(",")[0], found.measured) == ("20 hours", False)


@pytest.mark.parametrize("fault", ["another key", "edited", "no lock", "of another version"])
def test_a_lock_that_does_not_count_fixes_nothing(tmp_path: Path, key: keys.Key, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path, OUTCOME)
    path = root / lock(root, key).lock_path
    if fault == "another key":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "other"))
    if fault == "edited":
        path.write_bytes(path.read_bytes().replace(b'"payload":"', b'"payload":"AAAA').replace(b'"payload": "', b'"payload": "AAAA'))
    if fault == "no lock":
        path.write_bytes(b"{}")
    if fault == "of another version":
        write(tmp_path, OUTCOME.replace("40 % faster", "half as fast"))
    assert read(root).locked is None
    trusting = Manifest(trust=(TrustedKey(key.id, "self"),))
    assert (read(root, trusting).locked is not None) is (fault == "another key")


FIGURES = {
    "cannot be computed": (TICKETS.replace("hours", "minutes"), False, "Not shown: there is no measured figure from before"),
    "no unit before": ("ticket,opened,hours\na,2026-04-05,10\n", False, "Not shown: there is no measured figure from before"),
    "nothing after": (TICKETS.replace("d,2026-04-01,5\n", ""), True, "Not shown: there is no figure from after 31 March 2026 yet."),
}


@pytest.mark.parametrize("name", FIGURES)
def test_what_is_not_there_is_not_shown(tmp_path: Path, name: str) -> None:
    tickets, measured, works = FIGURES[name]
    found = read(write(tmp_path, OUTCOME, tickets))
    assert (found.measured, found.works.startswith(works)) == (measured, True)


def test_data_that_is_not_here_is_no_fault(tmp_path: Path) -> None:
    root = write(tmp_path, OUTCOME)
    (root / "data/tickets.csv").unlink()
    assert read(root).measured is None


def test_a_figure_of_a_database_is_not_computed_here(tmp_path: Path) -> None:
    text = OUTCOME.replace("  source: data/tickets.csv\n  table: tickets\n", "  source: database\n")
    found = read(write(tmp_path, text))
    assert (found.measured, found.baseline, found.problem) == (None, "1 January 2026 to 31 March 2026", "")


def test_a_forward_comparison_needs_no_baseline(tmp_path: Path) -> None:
    text = OUTCOME.replace("before-after", "randomised").replace("baseline: {from: 2026-01-01, to: 2026-03-31}\n", "")
    found = read(write(tmp_path, text))
    assert (found.problem, found.baseline.startswith("none needed: it is compared with others")) == ("", True)


BROKEN = {
    "target: -4O%": ("target: -40%", "target"),
    "aggregate: middle": ("aggregate: median", "figure"),
    "beneficiary: TBD": ("beneficiary: Customers with a question about an invoice", "beneficiary"),
    "owner: the team": ("owner: Grace Hopper <grace@example.org>", "owner"),
    "baseline: {from: 2026-04-01, to: 2026-03-31}": ("baseline: {from: 2026-01-01, to: 2026-03-31}", "baseline"),
}


@pytest.mark.parametrize("new", BROKEN)
def test_a_key_that_something_is_wrong_with_states_nothing(tmp_path: Path, new: str) -> None:
    old, field = BROKEN[new]
    assert old in OUTCOME
    whole, found = read(write(tmp_path, OUTCOME)), read(write(tmp_path, OUTCOME.replace(old, new)))
    assert getattr(whole, field)
    assert getattr(found, field) == ""
    assert found.problem.startswith("this file is not valid: outcomes/x.yaml:")
    assert found.change == whole.change


def test_two_outcomes_of_one_name_are_both_told_and_one_is_wrong(tmp_path: Path) -> None:
    root = write(tmp_path, OUTCOME)
    (root / "outcomes/y.yaml").write_text(OUTCOME)
    found = outcome_facts.outcome_facts(projects.load(root), Manifest())
    assert [(item.file, bool(item.problem)) for item in found] == [("outcomes/x.yaml", False), ("outcomes/y.yaml", True)]


STRANGE = ("", "[1, 2]", "a: [", "\x00", "change: {a: b}\nerrors: 3\nkill: [x]\nbaseline: 4\nowner: {}\n", "&a [*a]", "a: 1\na: 2\n")


@pytest.mark.parametrize("text", STRANGE)
def test_strange_outcome_files_state_nothing_and_break_nothing(text: str, tmp_path: Path) -> None:
    found = read(write(tmp_path, text))
    assert (found.change, found.owner, found.errors, found.kill_authority, found.target) == ("", "", (), "", "")
    assert found.problem.startswith("this file is not valid: outcomes/x.yaml:1: ")


@pytest.mark.parametrize("rate", ["2", "-0.1", "true", "'0.02'", ".nan"])
def test_a_rate_that_is_none_is_not_stated(rate: str, tmp_path: Path) -> None:
    found = read(write(tmp_path, OUTCOME.replace("max_rate: 0.02", f"max_rate: {rate}")))
    assert (found.errors[0].allowed, found.errors[0].proven, found.errors[0].cost) == (None, "", "35 EUR each")


@given(st.lists(st.sampled_from(OUTCOME.splitlines()), max_size=20))
def test_lines_in_any_order_break_nothing(lines: list[str]) -> None:
    outcome, problems = outcomes.parse("\n".join(lines), "x.yaml")
    if outcome is not None:
        outcome_facts.told(outcome, figures.Known(), problems)


# Who decides


def authority(tmp_path: Path, text: str) -> tuple[Authority, tuple[str, ...]]:
    root = tmp_path / "p"
    root.mkdir()
    (root / "authority.yaml").write_text(text)
    return outcome_facts.authority(projects.load(root))


def test_who_decides_is_read_and_signs(tmp_path: Path) -> None:
    text = AUTHORITY.replace("security: Ben <ben@example.org>", "security: {name: Ben, email: Ben@example.org}")
    found, wrong = authority(tmp_path, text.replace("cost: Grace <grace@example.org>", "cost: Dee (@dee)"))
    assert wrong == ()
    said = {"ADA@example.org": True, "ben@example.org": True, "dee": True, "eve@example.org": False, "Ada": False, "": False}
    assert {name: found.names(name) for name in said} == said


@pytest.mark.parametrize("text", ["", "a: [", "data: &a [*a]\n", AUTHORITY.replace("Ada <ada@example.org>", "the team"), "[]"])
def test_an_authority_file_that_is_not_valid_names_nobody(text: str, tmp_path: Path) -> None:
    found, wrong = authority(tmp_path, text)
    assert found.people == ()
    assert wrong[0].startswith("authority.yaml:")


# In words


@pytest.mark.parametrize(("number", "noun", "said"), [
    (1, "ticket", "1 ticket"), (2, "ticket", "2 tickets"), (0, "query", "0 queries"), (3, "day", "3 days"), (2, "batch", "2 batches"),
    (1200, "a week of a customer", "1,200 cases"), (1, "a week", "1 case"),
])  # fmt: skip
def test_units_are_counted_as_people_count(number: int, noun: str, said: str) -> None:
    assert figures.counted(number, noun) == said


@pytest.mark.parametrize(("allowed", "confidence", "said"), [
    (0.05, 0.95, "not measured; about 59 checked cases without a mistake would show it (95 % sure)"),
    (0.0, 0.95, "not measured; no number of cases can show that it never happens"),
    (1.0, 0.5, "nothing to show: any number is allowed"),
])  # fmt: skip
def test_what_a_proof_would_take_is_told(allowed: float, confidence: float, said: str) -> None:
    assert figures.proof(allowed, confidence) == said
