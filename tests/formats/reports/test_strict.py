"""What breaks a reader is refused in one line that says where; nothing else ever comes out of one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.reports import reading
from readiness.formats.reports.report import Report
from readiness.formats.reports.strict import ENTRIES, SIZE_BYTES, Unreadable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
SHAPES = {
    "sarif": {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x", "rules": [{"id": "a"}]}}, "results": [{"ruleId": "a"}]}]},
    "cyclonedx": {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "a", "version": "1", "bom-ref": "a"}],
        "vulnerabilities": [{"id": "V", "affects": [{"ref": "a"}], "ratings": [{"severity": "high"}], "analysis": {"state": "in_triage"}}],
    },
    "pip-audit": {"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "V", "fix_versions": ["2"]}]}]},
    "checkov": {
        "check_type": "terraform", "summary": {"passed": 1, "failed": 1, "skipped": 0, "parsing_errors": 0},
        "results": {"failed_checks": [{"check_id": "C", "file_path": "/a.tf", "file_line_range": [1, 2]}]},
    },
    "trivy": {
        "SchemaVersion": 2, "ArtifactName": ".", "CreatedAt": "2026-01-01T00:00:00Z",
        "Results": [{"Target": "a.tf", "Class": "config", "MisconfSummary": {"Successes": 1, "Failures": 0}}],
    },
}  # fmt: skip


def refused(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        reading.read(data)
    return str(caught.value)


def read_or_refused(data: bytes) -> bool:
    try:
        return isinstance(reading.read(data), Report)
    except Unreadable as error:
        return bool(str(error)) and "\n" not in str(error)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", ":1: is empty: the tool wrote nothing, so nothing was looked at"),
        (b" \n", ":1: is empty: the tool wrote nothing, so nothing was looked at"),
        (b'{\n"a": 1,\n"a": 2}', ":3: the key `a` is there twice"),
        (b'{"a": {"b": 1}, "\\u0061": 2}', ":1: the key `a` is there twice"),
        (b'{\n"a": NaN}', ":2: `NaN` is no JSON"),
        (b'["NaN", -Infinity]', ":1: `-Infinity` is no JSON"),
        (b"[1e999]", ":1: `1e999` is no number that can be held"),
        (b"[" + b"9" * 5000 + b"]", ":1: a number of 5000 digits"),
        (b"[\n" * 100_000, ":201: is nested deeper than 200 levels"),
        (b'{"version": "2.1.0", "runs": [', ":1: is cut short: the JSON does not end"),
        (b'{"version": "2.1.0",\n oops}', ":2: is no JSON: Expecting property name enclosed in double quotes"),
        (b'\n["\xff"]', ":2: is no UTF-8 (invalid start byte)"),
        ('{"a": 1}'.encode("utf-16"), ":1: is UTF-16, not UTF-8: let the tool write the file itself, not the shell"),
        (b"No known vulnerabilities found", f":1: is no report that is read here ({reading.FORMATS})"),
        (b'{"bomFormat": "SPDX"}', f":1: is JSON, and no report that is read here ({reading.FORMATS})"),
        (b"{}", f":1: is JSON, and no report that is read here ({reading.FORMATS})"),
    ],
)
def test_what_has_no_one_meaning_is_refused_with_its_line(data: bytes, said: str) -> None:
    assert refused(data) == said


def test_more_than_is_read_is_refused_and_the_limit_is_said() -> None:
    assert refused(b'{"a": "' + b"x" * SIZE_BYTES + b'"}').startswith(":1: is larger than 32 MiB")
    many = json.dumps({"dependencies": [{"name": "a", "version": "1", "vulns": []}] * (ENTRIES + 1)}).encode()
    assert refused(many) == f"#/dependencies: has {ENTRIES + 1} entries, of which at most {ENTRIES} are read: narrow what is scanned"


def test_a_wrong_value_is_named_by_its_pointer() -> None:
    assert (
        refused(b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": 3}}}]}')
        == "#/runs/0/tool/driver/name: must be a text, got a number"
    )
    assert refused(b'{"version": "2.1.0", "runs": {}}') == "#/runs: must be a list, got an object"
    assert refused(b'{"version": "2.0.0", "runs": []}') == "#/version: must be 2.1.0, got `2.0.0`"


@given(st.binary(max_size=200))
def test_any_bytes_give_a_report_or_are_refused(data: bytes) -> None:
    assert read_or_refused(data)


@pytest.mark.parametrize("shape", list(SHAPES))
@given(data=st.data())
def test_a_report_with_anything_in_the_place_of_a_part_is_read_or_refused(shape: str, data: st.DataObject) -> None:
    whole = json.loads(json.dumps(SHAPES[shape]))
    holder, key = data.draw(st.sampled_from(_places(whole)))
    holder[key] = data.draw(JSON)
    assert read_or_refused(json.dumps(whole).encode())


def _places(value: Any) -> list[tuple[Any, Any]]:  # JSON of any kind
    if isinstance(value, dict):
        return [place for key, item in value.items() for place in [(value, key), *_places(item)]]
    if isinstance(value, list):
        return [place for index, item in enumerate(value) for place in [(value, index), *_places(item)]]
    return []
