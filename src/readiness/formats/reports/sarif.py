"""SARIF 2.1.0, as gitleaks, semgrep, bandit, checkov, hadolint and most scanners write it.

A clean log proves something where it names the rules that were run: some tools name only those that found something, and
then an empty log is no different from one of a scan that looked at nothing. Source: OASIS SARIF 2.1.0; `security-severity`
is GitHub's, with the bounds of CVSS.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from readiness.formats.reports.report import CODE, INFRASTRUCTURE, Found, Level, Report, fingerprinted, words
from readiness.formats.reports.strict import At

_ABOUT: Final = {
    "checkov": (INFRASTRUCTURE,), "tfsec": (INFRASTRUCTURE,), "kics": (INFRASTRUCTURE,), "terrascan": (INFRASTRUCTURE,),
    "hadolint": (INFRASTRUCTURE,), "trivy": (INFRASTRUCTURE, CODE), "semgrep": (INFRASTRUCTURE, CODE), "snyk iac": (INFRASTRUCTURE,),
}  # fmt: skip
"""What tools look at whose name begins so; every other one looks at code."""
_LEVELS: Final = {"error": Level.HIGH, "warning": Level.MEDIUM, "note": Level.LOW, "none": Level.LOW}
_NO_FAULT: Final = ("pass", "notApplicable", "informational")


def matches(document: At) -> bool:
    """Whether a document is one of these."""
    return isinstance(document.value, dict) and "runs" in document.value and ("version" in document.value or "$schema" in document.value)


def read(document: At) -> Report:
    """The report in a document. Raises Unreadable where it is not SARIF 2.1.0, or of several tools."""
    if document.get("version").text() != "2.1.0":
        raise document.get("version").wrong(f"must be 2.1.0, got `{document.get('version').text()[:20]}`")
    runs = list(document.get("runs"))
    if not runs:
        raise document.get("runs").wrong("is empty: no tool was run")
    drivers = [run / "tool/driver" for run in runs]
    names = list(dict.fromkeys(words(driver.get("name").text(needed=True), 60) for driver in drivers))
    if len(names) > 1:
        raise document.get("runs").wrong(f"is of {', '.join(names[:4])}: add a file for each tool")
    findings = [found for run in runs for found in _findings(run)]
    troubles = [trouble for run in runs for trouble in _troubles(run)]
    rules = {rule for run in runs for rule in _rules(run)} | {item.rule for item in findings}
    left = sum(bool(item.get("suppressions").value) for run in runs for item in run.get("results"))
    if not rules:
        troubles.append("it names no rule that was run: nothing says that anything was looked at")
    version = next((word for driver in drivers for key in ("semanticVersion", "version") if (word := driver.get(key).text())), "")
    about = next((said for word, said in _ABOUT.items() if names[0].lower().startswith(word)), (CODE,))
    return Report(
        "SARIF", names[0], words(version, 40), about, _made(runs), _commit(runs), len(rules) or None, left, len(findings),
        fingerprinted(names[0], findings), files=tuple(sorted({file for run in runs for file in _files(run)})), troubles=tuple(troubles),
    )  # fmt: skip


def _rules(run: At) -> dict[str, At]:
    """The rules a run names, by id."""
    parts = [run / "tool/driver", *(run / "tool/extensions")]
    return {rule.get("id").text(needed=True): rule for part in parts for rule in part.get("rules")}


def _findings(run: At) -> Iterator[Found]:
    rules = _rules(run)
    listed = list(run / "tool/driver/rules")
    for item in run.get("results"):
        if item.get("kind").text() in _NO_FAULT or item.get("baselineState").text() == "absent":
            continue
        rule = _rule_id(item, listed)
        file, line = _place(item)
        yield Found(words(rule, 100), _level(item, rules.get(rule)), words(_message(item), 240), file, line)


def _rule_id(item: At, listed: list[At]) -> str:
    named = item.get("ruleId").text() or (item / "rule/id").text()
    index = item.get("ruleIndex").value
    if not named and isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(listed):
        named = listed[index].get("id").text()
    if not named:
        raise item.wrong("names no rule")
    return named


def _message(item: At) -> str:
    message = item.get("message")
    return message.get("text").text() or message.get("markdown").text() or message.get("id").text()


def _level(item: At, rule: At | None) -> Level:
    for holder in (item, rule):
        if holder is not None and (score := _score((holder / "properties").get("security-severity").value)):
            return score
    said = item.get("level").text() or ((rule / "defaultConfiguration/level").text() if rule is not None else "") or "warning"
    if said not in _LEVELS:
        raise item.get("level").wrong(f"must be {' or '.join(_LEVELS)}, got `{words(said, 20)}`")
    return _LEVELS[said]


def _score(raw: Any) -> Level | None:  # a number, or one as a text
    try:
        number = float(raw)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number) or number < 0:
        return None
    return next(level for least, level in ((9, Level.CRITICAL), (7, Level.HIGH), (4, Level.MEDIUM), (0, Level.LOW)) if number >= least)


def _place(item: At) -> tuple[str, int]:
    for location in item.get("locations"):
        physical = location.get("physicalLocation")
        if file := _uri(physical / "artifactLocation/uri"):
            return file, (physical / "region/startLine").count() or 0
    return "", 0


def _uri(at: At) -> str:
    text = at.text()
    try:
        parts = urlsplit(text)
    except ValueError:
        raise at.wrong(f"`{words(text, 60)}` is no URI") from None
    path = unquote(parts.path if parts.scheme in ("", "file") else text)
    return words(path.removeprefix("./"), 400)


def _files(run: At) -> Iterator[str]:
    """The files a run says it looked at, besides those it found something in."""
    for item in run.get("artifacts"):
        roles = {role.text() for role in item.get("roles")}
        if (not roles or "analysisTarget" in roles) and (file := _uri(item / "location/uri")):
            yield file
    for item in run.get("results"):
        if file := _place(item)[0]:
            yield file


def _troubles(run: At) -> Iterator[str]:
    if run.get("results").value is None:
        yield "it says nothing of results: the scan did not come to its end"
    if run.get("externalPropertyFileReferences").value:
        yield "a part of it lies in other files"
    for invocation in run.get("invocations"):
        yield from _ended(invocation)
    for item in run.get("results"):
        if item.get("suppressions").value:
            yield f"{words(_rule_id(item, list(run / 'tool/driver/rules')), 60)} is suppressed in {_place(item)[0] or 'a place not told'}"
        elif item.get("kind").text() in ("open", "review"):
            yield f"{words(_rule_id(item, list(run / 'tool/driver/rules')), 60)} was left open"


def _ended(invocation: At) -> Iterator[str]:
    """Why an invocation of the tool did not look at everything."""
    ended = invocation.get("executionSuccessful")
    if not isinstance(ended.value, bool | None):
        raise ended.wrong("must be true or false")
    if ended.value is not True:
        yield "the tool says that it did not end well" if ended.value is False else "the tool does not say whether it ended well"
    for word in ("toolExecutionNotifications", "toolConfigurationNotifications"):
        for item in invocation.get(word):
            if item.get("level").text() == "error":
                yield f"the tool met an error: {words(_message(item), 160)}"


def _made(runs: list[At]) -> datetime | None:
    """The earliest end of the runs, since the oldest part decides."""
    times = [
        moment
        for run in runs
        for invocation in run.get("invocations")
        if (moment := invocation.get("endTimeUtc").moment(utc=True) or invocation.get("startTimeUtc").moment(utc=True))
    ]
    return min(times, default=None)


def _commit(runs: list[At]) -> str:
    named = [words(item.get("revisionId").text(), 64) for run in runs for item in run.get("versionControlProvenance")]
    return next((word for word in named if word), "")
