"""Where the data of a contract's object lies: files of the project, files the demo wrote, a table of its database."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readiness.formats.odcs.contract import Contract, SchemaObject, Server
from readiness.layers.data import globs
from readiness.sequence.finding import Cause

FORMATS: Final = {
    "csv": "csv", "tsv": "csv", "json": "json", "jsonl": "jsonl", "ndjson": "jsonl", "parquet": "parquet",
    "md": "documents", "markdown": "documents", "txt": "documents", "text": "documents", "html": "documents", "htm": "documents",
    "rst": "documents", "pdf": "documents", "documents": "documents",
}  # fmt: skip
"""What is read, by the name a contract gives the format or by the suffix of a file."""
_LOCAL: Final = frozenset({"local", "custom", "file"})
_POSTGRES: Final = frozenset({"postgres", "postgresql"})
_TEMPLATE: Final = re.compile(r"\{\s*(?:model|object|table|schema|name)\s*\}")


@dataclass(frozen=True, slots=True)
class Places:
    """What there is to look in: the files of the project and of the demo (by path), and the tables of its database.

    `tables` is None where there is no database to look into, and `no_tables` says why, `cause` what for.
    """

    files: Mapping[str, Path]
    tables: frozenset[tuple[str, str]] | None = None
    no_tables: str = "the demo has no database"
    cause: Cause = Cause.NOT_EXERCISED


@dataclass(frozen=True, slots=True)
class Source:
    """Where an object lies: `files` with their `format`, or a `table` (schema, name), or neither and `reason`.

    `absent` says that the contract names a place that is not there, which is the project's own fault.
    """

    files: tuple[tuple[str, Path], ...] = ()
    format: str = ""
    delimiter: str = ""
    table: tuple[str, str] | None = None
    reason: str = ""
    absent: bool = False

    @property
    def found(self) -> bool:
        """Whether there is anything to judge."""
        return bool(self.files) or self.table is not None


def locate(contract: Contract, item: SchemaObject, places: Places) -> Source:
    """Where the object of a contract lies, by its servers, or by its name where the contract names no server."""
    if not contract.servers:
        return _by_name(contract, item, places)
    local = [server for server in contract.servers if server.path and _is_local(server)]
    tables = [server for server in contract.servers if server.type in _POSTGRES]
    tried = [_in_files(contract, item, server, places) for server in local]
    tried += [_in_tables(item, server.schema or "public", places) for server in tables]
    for source in tried:
        if source.found:
            return source
    if tried:
        return tried[0]
    kinds = ", ".join(sorted({server.type for server in contract.servers}))
    return Source(reason=f"it lies on {kinds}, which is not read here")


def _is_local(server: Server) -> bool:
    return server.type in _LOCAL and "://" not in server.path.removeprefix("file://")


def _by_name(contract: Contract, item: SchemaObject, places: Places) -> Source:
    table = _in_tables(item, "public", places)
    if table.found:
        return table
    for name in filter(None, (item.physical_name, item.name)):
        found = [name] if name in places.files else [path for path in places.files if posixpath.basename(path) == name]
        found = found or [path for path in places.files if _stem(path) == name and _suffix(path) in FORMATS]
        if len(found) == 1:
            return _files(found, "", "", places)
        if found:
            return Source(reason=f"it names no server, and {len(found)} files are called {name}")
    return Source(reason=f"it names no server, and no file or table is called {item.physical_name or item.name}")


def _in_tables(item: SchemaObject, schema: str, places: Places) -> Source:
    if places.tables is None:
        return Source(reason=places.no_tables)
    for name in filter(None, (item.physical_name, item.name)):
        named, _, rest = name.partition(".")
        for pair in ((schema, name), (named, rest)):
            if pair in places.tables:
                return Source(table=pair)
    return Source(reason=f"the demo's database has no table {schema}.{item.physical_name or item.name}", absent=True)


def _in_files(contract: Contract, item: SchemaObject, server: Server, places: Places) -> Source:
    for name in dict.fromkeys(filter(None, (item.physical_name, item.name))):
        path = _TEMPLATE.sub(name.replace("\\", "\\\\"), server.path.removeprefix("file://"))
        for base in ("", posixpath.dirname(contract.file)):
            found = _below(posixpath.normpath(posixpath.join(base, path)), places)
            if not found:
                continue
            narrowed = _narrowed(found, item) if len(contract.objects) > 1 and path == server.path.removeprefix("file://") else found
            if not narrowed:
                return Source(reason=f"{server.path} does not say where `{item.name}` lies in it", absent=True)
            return _files(narrowed, server.format, server.delimiter, places)
    if server.path.startswith(("/", "file:///")):
        return Source(reason=f"{server.path} lies outside the project")
    return Source(reason=f"{server.path} is no file of the project", absent=True)


def _below(path: str, places: Places) -> list[str]:
    if path in places.files:
        return [path]
    if globs.is_glob(path):
        return sorted(other for other in places.files if globs.matches(other, (path,)))
    inside = "" if path == "." else f"{path}/"
    return sorted(other for other in places.files if other.startswith(inside))


def _narrowed(found: list[str], item: SchemaObject) -> list[str]:
    names = {item.name, item.physical_name}
    return [path for path in found if posixpath.basename(path) in names or _stem(path) in names]


def _files(found: list[str], stated: str, delimiter: str, places: Places) -> Source:
    paths = [path for path in found if _suffix(path) == stated] if len(found) > 1 and stated else []
    kinds = {FORMATS.get(_suffix(path), "") for path in paths or found}
    kind = FORMATS.get(stated, "") if stated else (kinds.pop() if len(kinds) == 1 else "")
    if not kind:
        what = stated or ", ".join(sorted({_suffix(path) or "no suffix" for path in found}))
        return Source(tuple((path, places.files[path]) for path in found), "", reason=f"the format {what} is not read here")
    if not stated or kind == "documents":
        delimiter = delimiter or ("\t" if kind == "csv" and all(_suffix(path) == "tsv" for path in found) else "")
    return Source(tuple((path, places.files[path]) for path in paths or found), kind, delimiter)


def _stem(path: str) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def _suffix(path: str) -> str:
    return posixpath.splitext(path)[1].removeprefix(".").lower()
