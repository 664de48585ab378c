"""CycloneDX as JSON, 1.4 to 1.7, with what is known against its components: a bill of materials that was audited, or VEX.

A bill without `vulnerabilities` was not audited, whoever made it. What VEX says not to affect is somebody's word, and counts
as left out. Source: ECMA-424, and the schemas of bom-1.4 to bom-1.7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from readiness.formats.reports.report import PACKAGES, Found, Level, Report, fingerprinted, words
from readiness.formats.reports.strict import At, Unreadable

_VERSIONS: Final = ("1.4", "1.5", "1.6", "1.7")
_LEVELS: Final = {
    "critical": Level.CRITICAL, "high": Level.HIGH, "medium": Level.MEDIUM, "low": Level.LOW, "info": Level.LOW, "none": Level.LOW,
}  # fmt: skip
_LEFT_OUT: Final = ("resolved", "resolved_with_pedigree", "false_positive", "not_affected")
_NO_RELEASE: Final = ("application", "file", "data", "machine-learning-model", "device", "container", "firmware", "operating-system")
_PURL: Final = re.compile(r"pkg:(?P<kind>[a-z.+-]+)/(?:[^@?#]*/)?(?P<name>[^/@?#]+)(?:@(?P<version>[^?#]+))?", re.IGNORECASE)
_DEPTH: Final = 20

Release = tuple[str, str]


def matches(document: At) -> bool:
    """Whether a document is one of these."""
    return isinstance(document.value, dict) and document.value.get("bomFormat") == "CycloneDX"


def read(document: At) -> Report:
    """The report in a document. Raises Unreadable where it is no such bill, or affects what it does not hold."""
    if (version := document.get("specVersion").text()) not in _VERSIONS:
        raise document.get("specVersion").wrong(f"must be {' or '.join(_VERSIONS)}, got `{version[:20]}`")
    known: dict[str, Release] = {}
    packages: list[Release] = []
    strange: list[Release] = []
    for item in _components(document.get("components"), 0):
        release = _release(item)
        if (reference := item.get("bom-ref").text()) and release is not None:
            known[reference] = release
        if release is not None:
            (packages if release[1] else strange).append(release)
    findings: list[Found] = []
    troubles = [f"{name} has no version" for name, _ in strange] + ([] if packages else ["it names no package"])
    left = 0
    if document.get("vulnerabilities").value is None:
        troubles.append("it has no `vulnerabilities`: nothing says that anybody looked for them")
    for item in document.get("vulnerabilities"):
        state = (item / "analysis/state").text()
        if state in _LEFT_OUT:
            left += 1
            troubles.append(_left_out(item, state))
        else:
            findings += _findings(item, known)
    tool, version = _tool(document)
    return Report(
        "CycloneDX", tool, version, (PACKAGES,), (document / "metadata/timestamp").moment(), executed=len(packages), skipped=left,
        failed=len(findings), findings=fingerprinted(tool, findings), packages=tuple(dict.fromkeys(packages)), troubles=tuple(troubles),
    )  # fmt: skip


def _components(listed: At, depth: int) -> Iterator[At]:
    if depth > _DEPTH:
        raise listed.wrong(f"components are nested deeper than {_DEPTH} levels")
    for item in listed:
        yield item
        yield from _components(item.get("components"), depth + 1)


def _release(item: At) -> Release | None:
    """The name and version of a component that is a Python package; None for anything else."""
    name, version, purl = item.get("name").text(needed=True), item.get("version").text(), item.get("purl").text()
    if not purl:
        return None if item.get("type").text() in _NO_RELEASE else (words(name, 100), words(version, 60))
    found = _PURL.match(purl)
    if found is None:
        raise item.get("purl").wrong(f"`{words(purl, 60)}` is no package URL")
    if found["kind"].lower() != "pypi":
        return None
    return words(unquote(found["name"]), 100), words(unquote(found["version"] or version), 60)


def _findings(item: At, known: dict[str, Release]) -> Iterator[Found]:
    rule = words(item.get("id").text(needed=True), 60)
    level = max((_LEVELS.get(rating.get("severity").text(), Level.UNRATED) for rating in item.get("ratings")), default=Level.UNRATED)
    message = words(item.get("description").text().partition("\n")[0], 200)
    fixed = tuple(dict.fromkeys(re.findall(r"\d+(?:\.\d+)+[\w.]*", item.get("recommendation").text())))
    affected = list(item.get("affects"))
    if not affected:
        raise item.wrong(f"{rule} says of no component that it affects it")
    for entry in affected:
        states = {version.get("status").text() or "affected" for version in entry.get("versions")}
        if states == {"unaffected"}:
            continue
        reference = entry.get("ref").text(needed=True)
        release = known.get(reference) or known.get(unquote(reference.partition("#")[2]))
        if release is None:
            raise Unreadable(f"#{entry.pointer}", f"{rule} affects `{words(reference, 60)}`, which is no package of this bill")
        yield Found(rule, level, message, package=release[0], version=release[1], fixed=fixed)


def _left_out(item: At, state: str) -> str:
    why = (item / "analysis/justification").text() or (item / "analysis/detail").text()
    said = f" ({words(why, 80)})" if why else ""
    return f"{words(item.get('id').text(), 60)} is left out: somebody says it is {state.replace('_', ' ')}{said}"


def _tool(document: At) -> tuple[str, str]:
    tools = document / "metadata/tools"
    listed = list(tools.get("components") if isinstance(tools.value, dict) else tools)
    named = [item for item in listed if item.get("name").text() != "cyclonedx-python-lib"] or listed
    if not named:
        return "CycloneDX", ""
    return words(named[0].get("name").text(needed=True), 60), words(named[0].get("version").text(), 40)
