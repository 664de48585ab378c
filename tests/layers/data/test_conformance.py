"""What contract checkers are known to get wrong, on every form of data: each case is a policy that is stated somewhere."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from readiness.layers.data.evidence import Status
from readiness.layers.data.readers import every_table
from tests.layers.data.conftest import EMPTY, FILES, FORMS, TYPED, Bench

HOLDS, FAILS, ERROR, VACUOUS, NOT = Status.HOLDS, Status.FAILS, Status.ERROR, Status.VACUOUS, Status.NOT_EVALUATED
PRICE = """
- name: price
  logicalType: number
  classification: public
  logicalTypeOptions: {minimum: 1, maximum: 5}
"""


@pytest.mark.parametrize("form", FORMS)
def test_a_value_just_above_a_bound_is_above_it(bench: Bench, form: str) -> None:
    seen = bench.evaluate(form, {"price": "DOUBLE PRECISION"}, [[5.0004], [5.0], [1.0]], PRICE)
    assert seen["price.maximum"] is FAILS
    assert seen["price.minimum"] is HOLDS
    assert seen["price.type"] is HOLDS
    said = "price: 1 of 3 rows above maximum 5"
    assert seen.text("price.maximum") == (f"{said} (row 1: 5.0004)" if form != "postgres" else f"{said} (5.0004)")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("option", "value", "status"), [
    ("exclusiveMaximum", 5, FAILS), ("exclusiveMaximum", 6, HOLDS), ("exclusiveMinimum", 1, FAILS), ("exclusiveMinimum", 0.999, HOLDS),
    ("maximum", 5, HOLDS), ("minimum", 1, HOLDS), ("minimum", 1.001, FAILS),
    ("multipleOf", 0.5, HOLDS), ("multipleOf", 2, FAILS), ("multipleOf", 0.1, HOLDS),
])  # fmt: skip
def test_bounds_are_in_or_out_as_they_say(bench: Bench, form: str, option: str, value: float, status: Status) -> None:
    contract = f"- name: price\n  logicalType: number\n  logicalTypeOptions: {{{option}: {value}}}"
    assert bench.evaluate(form, {"price": "DOUBLE PRECISION"}, [[1.0], [3.5], [5.0]], contract)[f"price.{option}"] is status


@pytest.mark.parametrize("form", FORMS)
def test_bounds_of_decimals_and_integers_are_exact(bench: Bench, form: str) -> None:
    contract = "- name: n\n  logicalType: integer\n  logicalTypeOptions: {maximum: 9007199254740992}"
    assert bench.evaluate(form, {"n": "BIGINT"}, [[9007199254740993]], contract)["n.maximum"] is FAILS
    assert bench.evaluate(form, {"n": "BIGINT"}, [[9007199254740992]], contract)["n.maximum"] is HOLDS
    fraction = "- name: n\n  logicalType: integer\n  logicalTypeOptions: {maximum: 5.5}"
    assert bench.evaluate(form, {"n": "BIGINT"}, [[6]], fraction)["n.maximum"] is FAILS
    assert bench.evaluate(form, {"n": "BIGINT"}, [[5]], fraction)["n.maximum"] is HOLDS


@pytest.mark.parametrize("form", FORMS)
def test_one_nan_violates_the_range_and_voids_nothing_else(bench: Bench, form: str) -> None:
    types = {"price": "DOUBLE PRECISION", "name": "VARCHAR"}
    contract = PRICE + "- name: name\n  logicalType: string\n  logicalTypeOptions: {maxLength: 3}\n  required: true"
    seen = bench.evaluate(form, types, [[float("nan"), "abc"], [2.0, "abcd"]], contract)
    assert (seen["price.minimum"], seen["price.maximum"]) == (FAILS, FAILS)
    assert (seen["price.type"], seen["name.maxLength"], seen["name.required"]) == (HOLDS, FAILS, HOLDS)
    assert "name: 1 of 2 rows longer than 3" in seen.text("name.maxLength")


@pytest.mark.parametrize("form", FORMS)
def test_a_nan_without_a_range_passes_and_is_said(bench: Bench, form: str) -> None:
    seen = bench.evaluate(
        form, {"price": "DOUBLE PRECISION"}, [[float("nan")], [2.0]], "- name: price\n  logicalType: number\n  required: true"
    )
    assert (seen["price.type"], seen["price.required"]) == (HOLDS, HOLDS)
    assert "price: 1 of 2 rows NaN" in seen.scanned.notes


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", *TYPED])
def test_no_rows_never_pass(bench: Bench, form: str) -> None:
    seen = bench.evaluate(form, {"price": "DOUBLE PRECISION"}, [], PRICE + "  required: true\n  unique: true")
    found = {end: status for end, status in seen.statuses.items() if end != "readable"}
    assert set(found.values()) == {VACUOUS}


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", *TYPED])
def test_no_rows_pass_where_none_is_what_is_asked_for(bench: Bench, form: str) -> None:
    seen = bench.evaluate(form, {"price": "DOUBLE PRECISION"}, [], PRICE, "- metric: rowCount\n  mustBe: 0")
    assert set(seen.statuses.values()) == {HOLDS}
    seen = bench.evaluate(form, {"price": "DOUBLE PRECISION"}, [], PRICE, "- metric: rowCount\n  mustBeGreaterThan: 0")
    assert seen["rowCount[0]"] is FAILS
    seen = bench.evaluate(form, {"price": "DOUBLE PRECISION"}, [], PRICE, "- metric: rowCount\n  mustBeLessThan: 9")
    assert (seen["rowCount[0]"], seen["price.maximum"]) == (HOLDS, VACUOUS)


@pytest.mark.parametrize("form", FILES[:3])
def test_a_wrong_value_fails_its_type_and_takes_no_other_clause_with_it(bench: Bench, form: str) -> None:
    contract = """
