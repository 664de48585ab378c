"""SARIF 2.1.0: findings that have a place in a file; what has none does not belong into a code scanning result.

Source: OASIS Static Analysis Results Interchange Format 2.1.0.
"""

from __future__ import annotations

import json
import posixpath
from typing import Any, Final

from readiness.formats.reported import Reported
from readiness.sequence.finding import Location, Outcome, Problem

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def render(reports: list[Reported], version: str) -> str:
    """One SARIF log with a run for each project. Failing required checks are errors, advisory and known ones notes."""
    runs = [_run(report, version) for report in reports]
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=2, ensure_ascii=False)


def _run(report: Reported, version: str) -> dict[str, Any]:
    results, rules = [], {}
    for check in report.checks:
        finding = check.finding
        if finding.outcome is not Outcome.FAILS:
            continue
        problems = finding.problems or (Problem(finding.subject, finding.observed or finding.reason, finding.location),)
        for problem in problems:
            location = problem.location or finding.location
            if location is not None:
                rules[check.spec.id] = {"id": check.spec.id, "shortDescription": {"text": check.spec.title}}
                text = f"{problem.text}. {finding.remedy.text}".strip(". ")
                results.append(_result(check.spec.id, text, report.level(check), location, report.header.root))
    driver = {"name": "readiness", "version": version, "rules": list(rules.values())}
    details = {"id": f"readiness/{report.header.project}/"}
    return {"tool": {"driver": driver}, "automationDetails": details, "columnKind": "unicodeCodePoints", "results": results}


def _result(rule: str, text: str, level: str, location: Location, root: str) -> dict[str, Any]:
    from urllib.parse import quote

    path = posixpath.normpath(f"{root}/{location.file}") if root else location.file
    artifact = {"uri": quote(path.encode("utf-8", "surrogateescape"))}
    place = {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": max(1, location.line)}}}
    return {"ruleId": rule, "level": level, "message": {"text": text}, "locations": [place]}
