"""Runs of checks go in and come out as they were, once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from readiness.errors import UsageError
from readiness.store import check_runs
from readiness.store.check_runs import CheckRun

FIRST = CheckRun(
    "r-0198c2f0-0000-7000-8000-000000000001", "assistant", "sha256:" + "0" * 64, datetime(2026, 3, 1, tzinfo=UTC), 1, "fails", 1
)
SECOND = replace(FIRST, id=FIRST.id[:-1] + "2", as_of=FIRST.as_of + timedelta(hours=1), layer_held=5, outcome="holds", exit_code=0)


def test_runs_come_back_as_they_were_and_once(store: psycopg.Connection) -> None:
    assert check_runs.insert(store, [FIRST, SECOND]) == 2
    assert check_runs.insert(store, [replace(FIRST, outcome="holds")]) == 0
    assert check_runs.insert(store, []) == 0
    assert check_runs.newest(store, "assistant") == (SECOND, FIRST)
    assert check_runs.newest(store, "assistant", limit=1) == (SECOND,)
    assert check_runs.newest(store, "other") == ()


def test_a_prefix_of_eight_names_what_begins_with_it(store: psycopg.Connection) -> None:
    check_runs.insert(store, [FIRST, SECOND])
    assert check_runs.find(store, "r-0198c2") == (FIRST, SECOND)
    assert check_runs.find(store, SECOND.id) == (SECOND,)
    assert check_runs.find(store, "r-0198c3") == ()
    with pytest.raises(UsageError, match="too short"):
        check_runs.find(store, "r-0198c")