- name: n
  logicalType: integer
  classification: public
  required: true
  logicalTypeOptions: {minimum: 2}
"""
    seen = bench.evaluate(form, {"n": "VARCHAR"}, [["abc"], [1], [2]], contract)
    assert (seen["n.type"], seen["n.required"], seen["n.minimum"]) == (FAILS, HOLDS, FAILS)
    assert seen.text("n.type") == "n: 1 of 3 rows no integer (row 1: abc)"
    assert seen.text("n.minimum") == "n: 1 of 3 rows below minimum 2 (row 2: 1)"


@pytest.mark.parametrize("form", TYPED)
@pytest.mark.parametrize(("kind", "logical"), [
    ("VARCHAR", "integer"), ("DOUBLE PRECISION", "integer"), ("BIGINT", "string"), ("BIGINT", "boolean"), ("VARCHAR", "date"),
    ("DATE", "timestamp"), ("TIMESTAMP", "date"), ("BOOLEAN", "number"),
])  # fmt: skip
def test_a_column_of_another_type_is_not_cast_to_the_contract(bench: Bench, form: str, kind: str, logical: str) -> None:
    seen = bench.evaluate(form, {"n": kind}, [[None]], f"- name: n\n  logicalType: {logical}")
    assert seen["n.type"] is FAILS
    assert f"no {logical}" in seen.text("n.type")


@pytest.mark.parametrize("form", TYPED)
@pytest.mark.parametrize(("kind", "logical"), [
    ("VARCHAR", "string"), ("UUID", "string"), ("SMALLINT", "integer"), ("BIGINT", "number"), ("DECIMAL(10,2)", "number"),
    ("REAL", "number"), ("BOOLEAN", "boolean"), ("DATE", "date"), ("TIMESTAMP", "timestamp"), ("TIMESTAMPTZ", "timestamp"),
    ("TIME", "time"), ("INTEGER[]", "array"), ("JSON", "object"),
])  # fmt: skip
def test_a_column_of_the_type_fits(bench: Bench, form: str, kind: str, logical: str) -> None:
    assert bench.evaluate(form, {"n": kind}, [[None]], f"- name: n\n  logicalType: {logical}")["n.type"] is HOLDS


@pytest.mark.parametrize("form", FORMS)
def test_an_id_with_leading_zeros_stays_the_text_it_is(bench: Bench, form: str) -> None:
    contract = "- name: id\n  logicalType: string\n  unique: true\n  logicalTypeOptions: {minLength: 3, maxLength: 3}"
    seen = bench.evaluate(form, {"id": "VARCHAR"}, [["001"], ["010"]], contract)
    assert set(seen.statuses.values()) == {HOLDS}
    seen = bench.evaluate(form, {"id": "VARCHAR"}, [["01"], ["1"]], "- name: id\n  logicalType: string\n  unique: true")
    assert seen["id.unique"] is HOLDS


@pytest.mark.parametrize("form", FORMS)
def test_a_null_violates_required_and_an_empty_text_does_not(bench: Bench, form: str) -> None:
    contract = "- name: a\n  logicalType: string\n  required: true"
    assert bench.evaluate(form, {"a": "VARCHAR", "b": "VARCHAR"}, [[None, "x"], ["y", "x"]], contract)["a.required"] is FAILS
    assert bench.evaluate(form, {"a": "VARCHAR", "b": "VARCHAR"}, [[EMPTY, "x"], ["y", "x"]], contract)["a.required"] is HOLDS


@pytest.mark.parametrize("form", FORMS)
def test_unique_ignores_nulls_and_keys_do_not(bench: Bench, form: str) -> None:
    types = {"a": "VARCHAR", "b": "INTEGER"}
    contract = "- name: a\n  logicalType: string\n  unique: true\n- name: b"
    assert bench.evaluate(form, types, [[None, 1], [None, 2], ["x", 3]], contract)["a.unique"] is HOLDS
    seen = bench.evaluate(form, types, [["x", 1], ["x", 2], ["x", 3], ["y", 4]], contract)
    assert seen["a.unique"] is FAILS
    assert "2 of 4 rows" in seen.text("a.unique")
    key = "- name: a\n  primaryKey: true\n  primaryKeyPosition: 2\n- name: b\n  primaryKey: true\n  primaryKeyPosition: 1"
    assert bench.evaluate(form, types, [["x", 1], ["x", 2], ["y", 1]], key)["primaryKey"] is HOLDS
    assert bench.evaluate(form, types, [["x", 1], ["x", 1]], key)["primaryKey"] is FAILS
    assert bench.evaluate(form, types, [["x", None], ["x", 1]], key)["primaryKey"] is FAILS


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("pattern", "status"), [
    ("[A-Z]{2}", HOLDS), ("^[A-Z]{2}$", FAILS), ("^x", HOLDS), ("B$", FAILS), (r"\d", FAILS), (r"\bxAB", HOLDS), (r"^\w+$", HOLDS),
    ("^.{4}$", HOLDS), ("(?<two>AB)", HOLDS), ("'; DROP TABLE items; --", FAILS), (r"^xAB\u0079$", HOLDS), (r"[^\d]\w", HOLDS),
])  # fmt: skip
def test_a_pattern_is_searched_for_as_ecma_script_does(bench: Bench, form: str, pattern: str, status: Status) -> None:
    quoted = pattern.replace("'", "''")
    contract = f"- name: a\n  logicalType: string\n  logicalTypeOptions: {{pattern: '{quoted}'}}\n- name: b"
    assert bench.evaluate(form, {"a": "VARCHAR", "b": "INTEGER"}, [["xABy", 1], [None, 2]], contract)["a.pattern"] is status


@pytest.mark.parametrize("form", FORMS)
def test_a_pattern_the_engine_refuses_takes_no_other_clause_with_it(bench: Bench, form: str) -> None:
    contract = "- name: a\n  logicalType: string\n  required: true\n  logicalTypeOptions: {pattern: '('}"
    seen = bench.evaluate(form, {"a": "VARCHAR"}, [["x"]], contract)
    assert (seen["a.pattern"], seen["a.required"], seen["a.type"]) == (ERROR, HOLDS, HOLDS)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("operator", "status"), [
    ("mustBeBetween: [2, 4]", HOLDS), ("mustBeBetween: [3, 4]", FAILS), ("mustBeBetween: [2, 3]", FAILS),
    ("mustNotBeBetween: [2, 4]", FAILS), ("mustNotBeBetween: [3, 4]", HOLDS), ("mustBe: 3", HOLDS), ("mustNotBe: 3", FAILS),
    ("mustBeGreaterThan: 3", FAILS), ("mustBeGreaterOrEqualTo: 3", HOLDS), ("mustBeLessThan: 3", FAILS),
    ("mustBeLessOrEqualTo: 3", HOLDS), ("mustBeGreaterThan: 2\n  mustBeLessThan: 3", FAILS),
])  # fmt: skip
def test_the_bounds_of_between_are_exclusive_as_the_standard_says(bench: Bench, form: str, operator: str, status: Status) -> None:
    seen = bench.evaluate(form, {"a": "INTEGER"}, [[1], [2], [3]], "- name: a", f"- metric: rowCount\n  {operator}")
    assert seen["rowCount[0]"] is status


@pytest.mark.parametrize("form", FORMS)
def test_columns_the_contract_does_not_name_are_reported_and_missing_ones_fail(bench: Bench, form: str) -> None:
    contract = "- name: Price\n  logicalType: number\n  required: true\n- name: b"
    seen = bench.evaluate(form, {"price": "INTEGER", "b": "INTEGER"}, [[1, 2]], contract)
    assert (seen["Price.type"], seen["Price.required"], seen["b.present"]) == (FAILS, ERROR, HOLDS)
    assert "there is price" in seen.text("Price.type")
    assert any("does not name: price" in note for note in seen.scanned.notes)


@pytest.mark.parametrize("form", FORMS)
def test_times_in_the_future_are_reported_and_fail_only_by_a_bound(bench: Bench, form: str) -> None:
    kind, value = ("VARCHAR", "2027-01-01T00:00:00Z") if form in FILES[:3] else ("TIMESTAMPTZ", datetime(2027, 1, 1, tzinfo=UTC))
    contract = "- name: at\n  logicalType: timestamp\n"
    seen = bench.evaluate(form, {"at": kind}, [[value]], contract)
    assert seen["at.type"] is HOLDS
    assert "at: 1 of 1 row in the future" in seen.scanned.notes
    bounded = contract + "  logicalTypeOptions: {maximum: '2026-12-31T23:59:59Z', exclusiveMaximum: '2027-01-01T00:00:00Z'}"
    seen = bench.evaluate(form, {"at": kind}, [[value]], bounded)
    assert (seen["at.maximum"], seen["at.exclusiveMaximum"]) == (FAILS, FAILS)


@pytest.mark.parametrize("form", FILES[:3])
@pytest.mark.parametrize(("logical", "value", "status"), [
    ("date", "2026-02-28", HOLDS), ("date", "2026-02-30", FAILS), ("date", "28.02.2026", FAILS), ("date", "2026-02-28T00:00:00", FAILS),
    ("timestamp", "2026-02-28T10:00:00+02:00", HOLDS), ("timestamp", "2026-02-28 10:00", HOLDS), ("timestamp", "2026-02-28", FAILS),
    ("timestamp", "2026-02-28T25:00:00Z", FAILS), ("time", "10:00:00", HOLDS), ("time", "10:61", FAILS), ("time", "ten", FAILS),
])  # fmt: skip
def test_dates_in_texts_are_dates_that_exist(bench: Bench, form: str, logical: str, value: str, status: Status) -> None:
    assert bench.evaluate(form, {"at": "VARCHAR"}, [[value]], f"- name: at\n  logicalType: {logical}")["at.type"] is status


@pytest.mark.parametrize("form", FILES[:3])
def test_dates_are_read_in_the_form_that_is_declared(bench: Bench, form: str) -> None:
    contract = "- name: at\n  logicalType: date\n  logicalTypeOptions: {format: dd/MM/yyyy, minimum: '2026-01-05'}"
    seen = bench.evaluate(form, {"at": "VARCHAR"}, [["06/01/2026"], ["04/01/2026"]], contract)
    assert (seen["at.type"], seen["at.format"], seen["at.minimum"]) == (HOLDS, HOLDS, FAILS)
    assert "1 of 2 rows" in seen.text("at.minimum")
    seen = bench.evaluate(form, {"at": "VARCHAR"}, [["31/02/2026"], ["2026-01-06"]], contract)
    assert (seen["at.type"], seen["at.format"]) == (FAILS, FAILS)
    named = "- name: at\n  logicalType: date\n  logicalTypeOptions: {format: d MMMM yyyy}"
    seen = bench.evaluate(form, {"at": "VARCHAR"}, [["6 January 2026"]], named)
    assert (seen["at.type"], seen["at.format"]) == (NOT, NOT)


@pytest.mark.parametrize("form", TYPED)
def test_dates_of_a_type_are_compared_with_bounds(bench: Bench, form: str) -> None:
    contract = "- name: at\n  logicalType: date\n  logicalTypeOptions: {minimum: '2026-01-05', maximum: '2026-01-06'}"
    seen = bench.evaluate(form, {"at": "DATE"}, [[date(2026, 1, 5)], [date(2026, 1, 7)]], contract)
    assert (seen["at.minimum"], seen["at.maximum"]) == (HOLDS, FAILS)


@pytest.mark.parametrize("form", FORMS)
def test_the_library_of_metrics_counts_what_it_says(bench: Bench, form: str) -> None:
    types = {"a": "VARCHAR", "b": "INTEGER"}
    rows: list[list[object]] = [["kg", 1], ["lb", 2], [None, 2], ["N/A", 3]]
    contract = """
