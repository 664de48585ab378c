"""What a demo read, as datasets: a file of rows is one, a folder of documents is one, a table of its database is one."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from readiness.layers.data import globs
from readiness.world.watched import Table

_TABULAR: Final = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".arrow", ".feather", ".xlsx", ".sqlite", ".db", ".npy",
                   ".npz", ".pkl")  # fmt: skip
_DOCUMENTS: Final = (".txt", ".md", ".pdf", ".html")
_PARTITIONS: Final = 5
"""From this many files of one suffix in one folder on, they are parts of one dataset."""
_NO_DATA: Final = re.compile(
    r"requirements[\w.-]*\.txt|constraints[\w.-]*\.txt|package\.json|[\w.-]*lock\.json|[jt]sconfig[\w.-]*\.json|config[\w.-]*\.json|"
    r"[\w.-]*[.-]config\.json|settings[\w.-]*\.json|tokenizer[\w.-]*\.json|special_tokens_map\.json|manifest\.json|langgraph\.json|CMakeLists\.txt|"
    r"(readme|licen[cs]e|copying|notice|changelog|changes|contributing|authors|security)[\w.-]*\.(md|txt|html)|robots\.txt|llms\.txt",
    re.IGNORECASE,
)
_NO_DATA_FOLDERS: Final = re.compile(
    r"(^|/)(templates|static|node_modules|__pycache__|outcomes|approvals|waivers|cassettes|\.[^/]+|[^/]+\.(egg|dist)-info)/"
)
_SYSTEM_SCHEMAS: Final = ("pg_catalog", "information_schema", "pg_toast")


@dataclass(frozen=True, slots=True)
class Dataset:
    """One dataset that was read: its `name` (a path, a folder with a slash, a table), and its files or its table."""

    name: str
    files: tuple[str, ...] = ()
    table: tuple[str, str] | None = None


def is_data(path: str, not_data: tuple[str, ...]) -> bool:
    """Whether a file that was read is data: by its suffix, unless it is configuration, package metadata, or said to be none."""
    lower = path.lower()
    if not lower.endswith((*_TABULAR, *_DOCUMENTS)) or globs.matches(path, not_data):
        return False
    return not _NO_DATA.fullmatch(posixpath.basename(path)) and not _NO_DATA_FOLDERS.search(path)


def of_files(paths: Iterable[str]) -> list[Dataset]:
    """Files grouped into datasets: documents by their folder, many alike in one folder together, others each alone."""
    documents: dict[str, list[str]] = defaultdict(list)
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in sorted(paths):
        folder, suffix = posixpath.dirname(path), posixpath.splitext(path)[1].lower()
        if suffix in _DOCUMENTS:
            documents[folder.split("/")[0]].append(path)
        else:
            alike[folder, suffix].append(path)
    found = [_together(group) for group in documents.values()]
    for (folder, suffix), group in alike.items():
        if len(group) >= _PARTITIONS:
            found.append(Dataset(f"{folder or '.'}/*{suffix}", tuple(group)))
        else:
            found += [Dataset(path, (path,)) for path in group]
    return sorted(found, key=lambda item: item.name)


def _together(group: list[str]) -> Dataset:
    if len(group) == 1:
        return Dataset(group[0], tuple(group))
    folder = posixpath.commonpath([posixpath.dirname(path) or "." for path in group])
    return Dataset(f"{folder or '.'}/", tuple(group))


def of_tables(tables: Iterable[Table]) -> list[Dataset]:
    """Tables that were scanned; what the server keeps for itself is no dataset."""
    read = [table for table in tables if table.scans > 0 and not table.schema.startswith(_SYSTEM_SCHEMAS)]
    return [Dataset(_shown(table), table=(table.schema, table.name)) for table in read]


def _shown(table: Table) -> str:
    return table.name if table.schema == "public" else f"{table.schema}.{table.name}"
