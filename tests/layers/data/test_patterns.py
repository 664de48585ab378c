"""Patterns of ECMA-262 in the dialects of two engines, compared with what Python's own engine finds."""

from __future__ import annotations

import re

import duckdb
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.layers.data.dialect import Form
from readiness.layers.data.render_text import search, text
from tests.layers.data.conftest import DATABASE_URL

PIECES = st.sampled_from([
    "a", "b", "0", ".", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", r"\b", r"\.", "[ab]", "[^a]", r"[\d_]", "(a|b)", "a{2}", "^", "$", "-",
    r"\/", "'", r"\t", "_", "(?:ab)?", r"\u0061", r"\x62",
])  # fmt: skip
SUBJECTS = st.text(st.sampled_from("abAB01 _-./'\t\n"), max_size=8)


@given(st.lists(PIECES, min_size=1, max_size=5).map("".join), SUBJECTS)
def test_duckdb_finds_what_ecma_script_finds(pattern: str, subject: str) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT {search(text(subject), pattern, Form.DUCK)}").fetchone()
    assert found == (_expected(pattern, subject),)


@pytest.mark.skipif(not DATABASE_URL, reason="no READINESS_TEST_DATABASE_URL")
@given(st.lists(PIECES, min_size=1, max_size=5).map("".join), SUBJECTS)
def test_postgresql_finds_what_ecma_script_finds(pattern: str, subject: str) -> None:
    with psycopg.connect(DATABASE_URL) as connection:
        found = connection.execute(f"SELECT {search(text(subject, Form.POSTGRES), pattern, Form.POSTGRES)}".encode()).fetchone()
    assert found == (_expected(pattern, subject),)


def _expected(pattern: str, subject: str) -> bool:
    # `$` of Python also matches before a last line break, that of ECMA-262 does not
    return re.search(pattern.replace("$", r"\Z"), subject, re.ASCII) is not None
