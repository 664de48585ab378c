"""Verdicts as JSON, schema `readiness/check/1`: the documented interface of `check --format json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from readiness.formats import canonical
from readiness.sequence.finding import Location
from readiness.sequence.organization import UNASKED, Organization
from readiness.sequence.verdict import CheckResult, Verdict

SCHEMA: Final = "readiness/check/1"


@dataclass(frozen=True, slots=True)
class Header:
    """What was judged, and when: the part of a report that the verdict does not know. `root` is a path in `/` form
    relative to the repository, empty at its top."""

    project: str
    commit: str
    dirty: bool
    tree: str
    root: str
    mode: str
    stakes: str
    as_of: datetime
    warnings: tuple[str, ...] = ()
    organization: Organization = UNASKED


def of(header: Header, verdict: Verdict, worse: frozenset[str] | None = None, seen: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The JSON object of one verdict; absent values are null, times RFC 3339 in UTC.

    Under a ratchet `worse` lists the checks that got worse, and `exit` follows from them alone; `seen` are those that only
    came into sight.
    """
    step = verdict.next
    return {
        "schema": SCHEMA,
        "project": {
            "id": header.project,
            "commit": header.commit or None,
            "dirty": header.dirty,
            "tree": header.tree,
            "path": header.root or ".",
        },
        "mode": header.mode,
        "stakes": header.stakes,
        "as_of": canonical.moment(header.as_of),
        "layer_held": verdict.layer_held,
        "outcome": verdict.outcome.value,
        "exit": verdict.exit_code if worse is None else int(bool(worse)),
        "worse": None if worse is None else sorted(worse),
        "newly_seen": None if worse is None else sorted(seen),
        "next": None if step is None else {"check": step.check or None, "text": step.text, "command": step.command or None},
        "layers": [
            {
                "layer": layer.layer.value,
                "outcome": layer.outcome.value,
                "claimed": layer.claimed,
                "reason": layer.reason or None,
                "checks": [_check(check) for check in layer.checks],
            }
            for layer in verdict.layers
        ],
        "organization": _organization(header.organization),
        "warnings": [*header.warnings, *verdict.warnings],
    }


def _organization(found: Organization) -> dict[str, Any]:
    return {
        "outcome": found.outcome.value,
        "claimed": found.claimed,
        "reason": found.reason or None,
        "checks": [_check(check) for check in found.checks],
    }


def _check(check: CheckResult) -> dict[str, Any]:
    finding, evidence = check.finding, check.evidence
    remedy = finding.remedy
    return {
        "id": check.spec.id,
        "required": check.required,
        "outcome": check.outcome.value,
        "finding": finding.outcome.value,
        "basis": finding.basis.value,
        "witness": evidence.witness.value if evidence else None,
        "subject": finding.subject or None,
        "expected": finding.expected or None,
        "observed": finding.observed or None,
        "location": _location(finding.location),
        "reason": finding.reason or None,
        "cause": finding.cause.value or None,
        "remedy": {"text": remedy.text or None, "command": remedy.command or None},
        "problems": [{"subject": item.subject, "text": item.text, "location": _location(item.location)} for item in finding.problems],
        "notes": list(finding.notes),
        "evidence": (evidence.digest or None) if evidence else None,
        "cached": evidence.cached if evidence else False,
        "expires_at": canonical.moment(evidence.expires_at) if evidence and evidence.digest else None,
        "elapsed_ms": finding.elapsed_ms,
    }


def _location(location: Location | None) -> dict[str, Any] | None:
    return None if location is None else {"file": location.file, "line": location.line}


def render(objects: list[dict[str, Any]]) -> str:
    """The text of one verdict, or of a list where several projects were judged; characters that are no text replaced."""
    whole = objects[0] if len(objects) == 1 else objects
    return json.dumps(whole, indent=2, ensure_ascii=False).encode("utf-8", "replace").decode()
