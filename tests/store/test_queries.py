"""Every named query is known to PostgreSQL, and the ones that search use an index."""

from __future__ import annotations

import re

import psycopg
import pytest

from readiness.store.queries import every, named

BOUND = re.compile(r"%\((\w+)\)s")
EXPLAINED = sorted(name for name, text in every().items() if re.search(r"^(select|insert)", text, re.MULTILINE))


def numbered(text: str) -> str:
    """A query with `$1` for its first value and so on."""
    names = list(dict.fromkeys(BOUND.findall(text)))
    return BOUND.sub(lambda found: f"${names.index(found[1]) + 1}", text)


def plan(store: psycopg.Connection, name: str) -> str:
    """The plan PostgreSQL makes without knowing the values."""
    text = numbered(named(name))
    if store.info.server_version >= 160000:
        rows = store.execute(f"explain (generic_plan) {text}".encode()).fetchall()
    else:
        store.execute("set plan_cache_mode = force_generic_plan")
        store.execute(f"prepare {name} as {text}".encode())
        count = len(set(re.findall(r"\$\d+", text)))
        given = f"({', '.join(['null'] * count)})" if count else ""
        rows = store.execute(f"explain execute {name}{given}".encode()).fetchall()
    return "\n".join(str(row[0]) for row in rows)


@pytest.mark.parametrize("name", EXPLAINED)
def test_every_query_has_a_plan(store: psycopg.Connection, name: str) -> None:
    assert "cost=" in plan(store, name)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("find_decisions", "decision_pkey"),
        ("newest_decisions", "decision_newest"),
        ("sources_of_decisions", "decision_source_pkey"),
        ("find_check_runs", "check_run_pkey"),
        ("newest_check_runs", "check_run_newest"),
    ],
)
def test_what_is_searched_is_found_by_an_index(store: psycopg.Connection, name: str, index: str) -> None:
    store.execute("set enable_seqscan = off")
    found = plan(store, name)
    assert index in found
    assert "Seq Scan" not in found


def test_no_query_is_written_twice() -> None:
    assert len(set(every().values())) == len(every())
    with pytest.raises(KeyError):
        named("no_such_query")
