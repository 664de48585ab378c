"""One violation for each clause: what can be caught is, what catches nothing is named, what cannot be tried says so."""

from __future__ import annotations

import pytest

from readiness.layers.data.bite import Caught
from tests.layers.data.conftest import FILES, FORMS, TYPED, Bench

CAUGHT, MISSED, UNPLANTED = Caught.CAUGHT, Caught.MISSED, Caught.UNPLANTED
TYPES = {"id": "VARCHAR", "price": "DOUBLE PRECISION", "n": "INTEGER"}
ROWS: list[list[object]] = [["001", 2.5, 4], ["002", 3.0, 8]]
CONTRACT = """
- name: id
  logicalType: string
  primaryKey: true
  unique: true
  required: true
  logicalTypeOptions: {minLength: 3, maxLength: 3, pattern: '^[0-9]+$'}
- name: price
  logicalType: number
  logicalTypeOptions: {minimum: 1, maximum: 5, exclusiveMinimum: 0, exclusiveMaximum: 9}
  quality:
    - {metric: nullValues, unit: percent, mustBeLessThan: 50}
    - {metric: missingValues, arguments: {missingValues: [null]}, mustBe: 0}
- name: n
  logicalType: integer
  logicalTypeOptions: {multipleOf: 4}
  quality:
    - {metric: invalidValues, arguments: {validValues: [4, 8]}, mustBe: 0}
    - {metric: duplicateValues, mustBeLessThan: 5}
    - {query: 'SELECT count(*) FROM {object} WHERE {property} < 0', mustBe: 0}
"""
QUALITY = "- {metric: rowCount, mustBeBetween: [1, 100]}"


@pytest.mark.parametrize("form", FORMS)
def test_every_clause_that_can_be_violated_catches_its_violation(bench: Bench, form: str) -> None:
    found = bench.bite(form, TYPES, ROWS, CONTRACT, QUALITY)
    assert {end: item.text for end, item in found.items() if item.caught is not CAUGHT} == {}
    assert len(found) == 20


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rule", [
    "quality: [{metric: nullValues, mustBeGreaterOrEqualTo: 0}]",
    "quality: [{metric: invalidValues, arguments: {validValues: [4]}, unit: percent, mustBeLessOrEqualTo: 100}]",
    "quality: [{metric: duplicateValues, mustNotBe: -1}]",
])  # fmt: skip
def test_a_threshold_that_nothing_crosses_catches_nothing(bench: Bench, form: str, rule: str) -> None:
    found = bench.bite(form, TYPES, ROWS, f"- name: n\n  logicalType: integer\n  {rule}")
    assert [item.caught for end, item in found.items() if "[" in end] == [MISSED]


@pytest.mark.parametrize("form", FORMS)
def test_a_row_count_that_anything_satisfies_catches_nothing(bench: Bench, form: str) -> None:
    found = bench.bite(form, TYPES, ROWS, "- name: n", "- {metric: rowCount, mustBeGreaterOrEqualTo: 0}")
    assert found["rowCount[0]"].caught is MISSED
    assert "catches nothing" in found["rowCount[0]"].text


@pytest.mark.parametrize("form", FORMS)
def test_a_pattern_that_matches_everything_catches_nothing(bench: Bench, form: str) -> None:
    found = bench.bite(form, TYPES, ROWS, "- name: id\n  logicalType: string\n  logicalTypeOptions: {pattern: ''}")
    assert found["id.pattern"].caught is MISSED


@pytest.mark.parametrize("form", TYPED)
def test_a_bound_the_type_of_the_column_keeps_anyway_cannot_be_violated(bench: Bench, form: str) -> None:
    found = bench.bite(form, {"n": "SMALLINT"}, [[1]], "- name: n\n  logicalType: integer\n  logicalTypeOptions: {maximum: 40000}")
    assert found["n.maximum"].caught is UNPLANTED


@pytest.mark.parametrize("form", FORMS)
def test_a_rule_in_sql_that_nothing_breaks_is_not_proven(bench: Bench, form: str) -> None:
    found = bench.bite(form, TYPES, ROWS, "- name: n\n  quality: [{query: 'SELECT 1', mustBe: 1}]")
    assert found["n.sql[0]"].caught is UNPLANTED


@pytest.mark.parametrize("form", ["csv", *TYPED])
def test_violations_are_planted_into_an_empty_table_too(bench: Bench, form: str) -> None:
    found = bench.bite(form, TYPES, [], CONTRACT, QUALITY)
    assert {end: item.text for end, item in found.items() if item.caught is not CAUGHT and "sql" not in end} == {}


@pytest.mark.parametrize("form", FORMS)
def test_a_clause_that_fails_on_the_data_has_caught_something(bench: Bench, form: str) -> None:
    found = bench.bite(form, TYPES, [["1", 99.0, 4]], CONTRACT)
    assert (found["price.maximum"].caught, found["price.maximum"].text) == (CAUGHT, "it fails on the data as it is")


@pytest.mark.parametrize("form", FILES)
def test_the_data_is_as_it_was_after_all_that(bench: Bench, form: str) -> None:
    bench.bite(form, TYPES, ROWS, CONTRACT, QUALITY)
    path = bench.folder / f"data.{form}"
    before = path.read_bytes()
    bench.bite(form, TYPES, ROWS, CONTRACT, QUALITY)
    bench.evaluate(form, TYPES, ROWS, CONTRACT, QUALITY)
    assert path.read_bytes() == before or form == "parquet"


@pytest.mark.parametrize("form", ["json", "jsonl"])
def test_violations_are_planted_inside_objects(bench: Bench, form: str) -> None:
    inner = "{name: n, logicalType: integer, required: true, logicalTypeOptions: {maximum: 2}}"
    contract = f"- name: a\n  logicalType: object\n  properties: [{inner}]"
    found = bench.bite(form, {"a": "JSON"}, [[{"n": 1}]], contract)
    assert {item.caught for item in found.values()} == {CAUGHT}
