"""Data contracts: read as they are, and every fault in what counts named with its line."""

from __future__ import annotations

from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from readiness.errors import InputError
from readiness.formats import odcs

HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: a\nversion: 1.0.0\nstatus: active\n"
ASKED = HEAD + "schema: [{{name: t, properties: [{{name: a, {}}}]}}]\n"
WHOLE = """apiVersion: v3.0.2
kind: DataContract
id: orders
version: 1.0.0
status: active
tenant: shop
description: {purpose: to know what was ordered}
customProperties: [{property: anything, value: [1, 2]}]
servers:
  - {server: files, type: local, path: data/orders.csv, format: CSV, customProperties: []}
  - {server: db, type: postgres, host: h, port: 5432, database: d, schema: shop}
schema:
  - name: orders
    physicalName: orders_v1
    logicalType: object
    quality:
      - {metric: rowCount, mustBeBetween: [1, 10], severity: error, scheduler: cron, schedule: 0 20 * * *}
      - {type: text, description: complete}
    relationships:
      - {type: foreignKey, from: [orders.a, orders.b], to: [other.x, other.y]}
    properties:
      - name: a
        logicalType: integer
        physicalType: int
        primaryKey: true
        primaryKeyPosition: 1
        required: true
        classification: public
        logicalTypeOptions: {minimum: 1, exclusiveMaximum: 10, format: i32}
        quality:
          - type: custom
            engine: soda
            implementation: {type: duplicate_percent}
            anything: goes
      - name: b
        logicalType: date
        logicalTypeOptions: {minimum: 2026-01-01}
        relationships: [{to: other.y}]
team:
  - {username: ada, role: owner, dateIn: 2020-01-01}
  - {username: bob, dateOut: "2021-01-01"}
roles: [{role: reader, access: read}]
slaProperties:
  - {property: latency, value: 4, unit: d, element: orders.b}
support: [{channel: help}]
"""


def problems(text: str) -> list[str]:
    """What is wrong with a contract."""
    with pytest.raises(InputError) as caught:
        odcs.parse(text, "c.yaml")
    return caught.value.problems


def test_a_contract_is_read_with_the_lines_of_its_parts() -> None:
    contract = odcs.parse(WHOLE, "c.yaml")
    assert (contract.id, contract.api_version, contract.status, contract.team_line) == ("orders", "v3.0.2", "active", 39)
    assert [(server.type, server.path, server.format, server.schema) for server in contract.servers] == [
        ("local", "data/orders.csv", "csv", ""), ("postgres", "", "", "shop"),
    ]  # fmt: skip
    (item,) = contract.objects
    first, second = item.properties
    assert (item.name, item.physical_name, item.line) == ("orders", "orders_v1", 13)
    assert (first.name, first.logical_type, first.required, first.primary_key, first.line_of("required")) == (
        "a",
        "integer",
        True,
        True,
        27,
    )
    assert [(option.name, option.line) for option in first.options] == [("minimum", 29), ("exclusiveMaximum", 29), ("format", 29)]
    assert [(rule.kind, rule.line) for rule in (*first.rules, *item.rules)] == [("custom", 31), ("library", 17), ("text", 18)]
    assert second.options[0].value == odcs.contract.Value("2026-01-01", "2026-01-01")
    assert [(member.username, member.active(date(2022, 1, 1))) for member in contract.members] == [("ada", True), ("bob", False)]
    assert (item.references[0].target, item.references[0].target_columns) == ("other", ("x", "y"))
    assert (contract.slas[0].property, contract.slas[0].value, contract.roles) == ("latency", "4", ("reader",))


