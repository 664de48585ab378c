"""A report as it is kept: what it says, in a test-result statement about the tree it was added to, to be signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from readiness.formats import canonical, intoto
from readiness.formats.reports.report import Found, Level, Report
from readiness.formats.reports.strict import ENTRIES
from readiness.sequence.evidence import Digest

_TEXTS: Final = ("rule", "message", "file", "package", "version", "fingerprint")


@dataclass(frozen=True, slots=True)
class Stored:
    """A report, the digest of its bytes, the tree it was added to, who added it and when.

    `made_at` is when it was made: as it says itself where it is `dated`, else when its file was last written. `files` are
    the SHA-256 in hex of the files of the project that it names, as they were when it was added.
    """

    report: Report
    source: Digest
    tree: Digest
    made_at: datetime
    dated: bool
    added_at: datetime
    files: Mapping[str, str] = field(default_factory=dict)
    by: str = ""


def statement(project_id: str, stored: Stored, version: str) -> dict[str, Any]:
    """The statement to be signed about a report."""
    report = stored.report
    said = {
        "format": report.format,
        "tool": report.tool,
        "tool_version": report.version,
        "about": list(report.about),
        "commit": report.commit,
        "executed": report.executed,
        "skipped": report.skipped,
        "failed": report.failed,
        "findings": [_to_json(item) for item in report.findings],
        "packages": [list(item) for item in report.packages],
        "scanned": list(report.files),
        "troubles": list(report.troubles),
        "files": dict(stored.files),
        "made_at": canonical.moment(stored.made_at),
        "dated": stored.dated,
        "added_at": stored.added_at.astimezone(UTC).isoformat(),  # to the microsecond, so that the later of two is known
        "version": version,
    }
    result = "WARNED" if report.troubles else "FAILED" if report.findings else "PASSED"
    predicate = {
        "result": result,
        "configuration": [{"name": "report", "digest": {"sha256": stored.source.removeprefix("sha256:")}}],
        "readiness": {"report": said},
    }
    return intoto.statement(project_id, stored.tree.removeprefix("sha256:"), intoto.TEST_RESULT, predicate)


def is_about_report(payload: bytes) -> bool:
    """Whether a payload is a statement about a report. Raises intoto.Refused where it is no test result at all."""
    ours = intoto.read_statement(payload, intoto.TEST_RESULT)["predicate"].get("readiness")
    return isinstance(ours, dict) and "report" in ours


def from_payload(payload: bytes, by: str) -> Stored:
    """The report in a payload whose signature of `by` was verified. Raises intoto.Refused where it holds none."""
    body = intoto.read_statement(payload, intoto.TEST_RESULT)
    try:
        said = body["predicate"]["readiness"]["report"]
        if len(said["findings"]) > ENTRIES or not isinstance(said["dated"], bool):
            raise ValueError("no report that was added here")
        executed = None if said["executed"] is None else int(said["executed"])
        report = Report(
            str(said["format"]), str(said["tool"]), str(said["tool_version"]), _texts(said["about"]), None, str(said["commit"]),
            executed, int(said["skipped"]), int(said["failed"]), tuple(_from_json(item) for item in said["findings"]),
            tuple((str(name), str(version)) for name, version in said["packages"]), _texts(said["scanned"]), _texts(said["troubles"]),
        )  # fmt: skip
        made_at, added_at = (_moment(said[name]) for name in ("made_at", "added_at"))
        tree, source = body["subject"][0]["digest"]["sha256"], body["predicate"]["configuration"][0]["digest"]["sha256"]
        files = {str(name): str(digest) for name, digest in said["files"].items()}
        return Stored(report, Digest(f"sha256:{source}"), Digest(f"sha256:{tree}"), made_at, said["dated"], added_at, files, by)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise intoto.Refused(f"is no report that was added ({type(error).__name__}: {error})") from None


def _to_json(item: Found) -> dict[str, Any]:
    return {name: getattr(item, name) for name in _TEXTS} | {"level": item.level.word, "line": item.line, "fixed": list(item.fixed)}


def _from_json(item: Any) -> Found:  # JSON of any kind
    texts = {name: str(item[name]) for name in _TEXTS}
    return Found(level=Level[str(item["level"]).upper()], line=int(item["line"]), fixed=_texts(item["fixed"]), **texts)


def _texts(items: Any) -> tuple[str, ...]:
    if not isinstance(items, list):
        raise TypeError("no list")
    return tuple(str(item) for item in items)


def _moment(text: Any) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a time without its zone")
    return found
