"""Renders the queries that take every row of a table as one text, so that each value stands beside the name of its column."""

# ruff: noqa: S608  rendering SQL is what this module is for; names are quoted
from __future__ import annotations


def name(text: str) -> str:
    """An identifier, quoted as the standard has it."""
    return '"' + text.replace('"', '""') + '"'


def postgres(schema: str, table: str, most: int) -> str:
    """The rows of a PostgreSQL table as JSON texts."""
    return f"SELECT to_jsonb(asked)::text FROM {name(schema)}.{name(table)} AS asked LIMIT {most}"


def parquet(path: str, most: int) -> str:
    """The rows of a Parquet file as JSON texts, for DuckDB."""
    return f"SELECT to_json(asked)::VARCHAR FROM read_parquet('{path.replace(chr(39), chr(39) * 2)}') AS asked LIMIT {most}"


def sqlite(table: str, most: int) -> str:
    """The rows of a table of an SQLite file."""
    return f"SELECT * FROM {name(table)} LIMIT {most}"
