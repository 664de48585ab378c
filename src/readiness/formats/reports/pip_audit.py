"""What `pip-audit --format json` writes: each package with its vulnerabilities, or why it was skipped.

It names neither its version nor a time, and rates nothing. Offline it exits with 0 and skips every package. Source:
pip-audit 2.10, `_format/json.py`; before 2.5 the list of packages stood alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from readiness.formats.reports.report import PACKAGES, Found, Level, Report, fingerprinted, words
from readiness.formats.reports.strict import At

TOOL: Final = "pip-audit"


def matches(document: At) -> bool:
    """Whether a document is one of these."""
    listed = document.value if isinstance(document.value, list) else _listed(document)
    if isinstance(listed, list) and listed:
        return all(isinstance(item, dict) and "name" in item and ("vulns" in item or "skip_reason" in item) for item in listed)
    return isinstance(listed, list) and isinstance(document.value, dict) and set(document.value) <= {"dependencies", "fixes"}


def _listed(document: At) -> object:
    return document.value.get("dependencies") if isinstance(document.value, dict) else None


def read(document: At) -> Report:
    """The report in a document. Raises Unreadable where it is not what pip-audit writes."""
    packages: list[tuple[str, str]] = []
    skipped: list[str] = []
    findings: list[Found] = []
    for item in document if isinstance(document.value, list) else document.get("dependencies"):
        name = words(item.get("name").text(needed=True), 100)
        if reason := item.get("skip_reason").text():
            skipped.append(f"{name} was skipped: {words(reason, 160)}")
            continue
        version = words(item.get("version").text(needed=True), 60)
        if item.get("vulns").value is None:
            raise item.wrong("has neither `vulns` nor `skip_reason`")
        packages.append((name, version))
        findings += _vulnerabilities(item, name, version)
    none = ["no package was audited"] if not packages and not skipped else []
    return Report(
        "pip-audit", TOOL, about=(PACKAGES,), executed=len(packages), skipped=len(skipped), failed=len(findings),
        findings=fingerprinted(TOOL, findings), packages=tuple(packages), troubles=(*none, *skipped),
    )  # fmt: skip


def _vulnerabilities(item: At, name: str, version: str) -> Iterator[Found]:
    for entry in item.get("vulns"):
        fixed = tuple(words(one.text(needed=True), 60) for one in entry.get("fix_versions"))
        message = words(entry.get("description").text().partition("\n")[0], 200)
        yield Found(
            words(entry.get("id").text(needed=True), 60), Level.UNRATED, message, package=name, version=version, fixed=fixed
        )  # fmt: skip
