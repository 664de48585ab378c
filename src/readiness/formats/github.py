"""GitHub workflow commands: annotations at the line, and a summary where the platform asks for one.

Source: GitHub documentation, "Workflow commands for GitHub Actions"; `%`, CR, LF, and in properties `:` and `,`, are escaped.
"""

from __future__ import annotations

import posixpath

from readiness.formats.reported import Reported
from readiness.sequence.finding import Finding, Outcome, Problem

MOST = 10
"""Annotations of one check at most: GitHub shows ten of a kind in a step."""


def render(reports: list[Reported]) -> str:
    """One line an annotation; errors for what counts, notices for the rest."""
    lines = []
    for report in reports:
        for check in report.checks:
            finding = check.finding
            said = check.required or check.evidence is not None  # what was not even asked for is no annotation
            if said and finding.outcome in (Outcome.FAILS, Outcome.UNKNOWN):
                kind = "error" if report.counts(check) else "notice"
                lines += [_line(kind, check.spec.id, finding, problem, report.header.root) for problem in _problems(finding)]
        step = report.verdict.next
        if step is not None:
            told = f"layer held: {report.verdict.layer_held}. Next: {step.text} {step.command}".strip()
            lines.append(f"::notice title={_property(report.header.project)}::{_data(told)}")
    return "\n".join(lines)


def _problems(finding: Finding) -> tuple[Problem, ...]:
    return finding.problems[:MOST] or (Problem(finding.subject, finding.observed or finding.reason, finding.location),)


def _line(kind: str, check: str, finding: Finding, problem: Problem, root: str) -> str:
    location = problem.location or finding.location
    place = ""
    if location is not None:
        path = posixpath.normpath(f"{root}/{location.file}") if root else location.file
        place = f"file={_property(path)},line={location.line},"
    command = f" $ {finding.remedy.command}" if finding.remedy.command else ""
    fix = f" | fix: {finding.remedy.text}{command}" if finding.remedy.text else ""
    return f"::{kind} {place}title={_property(check)}::{_data(problem.text + fix)}"


def _data(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
