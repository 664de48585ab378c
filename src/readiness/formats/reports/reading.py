"""Which format a report has, told by what is in it and never by its name."""

from __future__ import annotations

from typing import Final, Protocol

from readiness.formats.reports import checkov, cyclonedx, garak, junit, pip_audit, promptfoo, sarif, trivy
from readiness.formats.reports.report import Report
from readiness.formats.reports.strict import At, Unreadable, decode, parse

FORMATS: Final = "SARIF 2.1.0, CycloneDX with vulnerabilities, JSON of pip-audit, checkov, trivy or promptfoo, JSONL of garak, JUnit XML"


class _Format(Protocol):
    def matches(self, document: At) -> bool: ...
    def read(self, document: At) -> Report: ...


_JSON: Final[tuple[_Format, ...]] = (sarif, cyclonedx, trivy, checkov, promptfoo, pip_audit)


def read(data: bytes) -> Report:
    """The report in the bytes of a file. Raises Unreadable where it is of no format that is read, or breaks its own."""
    if _is_xml(data):
        return junit.read(data)
    text = decode(data)
    if text.lstrip()[:1] not in ("{", "["):
        raise Unreadable(":1", f"is no report that is read here ({FORMATS})")
    if garak.matches(text):
        return garak.read(text)
    document = parse(text)
    for module in _JSON:
        if module.matches(document):
            return module.read(document)
    raise Unreadable(":1", f"is JSON, and no report that is read here ({FORMATS})")


def _is_xml(data: bytes) -> bool:
    start = data[:200].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")
    return start.startswith(b"<")