- name: a
  logicalType: string
  quality:
    - {name: nulls, metric: nullValues, mustBe: 1}
    - {name: percent, metric: nullValues, unit: percent, mustBeLessThan: 25}
    - {name: missing, metric: missingValues, arguments: {missingValues: [null, N/A]}, mustBe: 2}
    - {name: gone, metric: missingValues, arguments: {missingValues: [N/A]}, mustBe: 1}
    - {name: invalid, metric: invalidValues, arguments: {validValues: [kg, lb]}, mustBe: 0}
    - {name: shape, metric: invalidValues, arguments: {pattern: '^[a-z]+$'}, mustBe: 1}
    - {name: old, rule: validValues, validValues: [kg, lb, N/A]}
    - {name: twice, metric: duplicateValues, mustBe: 0}
- name: b
  logicalType: integer
  quality:
    - {name: twice, metric: duplicateValues, mustBe: 1}
    - {name: listed, metric: invalidValues, arguments: {validValues: [1, 2, 3]}, mustBe: 0}
    - {name: warned, metric: duplicateValues, mustBe: 0, severity: warning}
"""
    seen = bench.evaluate(
        form, types, rows, contract, "- {name: pair, metric: duplicateValues, mustBe: 0, arguments: {properties: [a, b]}}"
    )
    found = {end: status for end, status in seen.statuses.items() if "[" in end}
    assert found == {
        "a.nulls[0]": HOLDS, "a.percent[1]": FAILS, "a.missing[2]": HOLDS, "a.gone[3]": HOLDS, "a.invalid[4]": FAILS,
        "a.shape[5]": HOLDS, "a.old[6]": HOLDS, "a.twice[7]": HOLDS, "b.twice[0]": HOLDS, "b.listed[1]": HOLDS,
        "b.warned[2]": FAILS, "pair[0]": HOLDS,
    }  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_valid_values_are_what_was_written_not_what_yaml_makes_of_it(bench: Bench, form: str) -> None:
    contract = "- name: a\n  logicalType: string\n  quality:\n    - {metric: invalidValues, validValues: [yes, no, 1.0], mustBe: 0}"
    assert bench.evaluate(form, {"a": "VARCHAR"}, [["yes"], ["no"], ["1.0"]], contract)["a.invalidValues[0]"] is HOLDS
    assert bench.evaluate(form, {"a": "VARCHAR"}, [["true"]], contract)["a.invalidValues[0]"] is FAILS


@pytest.mark.parametrize("form", FORMS)
def test_rules_in_sql_give_one_value_that_is_compared(bench: Bench, form: str) -> None:
    contract = """
