"""Budgets slide, hold across threads and processes, and let nobody through where counting ends."""

from __future__ import annotations

import random
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.cedar.guards import Budget, budget
from readiness.sdk import Entity, Guard
from readiness.sdk.counting import Counts, Memory, Shared
from tests.sdk.test_authorizing import AGENT, write

POLICIES = """
@id("some") @budget("3/minute")
permit (principal is Agent, action, resource);

@id("a_few_looks") @budget("1/hour")
permit (principal is Agent, action == Action::"look", resource);

@id("people") permit (principal is Person, action, resource);
"""


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def said(text: str) -> Budget:
    found = budget(text)
    assert found is not None
    return found


@pytest.fixture(params=["memory", "file"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Counts, Clock]]:
    clock = Clock()
    counts = Memory(clock) if request.param == "memory" else Shared(tmp_path / "counts.sqlite3", clock)
    yield counts, clock
    if isinstance(counts, Shared):
        counts.close()


def room(counts: Counts, who: str = "a", policy: str = "p", text: str = "2/minute") -> bool:
    return bool(counts.take(who, [(policy, said(text))]).policies)


def test_a_budget_slides(made: tuple[Counts, Clock]) -> None:
    counts, clock = made
    assert room(counts)
    clock.now += 40
    assert room(counts)
    found = counts.take("a", [("p", said("2/minute"))])
    assert not found.policies
    assert found.retry_after_s == pytest.approx(20)
    clock.now += 19.9
    assert not room(counts)
    clock.now += 0.1
    assert room(counts)
    assert not room(counts)


def test_everybody_and_every_policy_is_counted_apart(made: tuple[Counts, Clock]) -> None:
    counts, _ = made
    for who in ("a", "b"):
        for policy in ("p", "q"):
            assert [room(counts, who, policy) for _ in range(3)] == [True, True, False]


def test_a_budget_that_was_lowered_counts_what_was(made: tuple[Counts, Clock]) -> None:
    counts, _ = made
    assert [room(counts, text="9/minute") for _ in range(5)] == [True] * 5
    found = counts.take("a", [("p", said("2/minute"))])
    assert not found.policies
    assert found.retry_after_s == pytest.approx(60)


@given(st.lists(st.floats(0, 30), max_size=60), st.integers(1, 5), st.sampled_from(["second", "minute"]))
def test_no_window_ever_holds_more_than_the_budget(pauses: list[float], count: int, window: str) -> None:
    clock = Clock()
    counts, allowed = Memory(clock), []
    rule = said(f"{count}/{window}")
    for pause in pauses:
        clock.now += pause
        if counts.take("a", [("p", rule)]).policies:
            allowed.append(clock.now)
        else:
            assert len([at for at in allowed if at > clock.now - rule.window_s]) == count  # nobody is refused who had room
    for at in allowed:
        assert len([other for other in allowed if at <= other < at + rule.window_s]) <= count


def test_the_file_and_the_memory_say_the_same(tmp_path: Path) -> None:
    chance, clock = random.Random(7), Clock()
    shared, memory = Shared(tmp_path / "counts.sqlite3", clock), Memory(clock)
    for _ in range(300):
        clock.now += chance.choice([0, 1, 5, 30])
        asked = [("p", said("3/minute")), ("q", said("5/hour"))][: chance.randint(1, 2)]
        who = chance.choice("ab")
        one, other = shared.take(who, asked), memory.take(who, asked)
        assert one.policies == other.policies
        assert one.retry_after_s == pytest.approx(other.retry_after_s)
    shared.close()


def test_beyond_the_limit_nobody_is_let_through(tmp_path: Path) -> None:
    clock = Clock()
    counts = Memory(clock, keys_limit=3)
    assert [room(counts, who) for who in "abcd"] == [True, True, True, False]
    assert room(counts, "a")
    clock.now += 60
    assert room(counts, "d")


