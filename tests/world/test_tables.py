"""PostgreSQL asked as somebody else: what is done is undone, one query is one query, nobody there is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from readiness.errors import Refused
from readiness.world.tables import Tables

URL = os.environ.get("READINESS_TEST_DATABASE_URL", "")
needs_server = pytest.mark.skipif(not URL, reason="no READINESS_TEST_DATABASE_URL")


@needs_server
def test_what_somebody_else_wrote_changes_nothing() -> None:
    with Tables(URL) as tables:
        tables.rows("CREATE TEMP TABLE t AS SELECT 1 AS a")
        for query in ("SELECT 1; DROP TABLE t", "DROP TABLE t", "1) AS x; DROP TABLE t; --", "SELECT 1); DELETE FROM t; --", ""):
            with pytest.raises(Refused):
                tables.select(query)
        assert tables.select("SELECT a FROM t;") == [(1,)]
        assert tables.select("SELECT '%s' FROM t") == [("%s",)]
        assert tables.rows("SELECT a FROM t") == [(1,)]


@needs_server
def test_a_failure_takes_nothing_with_it() -> None:
    with Tables(URL) as tables:
        tables.rows("CREATE TEMP TABLE t AS SELECT 1 AS a")
        with tables.undone():
            tables.rows("DELETE FROM t")
            with pytest.raises(Refused, match="division by zero"):
                tables.rows("SELECT 1 / 0")
            assert tables.rows("SELECT a FROM t") == []
        assert tables.rows("SELECT a FROM t") == [(1,)]


@needs_server
def test_nothing_is_left_behind() -> None:
    with Tables(URL) as tables:
        tables.rows("CREATE TABLE left_behind (a integer)")
    with Tables(URL) as tables:
        assert tables.rows("SELECT to_regclass('left_behind')") == [(None,)]


def test_nobody_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        Tables(f"postgresql:///x?host={tmp_path}")
