"""What a prototype's demo reads: personal data and secrets in every kind of file and in tables, and what cannot be read."""

from __future__ import annotations

import gzip
import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

from readiness.config import manifest as manifests
from readiness.layers.infrastructure import procedure
from readiness.layers.security import contents, render_rows
from readiness.layers.security.checks import no_sensitive_data as check
from readiness.runs import check as runs
from readiness.sequence.finding import Basis, Cause, Finding, Outcome
from readiness.sequence.stakes import Policy
from readiness.testing.projects import commit, make_repository
from readiness.world import project as projects
from readiness.world import watched
from readiness.world.session import Session
from tests.layers.conftest import Judge
from tests.layers.security.planted import Drawn

ID = "security.no-sensitive-data"
MAIL = "mira.lindqvist@nordhamn-praktik.se"
TOML = '[demo]\ncommand = ["python", "demo.py"]\noutputs = ["out.txt"]\n'


def reading(*paths: str) -> str:
    return f"from pathlib import Path\n\nfor path in {paths!r}:\n    Path(path).read_bytes()\nPath('out.txt').write_text('done')\n"


def test_the_assets(judge: Judge) -> None:
    holds = judge(ID, "holds")
    assert (holds.outcome, holds.reason, holds.basis) == (Outcome.HOLDS, "", Basis.EXECUTED), holds
    assert holds.observed == "none in 2 files the demo reads"


def test_the_asset_that_fails_does_so_by_one_address(judge: Judge) -> None:
    fails = judge(ID, "fails")
    assert (fails.outcome, fails.cause) == (Outcome.FAILS, Cause.PROJECT)
    assert fails.reason == "1 e-mail address in data/tickets.csv, the first in line 3"
    assert [item.subject for item in fails.problems] == ["data/tickets.csv: e-mail address"]
    assert MAIL not in repr(fails)


def test_without_a_demo_nothing_is_read(judge: Judge) -> None:
    assert judge(ID, "not_applicable").outcome is Outcome.NOT_APPLICABLE


@pytest.fixture
def of(offline: Path) -> Callable[[dict[str, str | bytes]], Finding]:
    """The finding on a project whose demo reads all the files that are given."""

    def run(files: dict[str, str | bytes], *, reads: tuple[str, ...] | None = None, toml: str = TOML) -> Finding:
        demo = reading(*(files if reads is None else reads))
        root = make_repository(offline / "project", {"readiness.toml": toml, "demo.py": demo})
        for name, data in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        commit(root, "data")
        judged = runs.check(root, runs.Options(only=(ID,), everything=True))
        return next(item.finding for layer in judged.verdict.layers for item in layer.checks)

    return run


def packed(tmp_path: Path, kind: str) -> tuple[str, bytes]:
    """A table with one address in it, in a file of that kind."""
    place = tmp_path / f"made.{kind}"
    if kind == "csv.gz":
        return "data/rows.csv.gz", gzip.compress(f"name,mail\nMira,{MAIL}\n".encode())
    if kind == "xlsx":
        with zipfile.ZipFile(place, "w") as archive:
            archive.writestr("xl/sharedStrings.xml", f"<sst><si><t>{MAIL}</t></si></sst>")
    elif kind == "sqlite":
        with closing(sqlite3.connect(place)) as database, database:
            database.execute("create table people (name text, mail text)")
            database.execute("insert into people values ('Mira', ?)", (MAIL,))
    elif kind == "parquet":
        import duckdb

        with duckdb.connect() as connection:
            connection.execute(f"COPY (SELECT 'Mira' AS name, '{MAIL}' AS mail) TO '{place}' (FORMAT parquet)")
    elif kind == "utf16.csv":
        return "data/rows.csv", f"name;mail\nMira;{MAIL}\n".encode("utf-16")
    elif kind == "escaped.json":
        return "data/rows.json", json.dumps({"mail": MAIL}).replace("@", "\\u0040").encode()
    return f"data/rows.{kind}", place.read_bytes()


@pytest.mark.parametrize("kind", ["csv.gz", "xlsx", "sqlite", "parquet", "utf16.csv", "escaped.json"])
def test_tables_are_opened_whatever_they_are_kept_in(of: Callable[..., Finding], tmp_path: Path, kind: str) -> None:
    name, data = packed(tmp_path, kind)
    finding = of({name: data})
    assert (finding.outcome, [item.subject for item in finding.problems]) == (Outcome.FAILS, [f"{name}: e-mail address"]), finding


def test_only_what_is_read_counts_and_people_of_the_project_may_be_reached(of: Callable[..., Finding]) -> None:
    files = {"data/real.csv": f"mail\n{MAIL}\n", "README.md": f"Ask {MAIL}\n", "data/made.csv": "mail\nx@example.org\n"}
    assert of(files, reads=("data/made.csv", "README.md")).outcome is Outcome.HOLDS
    assert of(files, reads=("data/made.csv", "data/real.csv")).outcome is Outcome.FAILS
    byline = {"desk.py": f"# Author: Mira <{MAIL}>\n"}
    assert of(byline).outcome is Outcome.HOLDS
    assert of({"desk.py": f"PEOPLE = ['{MAIL}']\n"}).outcome is Outcome.FAILS


def test_each_kind_in_each_file_is_a_problem_of_its_own(of: Callable[..., Finding]) -> None:
    finding = of({"a.csv": f"mail,phone\n{MAIL},030 9018 2041\nb.c@nordhamn-praktik.se,\n", "b.txt": "DE44 5001 0517 5407 3249 31\n"})
    assert [item.text for item in finding.problems] == [
        "2 e-mail addresses in a.csv, the first in line 2", "1 phone number in a.csv, the first in line 2",
        "1 account number (IBAN) in b.txt, the first in line 1",
    ]  # fmt: skip
    assert finding.observed == "2 e-mail addresses in a.csv, the first in line 2 (and 2 more)"


