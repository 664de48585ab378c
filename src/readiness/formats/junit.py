"""JUnit XML as Jenkins, GitLab and others read it: a suite a layer, a case a check."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from readiness.formats.reported import Reported
from readiness.sequence.finding import Outcome
from readiness.sequence.verdict import CheckResult


def render(reports: list[Reported]) -> str:
    """One `testsuites` document. What could not be told is an `error`, since it must never look green."""
    root = ET.Element("testsuites", name="readiness")
    for report in reports:
        for layer in report.verdict.layers:
            suite = ET.SubElement(
                root, "testsuite", name=f"{report.header.project}.{layer.layer}", timestamp=report.header.as_of.isoformat()
            )
            for check in layer.checks:
                _case(suite, report, check)
            _count(suite)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _case(suite: ET.Element, report: Reported, check: CheckResult) -> None:
    finding = check.finding
    classname = f"{report.header.project}.{check.spec.layer}"
    case = ET.SubElement(suite, "testcase", name=check.spec.title, classname=classname, time=f"{finding.elapsed_ms / 1000:.3f}")
    if finding.location is not None:
        case.set("file", _clean(finding.location.file))
    message = _clean(finding.observed or finding.reason or finding.outcome)
    detail = _clean("\n".join(part for part in (finding.reason, finding.remedy.text, finding.remedy.command) if part))
    if report.counts(check):
        kind = "failure" if finding.outcome is Outcome.FAILS else "error"
        ET.SubElement(case, kind, message=message, type=finding.outcome).text = detail
    elif finding.outcome is not Outcome.HOLDS or check.outcome is Outcome.WAITS:
        ET.SubElement(case, "skipped", message=f"{finding.outcome}: {message}")


def _count(suite: ET.Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))


def _clean(text: str) -> str:
    # XML 1.0 has no way to write most control characters, and none at all for lone surrogates.
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
