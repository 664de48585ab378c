"""Renders what a contract's data is selected from: files through DuckDB's readers, tables as they are."""

# ruff: noqa: S608  rendering SQL is what this module is for; names and values are quoted by render_text
from __future__ import annotations

from collections.abc import Sequence

from readiness.layers.data.render_text import name, text

LINE_LIMIT_BYTES = 16 << 20
"""The longest row of a CSV or JSONL file; a longer one cannot be read."""


def csv(path: str, delimiter: str, wanted: Sequence[int], width: int, rejects: str = "") -> str:
    """A CSV file of `width` columns as texts; column number wanted[i] becomes c<i>. The first row is the header.

    A field is null where it is empty and not quoted. Rows that are no CSV are left out, and kept in the table `rejects`.
    """
    columns = ", ".join(f"'f{index}': 'VARCHAR'" for index in range(width))
    kept = f", store_rejects=true, rejects_table={text(rejects)}, rejects_scan={text(f'{rejects}_scan')}" if rejects else ""
    chosen = ", ".join(f"f{index} AS c{place}" for place, index in enumerate(wanted))
    return (
        f"SELECT {chosen} FROM read_csv({text(path)}, auto_detect=false, header=true, delim={text(delimiter)}, quote='\"', "
        f"escape='\"', columns={{{columns}}}, allow_quoted_nulls=false, null_padding=false, ignore_errors=true, "
        f"max_line_size={LINE_LIMIT_BYTES}{kept})"
    )


def csv_typed(path: str, delimiter: str) -> str:
    """A CSV file as DuckDB sniffs it, every row looked at, for SQL rules, which expect numbers to be numbers."""
    return (
        f"SELECT * FROM read_csv({text(path)}, header=true, delim={text(delimiter)}, sample_size=-1, ignore_errors=true, "
        f"allow_quoted_nulls=false, max_line_size={LINE_LIMIT_BYTES})"
    )


def lines(path: str) -> str:
    """A file of one JSON value a line: `r` is the value, null where a line is none; `line` is the text."""
    read = (
        f"read_csv({text(path)}, auto_detect=false, header=false, delim='\x01', quote='', escape='', "
        f"columns={{'line': 'VARCHAR'}}, max_line_size={LINE_LIMIT_BYTES})"
    )
    value = "CASE WHEN json_valid(line) THEN CAST(line AS JSON) END"
    return f"SELECT CASE WHEN json_type({value}) = 'OBJECT' THEN {value} END AS r FROM {read} WHERE trim(line) <> ''"


def values(path: str) -> str:
    """A JSON file, an array of objects or one after the other: `r` is each of them, null where it is no object."""
    read = f"read_json_objects({text(path)}, format='auto', maximum_object_size={LINE_LIMIT_BYTES})"
    return f"SELECT CASE WHEN json_type(json) = 'OBJECT' THEN json END AS r FROM {read}"


def json_typed(paths: Sequence[str]) -> str:
    """JSON files as DuckDB sniffs them, for SQL rules."""
    return f"SELECT * FROM read_json_auto([{', '.join(text(path) for path in paths)}], sample_size=-1, ignore_errors=true)"


def parquet(paths: Sequence[str], columns: Sequence[str] = ()) -> str:
    """Parquet files; with `columns`, those as c0, c1, …."""
    chosen = ", ".join(f"{name(column)} AS c{index}" for index, column in enumerate(columns)) or "*"
    return f"SELECT {chosen} FROM read_parquet([{', '.join(text(path) for path in paths)}])"


def json_field(path: Sequence[str]) -> str:
    """A value inside `r`, by a JSON pointer, so that every key can be named."""
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)
    return f"json_extract(r, {text(pointer)})"


def together(selects: Sequence[str]) -> str:
    """Several selects, one after the other, as something to select from."""
    return f"({' UNION ALL '.join(selects)})"


def keys(base: str) -> str:
    """Every key that a row of JSON has."""
    return f"SELECT DISTINCT unnest(json_keys(r)) FROM {base} AS source WHERE r IS NOT NULL ORDER BY 1"


def view(called: str, select: str) -> str:
    """A view under a name."""
    return f"CREATE OR REPLACE VIEW {name(called)} AS {select}"


def rejected(tables: Sequence[str]) -> str:
    """The number of rows that were left out while these tables of rejects were filled."""
    return f"SELECT {' + '.join(f'(SELECT count(DISTINCT line) FROM {table})' for table in tables)}"


def described(paths: Sequence[str]) -> str:
    """The columns of Parquet files."""
    return f"DESCRIBE {parquet(paths)}"


def documents(table: str) -> str:
    """A table for documents: path, content, size in bytes."""
    return f"CREATE TABLE {table} (c0 VARCHAR, c1 VARCHAR, c2 BIGINT)"


def documents_named(table: str, columns: Sequence[str]) -> str:
    """The table of documents under the names of its columns."""
    return f"SELECT {', '.join(f'c{index} AS {name(column)}' for index, column in enumerate(columns))} FROM {table}"