- name: a
  quality:
    - {name: few, query: 'SELECT count(*) FROM {object} WHERE {property} > 2', mustBe: 1}
    - {name: named, query: 'SELECT count(*) FROM ${table}', mustBe: 3}
    - {name: truth, query: 'SELECT max({property}) < 3 FROM {object}', mustBe: true}
    - {name: rows, query: 'SELECT {property} FROM {object}', mustBe: 1}
    - {name: nothing, query: 'SELECT NULL FROM {object} LIMIT 1', mustBe: 1}
    - {name: wrong, query: 'SELECT nonsense FROM {object}', mustBe: 1}
    - {name: evil, query: 'DROP TABLE {object}', mustBe: 1}
    - {name: two, query: 'SELECT 1; SELECT 1', mustBe: 1}
"""
    seen = bench.evaluate(form, {"a": "INTEGER"}, [[1], [2], [3]], contract)
    found = {end: status for end, status in seen.statuses.items() if "[" in end}
    assert found == {
        "a.few[0]": HOLDS, "a.named[1]": HOLDS, "a.truth[2]": FAILS, "a.rows[3]": ERROR, "a.nothing[4]": ERROR, "a.wrong[5]": ERROR,
        "a.evil[6]": ERROR, "a.two[7]": ERROR,
    }  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_prose_and_other_engines_are_said_not_to_be_evaluated(bench: Bench, form: str) -> None:
    contract = """
