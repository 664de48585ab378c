"""The shape of a table in a file: its columns with their types and the number of its rows, asked of DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from readiness.errors import Refused
from readiness.layers.infrastructure.evidence import Shape

if TYPE_CHECKING:
    from readiness.world.duckdb import Duck

READERS: Final = {
    ".csv": "read_csv({file})",
    ".tsv": "read_csv({file}, delim = '\\t')",
    ".parquet": "read_parquet({file})",
    ".jsonl": "read_json({file}, format = 'newline_delimited')",
    ".ndjson": "read_json({file}, format = 'newline_delimited')",
}
LARGEST_BYTES: Final = 64 << 20
"""The largest file whose rows are counted; a Parquet file says its number of rows itself and may be larger."""


def is_table(path: str, size_bytes: int) -> bool:
    """Whether a file of that name and size is one whose shape is told."""
    suffix = path[path.rfind(".") :].lower()
    return suffix in READERS and size_bytes > 0 and (suffix == ".parquet" or size_bytes <= LARGEST_BYTES)


def shape_of(path: Path) -> Shape | None:
    """The shape of one table; None where DuckDB does not read it. Imports DuckDB."""
    return shapes_of([path])[0]


def shapes_of(paths: list[Path]) -> list[Shape | None]:
    """The shape of each table, in order. Imports DuckDB where there is one; a name that is no text is not asked about."""
    named = {path for path in paths if str(path).isprintable()}
    if not named:
        return [None] * len(paths)
    from readiness.world.duckdb import Duck

    with Duck(sorted(named)) as duck:
        return [_shape(duck, path) if path in named else None for path in paths]


def _shape(duck: Duck, path: Path) -> Shape | None:
    from readiness.world.duckdb import quoted

    source = READERS[path.suffix.lower()].format(file=quoted(str(path)))
    try:
        columns = duck.rows(f"DESCRIBE SELECT * FROM {source}")  # noqa: S608  the name is quoted, the rest is ours
        (rows,) = duck.rows(f"SELECT count(*) FROM {source}")  # noqa: S608
    except Refused:
        return None
    return Shape(tuple((str(column[0]), str(column[1])) for column in columns), int(str(rows[0])))
