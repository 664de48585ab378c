"""The query that reads a file of training data in Parquet."""

from __future__ import annotations

from readiness.world.duckdb import quoted


def parquet(path: str) -> str:
    """Every column of a file, its rows in the order they lie."""
    return f"SELECT * FROM read_parquet({quoted(path)})"  # noqa: S608  the path is a literal


def described(path: str) -> str:
    """The names of its columns."""
    return f"DESCRIBE {parquet(path)}"
