"""What a scan for secrets found, as JSON and as SARIF: kinds, places and fingerprints, never a value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from readiness.formats.sarif import SCHEMA as SARIF

SCHEMA: Final = "readiness/secrets-scan/1"


@dataclass(frozen=True, slots=True)
class Row:
    """One secret at one place: `place` as people read it, `allowed` until when, or `doubt` why its allowance does not count."""

    kind: str
    fingerprint: str
    file: str
    line: int
    place: str
    commit: str = ""
    allowed: str = ""
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Scanned:
    """A whole scan: what was found, what was not read and why, why it is not whole, and what was looked through."""

    rows: tuple[Row, ...]
    unread: tuple[str, ...]
    troubles: tuple[str, ...]
    notes: tuple[str, ...]
    files: int
    commits: int
    layers: int

    @property
    def serious(self) -> tuple[Row, ...]:
        """The secrets that are not allowed."""
        return tuple(row for row in self.rows if not row.allowed)

    @property
    def exit(self) -> int:
        """1 where a secret counts, 3 where not everything could be looked through, else 0."""
        if self.serious:
            return 1
        return 3 if self.troubles or self.unread else 0


def emit(scanned: Scanned) -> str:
    """The scan as JSON, `readiness/secrets-scan/1`."""
    whole = {
        "schema": SCHEMA,
        "exit": scanned.exit,
        "files": scanned.files,
        "commits": scanned.commits,
        "layers": scanned.layers,
        "secrets": [
            {"kind": row.kind, "fingerprint": row.fingerprint, "file": row.file, "line": row.line, "place": row.place,
             "commit": row.commit or None, "allowed_until": row.allowed or None, "doubt": row.doubt or None}
            for row in scanned.rows
        ],
        "not_read": list(scanned.unread),
        "troubles": list(scanned.troubles),
        "notes": list(scanned.notes),
    }  # fmt: skip
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def sarif(scanned: Scanned, version: str) -> str:
    """The scan as SARIF 2.1.0; what is allowed is there, suppressed."""
    rules = [{"id": kind, "shortDescription": {"text": kind.replace("-", " ")}} for kind in sorted({row.kind for row in scanned.rows})]
    notices = [{"level": "error", "message": {"text": text}} for text in (*scanned.troubles, *scanned.unread)]
    run = {
        "tool": {"driver": {"name": "readiness secrets scan", "version": version, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not notices, "toolExecutionNotifications": notices}],
        "results": [_result(row) for row in scanned.rows],
    }
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _result(row: Row) -> dict[str, Any]:
    from urllib.parse import quote

    where = f"in {row.place}{f' since commit {row.commit[:12]}' if row.commit else ''}"
    uri = quote(row.file.encode("utf-8", "surrogateescape"))
    suppressed = [{"kind": "external", "justification": f"allowed until {row.allowed}"}] if row.allowed else []
    return {
        "ruleId": row.kind,
        "level": "error",
        "message": {"text": f"a secret ({row.kind}, fingerprint {row.fingerprint}) {where}"},
        "partialFingerprints": {"readinessSecret/v1": row.fingerprint},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": row.line}}}],
        "suppressions": suppressed,
    }
