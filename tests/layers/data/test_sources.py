"""Where data lies, and what it is when it is not what it should be."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from readiness.formats import odcs
from readiness.layers.data import evaluation
from readiness.layers.data.evidence import Status
from readiness.layers.data.locate import Places, locate
from tests.layers.data.conftest import HEAD, Seen, judged, no_tables

HOLDS, FAILS, ERROR, VACUOUS, NOT = Status.HOLDS, Status.FAILS, Status.ERROR, Status.VACUOUS, Status.NOT_EVALUATED
PRICES = """
schema:
  - name: prices
    properties:
      - name: id
        logicalType: string
        required: true
      - name: price
        logicalType: number
        logicalTypeOptions: {maximum: 5}
"""


def evaluate(folder: Path, server: str, files: dict[str, bytes], schema: str = PRICES) -> Seen:
    """What the first object of a contract comes to on files."""
    paths = {}
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        paths[name] = path
    servers = f"servers:\n  - {{server: s, type: local, {server}}}\n" if server else ""
    contract = odcs.parse(f"{HEAD}{servers}{schema}", "contracts/prices.odcs.yaml")
    with evaluation.opened(contract, Places(paths), no_tables) as objects:
        return Seen(judged(objects))


CSV = "path: p.csv, format: csv"


@pytest.mark.parametrize("data", [
    b"id,price\n001,2.5\n002,3\n", b"\xef\xbb\xbfid,price\r\n001,2.5\r\n002,3\r\n", b"id;price\n001;2.5\n", b"id\tprice\n001\t2.5\n",
    b'"id","price"\n"0,1","2.5"\n', b'id,price\n"a\nb",2.5\n', b"price,id\n 2.5,001\n", b"id,price\n001,2.5", b'id,price\n"a ""q""",1\n',
    b'id,"the\nprice",price\n001,x,2.5\n',
])  # fmt: skip
def test_csv_as_people_write_it(tmp_path: Path, data: bytes) -> None:
    seen = evaluate(tmp_path, CSV, {"p.csv": data})
    assert set(seen.statuses.values()) == {HOLDS}, seen.scanned


def test_a_csv_field_is_null_when_it_is_empty_and_not_quoted(tmp_path: Path) -> None:
    assert evaluate(tmp_path, CSV, {"p.csv": b'id,price\n"",2\n'})["id.required"] is HOLDS
    assert evaluate(tmp_path, CSV, {"p.csv": b"id,price\n,2\n"})["id.required"] is FAILS


@pytest.mark.parametrize(("data", "said"), [
    (b"id,price\n001,2\n002\n", "1 row without the columns"), (b"id,price\n001,2,3\n", "1 row without"),
    (b"", "is empty"), (b"\n", "is empty"), (b"id,id\n1,2\n", "two columns `id`"), (b"id,price\n\xff,2\n", "no UTF-8"),
    (b"\xff\xfei\0d\0", "no UTF-8"),
])  # fmt: skip
def test_a_csv_file_that_is_none_fails_that_it_can_be_read(tmp_path: Path, data: bytes, said: str) -> None:
    seen = evaluate(tmp_path, CSV, {"p.csv": data})
    assert seen["readable"] is FAILS
    assert said in seen.text("readable")


def test_a_header_alone_is_no_data(tmp_path: Path) -> None:
    seen = evaluate(tmp_path, CSV, {"p.csv": b"id,price\n"})
    assert {seen["id.required"], seen["id.type"], seen["price.maximum"], seen["price.type"]} == {VACUOUS}


@pytest.mark.parametrize(("name", "data"), [
    ("p.jsonl", b'{"id": "1", "price": 2}\n\n{"id": "2", "price": 5}\n'), ("p.json", b'[{"id": "1", "price": 2}]'),
    ("p.json", b'{"id": "1", "price": 2}'), ("p.json", b'{"id": "1", "price": 2}\n{"id": "2", "price": 3}\n'),
    ("p.ndjson", b'{"id": "1", "price": 2e0}'),
])  # fmt: skip
def test_json_as_people_write_it(tmp_path: Path, name: str, data: bytes) -> None:
    seen = evaluate(tmp_path, f"path: {name}, format: {name[2:]}", {name: data})
    assert set(seen.statuses.values()) == {HOLDS}, seen.scanned


