"""What `trivy --format json` writes, schema 2: for each target its packages, vulnerabilities and misconfigurations.

Source: trivy, `pkg/types/report.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from readiness.formats.reports.report import CODE, INFRASTRUCTURE, PACKAGES, Found, Level, Report, fingerprinted, words
from readiness.formats.reports.strict import At

TOOL: Final = "trivy"
_PYTHON: Final = ("pip", "pipenv", "poetry", "uv", "pylock", "python-pkg", "conda-pkg")
_LEVELS: Final = {"CRITICAL": Level.CRITICAL, "HIGH": Level.HIGH, "MEDIUM": Level.MEDIUM, "LOW": Level.LOW}


def matches(document: At) -> bool:
    """Whether a document is one of these."""
    return isinstance(document.value, dict) and "SchemaVersion" in document.value and "ArtifactName" in document.value


def read(document: At) -> Report:
    """The report in a document. Raises Unreadable where it is not what trivy writes."""
    if document.get("SchemaVersion").count() != 2:
        raise document.get("SchemaVersion").wrong("must be 2")
    findings: list[Found] = []
    packages: list[tuple[str, str]] = []
    files: list[str] = []
    about: list[str] = []
    troubles: list[str] = []
    executed = skipped = 0
    for item in document.get("Results"):
        target, kind = words(item.get("Target").text(), 400), item.get("Class").text()
        if kind == "config":
            about.append(INFRASTRUCTURE)
            files.append(target)
            executed += _count(item, "Successes") + _count(item, "Failures")
            skipped += _count(item, "Exceptions")
            findings += _misconfigurations(item, target)
            troubles += _short(item, target)
        elif kind == "lang-pkgs" and item.get("Type").text() in _PYTHON:
            about.append(PACKAGES)
            named = [(_word(entry, "Name", 100), _word(entry, "Version", 60)) for entry in item.get("Packages")]
            packages += named
            executed += len(named)
            findings += _vulnerabilities(item)
            troubles += [] if named else [f"it does not name the packages of {target}: scan with --list-all-pkgs"]
        else:
            about.append(CODE)
    if not executed:
        troubles.insert(0, "nothing was looked at")
    return Report(
        "trivy JSON", TOOL, words((document / "Trivy/Version").text(), 40), tuple(dict.fromkeys(about)),
        document.get("CreatedAt").moment(), words((document / "Metadata/Commit").text(), 64), executed, skipped, len(findings),
        fingerprinted(TOOL, findings), tuple(packages), tuple(files), tuple(troubles),
    )  # fmt: skip


def _count(item: At, word: str) -> int:
    return item.get("MisconfSummary").get(word).count() or 0


def _word(item: At, name: str, most: int) -> str:
    return words(item.get(name).text(needed=True), most)


def _short(item: At, target: str) -> Iterator[str]:
    """Why the part about one file is not the whole."""
    listed = sum(entry.get("Status").text() == "FAIL" for entry in item.get("Misconfigurations"))
    if not _count(item, "Successes") + _count(item, "Failures"):
        yield f"no rule was run on {target}"
    if _count(item, "Failures") != listed:
        yield f"it counts {_count(item, 'Failures')} failures in {target} and lists {listed}: a part of it is missing"
    if _count(item, "Exceptions"):
        yield f"{_count(item, 'Exceptions')} rules were skipped in {target}"


def _misconfigurations(item: At, target: str) -> Iterator[Found]:
    for entry in item.get("Misconfigurations"):
        if entry.get("Status").text(needed=True) == "FAIL":
            message = words(entry.get("Message").text() or entry.get("Title").text(), 200)
            line = (entry / "CauseMetadata/StartLine").count() or 0
            yield Found(_word(entry, "ID", 60), _level(entry), message, target, line)


def _vulnerabilities(item: At) -> Iterator[Found]:
    for entry in item.get("Vulnerabilities"):
        fixed = tuple(word for part in entry.get("FixedVersion").text().split(",") if (word := words(part, 60)))
        yield Found(
            _word(entry, "VulnerabilityID", 60), _level(entry), words(entry.get("Title").text(), 200),
            package=_word(entry, "PkgName", 100), version=_word(entry, "InstalledVersion", 60), fixed=fixed,
        )  # fmt: skip


def _level(entry: At) -> Level:
    return _LEVELS.get(entry.get("Severity").text(), Level.UNRATED)