def test_threads_share_a_budget() -> None:
    counts = Memory()
    found: list[bool] = []

    def ask() -> None:
        found.extend(room(counts, text="100/day") for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(found) == 100


def test_processes_share_a_file(tmp_path: Path) -> None:
    file = tmp_path / "state/counts.sqlite3"
    code = (
        "import sys; from pathlib import Path\n"
        "from readiness.sdk.counting import Shared\n"
        "from readiness.formats.cedar.guards import budget\n"
        "counts = Shared(Path(sys.argv[1]))\n"
        "print(sum(bool(counts.take('secret-4711', [('p', budget('60/day'))]).policies) for _ in range(40)))\n"
    )
    argv = [sys.executable, "-W", "error", "-c", code, str(file)]
    running = [subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert sum(int(process.communicate(timeout=60)[0]) for process in running) == 60
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"4711" not in file.read_bytes()


# --- in an authorization -----------------------------------------------------------------------------------------------------


def counted(tmp_path: Path, counts: Counts | None = None) -> Guard:
    return Guard(write(tmp_path / "policies", POLICIES), counts)


def ask(guard: Guard, action: str = "refund", who: str = AGENT) -> tuple[bool, str]:
    found = guard.authorize(who, action, Entity("Order", "o", {"customer": Entity("Customer", "c1"), "total": 1}),
                            {"customer": Entity("Customer", "c1")})  # fmt: skip
    return found.allowed, found.reason


def test_a_spent_permit_permits_no_more(tmp_path: Path) -> None:
    clock = Clock()
    guard = counted(tmp_path, Memory(clock))
    assert [ask(guard) for _ in range(4)] == [(True, "permitted")] * 3 + [(False, "budget spent")]
    assert ask(guard, who='Person::"bob"') == (True, "permitted")
    clock.now += 60
    assert ask(guard)[0]


def test_another_permit_with_room_left_permits(tmp_path: Path) -> None:
    guard = counted(tmp_path, Memory(Clock()))
    assert [ask(guard, "look")[0] for _ in range(4)] == [True] * 3 + [False]
    found = Guard(write(tmp_path / "policies", POLICIES)).authorize(
        AGENT, "look", Entity("Order", "o", {"customer": Entity("Customer", "c1"), "total": 1}), {"customer": Entity("Customer", "c1")}
    )
    assert found.policies == ("some", "a_few_looks")


def test_a_drill_lowers_one_budget_and_raises_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for text, allowed in (("some=1", 1), ("some=0", 0), ("some=9", 3), ("others=1", 3)):
        monkeypatch.setenv("READINESS_BUDGET_MOST", text)
        guard = counted(tmp_path, Memory(Clock()))
        assert [ask(guard)[0] for _ in range(4)].count(True) == allowed, text
    for text in ("1", "some=", "some=-1", "some=x", "="):
        monkeypatch.setenv("READINESS_BUDGET_MOST", text)
        assert ask(counted(tmp_path)) == (False, "no policies")


def test_what_is_denied_costs_nothing(tmp_path: Path) -> None:
    guard = Guard(write(tmp_path / "policies", POLICIES + '@id("no") forbid (principal, action == Action::"look", resource);'))
    assert [ask(guard, "look") for _ in range(5)] == [(False, "forbidden")] * 5
    assert [ask(guard)[0] for _ in range(4)] == [True] * 3 + [False]


def test_when_there_is_room_again_is_said(tmp_path: Path) -> None:
    clock = Clock()
    guard = counted(tmp_path, Memory(clock))
    for _ in range(3):
        ask(guard)
        clock.now += 10
    found = guard.authorize(AGENT, "refund", Entity("Order", "o", {"customer": Entity("Customer", "c1"), "total": 1}),
                            {"customer": Entity("Customer", "c1")})  # fmt: skip
    assert found.retry_after_s == pytest.approx(30)
    assert found.errors == ("the budget of some, 3/minute, is spent",)


def test_a_file_that_cannot_be_counted_in_lets_nobody_through(tmp_path: Path) -> None:
    (tmp_path / "counts").mkdir()
    assert ask(counted(tmp_path, Shared(tmp_path / "counts"))) == (False, "policy error")
    (tmp_path / "text").write_text("no database, and long enough to be seen as none" * 20)
    broken = Shared(tmp_path / "text")
    assert ask(counted(tmp_path, broken)) == (False, "policy error")


def test_a_file_somebody_holds_lets_nobody_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("readiness.sdk.counting._WAIT_S", 0.1)
    counts = Shared(tmp_path / "counts.sqlite3")
    guard = counted(tmp_path, counts)
    assert ask(guard)[0]
    holder = sqlite3.connect(tmp_path / "counts.sqlite3", isolation_level=None)
    holder.execute("begin immediate")
    assert ask(guard) == (False, "policy error")
    holder.execute("rollback")
    assert ask(guard)[0]
    holder.close()
    counts.close()
