"""Evaluates a contract on the same rows in every form they can come in: CSV, JSON, JSONL, Parquet, PostgreSQL."""

from __future__ import annotations

import csv
import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import psycopg
import pytest

from readiness.formats import odcs
from readiness.formats.odcs import Contract
from readiness.layers.data import evaluation, scan
from readiness.layers.data.bite import Bite, bite
from readiness.layers.data.evaluation import Objects
from readiness.layers.data.evidence import Status
from readiness.layers.data.locate import Places
from readiness.world.tables import Tables

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
DATABASE_URL = os.environ.get("READINESS_TEST_DATABASE_URL", "")
FILES = ("csv", "json", "jsonl", "parquet")
POSTGRES = pytest.param("postgres", marks=pytest.mark.skipif(not DATABASE_URL, reason="no READINESS_TEST_DATABASE_URL"))
FORMS = (*FILES, POSTGRES)
TYPED = ("parquet", POSTGRES)
HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: prices\nversion: 1.0.0\nstatus: active\n"
EMPTY = "<empty>"
"""Stands for the empty text, which `csv` would write like a null."""

Types = Mapping[str, str]
Rows = Sequence[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of every clause, by its id without the object's name."""

    scanned: scan.Scanned

    def __getitem__(self, end: str) -> Status:
        return next(result.status for result in self.scanned.results if _end(result.clause.id) == end)

    def text(self, end: str) -> str:
        """What is said of a clause."""
        return next(result.text for result in self.scanned.results if _end(result.clause.id) == end)

    @property
    def statuses(self) -> dict[str, Status]:
        """The status of every clause."""
        return {_end(result.clause.id): result.status for result in self.scanned.results}


def _end(clause: str) -> str:
    return clause.partition(".")[2]


class Bench:
    """Writes rows in a form and says what a contract on them comes to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def evaluate(self, form: str, types: Types, rows: Rows, properties: str, quality: str = "") -> Seen:
        """What became of every clause."""
        with self.objects(form, types, rows, properties, quality) as objects:
            return Seen(judged(objects))

    def bite(self, form: str, types: Types, rows: Rows, properties: str, quality: str = "") -> dict[str, Bite]:
        """What became of the violation planted for each clause."""
        with self.objects(form, types, rows, properties, quality) as objects:
            item = objects[0]
            assert item.relation is not None, item.reason
            assert item.database is not None
            return {_end(found.clause.id): found for found in bite(item.database, item.relation, item.clauses, {}, NOW)}

    @contextmanager
    def objects(self, form: str, types: Types, rows: Rows, properties: str, quality: str = "") -> Iterator[Objects]:
        """The objects of a contract on rows, opened."""
        if form == "postgres":
            with _in_postgres(types, rows) as (schema, url):
                where = Places({}, frozenset({(schema, "items")}))
                with evaluation.opened(contract_of(properties, form, quality, schema), where, lambda: Tables(url)) as found:
                    yield found
            return
        path = self.folder / f"data.{form}"
        _write(form, path, types, rows)
        with evaluation.opened(contract_of(properties, form, quality), Places({path.name: path}), no_tables) as found:
            yield found


def judged(objects: Objects, index: int = 0) -> scan.Scanned:
    """What became of one of the objects."""
    item = objects[index]
    if item.relation is None or item.database is None:
        return scan.unreadable(item.clauses, item.reason, fault=item.fault)
    return scan.evaluate(item.database, item.relation, item.clauses, evaluation.beside(objects, item), NOW)


def no_tables() -> Tables:
    """No database is there."""
    raise AssertionError("no table is wanted")


def contract_of(properties: str, form: str, quality: str = "", schema: str = "public") -> Contract:
    """A contract on the object `items`, whose data is `data.<form>` or the table of that name."""
    server = f"  - server: s\n    type: local\n    path: data.{form}\n    format: {form}\n"
    if form == "postgres":
        server = f"  - server: s\n    type: postgres\n    host: h\n    database: d\n    schema: {schema}\n"
    text = f"{HEAD}servers:\n{server}schema:\n  - name: items\n    properties:\n{_indented(properties)}"
    return odcs.parse(text + (f"    quality:\n{_indented(quality)}" if quality else ""), "items.odcs.yaml")


def _indented(text: str) -> str:
    return "".join(f"      {line}\n" for line in text.strip("\n").splitlines())


def _write(form: str, path: Path, types: Types, rows: Rows) -> None:
    names = list(types)
    if form == "csv":
        with path.open("w", newline="", encoding="utf-8") as handle:
            lines = csv.writer(handle)
            lines.writerow(names)
            lines.writerows([str(item).lower() if isinstance(item, bool) else item for item in row] for row in rows)
        path.write_text(path.read_text(encoding="utf-8").replace(EMPTY, '""'), encoding="utf-8")
    elif form in ("json", "jsonl"):
        objects = [dict(zip(names, map(_plain, row), strict=True)) for row in rows]
        text = json.dumps(objects) if form == "json" else "".join(f"{json.dumps(item)}\n" for item in objects)
        path.write_text(text, encoding="utf-8")
    else:
        with duckdb.connect() as connection:
            columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
            connection.execute(f"CREATE TABLE items ({columns})")
            for row in rows:
                connection.execute(f"INSERT INTO items VALUES ({', '.join('?' for _ in row)})", list(map(_plain, row)))
            connection.execute(f"COPY items TO '{path}' (FORMAT parquet)")


def _plain(item: object) -> object:
    return "" if item == EMPTY else item


@contextmanager
def _in_postgres(types: Types, rows: Rows) -> Iterator[tuple[str, str]]:
    schema = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(DATABASE_URL, autocommit=True) as connection:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
        connection.execute(f"CREATE SCHEMA {schema}".encode())
        try:
            connection.execute(f"CREATE TABLE {schema}.items ({columns})".encode())
            for row in rows:
                connection.execute(f"INSERT INTO {schema}.items VALUES ({', '.join('%s' for _ in row)})".encode(), list(map(_plain, row)))
            yield schema, DATABASE_URL
        finally:
            connection.execute(f"DROP SCHEMA {schema} CASCADE".encode())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A bench in a folder of its own."""
    return Bench(tmp_path)
