"""Findings as JSON and back, for evidence files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy


def to_json(finding: Finding) -> dict[str, Any]:
    """A finding as a JSON object; every field, enums as their values."""
    return asdict(finding)


def from_json(data: dict[str, Any]) -> Finding:
    """The finding of a JSON object. Raises ValueError, KeyError or TypeError where it is none."""
    return Finding(
        check=data["check"],
        outcome=Outcome(data["outcome"]),
        basis=Basis(data["basis"]),
        subject=data["subject"],
        expected=data["expected"],
        observed=data["observed"],
        reason=data["reason"],
        cause=Cause(data["cause"]),
        location=_location(data["location"]),
        remedy=Remedy(**data["remedy"]),
        problems=tuple(Problem(item["subject"], item["text"], _location(item["location"])) for item in data["problems"]),
        notes=tuple(data["notes"]),
        elapsed_ms=int(data["elapsed_ms"]),
    )


def _location(data: dict[str, Any] | None) -> Location | None:
    return None if data is None else Location(str(data["file"]), int(data["line"]))
