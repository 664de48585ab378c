"""The scanner's report: kinds, places, commits, what was not looked at, and what is no report."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import kingfisher


def report(*findings: dict[str, Any], status: str = "completed") -> bytes:
    return json.dumps({"findings": findings, "audit": {"repositories": [{"scan": {"status": status}}]}}).encode()


def finding(rule: str = "betterleaks.github-pat", commit: str = "") -> dict[str, Any]:
    told: dict[str, Any] = {"path": "a.py", "line": 3, "snippet": "the value"}
    if commit:
        told["git_metadata"] = {"commit": {"id": commit}}
    return {"rule": {"id": rule}, "finding": told}


@pytest.mark.parametrize(
    ("rule", "kind"),
    [("betterleaks.github-pat", "github-pat"), ("betterleaks.pinecone-api-key.2", "pinecone-api-key"), ("secrets/sendgrid", "sendgrid"),
     ("own", "own")],
)  # fmt: skip
def test_a_rule_is_named_by_the_kind_it_finds(rule: str, kind: str) -> None:
    found = kingfisher.parse(report(finding(rule, "f" * 40))).found[0]
    assert (found.rule, found.path, found.line, found.commit, found.value) == (kind, "a.py", 3, "f" * 40, "the value")
    assert "the value" not in repr(found)


def test_what_was_not_scanned_to_the_end_is_said() -> None:
    assert kingfisher.parse(report()).incomplete == ""
    assert kingfisher.parse(report(status="partial")).incomplete == "the scan is partial"
    assert kingfisher.parse(b'{"findings": [], "audit": {"repositories": []}}').incomplete == "the scanner looked at nothing"


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b'{"findings": []}', b'{"findings": [{}], "audit": {"repositories": []}}'])
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not what version 2 writes"):
        kingfisher.parse(data)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))
)
def test_any_json_is_a_report_or_is_refused(value: object) -> None:
    inner = {"findings": [{"rule": value, "finding": value}], "audit": {"repositories": []}}
    for data in (value, {"findings": value, "audit": {"repositories": value}}, inner):
        with suppress(ValueError):
            kingfisher.parse(json.dumps(data).encode())
