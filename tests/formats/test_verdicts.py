"""Verdicts as JSON: every key of schema `readiness/check/1` is there, absent is null, times are UTC."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from hypothesis import given

from readiness.formats.verdicts import Header, of, render
from readiness.sequence.evidence import Digest
from readiness.sequence.finding import Location, Outcome, Problem, Remedy
from readiness.sequence.verdict import Case, judge
from tests.sequence import cases as made
from tests.sequence.cases import INSTALLS, NOW, RECREATES, case, evidence, finding

SCHEMA: dict[str, Any] = json.loads("""
{"schema": "readiness/check/1", "project": {"id": "", "commit": "", "dirty": false, "tree": ""}, "mode": "", "stakes": "", "as_of": "",
 "layer_held": 0, "outcome": "fails", "exit": 1, "next": {"check": "", "text": "", "command": ""},
 "layers": [{"layer": "", "outcome": "", "claimed": false, "checks": [
   {"id": "", "required": true, "outcome": "", "basis": "", "witness": "", "subject": "",
    "expected": "", "observed": "", "location": {"file": "", "line": 1}, "reason": "",
   "remedy": {"text": "", "command": ""}, "evidence": "sha256:", "cached": false, "expires_at": "", "elapsed_ms": 0}]}],
 "organization": {}, "warnings": []}
""")
"""The documented interface, as the design prints it."""

HEADER = Header("support-bot", "c" * 40, False, made.TREE, "", "production", "annoyance", NOW, ("a warning",))


def lacking(documented: Any, written: Any, at: str = "") -> list[str]:  # JSON of any kind
    """Paths of documented keys that are not written, or written as another type; null may stand for any value."""
    if written is None:
        return []
    if isinstance(documented, dict):
        names = [f"{at}.{key}" for key in documented if key not in written]
        return names + [path for key in documented if key in written for path in lacking(documented[key], written[key], f"{at}.{key}")]
    if isinstance(documented, list):
        return [path for item in written for path in (lacking(documented[0], item, f"{at}[]") if documented else [])]
    return [] if type(written) is type(documented) else [at]


def told() -> Case:
    found = replace(
        finding(INSTALLS.id, Outcome.FAILS),
        location=Location("requirements.txt", 3),
        remedy=Remedy("pin it", "uv lock"),
        problems=(Problem("numpy", "is not pinned", Location("requirements.txt", 3)),),
        elapsed_ms=12,
    )
    return replace(
        case(), evidence={**case().evidence, INSTALLS.id: replace(evidence(found), digest=Digest("sha256:" + "d" * 64), cached=True)}
    )


def test_every_documented_key_is_written_with_its_type() -> None:
    written = json.loads(render([of(HEADER, judge(told()))]))
    assert written["next"] is not None
    assert written["layers"][0]["checks"][0]["location"] is not None
    assert lacking(SCHEMA, written) == []


@given(made.cases())
def test_every_verdict_has_the_documented_shape(generated: Case) -> None:
    assert lacking(SCHEMA, json.loads(render([of(HEADER, judge(generated))]))) == []


def test_the_values_are_those_of_the_verdict() -> None:
    written = of(HEADER, judge(told()))
    assert (written["schema"], written["exit"], written["layer_held"], written["outcome"]) == ("readiness/check/1", 1, 0, "fails")
    assert written["next"] == {"check": INSTALLS.id, "text": "pin it", "command": "uv lock"}
    assert [layer["outcome"] for layer in written["layers"]] == ["fails", "waits", "waits"]
    first = written["layers"][0]["checks"][0]
    assert (first["evidence"], first["cached"], first["expires_at"]) == ("sha256:" + "d" * 64, True, "2026-11-27T11:00:00Z")
    assert first["problems"] == [{"subject": "numpy", "text": "is not pinned", "location": {"file": "requirements.txt", "line": 3}}]
    assert written["warnings"] == ["a warning"]
    absent = of(HEADER, judge(replace(case(), evidence={})))["layers"][0]
    assert (absent["reason"], absent["checks"][0]["reason"]) == ("nothing proven", "not executed")
    assert absent["checks"][0]["cause"] == "not exercised"


def test_what_is_absent_is_null() -> None:
    written = of(replace(HEADER, commit=""), judge(replace(case(), evidence={})))
    first = written["layers"][0]["checks"][0]
    nulls = ("witness", "subject", "expected", "observed", "location", "evidence", "expires_at")
    assert [first[name] for name in nulls] == [None] * len(nulls)
    assert (first["remedy"], first["cached"], written["project"]["commit"]) == ({"text": None, "command": None}, False, None)
    assert (written["project"]["path"], of(replace(HEADER, root="apps/bot"), judge(case()))["project"]["path"]) == (".", "apps/bot")
    plain = of(HEADER, judge(case()))
    assert (plain["next"], plain["layers"][0]["reason"]) == (None, None)
    assert [plain["layers"][0]["checks"][0][name] for name in ("reason", "cause")] == [None, None]


def test_a_check_that_waits_still_shows_what_was_found() -> None:
    written = of(HEADER, judge(case(finding(RECREATES.id, Outcome.FAILS))))
    above = written["layers"][1]["checks"][0]
    assert (above["outcome"], above["finding"]) == ("waits", "holds")


def test_times_are_written_in_utc() -> None:
    paris = NOW.astimezone(timezone(timedelta(hours=1)))
    assert of(replace(HEADER, as_of=paris), judge(case()))["as_of"] == "2026-11-20T12:00:00Z"
    assert datetime.fromisoformat(of(HEADER, judge(case()))["as_of"]) == NOW


def test_one_project_is_an_object_and_several_are_a_list() -> None:
    one = of(HEADER, judge(case()))
    assert json.loads(render([one])) == one
    assert json.loads(render([one, one])) == [one, one]


def test_a_file_name_that_is_no_text_can_still_be_printed() -> None:
    odd = replace(finding(INSTALLS.id, Outcome.FAILS), reason="caf\udce9.py cannot be read")
    assert "caf?.py cannot be read" in render([of(HEADER, judge(case(odd)))])
