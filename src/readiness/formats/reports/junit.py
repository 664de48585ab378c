"""JUnit XML, as pytest and most test runners write it: cases that passed, failed, erred or were skipped.

No document type, no entities, no encoding but those of the XML parser. Source: the schema of Jenkins' xunit plugin, and what
pytest writes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from readiness.formats.reports.report import TESTS, Found, Level, Report, fingerprinted, words
from readiness.formats.reports.strict import ENTRIES, SIZE_BYTES, Unreadable

_DEPTH: Final = 50
_ENDS: Final = ("failure", "error", "skipped")


@dataclass
class _Case:
    name: str
    file: str
    line: int
    ends: dict[str, str] = field(default_factory=dict)


class _Target:
    """Takes what the parser sees, in constant depth."""

    def __init__(self) -> None:
        self.line: Any = lambda: 1  # where the parser is
        self.open: list[str] = []
        self.cases: list[_Case] = []
        self.promised: list[dict[str, str]] = []
        self.counted: list[int] = []
        self.made: list[str] = []

    def fail(self, text: str) -> Unreadable:
        return Unreadable(f":{self.line()}", text)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self.open and tag not in ("testsuites", "testsuite"):
            raise self.fail(f"is XML, but no JUnit: its root is `{words(tag, 40)}`")
        self.open.append(tag)
        if len(self.open) > _DEPTH:
            raise self.fail(f"is nested deeper than {_DEPTH} levels")
        if tag == "testsuite":
            self.promised.append(attributes)
            self.counted.append(len(self.cases))
            self.made += [attributes["timestamp"]] if attributes.get("timestamp") else []
        elif tag == "testcase":
            self._case(attributes)
        elif tag in _ENDS and "testcase" in self.open[:-1]:
            self.cases[-1].ends[tag] = words(attributes.get("message", ""), 200)

    def _case(self, attributes: dict[str, str]) -> None:
        if len(self.cases) >= ENTRIES:
            raise self.fail(f"has more than {ENTRIES} cases, which is the most that is read")
        name = ".".join(part for part in (attributes.get("classname", ""), attributes.get("name", "")) if part)
        if not name:
            raise self.fail("a case has no name")
        line = attributes.get("line", "")
        self.cases.append(_Case(words(name, 200), words(attributes.get("file", ""), 400), int(line) if line.isdecimal() else 0))

    def end(self, tag: str) -> None:
        self.open.pop()

    def data(self, text: str) -> None:
        """Output of tests is not kept."""

    def close(self) -> None:
        """Nothing is built."""


def read(data: bytes) -> Report:
    """The report in a document. Raises Unreadable where it is no JUnit, cut short, or XML that is refused."""
    from defusedxml.common import DefusedXmlException  # type: ignore[import-untyped]  # no stubs in the lock
    from defusedxml.ElementTree import DefusedXMLParser  # type: ignore[import-untyped]

    if len(data) > SIZE_BYTES:
        raise Unreadable(":1", f"is larger than {SIZE_BYTES >> 20} MiB, which is the most that is read")
    target = _Target()
    parser = DefusedXMLParser(target=target, forbid_dtd=True)
    target.line = lambda: parser.parser.CurrentLineNumber
    try:
        parser.feed(data)
        parser.close()
    except DefusedXmlException:
        raise target.fail("has a document type or entities of its own, which are not read") from None
    except ParseError as error:
        cut = "no element found" in str(error) or "unclosed" in str(error)
        raise Unreadable(f":{error.position[0]}", "is cut short: the XML does not end" if cut else f"is no XML: {error}") from None
    except (LookupError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise target.fail(f"is in an encoding that is not read: {words(error, 80)}") from None
    return _report(target)


def _report(target: _Target) -> Report:
    failed = [case for case in target.cases if not {"failure", "error"}.isdisjoint(case.ends)]
    skipped = [case for case in target.cases if "skipped" in case.ends and case not in failed]
    findings = [
        Found(case.name, Level.HIGH, case.ends.get("failure") or case.ends.get("error", ""), case.file, case.line) for case in failed
    ]
    ran = len(target.cases) - len(skipped)
    troubles = [] if ran else ["no test was run"]
    troubles += [f"{case.name} was skipped: {case.ends['skipped']}".removesuffix(": ") for case in skipped]
    promised = _promised(target)
    if promised is not None and promised != len(target.cases):
        troubles.append(f"it counts {promised} tests and holds {len(target.cases)}: a part of it is missing")
    return Report(
        "JUnit", "tests", "", (TESTS,), _made(target), executed=ran, skipped=len(skipped), failed=len(failed),
        findings=fingerprinted("tests", findings), troubles=tuple(troubles),
    )  # fmt: skip


def _promised(target: _Target) -> int | None:
    """How many cases the suites say they have; None where one does not say, or suites lie in each other."""
    counts = [attributes.get("tests", "") for attributes in target.promised]
    if not all(count.isdecimal() for count in counts) or len(set(target.counted)) != len(counts):
        return None
    return sum(int(count) for count in counts)


def _made(target: _Target) -> datetime | None:
    """The earliest time a suite names; one without a zone tells too little and is left out."""
    times = []
    for text in target.made:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise Unreadable(":1", f"`{words(text, 40)}` is no time of a suite") from None
        times += [moment.astimezone(UTC)] if moment.tzinfo is not None else []
    return min(times, default=None)