- name: a
  quality:
    - {type: text, description: verified by the system}
    - {type: custom, engine: soda, implementation: 'type: duplicate_percent'}
    - {metric: freshness, mustBe: 1}
  logicalType: string
  logicalTypeOptions: {format: ipv6}
"""
    seen = bench.evaluate(form, {"a": "VARCHAR"}, [["x"]], contract)
    assert {seen["a.text[0]"], seen["a.custom[1]"], seen["a.freshness[2]"], seen["a.format"]} == {NOT}
    moot = {result.clause.id for result in seen.scanned.results if result.moot}
    assert moot == {"items.a.text[0]", "items.a.custom[1]"}


@pytest.mark.parametrize("form", FORMS)
def test_examples_show_values_of_public_columns_only(bench: Bench, form: str) -> None:
    secret = PRICE.replace("public", "restricted")
    seen = bench.evaluate(form, {"price": "DOUBLE PRECISION"}, [[2.0], [77.25]], secret)
    assert seen["price.maximum"] is FAILS
    assert "77.25" not in seen.text("price.maximum")
    assert "77.25" in bench.evaluate(form, {"price": "DOUBLE PRECISION"}, [[2.0], [77.25]], PRICE).text("price.maximum")


@pytest.mark.parametrize("form", TYPED)
def test_lists_have_a_length_and_items(bench: Bench, form: str) -> None:
    contract = "- name: a\n  logicalType: array\n  logicalTypeOptions: {minItems: 1, maxItems: 2, uniqueItems: true}"
    seen = bench.evaluate(form, {"a": "INTEGER[]"}, [[[1, 2]], [[1, 1]], [[]], [[1, 2, 3]]], contract)
    assert (seen["a.minItems"], seen["a.maxItems"], seen["a.uniqueItems"]) == (FAILS, FAILS, FAILS)
    assert "1 of 4 rows" in seen.text("a.minItems")
    assert bench.evaluate(form, {"a": "INTEGER[]"}, [[[1, 2]]], contract)["a.uniqueItems"] is HOLDS


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_objects_in_json_are_judged_inside(bench: Bench, form: str) -> None:
    contract = """
