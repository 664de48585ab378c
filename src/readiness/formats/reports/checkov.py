"""What `checkov -o json` writes: one object for each kind of file it knows, or a list of them.

Where nothing was there to look at, it writes counts of zero alone. Severities are only in it for customers of its vendor.
Source: checkov 3.3, `common/output/report.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from readiness.formats.reports.report import INFRASTRUCTURE, Found, Level, Report, fingerprinted, words
from readiness.formats.reports.strict import At

TOOL: Final = "checkov"
_LEVELS: Final = {"CRITICAL": Level.CRITICAL, "HIGH": Level.HIGH, "MEDIUM": Level.MEDIUM, "LOW": Level.LOW, "INFO": Level.LOW}


def matches(document: At) -> bool:
    """Whether a document is one of these."""
    parts = document.value if isinstance(document.value, list) else [document.value]
    return bool(parts) and all(isinstance(item, dict) and ("check_type" in item or "checkov_version" in item) for item in parts)


def read(document: At) -> Report:
    """The report in a document. Raises Unreadable where it is not what checkov writes."""
    parts = list(document) if isinstance(document.value, list) else [document]
    findings: list[Found] = []
    files: list[str] = []
    troubles: list[str] = []
    passed = skipped = 0
    version = ""
    for part in parts:
        summary = part.get("summary") if part.get("check_type").value is not None else part
        version = version or words(summary.get("checkov_version").text(), 40)
        results = part.get("results")
        failed = [_failed(item) for item in results.get("failed_checks")]
        findings += failed
        for word in ("passed_checks", "failed_checks", "skipped_checks"):
            files += [_file(item) for item in results.get(word)]
        troubles += _troubles(part, summary, len(failed))
        passed += summary.get("passed").count() or 0
        skipped += len(list(results.get("skipped_checks")))
    if not passed + len(findings):
        troubles.insert(0, "no rule was run on anything")
    return Report(
        "checkov JSON", TOOL, version, (INFRASTRUCTURE,), executed=passed + len(findings), skipped=skipped, failed=len(findings),
        findings=fingerprinted(TOOL, findings), files=tuple(sorted({file for file in files if file})), troubles=tuple(troubles),
    )  # fmt: skip


def _failed(item: At) -> Found:
    lines = [line.count() or 0 for line in item.get("file_line_range")]
    level = _LEVELS.get(item.get("severity").text().upper(), Level.UNRATED)
    name, resource = words(item.get("check_name").text(), 200), words(item.get("resource").text(), 100)
    rule = words(item.get("check_id").text(needed=True), 60)
    return Found(rule, level, f"{name} ({resource})" if resource else name, _file(item), lines[0] if lines else 0)


def _file(item: At) -> str:
    # `file_path` is told from the folder that was scanned and `repo_file_path` from where checkov was started, both with a `/`
    whole, near = item.get("file_abs_path").text(), item.get("repo_file_path").text() or item.get("file_path").text()
    return words(whole or near.lstrip("/"), 400)


def _troubles(part: At, summary: At, failed: int) -> Iterator[str]:
    for item in part / "results/parsing_errors":
        yield f"{words(item.text(), 200)} could not be parsed"
    for item in part / "results/skipped_checks":
        why = words((item / "check_result/suppress_comment").text(), 80)
        yield f"{words(item.get('check_id').text(), 60)} was skipped in {_file(item)}{f' ({why})' if why else ''}"
    for word, listed in (("failed", failed), ("skipped", len(list(part / "results/skipped_checks"))),
                         ("parsing_errors", len(list(part / "results/parsing_errors")))):  # fmt: skip
        said = summary.get(word).count()
        if said is None:
            yield f"it does not count what {'could not be parsed' if word == 'parsing_errors' else word}"
        elif said != listed:
            yield f"it counts {said} {word.replace('_', ' ')} and lists {listed}: a part of it is missing"