@pytest.mark.parametrize(("name", "data"), [
    ("p.jsonl", b'{"id": "1", "price": 2}\nbroken\n'), ("p.jsonl", b'{"id": "1", "price": 2}\n[1]\n'), ("p.json", b"[1, 2]"),
    ("p.json", b'[{"id": "1"'), ("p.json", b"nothing of the kind"),
])  # fmt: skip
def test_json_that_is_none_fails_that_it_can_be_read(tmp_path: Path, name: str, data: bytes) -> None:
    seen = evaluate(tmp_path, f"path: {name}, format: {name[2:]}", {name: data})
    assert seen["readable"] is FAILS
    assert str(tmp_path) not in seen.text("readable")


@pytest.mark.parametrize("data", [b"", b"[]", b" "])
def test_json_without_rows_is_vacuous(tmp_path: Path, data: bytes) -> None:
    name = "p.json" if data == b"[]" else "p.jsonl"
    seen = evaluate(tmp_path, f"path: {name}, format: {name[2:]}", {name: data})
    assert {seen["id.type"], seen["id.required"], seen["price.maximum"]} == {VACUOUS}


@pytest.mark.parametrize(("value", "status"), [
    ('"2"', FAILS), ("2", HOLDS), ("2.5", HOLDS), ("true", FAILS), ("[2]", FAILS), ("null", HOLDS), ("NaN", HOLDS),
])  # fmt: skip
def test_a_number_in_json_is_one_by_its_own_type(tmp_path: Path, value: str, status: Status) -> None:
    data = f'{{"id": "1", "price": {value}}}\n'.encode()
    seen = evaluate(tmp_path, "path: p.jsonl, format: jsonl", {"p.jsonl": data})
    assert seen["price.type"] is status
    assert seen["price.maximum"] is (FAILS if value == "NaN" else HOLDS)


def test_parquet_that_is_none_fails(tmp_path: Path) -> None:
    seen = evaluate(tmp_path, "path: p.parquet, format: parquet", {"p.parquet": b"PAR1 no"})
    assert (seen["readable"], seen["price.maximum"]) == (FAILS, ERROR)
    assert str(tmp_path) not in seen.text("readable")


@pytest.mark.parametrize(("server", "status"), [
    ("path: gone.csv, format: csv", FAILS), ("path: /elsewhere/p.csv, format: csv", NOT), ("path: p.csv, format: delta", NOT),
])  # fmt: skip
def test_a_file_that_is_not_there_fails_and_one_we_do_not_read_is_not_evaluated(tmp_path: Path, server: str, status: Status) -> None:
    seen = evaluate(tmp_path, server, {"p.csv": b"id,price\n1,2\n"})
    assert seen["readable"] is status
    assert seen["price.maximum"] is (ERROR if status is FAILS else NOT)


def test_several_files_are_one_dataset(tmp_path: Path) -> None:
    files = {"d/a.csv": b"id,price\n1,2\n", "d/b.csv": b"price,id\n9,2\n", "d/readme.md": b"x"}
    for server in ("path: d, format: csv", "path: 'd/*.csv', format: csv", "path: './**/*.csv', format: csv"):
        seen = evaluate(tmp_path, server, files)
        assert seen.scanned.rows == 2, server
        assert "1 of 2 rows above maximum 5" in seen.text("price.maximum")
    seen = evaluate(tmp_path, "path: d, format: csv", {**files, "d/c.csv": b"id\n3\n"})
    assert (seen["readable"], "other columns" in seen.text("readable")) == (FAILS, True)


def test_documents_are_rows_with_a_path_a_content_and_a_size(tmp_path: Path) -> None:
    schema = """
schema:
  - name: pages
    properties:
      - {name: path, logicalType: string, unique: true}
      - {name: content, logicalType: string, required: true, logicalTypeOptions: {minLength: 3}}
      - {name: size_bytes, logicalType: integer, logicalTypeOptions: {maximum: 10}}
    quality: [{metric: rowCount, mustBe: 2}]
"""
    files = {"corpus/a.md": b"hello", "corpus/b/c.md": b"welcome", "other.md": b""}
    seen = evaluate(tmp_path, "path: corpus, format: md", files, schema)
    assert set(seen.statuses.values()) == {HOLDS}, seen.scanned
    seen = evaluate(tmp_path, "path: corpus, format: md", {"corpus/a.md": b"x", "corpus/b/c.md": b"\xff\xfe"}, schema)
    assert (seen["content.minLength"], seen["content.required"]) == (FAILS, FAILS)
    assert "corpus/a.md" in seen.text("content.minLength")