@pytest.mark.parametrize(("text", "said"), [
    ("", "c.yaml:1: is empty"), ("# nothing\n", "c.yaml:1: is empty"), ("- a\n", "a data contract must be a mapping, got a list"),
    ("a: [\n", "is no valid YAML"), (HEAD + "---\na: 1\n", "is no valid YAML"), ("\0", "is no valid YAML"),
    (HEAD.replace("kind: DataContract", "kind: Other"), "c.yaml:2: `kind` must be `DataContract`, got `Other`"),
    (HEAD.replace("v3.1.0", "v2.2.2"), "c.yaml:1: `apiVersion` must be v3.0, v3.1 or v3.2, got `v2.2.2`"),
    (HEAD.replace("id: a\n", ""), "`id` is missing"), (HEAD.replace("id: a", "id:"), "c.yaml:3: `id` is empty"),
    (HEAD.replace("id: a", "id: TODO"), "c.yaml:3: `id` is still the placeholder `TODO`"),
    (HEAD + "id: b\n", "c.yaml:6: `id` is said twice in a data contract, first on line 3"),
    (HEAD + "shema: []\n", "c.yaml:6: unknown key `shema` in a data contract, did you mean `schema`?"),
    (HEAD + "schema: {}\n", "`schema` must be a list, got a mapping"),
    (HEAD + "schema:\n  - properties: []\n", "c.yaml:7: `name` is missing"),
    (HEAD + "schema:\n  - name: a\n  - name: a\n", "c.yaml:8: the object `a` is described twice"),
    (HEAD + "schema: [{name: t, properties: [{name: a}, {name: a}]}]\n", "the property `a` is described twice"),
    (HEAD + "schema: [{name: t, properties: [{name: a, logicalType: text}]}]\n", "`logicalType` must be one of string"),
    (HEAD + "schema: [{name: t, properties: [{name: a, requierd: true}]}]\n", "did you mean `required`?"),
    (HEAD + "schema: [{name: t, properties: [{name: a, required: yes please}]}]\n", "`required` must be true or false, got `yes please`"),
    (HEAD + "schema: [{name: t, properties: [{name: a, logicalTypeOptions: {maximun: 1}}]}]\n", "did you mean `maximum`?"),
    (ASKED.format("logicalType: integer, logicalTypeOptions: {maximum: five}"), "must be a number, got `five`"),
    (HEAD + "schema: [{name: t, properties: [{name: a, logicalTypeOptions: {minLength: -1}}]}]\n", "whole number of at least 0"),
    (HEAD + "schema: [{name: t, quality: [{metric: rowCount}]}]\n", "needs an operator such as `mustBe`"),
    (HEAD + "schema: [{name: t, quality: [{metric: rowCount, mustBeLesThan: 3}]}]\n", "did you mean `mustBeLessThan`?"),
    (HEAD + "schema: [{name: t, quality: [{metric: rowCount, mustBeLessThan: many}]}]\n", "must be a number, got `many`"),
    (HEAD + "schema: [{name: t, quality: [{metric: rowCount, mustBe: many}]}]\n", "`mustBe` of a metric must be a number"),
    (HEAD + "schema: [{name: t, quality: [{metric: rowCount, mustBeBetween: [1]}]}]\n", "a list of two numbers, got 1"),
    (HEAD + "schema: [{name: t, quality: [{metric: rowCount, mustBeBetween: [9, 1]}]}]\n", "the smaller number first"),
    (HEAD + "schema: [{name: t, quality: [{type: sql, mustBe: 0}]}]\n", "`query` is missing"),
    (HEAD + "schema: [{name: t, quality: [{type: sql, query: SELECT 1}]}]\n", "a SQL rule needs an operator"),
    (HEAD + "schema: [{name: t, quality: [{type: sqll, query: SELECT 1}]}]\n", "`type` of a rule must be"),
    (HEAD + "schema: [{name: t, quality: [{description: x}]}]\n", "a quality rule needs `metric`"),
    (ASKED.format("quality: [{metric: invalidValues, mustBe: 0}]"), "needs `validValues` or `pattern`"),
    (HEAD + "servers: [{server: a, type: local, format: csv}]\n", "needs `path`"),
    (HEAD + "team: [{username: a, dateOut: soon}]\n", "`dateOut` must be a date like 2026-12-20, got `soon`"),
    (HEAD + "team: {members: [{role: owner}]}\n", "`name` is missing"),
])  # fmt: skip
def test_every_fault_is_named_with_its_line(text: str, said: str) -> None:
    assert any(said in problem for problem in problems(text)), problems(text)


def test_every_fault_is_reported_and_not_only_the_first() -> None:
    assert len(problems(HEAD.replace("id: a", "id: TODO").replace("v3.1.0", "v9") + "schema: {}\n")) == 3


@pytest.mark.parametrize("version", ["v3.0.0", "v3.0.1", "v3.0.2", "v3.1.0", "v3.2.0", "v3.2.0-preview"])
def test_versions_from_3_0_to_3_2_are_read(version: str) -> None:
    assert odcs.parse(HEAD.replace("v3.1.0", version), "c.yaml").api_version == version


def test_what_a_later_version_adds_is_left_alone() -> None:
    contract = odcs.parse(HEAD + "vendorThing: {x: 1}\nschema: [{name: t, properties: [{name: a, hue: red}]}]\n", "c.yaml")
    assert contract.objects[0].properties[0].unknown == (("hue", 7),)


def test_rules_of_3_0_are_read_by_their_old_names() -> None:
    text = HEAD + "schema: [{name: t, properties: [{name: a, quality: [{rule: duplicateCount, mustBeLessThan: 2}, {rule: nullCheck}]}]}]\n"
    assert [rule.metric for rule in odcs.parse(text, "c.yaml").objects[0].properties[0].rules] == ["duplicateValues", "nullValues"]


def test_a_document_that_grows_by_its_aliases_is_refused() -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9))
    assert any("is nested more than" in problem for problem in problems(HEAD + bomb))
    assert any("is nested more than" in problem for problem in problems(HEAD + "a: &a [*a]\n"))
    assert any("is nested more than" in problem for problem in problems(HEAD + "a: " + "[" * 200 + "]" * 200 + "\n"))


def test_what_is_merged_in_counts_and_what_stands_there_counts_more() -> None:
    text = HEAD + "x: &x {logicalType: string, required: true}\nschema: [{name: t, properties: [{<<: *x, name: a, required: false}]}]\n"
    (prop,) = odcs.parse(text, "c.yaml").objects[0].properties
    assert (prop.logical_type, prop.required) == ("string", False)


KEYS = st.text() | st.sampled_from(
    ["name", "properties", "quality", "metric", "mustBe", "logicalTypeOptions", "relationships", "to", "team", "members", "type", "path"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner), max_leaves=12)


@given(st.sampled_from(["schema", "team", "servers", "slaProperties", "roles"]), ANYTHING)
def test_whatever_stands_there_is_a_contract_or_has_its_problems_named(key: str, value: object) -> None:
    try:
        odcs.parse(HEAD + yaml.safe_dump({key: value}), "c.yaml")
    except InputError as error:
        named = [problem.startswith("c.yaml:") for problem in error.problems]
        if not named or not all(named):
            raise
