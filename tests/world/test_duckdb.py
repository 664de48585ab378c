"""DuckDB over named files: it reads those, writes nothing, and runs one SELECT of somebody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.errors import Refused
from readiness.world.duckdb import Duck, said


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    mine, other = tmp_path / "it's mine.csv", tmp_path / "other.csv"
    mine.write_text("a\n1\n")
    other.write_text("a\nsecret\n")
    return mine, other


def test_the_files_it_was_given_are_read(files: tuple[Path, Path]) -> None:
    with Duck([files[0]]) as duck:
        assert duck.rows(f"SELECT a FROM read_csv('{str(files[0]).replace(chr(39), chr(39) * 2)}')") == [(1,)]


@pytest.mark.parametrize("query", [
    "SELECT * FROM read_csv('{other}')", "SELECT * FROM read_text('{other}')", "SELECT * FROM '{other}'",
    "SELECT * FROM glob('{folder}/*')", "COPY (SELECT 1) TO '{folder}/out.csv'", "ATTACH '{folder}/out.db'", "INSTALL httpfs",
    "LOAD httpfs", "SET enable_external_access = true", "SET allowed_paths = ['{other}']", "EXPORT DATABASE '{folder}/out'", "SELECT * FROM read_csv('https://example.org/a.csv')",
])  # fmt: skip
def test_nothing_else_is_read_or_written(files: tuple[Path, Path], query: str) -> None:
    before = sorted(files[1].parent.iterdir())
    with Duck([files[0]]) as duck, pytest.raises(Refused):
        duck.rows(query.format(other=files[1], folder=files[1].parent))
    assert sorted(files[1].parent.iterdir()) == before


@pytest.mark.parametrize("query", ["SELECT 1; SELECT 2", "CREATE TABLE t (a INT)", "", "SELEC 1", "SET threads = 1", "PRAGMA version"])
def test_what_somebody_else_wrote_is_one_select_or_nothing(query: str) -> None:
    with Duck() as duck:
        with pytest.raises(Refused):
            duck.select(query)
        assert duck.select("WITH x AS (SELECT 1 AS a) SELECT a FROM x;") == [(1,)]


def test_what_is_done_within_is_undone() -> None:
    with Duck() as duck:
        duck.rows("CREATE TABLE t AS SELECT 1 AS a")
        with duck.undone():
            duck.rows("DELETE FROM t")
            duck.rows("CREATE OR REPLACE VIEW v AS SELECT 1")
        assert duck.rows("SELECT count(*) FROM t") == [(1,)]
        with pytest.raises(Refused):
            duck.rows("SELECT * FROM v")


def test_a_complaint_is_one_line_without_its_class() -> None:
    assert said(ValueError("Binder Error: no column x\n\nLINE 1: SELECT x")) == "no column x"