- name: a
  logicalType: object
  properties:
    - {name: n, logicalType: integer, required: true, logicalTypeOptions: {maximum: 2}}
    - {name: gone, logicalType: string}
- name: l
  logicalType: array
  logicalTypeOptions: {maxItems: 1, uniqueItems: true}
"""
    rows: list[list[object]] = [[{"n": 1}, [1]], [{"n": "2"}, [1, 1]], [{"n": 3}, []], [{}, []]]
    seen = bench.evaluate(form, {"a": "JSON", "l": "JSON"}, rows, contract)
    assert (seen["a.type"], seen["a.n.type"], seen["a.n.maximum"], seen["a.n.required"]) == (HOLDS, FAILS, FAILS, FAILS)
    assert (seen["a.gone.type"], seen["l.maxItems"], seen["l.uniqueItems"]) == (FAILS, FAILS, FAILS)


@pytest.mark.parametrize("form", FORMS)
def test_formats_of_strings(bench: Bench, form: str) -> None:
    good = {"email": "a@b.org", "uuid": "123e4567-e89b-12d3-a456-426614174000", "uri": "https://x.org/a", "ipv4": "10.0.0.255",
            "hostname": "a-b.example.org", "byte": "aGFsbG8="}  # fmt: skip
    for name, value in good.items():
        contract = f"- name: a\n  logicalType: string\n  logicalTypeOptions: {{format: {name}}}"
        assert bench.evaluate(form, {"a": "VARCHAR"}, [[value]], contract)["a.format"] is HOLDS, name
        assert bench.evaluate(form, {"a": "VARCHAR"}, [["no such thing!"]], contract)["a.format"] is FAILS, name
    contract = "- name: a\n  logicalType: integer\n  logicalTypeOptions: {format: i8}"
    assert bench.evaluate(form, {"a": "INTEGER"}, [[127], [-128]], contract)["a.format"] is HOLDS
    assert bench.evaluate(form, {"a": "INTEGER"}, [[128]], contract)["a.format"] is FAILS


@pytest.mark.parametrize("form", [FORMS[-1]])
def test_tables_and_views_of_a_database_are_found_read_or_not(bench: Bench, form: str) -> None:
    with bench.objects(form, {"a": "INTEGER"}, [], "- name: a") as objects:
        database = objects[0].database
        assert database is not None
        schema = str(database.rows("SELECT current_schema()")[0][0])
        database.rows("CREATE VIEW seen_through AS SELECT 1 AS a")
        found = every_table(database)
    assert (schema, "seen_through") in found
    assert any(name == "items" for _, name in found)
    assert not any(schema == "pg_catalog" for schema, _ in found)


@pytest.mark.parametrize("form", [FORMS[-1]])
@pytest.mark.parametrize(("kind", "physical", "status"), [
    ("integer", "INT", HOLDS), ("integer", "int4", HOLDS), ("bigint", "integer", FAILS), ("varchar(18)", "VARCHAR(18)", HOLDS),
    ("varchar(18)", "varchar", HOLDS), ("varchar(18)", "varchar(20)", FAILS), ("text", "STRING", NOT),
    ("numeric(10,2)", "numeric(10, 2)", HOLDS),
    ("timestamptz", "timestamp with time zone", HOLDS), ("double precision", "float8", HOLDS),
])  # fmt: skip
def test_physical_types_are_compared_as_the_database_knows_them(bench: Bench, form: str, kind: str, physical: str, status: Status) -> None:
    seen = bench.evaluate(form, {"a": kind}, [[None]], f"- name: a\n  physicalType: {physical}")
    assert seen["a.physicalType"] is status
