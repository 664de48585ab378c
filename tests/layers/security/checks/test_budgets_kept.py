"""A budget holds where nobody goes beyond it, also where it is lowered; and what was not seen is no verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.security import counted
from readiness.layers.security.checks import budgets_kept
from readiness.layers.security.checks.budgets_kept import Drilled, Observed, Used
from readiness.sequence.finding import Basis, Cause, Location, Outcome
from readiness.sequence.stakes import Policy
from tests.layers.conftest import ASSETS, Judge

ID = "security.budgets-kept"
ASSET = ASSETS / ID / "holds"
HOLDS = {path.relative_to(ASSET).as_posix(): path.read_text() for path in ASSET.rglob("*") if path.is_file()}
AT = Location("policies/desk.cedar", 3)
USED = Used("asks", AT, "3/day", 3, 'Client::"shop"', 3, Drilled(2, 2, False))


def changed(file: str, old: str, new: str) -> dict[str, str]:
    assert old in HOLDS[file]
    return HOLDS | {file: HOLDS[file].replace(old, new)}


def test_what_was_seen_is_said(judge: Judge) -> None:
    finding = judge(ID, "holds")
    assert finding.observed == "clients_ask: at most 3 of 3/day by one, and 2 of 2"


def test_a_budget_nobody_obeys_when_it_is_lowered_fails(judge: Judge) -> None:
    finding = judge(ID, files=changed("demo.py", "min(BUDGET, most)", "BUDGET"))
    assert finding.outcome is Outcome.FAILS
    assert finding.reason == "`clients_ask` permitted 3 requests of one principal where its budget was lowered to 2"
    assert finding.location == Location("policies/desk.cedar", 1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("export([", "len([", "the demo was seen to be permitted nothing by `clients_ask` at policies/desk.cedar:1"),
        ('"clients_ask"', '"others"', "the demo was seen to be permitted nothing by `clients_ask` at policies/desk.cedar:1"),
        ('print(len(answers), "questions")', "raise SystemExit(3)", "the demo did not run"),
    ],
)
def test_a_budget_that_was_not_seen_to_count_is_no_verdict(judge: Judge, old: str, new: str, said: str) -> None:
    finding = judge(ID, files=changed("demo.py", old, new))
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, said)
    assert finding.cause is Cause.NOT_EXERCISED


def test_the_id_of_a_policy_is_no_path(judge: Judge) -> None:
    odd = "../../a b;$c=x"
    files = {path: text.replace("clients_ask", odd) for path, text in HOLDS.items()}
    files["demo.py"] = files["demo.py"].replace('partition("=")', 'rpartition("=")')
    assert judge(ID, files=files).outcome is Outcome.HOLDS


def test_a_demo_that_asks_otherwise_when_less_is_allowed_is_no_verdict(judge: Judge) -> None:
    finding = judge(ID, files=changed("demo.py", "range(4)", "range(4 if most == BUDGET else 1)"))
    said = "a lower budget was not seen to refuse under `clients_ask` at policies/desk.cedar:1"
    assert (finding.outcome, finding.reason) == (Outcome.UNKNOWN, said)


@pytest.mark.parametrize(
    ("drilled", "shown"),
    [
        (Drilled(2, 2, False), True),
        (Drilled(2, 1, True), True),
        (Drilled(0, 0, True), True),
        (Drilled(0, 0, False), False),
        (Drilled(2, 1, False), False),
        (Drilled(2, 0, False), False),
    ],
)
def test_only_a_run_that_reached_the_lower_budget_shows_it(drilled: Drilled, shown: bool) -> None:
    finding = budgets_kept.judge(Observed("demo.py", (replace(USED, drilled=drilled),)), Policy())
    assert finding.outcome is (Outcome.HOLDS if shown else Outcome.UNKNOWN)


def test_a_policy_beyond_the_runs_this_may_cost_is_told() -> None:
    finding = budgets_kept.judge(Observed("demo.py", (USED, replace(USED, policy="more", drilled=None))), Policy())
    assert (finding.outcome, finding.notes) == (Outcome.HOLDS, ("more was counted, and not tried with less",))


def test_without_a_demo_it_is_no_verdict() -> None:
    observed = Observed("", (Used("asks", AT, "3/day", 3),), Cause.NOT_EXERCISED, "no demo is declared and none was found")
    assert budgets_kept.judge(observed, Policy()).outcome is Outcome.UNKNOWN


def test_going_beyond_fails_even_where_not_all_was_seen() -> None:
    beyond = Used("asks", AT, "3/day", 3, "a", 4)
    finding = budgets_kept.judge(Observed("demo.py", (beyond, USED), Cause.NOT_EXERCISED, "too much"), Policy())
    assert (finding.outcome, finding.basis, len(finding.problems)) == (Outcome.FAILS, Basis.EXECUTED, 1)


SECOND = 1_000_000_000


def test_what_is_noted_a_moment_late_is_not_taken_for_too_many() -> None:
    assert counted.most((0, SECOND - 5_000_000), 1) == 1
    assert counted.most((0, 3600 * SECOND - SECOND), 3600) == 1
    assert counted.most((0, 3590 * SECOND), 3600) == 2
    assert counted.most((), 60) == 0


@given(st.lists(st.integers(0, 400 * SECOND), max_size=40), st.sampled_from([1, 60]))
def test_the_busiest_window_is_counted(times: list[int], window_s: int) -> None:
    ordered = tuple(sorted(times))
    surely = int((window_s - min(window_s / 2, 5.0)) * SECOND)
    expected = max((sum(at <= other < at + surely for other in ordered) for at in ordered), default=0)
    assert counted.most(ordered, window_s) == expected