def test_a_secret_counts_by_its_fingerprint_until_it_is_allowed(of: Callable[..., Finding]) -> None:
    key = "gh" + f"p_{Drawn(3).word(36)}"
    finding = of({"data/settings.txt": f"token = {key}\n"})
    assert finding.outcome is Outcome.FAILS
    assert key not in repr(finding)
    fingerprint = finding.problems[0].subject.rpartition(" ")[2]
    until = date.today() + timedelta(days=60)  # noqa: DTZ011  the day of the machine that judges
    allow = f'[[security.allow]]\nfingerprint = "{fingerprint}"\nreason = "made invalid"\nowner = "Ada"\nexpires = {until}\n'
    assert of({"data/settings.txt": f"token = {key}\n"}, toml=TOML + allow).outcome is Outcome.HOLDS


CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
status: active
schema:
  - name: orders
    properties:
      - {name: customer, logicalType: string, classification: %s}
      - {name: total, logicalType: number, classification: public}
"""


@pytest.mark.parametrize("word", ["restricted", "Confidential", "PII", "highly confidential"])
def test_a_column_that_a_contract_calls_sensitive_counts_whatever_it_holds(of: Callable[..., Finding], word: str) -> None:
    files = {"data/orders.csv": "customer,total\nA,1\n", "contracts/orders.odcs.yaml": CONTRACT % word}
    finding = of(files, reads=("data/orders.csv",))
    assert finding.reason == f"customer of data/orders.csv is classified as {word.lower()}"
    assert finding.location is not None
    assert (finding.location.file, finding.location.line) == ("contracts/orders.odcs.yaml", 9)


def test_a_public_column_and_a_contract_of_something_else_do_not_count(of: Callable[..., Finding]) -> None:
    contract = {
        "contracts/orders.odcs.yaml": CONTRACT % "public",
        "contracts/other.odcs.yaml": CONTRACT.replace("name: orders", "name: other") % "pii",
    }
    assert of({"data/orders.csv": "customer,total\nA,1\n", **contract}, reads=("data/orders.csv",)).outcome is Outcome.HOLDS


UNREAD = {
    "a picture": ("data/a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(200)),
    "a pickle": ("data/a.pkl", b"\x80\x04\x95\0\0\0\0"),
    "half an archive": ("data/a.xlsx", b"PK\x03\x04" + bytes(60)),
    "a broken database": ("data/a.db", b"SQLite format 3\0" + bytes(200)),
    "objects": ("data/a.npy", b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(128) + b"\n"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read_is_unknown_and_named(of: Callable[..., Finding], name: str) -> None:
    path, data = UNREAD[name]
    finding = of({path: data, "b.csv": "a\n1\n"})
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)
    assert path in finding.reason
    seen = of({path: data, "b.csv": f"a\n{MAIL}\n"})
    assert (seen.outcome, any(path in note for note in seen.notes)) == (Outcome.FAILS, True)


def test_numbers_alone_and_the_weights_of_a_model_hold_no_rows(of: Callable[..., Finding]) -> None:
    numbers = b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }".ljust(127) + b"\n" + bytes(8)
    assert of({"vectors.npy": numbers, "model.onnx": b"\x08\x07\0\0"}).outcome is Outcome.HOLDS


def test_a_demo_that_does_not_end_well_tells_nothing(judge: Judge) -> None:
    finding = judge(ID, files={"demo.py": "raise SystemExit(3)\n", "readiness.toml": '[demo]\ncommand = ["python", "demo.py"]\n'})
    assert (finding.outcome, finding.cause) == (Outcome.UNKNOWN, Cause.NOT_EXERCISED)


def test_every_row_of_a_table_is_looked_through(offline: Path) -> None:
    root = make_repository(offline / "shop", {"demo.py": "print(1)\n"})
    project, manifest = projects.load(root), manifests.load(root)
    with closing(Session(project, procedure.discover(project, manifest))) as session:
        database = watched.fresh_database(session, "first")
        _, address = session.postgres
        with psycopg.connect(address.url("demo_first", "demo_first", database.password), autocommit=True) as connection:
            connection.execute('create table "Odd ""name" (mail text, raw bytea, ssn text, made text)')
            connection.execute('insert into "Odd ""name" select %s, %s, %s, %s', ("x@example.org", MAIL.encode(), "536-90-4399", "1"))
            connection.execute("create table token (api_key text)")
            connection.execute("insert into token values (%s)", (f"k{Drawn(4).word(40)}",))
        tables = [watched.Table("public", 'Odd "name', 1, 1), watched.Table("public", "token", 1, 1), watched.Table("public", "gone", 1, 0)]
        unread: list[str] = []
        problems, rows = check._rows(database.reader_url, tables, unread)
    assert [item.subject for item in problems] == [
        'the table Odd "name: e-mail address', 'the table Odd "name: national id (US social security number)', "the table token: api-key",
    ]  # fmt: skip
    assert (rows, len(unread), unread[0].startswith("the table gone: ")) == (2, 1, True)


def test_a_table_that_is_too_long_is_not_all_read() -> None:
    assert render_rows.postgres("a", 'b"c', 5) == 'SELECT to_jsonb(asked)::text FROM "a"."b""c" AS asked LIMIT 5'
    observed = check.Observed("demo.py", (), 1, 1, contents.MOST_ROWS, ("the table t: it has more than 100000 rows",))
    assert check.judge(observed, Policy()).outcome is Outcome.UNKNOWN
