"""The report of the kingfisher secret scanner (JSON, version 2): what it found, and whether it got through everything."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    """One finding: the rule, the value (never shown), the path as the scanner names it, 1-based line, commit or empty."""

    rule: str
    path: str
    line: int
    commit: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """A report. `incomplete` says why not everything was looked at; empty where everything was."""

    found: tuple[Found, ...]
    incomplete: str = ""


def parse(data: bytes) -> Report:
    """The report in `data`. Raises ValueError where it is none; the message never repeats any of it."""
    try:
        report = json.loads(data)
        found = tuple(_found(item) for item in report["findings"])
        scans = [item["scan"]["status"] for item in report["audit"]["repositories"]]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("the scanner's report is not what version 2 writes") from None
    if not scans:
        return Report(found, "the scanner looked at nothing")
    unfinished = [status for status in scans if status != "completed"]
    return Report(found, f"the scan is {unfinished[0]}" if unfinished else "")


def _found(item: Any) -> Found:  # one element of `findings`
    finding = item["finding"]
    commit = finding.get("git_metadata", {}).get("commit", {}).get("id", "")
    texts = (item["rule"]["id"], finding["path"], commit, finding["snippet"])
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("not text")
    return Found(_kind(texts[0]), finding["path"], max(1, int(finding["line"])), commit, finding["snippet"])


def _kind(rule: str) -> str:
    # `betterleaks.github-pat`, `betterleaks.pinecone-api-key.2` and `secrets/sendgrid` are three ways to write a kind
    name = rule.partition(".")[2] or rule
    return name.rpartition("/")[2].rstrip("0123456789").rstrip(".")
