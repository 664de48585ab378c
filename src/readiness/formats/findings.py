"""Findings as JSON and back, for evidence files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy


def to_json(finding: Finding) -> dict[str, Any]:
    """A finding as a JSON object; every field, enums as their values, and what is no text (a file's name) replaced."""
    return {name: _text(value) for name, value in asdict(finding).items()}


def _text(value: Any) -> Any:  # any JSON value
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {name: _text(item) for name, item in value.items()}
    return [_text(item) for item in value] if isinstance(value, list | tuple) else value


def from_json(data: dict[str, Any]) -> Finding:
    """The finding of a JSON object. Raises ValueError, KeyError or TypeError where it is none."""
    outcome = Outcome(data["outcome"])
    if outcome in (Outcome.WAITS, Outcome.WAIVED):
        raise ValueError(f"`{outcome}` is a judgement, no finding")
    if not isinstance(data["elapsed_ms"], int):
        raise TypeError("elapsed_ms is no whole number")
    return Finding(
        check=data["check"],
        outcome=outcome,
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
