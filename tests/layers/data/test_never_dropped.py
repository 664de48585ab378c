"""Whatever a contract says, and whatever its data is called: every clause has one result, and no name breaks the SQL."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from hypothesis import given
from hypothesis import strategies as st

from readiness.errors import InputError
from readiness.formats import odcs
from readiness.layers.data import evaluation, plan
from readiness.layers.data.bite import bite
from readiness.layers.data.evidence import Status
from readiness.layers.data.locate import Places
from tests.layers.data.conftest import HEAD, NOW, judged, no_tables

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), min_size=1, max_size=12)
NAMES = st.one_of(TEXTS, st.sampled_from(["select", 'a"b', "a'b", "a b", "a;--", "{object}", "%s", "$1", "row_number_", "r", "c0", "äß"]))
SCALARS = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False), TEXTS, st.booleans())
LOGICAL = st.sampled_from(["string", "date", "timestamp", "time", "number", "integer", "object", "array", "boolean"])
OPTIONS = st.dictionaries(
    st.sampled_from(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern", "format", "enum", "timezone"]),
    SCALARS,
    max_size=4,
)
RULES = st.lists(
    st.fixed_dictionaries(
        {"metric": st.sampled_from(["nullValues", "missingValues", "duplicateValues", "freshness"]), "mustBe": st.integers(0, 3)},
        optional={"unit": st.sampled_from(["rows", "percent", "furlongs"]), "severity": st.sampled_from(["error", "warning"])},
    )
    | st.fixed_dictionaries(
        {"metric": st.just("invalidValues"), "validValues": st.lists(SCALARS, min_size=1, max_size=3), "mustBe": st.just(0)}
    )
    | st.just({"type": "text", "description": "as it should be"})
    | st.just({"type": "custom", "engine": "soda", "implementation": "x"}),
    max_size=3,
)


@st.composite
def properties(draw: st.DrawFn) -> list[dict[str, object]]:
    """Properties with names of their own, and anything asked of them."""
    names = draw(st.lists(NAMES.filter(lambda name: name.strip() == name), min_size=1, max_size=4, unique_by=str.lower))
    return [
        {"name": name, "logicalType": draw(LOGICAL), "required": draw(st.booleans()), "unique": draw(st.booleans()),
         "primaryKey": draw(st.booleans()), "logicalTypeOptions": draw(OPTIONS), "quality": draw(RULES)}
        for name in names
    ]  # fmt: skip


@given(
    properties(), st.lists(st.lists(st.one_of(st.none(), SCALARS), min_size=4, max_size=4), max_size=4), st.sampled_from(["csv", "jsonl"])
)
def test_every_clause_has_one_result_and_a_planted_violation_too(
    asked: list[dict[str, object]], rows: list[list[object]], form: str
) -> None:
    server = {"server": "s", "type": "local", "path": f"d.{form}", "format": form}
    described = {"servers": [server], "schema": [{"name": "items", "properties": asked}]}
    try:
        contract = odcs.parse(HEAD + yaml.safe_dump(described, allow_unicode=True), "c.odcs.yaml")
    except InputError:
        return
    names = [str(item["name"]) for item in asked]
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"d.{form}"
        _write(form, path, names, rows)
        with evaluation.opened(contract, Places({path.name: path}), no_tables) as objects:
            found = judged(objects)
            clauses = plan.of_object(contract.objects[0])
            assert [result.clause for result in found.results] == list(clauses)
            assert all(result.status is not Status.ERROR or "syntax" not in result.text.lower() for result in found.results)
            assert objects[0].relation is not None, objects[0].reason
            assert objects[0].database is not None
            bites = bite(objects[0].database, objects[0].relation, clauses, {}, NOW)
            assert len(bites) == sum(clause.executed and clause.kind not in ("readable", "physicalType") for clause in clauses)


def _write(form: str, path: Path, names: list[str], rows: list[list[object]]) -> None:
    if form == "jsonl":
        path.write_text("".join(f"{json.dumps(dict(zip(names, row, strict=False)))}\n" for row in rows), encoding="utf-8")
        return
    with path.open("w", newline="", encoding="utf-8") as handle:
        lines = csv.writer(handle, quoting=csv.QUOTE_ALL)
        lines.writerow(names)
        lines.writerows(row[: len(names)] for row in rows)
