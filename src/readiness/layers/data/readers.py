"""Opens the data of a contract's object: files in DuckDB, a table where it is. What cannot be read says why."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass
from importlib.resources import files as resources
from pathlib import Path
from typing import Final

from readiness.errors import Refused
from readiness.formats.odcs.contract import Property, SchemaObject
from readiness.layers.data import render_sources, render_text
from readiness.layers.data.dialect import Column, Form, Relation, duck_kind, postgres_kind
from readiness.layers.data.locate import Source
from readiness.world.duckdb import Duck
from readiness.world.query import Database

_DELIMITERS: Final = (",", ";", "\t", "|")
_NAMED: Final = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|"}
_counter: Final = itertools.count()


class Unreadable(Refused):
    """The data is there and is not what it is said to be: the project's own fault, said in one line."""


@dataclass(frozen=True, slots=True)
class _Header:
    path: str
    delimiter: str
    names: tuple[str, ...]


def open_files(duck: Duck, source: Source, item: SchemaObject) -> Relation:
    """The files of an object as one relation. Raises Unreadable."""
    if source.format == "csv":
        return _csv(duck, source, item)
    if source.format in ("json", "jsonl"):
        return _json(duck, source, item)
    if source.format == "documents":
        return _documents(duck, source, item)
    return _parquet(duck, source, item)


def open_table(database: Database, table: tuple[str, str], item: SchemaObject) -> Relation:
    """A table of PostgreSQL as a relation. Raises Refused."""
    query = resources(__package__).joinpath("sql", "columns.sql").read_text(encoding="utf-8")
    schema, called = (render_text.text(part, Form.POSTGRES) for part in table)
    columns = {}
    for found, shown, raw, category in database.rows(query.replace("%(schema)s", schema).replace("%(name)s", called)):
        kind = postgres_kind(str(raw), str(category))
        columns[str(found)] = Column(str(found), str(shown), kind, render_text.name(str(found)), str(raw))
    base = ".".join(render_text.name(part) for part in table)
    raw_names = tuple(column.sql for column in columns.values())
    return Relation(Form.POSTGRES, base, raw_names, _named(columns, item), ".".join(table), (table[1],))


def every_table(database: Database) -> frozenset[tuple[str, str]]:
    """Schema and name of every table and view, those included that nobody read. Raises Refused."""
    query = resources(__package__).joinpath("sql", "tables.sql").read_text(encoding="utf-8")
    return frozenset((str(schema), str(name)) for schema, name in database.rows(query))


def _names(item: SchemaObject) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, (item.name, item.physical_name))))


def _named(columns: dict[str, Column], item: SchemaObject) -> dict[str, Column]:
    """The columns by the names a contract gives them: the physical name first; the others under their own."""
    found: dict[str, Column] = {}
    used = set()
    for prop in item.properties:
        own = next((name for name in (prop.physical_name, prop.name) if name in columns), None)
        if own is not None:
            found[prop.name] = columns[own]
            used.add(own)
    return found | {name: column for name, column in columns.items() if name not in used and name not in found}


def _csv(duck: Duck, source: Source, item: SchemaObject) -> Relation:
    headers = [_header(name, path, source.delimiter, item) for name, path in source.files]
    first = headers[0]
    for (name, _), other in zip(source.files, headers, strict=True):
        if set(other.names) != set(first.names):
            odd = sorted(set(other.names) ^ set(first.names))
            raise Unreadable(f"{name} has other columns than {source.files[0][0]}: {odd[0]}")
    rejects = f"rejects_{next(_counter)}"
    selects = [
        render_sources.csv(h.path, h.delimiter, [h.names.index(name) for name in first.names], len(h.names), f"{rejects}_{index}")
        for index, h in enumerate(headers)
    ]
    base = render_sources.together(selects)
    columns = {name: Column(name, "text", "string", f"c{index}") for index, name in enumerate(first.names)}
    typed = " UNION ALL BY NAME ".join(render_sources.csv_typed(h.path, h.delimiter) for h in headers)
    raw = tuple(f"c{index}" for index in range(len(first.names)))
    _views(duck, item, typed)
    return Relation(
        Form.CSV, base, raw, _named(columns, item), _where(source), _names(item),
        broken=render_sources.rejected([f"{rejects}_{index}" for index in range(len(headers))]),
    )  # fmt: skip


