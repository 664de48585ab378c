"""The SQL that makes a metric's files readable as a table."""

from __future__ import annotations

from collections.abc import Sequence


def view(name: str, paths: Sequence[str]) -> str:
    """A statement that makes a view `name` over files of one kind: CSV, Parquet or JSON by their ending."""
    listed = ", ".join(_text(path) for path in paths)
    return f"create view {_name(name)} as select * from {_reader(paths[0])}([{listed}], {_options(paths[0])})"  # noqa: S608  every part is quoted or our own word


def describe(name: str) -> str:
    """A statement that lists the columns of a table."""
    return f"describe {_name(name)}"


def allow(paths: Sequence[str]) -> str:
    """A setting that lets exactly these files be read."""
    return f"set allowed_paths = [{', '.join(_text(path) for path in paths)}]"


def _reader(path: str) -> str:
    ending = path.lower().removesuffix(".gz").removesuffix(".zst").rpartition(".")[2]
    return {"csv": "read_csv", "tsv": "read_csv", "parquet": "read_parquet"}.get(ending, "read_json")


def _options(path: str) -> str:
    # every row is looked at before a type is chosen, so that row 30000 cannot contradict it
    return "union_by_name = true" + ("" if _reader(path) == "read_parquet" else ", sample_size = -1")


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'