def test_references_lead_to_rows_that_are_there(tmp_path: Path) -> None:
    schema = """
schema:
  - name: orders
    properties:
      - name: customer
        relationships: [{to: customers.id}, {to: elsewhere.id}, {to: a/b/c}]
  - name: customers
    properties: [{name: id}]
"""
    files = {"d/orders.csv": b"customer\n1\n\n2\n7\n", "d/customers.csv": b"id\n1\n2\n"}
    seen = evaluate(tmp_path, "path: 'd/{model}.csv', format: csv", files, schema)
    assert seen["customer.relationship[0]"] is FAILS
    assert "1 of" in seen.text("customer.relationship[0]")
    assert (seen["customer.relationship[1]"], seen["customer.relationship[2]"]) == (ERROR, NOT)
    files["d/customers.csv"] = b"id\n1\n2\n7\n"
    assert evaluate(tmp_path, "path: 'd/{model}.csv', format: csv", files, schema)["customer.relationship[0]"] is HOLDS


def test_the_physical_name_is_the_column_and_the_name_is_what_is_said(tmp_path: Path) -> None:
    schema = PRICES.replace("- name: price\n        log", "- name: price\n        physicalName: P1\n        log")
    seen = evaluate(tmp_path, CSV, {"p.csv": b"P1,price\n9,1\n"}, schema)
    assert "price: 1 of 1 row above maximum 5" in seen.text("price.maximum")


@pytest.mark.parametrize(("servers", "found"), [
    ("", ["data/prices.csv"]),
    ("servers: [{server: a, type: bigquery, project: p, dataset: d}]", []),
    ("servers: [{server: a, type: bigquery}, {server: b, type: local, path: data/prices.csv, format: csv}]", ["data/prices.csv"]),
    ("servers: [{server: a, type: local, path: prices.csv, format: csv}]", ["contracts/prices.csv"]),
    ("servers: [{server: a, type: s3, location: 's3://bucket/data/prices.csv', format: csv}]", []),
    ("servers: [{server: a, type: local, path: 'data/{model}.csv', format: csv}]", ["data/prices.csv"]),
    ("servers: [{server: a, type: custom, location: ./data/prices.csv}]", ["data/prices.csv"]),
])  # fmt: skip
def test_where_a_contract_says_its_data_lies(servers: str, found: list[str]) -> None:
    contract = odcs.parse(f"{HEAD}{servers}\n{PRICES}", "contracts/prices.odcs.yaml")
    extra = {"contracts/prices.csv": Path("y")} if "path: prices.csv" in servers else {}
    places = Places({"data/prices.csv": Path("x"), **extra})
    source = locate(contract, contract.objects[0], places)
    assert [path for path, _ in source.files] == found
    assert bool(source.reason) is not bool(found)


def test_two_files_of_one_name_are_not_guessed_between() -> None:
    contract = odcs.parse(HEAD + PRICES, "c.odcs.yaml")
    places = Places({"a/prices.csv": Path("x"), "b/prices.csv": Path("y")})
    assert "2 files are called prices" in locate(contract, contract.objects[0], places).reason


def test_tables_are_found_by_schema_and_name() -> None:
    server = "servers: [{server: a, type: postgres, host: h, database: d, schema: shop}]\n"
    contract = odcs.parse(HEAD + server + PRICES, "c.odcs.yaml")
    item = contract.objects[0]
    assert locate(contract, item, Places({}, frozenset({("shop", "prices")}))).table == ("shop", "prices")
    assert locate(contract, item, Places({}, frozenset({("public", "prices")}))).absent
    assert locate(contract, item, Places({})).reason == "the demo has no database"


def test_odd_parquet_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"""COPY (SELECT 1 AS "a""b'c;--", 2 AS "select") TO '{path}' (FORMAT parquet)""")
    schema = """
schema:
  - name: prices
    properties:
      - {name: "a\\"b'c;--", logicalType: integer, logicalTypeOptions: {maximum: 0}}
      - {name: select, logicalType: integer}
"""
    contract = odcs.parse(f"{HEAD}servers: [{{server: s, type: local, path: p.parquet, format: parquet}}]\n{schema}", "c.odcs.yaml")
    with evaluation.opened(contract, Places({"p.parquet": path}), no_tables) as objects:
        found = judged(objects)
    assert [result.status for result in found.results] == [HOLDS, HOLDS, FAILS, HOLDS]