def _header(shown: str, path: Path, delimiter: str, item: SchemaObject) -> _Header:
    declared = {name for prop in item.properties for name in (prop.name, prop.physical_name) if name}
    given = _NAMED.get(delimiter.lower(), delimiter)
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            line = "".join(itertools.islice(handle, 1))
            while line.count('"') % 2 and (more := "".join(itertools.islice(handle, 1))):
                line += more  # a name in quotes that goes on in the next line
    except UnicodeDecodeError:
        raise Unreadable(f"{shown} is no UTF-8 text") from None
    except (OSError, csv.Error) as error:
        raise Unreadable(f"{shown} cannot be read: {error}") from None
    if not line.strip():
        raise Unreadable(f"{shown} is empty, without a header")
    if len(given) > 1:
        raise Unreadable(f"{shown}: a delimiter is one character, got `{given}`")
    best = max([given] if given else _DELIMITERS, key=lambda mark: _score(line, mark, declared))
    names = _split(line, best)
    twice = next((name for index, name in enumerate(names) if name in names[:index]), None)
    if twice is not None:
        raise Unreadable(f"{shown} has two columns `{twice}`")
    return _Header(str(path), best, tuple(names))


def _split(line: str, mark: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line, newline=""), delimiter=mark), [])
    except csv.Error:
        return []


def _score(line: str, mark: str, declared: set[str]) -> tuple[int, int]:
    names = _split(line, mark)
    return len(declared.intersection(names)), len(names)


def _json(duck: Duck, source: Source, item: SchemaObject) -> Relation:
    render = render_sources.lines if source.format == "jsonl" else render_sources.values
    base = render_sources.together([render(str(path)) for _, path in source.files])
    try:
        keys = [str(row[0]) for row in duck.rows(render_sources.keys(base))]
    except Refused as error:
        raise Unreadable(f"{_where(source)} is no {'JSONL' if source.format == 'jsonl' else 'JSON'}: {_short(error, source)}") from None
    columns = {key: Column(key, "JSON", "", render_sources.json_field([key])) for key in keys}
    named = _named(columns, item)
    for prop in item.properties:
        if prop.name in named:
            named |= _nested(prop.properties, (prop.name,), (named[prop.name].name,))
    _views(duck, item, render_sources.json_typed([str(path) for _, path in source.files]))
    return Relation(Form.JSON, base, ("r",), named, _where(source), _names(item), broken="count(*) FILTER (WHERE r IS NULL)")


def _nested(properties: tuple[Property, ...], path: tuple[str, ...], keys: tuple[str, ...]) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for prop in properties:
        at, inside = (*path, prop.name), (*keys, prop.physical_name or prop.name)
        found[".".join(at)] = Column(prop.name, "JSON", "", render_sources.json_field(inside))
        found |= _nested(prop.properties, at, inside)
    return found


def _parquet(duck: Duck, source: Source, item: SchemaObject) -> Relation:
    paths = [str(path) for _, path in source.files]
    try:
        described = duck.rows(render_sources.described(paths))
        names = [str(row[0]) for row in described]
        base = render_sources.together([render_sources.parquet(paths, names)])
    except Refused as error:
        raise Unreadable(f"{_where(source)} is no Parquet: {_short(error, source)}") from None
    columns = {}
    for index, row in enumerate(described):
        kind = str(row[1])
        columns[names[index]] = Column(names[index], kind, duck_kind(kind), f"c{index}", kind)
    _views(duck, item, render_sources.parquet(paths))
    raw = tuple(f"c{index}" for index in range(len(names)))
    return Relation(Form.DUCK, base, raw, _named(columns, item), _where(source), _names(item))


def _documents(duck: Duck, source: Source, item: SchemaObject) -> Relation:
    """A folder of documents as a table: `path`, `content` (null where it is no text), `size_bytes`."""
    table = f"documents_{next(_counter)}"
    duck.rows(render_sources.documents(table))
    paths: list[object] = []
    contents: list[object] = []
    sizes: list[object] = []
    for shown, path in source.files:
        data = path.read_bytes()
        paths.append(shown)
        contents.append(_decoded(data))
        sizes.append(len(data))
    duck.insert(table, [paths, contents, sizes])
    kinds = (("path", "VARCHAR", "string"), ("content", "VARCHAR", "string"), ("size_bytes", "BIGINT", "integer"))
    columns = {name: Column(name, shown, kind, f"c{index}", shown) for index, (name, shown, kind) in enumerate(kinds)}
    _views(duck, item, render_sources.documents_named(table, [name for name, _, _ in kinds]))
    return Relation(Form.DUCK, table, ("c0", "c1", "c2"), _named(columns, item), _where(source), _names(item), label="c0")


def _decoded(data: bytes) -> str | None:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _views(duck: Duck, item: SchemaObject, select: str) -> None:
    """The object under its own names, for SQL rules; data that no view can be made of makes those rules fail alone."""
    for called in _names(item):
        try:
            duck.rows(render_sources.view(called, select))
        except Refused:
            return


def _where(source: Source) -> str:
    if len(source.files) == 1:
        return source.files[0][0]
    return f"{len(source.files)} files, {source.files[0][0]} …"


def _short(error: Refused, source: Source) -> str:
    message = error.message
    for shown, path in source.files:
        message = message.replace(str(path), shown)
    return message
