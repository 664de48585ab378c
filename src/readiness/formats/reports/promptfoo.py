"""What `promptfoo eval --output results.json` writes: each case with whether it passed, failed or erred, and their counts.

A case of a red team names its plugin and how grave a hit is; a file without any is a report of tests. Source: promptfoo
0.12x, `src/types/index.ts` (EvaluateSummaryV3, EvaluateResult; `failureReason` 1 is an assertion, 2 an error).
"""

from __future__ import annotations

from typing import Final

from readiness.formats.reports.report import ATTACKS, TESTS, Found, Level, Report, fingerprinted, words
from readiness.formats.reports.strict import At

TOOL: Final = "promptfoo"
_ERROR: Final = 2
_LEVELS: Final = {"critical": Level.CRITICAL, "high": Level.HIGH, "medium": Level.MEDIUM, "low": Level.LOW, "informational": Level.LOW}


def matches(document: At) -> bool:
    """Whether a document is one of these."""
    results = document.value.get("results") if isinstance(document.value, dict) else None
    return isinstance(results, dict) and isinstance(results.get("stats"), dict) and "results" in results


def read(document: At) -> Report:
    """The report in a document. Raises Unreadable where it is not what promptfoo writes."""
    results = document.get("results")
    findings: list[Found] = []
    erred: list[str] = []
    attacks = executed = passed = 0
    for row in results.get("results"):
        rule, level = _rule(row)
        attacks += bool(_metadata(row, "pluginId"))
        if row.get("success").value not in (True, False):
            raise row.get("success").wrong("must be true or false")
        if row.get("failureReason").count() == _ERROR or (row.get("success").value is False and _only_error(row)):
            erred.append(f"{rule} erred: {words(row.get('error').text(), 120)}".removesuffix(": "))
            continue
        executed += 1
        passed += row.get("success").value
        if row.get("success").value is False:
            findings.append(Found(rule, level, words(_asked(row), 160)))
    troubles = [] if executed or erred else ["no case was run"]
    stats = results.get("stats")
    for word, listed in (("successes", passed), ("failures", len(findings)), ("errors", len(erred))):
        said = stats.get(word).count()
        if said is None:
            troubles.append(f"it does not count its {word}")
        elif said != listed:
            troubles.append(f"it counts {said} {word} and lists {listed}: a part of it is missing")
    return Report(
        "promptfoo JSON", TOOL, words(document.get("metadata").get("promptfooVersion").text(), 40), (ATTACKS if attacks else TESTS,),
        results.get("timestamp").moment(), executed=executed, skipped=len(erred), failed=len(findings),
        findings=fingerprinted(TOOL, findings), troubles=(*troubles, *erred),
    )  # fmt: skip


def _metadata(row: At, name: str) -> str:
    case = row.get("testCase").get("metadata").get(name)
    return case.text() if case.value is not None else row.get("metadata").get(name).text()


def _rule(row: At) -> tuple[str, Level]:
    plugin = _metadata(row, "pluginId")
    named = plugin or row.get("testCase").get("description").text() or f"case {row.get('testIdx').count() or 0}"
    return words(named, 100), _LEVELS.get(_metadata(row, "severity").lower(), Level.UNRATED)


def _only_error(row: At) -> bool:
    """Whether a case that did not pass was never judged: an error, and no grade."""
    return bool(row.get("error").text()) and row.get("gradingResult").value is None and row.get("failureReason").value is None


def _asked(row: At) -> str:
    strategy = _metadata(row, "strategyId")
    asked = row.get("prompt").get("raw").text() or row.get("testCase").get("description").text()
    return f"{strategy}: {asked}" if strategy else asked
