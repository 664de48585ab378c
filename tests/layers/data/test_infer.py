"""What is inferred of data holds on it, says no more than was seen, and is no contract until a person spoke."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from readiness.errors import InputError, UsageError
from readiness.formats import odcs
from readiness.layers.data import drafting, evaluation, infer, scan
from readiness.layers.data.evidence import Status
from readiness.layers.data.infer import Inferred, Seen
from readiness.layers.data.locate import Places
from readiness.world.tables import Tables

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def inferred(folder: Path, name: str, text: str) -> Inferred:
    """What is seen of a file with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return infer.infer(name, {name: path}, NOW)


def spoken(draft: str) -> str:
    """A draft after a person filled in what is theirs to say."""
    return draft.replace("<what one row is>", "one price").replace("<who answers for this data>", "ada@example.org")


def statuses(contract: str, files: dict[str, Path]) -> set[Status]:
    """What becomes of every clause of a contract over these files."""

    def connect() -> Tables:
        raise AssertionError("no table is asked for")

    with evaluation.opened(odcs.parse(contract, "contracts/x.odcs.yaml"), Places(files), connect) as objects:
        item = objects[0]
        assert item.relation is not None, item.reason
        assert item.database is not None
        return {result.status for result in scan.evaluate(item.database, item.relation, item.clauses, {}, NOW).results}


def test_the_narrowest_type_that_every_value_has_is_named(tmp_path: Path) -> None:
    text = (
        "sku,price,zip,on,at,time,flag,tick,gone\n"
        "A-1,1.5,01234,2026-01-01,2026-01-01T10:00:00Z,10:00:00,true,1,\n"
        "A-2,2,11234,2026-01-02,2026-01-02T10:00:00Z,11:00:00,false,0,\n"
    )
    seen = {column.name: column.logical for column in inferred(tmp_path, "p.csv", text).columns}
    assert seen == {
        "sku": "string", "price": "number", "zip": "string", "on": "date", "at": "timestamp", "time": "time", "flag": "boolean",
        "tick": "integer", "gone": "",
    }  # fmt: skip


def test_a_key_is_guessed_only_where_it_stands_and_is_never_missing(tmp_path: Path) -> None:
    text = "order_id,customer_id,note,code\n1,7,a,x\n2,7,b,\n3,8,c,y\n"
    keys = {column.name: (column.key, column.required) for column in inferred(tmp_path, "o.csv", text).columns}
    assert keys == {"order_id": (True, True), "customer_id": (False, True), "note": (False, True), "code": (False, False)}


def test_one_row_makes_no_key(tmp_path: Path) -> None:
    assert not inferred(tmp_path, "o.csv", "id\n1\n").columns[0].key


def test_json_lines_keep_objects_and_lists(tmp_path: Path) -> None:
    text = '{"id": 1, "tags": ["a"], "who": {"x": 1}}\n{"id": 2, "tags": [], "who": {}, "late": null}\n'
    seen = {column.name: (column.logical, column.required) for column in inferred(tmp_path, "j.jsonl", text).columns}
    assert seen == {"id": ("integer", True), "late": ("", False), "tags": ("array", True), "who": ("object", True)}


def test_parquet_says_how_it_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT i AS id, i * 1.5 AS price FROM range(3) t(i)) TO '{path}'")
    columns = infer.infer("x.parquet", {"x.parquet": path}, NOW).columns
    assert [(column.name, column.logical, column.physical) for column in columns] == [
        ("id", "integer", "BIGINT"),
        ("price", "number", "DECIMAL(21,1)"),
    ]


def test_documents_are_rows_of_a_folder(tmp_path: Path) -> None:
    files = {f"docs/{name}.md": tmp_path / f"{name}.md" for name in "ab"}
    for path in files.values():
        path.write_text("hello")
    found = infer.infer("docs", files, NOW)
    assert (found.format, found.rows, [column.name for column in found.columns]) == ("documents", 2, ["path", "content", "size_bytes"])
    assert statuses(spoken(drafting.text(found, "docs", (), "")), files) == {Status.HOLDS}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("p.csv", "", "is empty, without a header"),
        ("p.csv", "a,b\n", "holds no rows"),
        ("p.csv", "a,b\n1\n", "without the columns of the header"),
        ("p.jsonl", "no json\n", "no JSON object"),
        ("p.parquet", "no parquet", "is no Parquet"),
        ("p.xlsx", "", "xlsx is not read here"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, name: str, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        inferred(tmp_path, name, text)


def test_a_draft_is_refused_until_a_person_spoke(tmp_path: Path) -> None:
    found = inferred(tmp_path, "p.csv", "sku,price\nA,1\nB,2\n")
    draft = drafting.text(found, "p", (), "")
    with pytest.raises(InputError) as refused:
        odcs.parse(draft, "contracts/p.odcs.yaml")
    assert [problem.partition(": ")[2] for problem in refused.value.problems] == [
        "`name` is still the placeholder `<what one row is>`",
        "`username` is still the placeholder `<who answers for this data>`",
    ]
    owned = drafting.text(found, "p", ("@ada",), "CODEOWNERS:3")
    with pytest.raises(InputError, match="what one row is"):
        odcs.parse(owned, "contracts/p.odcs.yaml")
    contract = odcs.parse(spoken(owned), "contracts/p.odcs.yaml")
    assert [member.username for member in contract.members] == ["@ada"]
    assert "description" not in draft


def test_a_table_nobody_looked_into_is_refused_too() -> None:
    with pytest.raises(InputError, match="<column>"):
        odcs.parse(spoken(drafting.text(Inferred("orders", "", 0, ()), "orders", (), "")), "contracts/orders.odcs.yaml")


CELL = st.one_of(
    st.none(), st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.dates(),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8),
    st.sampled_from(["007", "0", "-0.5", ".5", "1e9", "no", "NaN"]),
)  # fmt: skip
NAME = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), form=st.sampled_from(["csv", "jsonl"]))
def test_what_is_inferred_is_a_contract_that_holds(tmp_path: Path, data: st.DataObject, form: str) -> None:
    names = data.draw(st.lists(NAME, min_size=1, max_size=3, unique_by=str.casefold))
    rows = data.draw(st.lists(st.lists(CELL, min_size=len(names), max_size=len(names)), min_size=1, max_size=4))
    path = tmp_path / f"rows.{form}"
    if form == "csv":
        with path.open("w", newline="", encoding="utf-8") as handle:
            writer = csv.writer(handle, quoting=csv.QUOTE_NOTNULL if hasattr(csv, "QUOTE_NOTNULL") else csv.QUOTE_ALL)
            writer.writerow(names)
            writer.writerows(rows)
    else:
        lines = [json.dumps(dict(zip(names, row, strict=True)), default=str) for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        found = infer.infer(path.name, {path.name: path}, NOW)
    except UsageError:
        return
    assert statuses(spoken(drafting.text(found, "rows", (), "")), {path.name: path}) <= {Status.HOLDS}


def test_names_and_owners_are_written_so_that_yaml_reads_them_back(tmp_path: Path) -> None:
    names = ("yes", "a: b", "# x", "ü", "<x>", "1", "null", "-")
    found = Inferred("data/a b.csv", "csv", 2, tuple(Seen(name, "string") for name in names if name != "<x>"))
    contract = odcs.parse(spoken(drafting.text(found, "a-b", ("@org/team",), "CODEOWNERS:1")), "x.odcs.yaml")
    assert [prop.name for prop in contract.objects[0].properties] == [name for name in names if name != "<x>"]
    assert contract.servers[0].path == "data/a b.csv"
