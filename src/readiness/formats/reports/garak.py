"""What garak writes as `….report.jsonl`: a line for each attempt, for each judgement of a detector, and for the end of the run.

An attempt is written when it is made (status 1) and when it is judged (status 2); a score at or above `eval_threshold` is
a hit. What no detector could judge is a `none`. It rates nothing, and its times have no zone. Source: garak 0.17,
`command.py`, `attempt.py`, `evaluators/base.py`; before 0.14 an `eval` counted `total` in place of `fails`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from readiness.formats.reports.report import ATTACKS, Found, Level, Report, fingerprinted, words
from readiness.formats.reports.strict import ENTRIES, At, Unreadable, parse

TOOL: Final = "garak"
THRESHOLD: Final = 0.5
_JUDGED: Final = 2

Key = tuple[str, str]
"""A probe and a detector."""


@dataclass
class _Read:
    version: str = ""
    threshold: float = THRESHOLD
    lines: int = 0
    made: set[str] = field(default_factory=set)
    judged: set[str] = field(default_factory=set)
    probes: set[str] = field(default_factory=set)
    evaluated: set[str] = field(default_factory=set)
    hits: list[tuple[Key, str]] = field(default_factory=list)
    fails: Counter[Key] = field(default_factory=Counter)
    nones: Counter[Key] = field(default_factory=Counter)
    outputs: int = 0
    ended: bool = False


def matches(text: str) -> bool:
    """Whether a text is one of these: its first line is an entry that says of which type it is."""
    first = text.lstrip().partition("\n")[0]
    if '"entry_type"' not in first[: 1 << 20]:
        return False
    try:
        entry = json.loads(first)
    except (ValueError, RecursionError):
        return True  # one that is cut short, which reading it says
    return isinstance(entry, dict) and isinstance(entry.get("entry_type"), str)


def read(text: str) -> Report:
    """The report in a text. Raises Unreadable where a line is not what garak writes."""
    found = _Read()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            _entry(found, parse(line))
        except Unreadable as error:
            where = "" if error.where.startswith(":") else f" {error.where}"
            raise Unreadable(f":{number}", f"{str(error).partition(': ')[2]}{where}") from None
        if len(found.hits) > ENTRIES:
            raise Unreadable(f":{number}", f"has more than {ENTRIES} hits, of which at most that many are read")
    return _report(found)


def _entry(found: _Read, entry: At) -> None:
    kind = entry.get("entry_type").text(needed=True)
    if kind == "start_run setup":
        found.threshold = _number(entry.get("run.eval_threshold"), THRESHOLD)
        found.version = found.version or words(entry.get("_config.version").text(), 40)
    elif kind == "init":
        found.version = words(entry.get("garak_version").text(), 40)
    elif kind == "attempt":
        found.lines += 1
        _attempt(found, entry)
    elif kind == "eval":
        _evaluation(found, entry)
    elif kind == "completion":
        found.ended = True


def _attempt(found: _Read, entry: At) -> None:
    name, probe = entry.get("uuid").text(needed=True), words(entry.get("probe_classname").text(needed=True), 100)
    found.made.add(name)
    found.probes.add(_short(probe))
    if entry.get("status").count() != _JUDGED or name in found.judged:
        return
    found.judged.add(name)
    results = entry.get("detector_results").value
    if results is not None and not isinstance(results, dict):
        raise entry.get("detector_results").wrong("must be an object")
    for detector in results or {}:
        for score in entry.get("detector_results").get(detector):
            if score.value is not None and _number(score, 0.0) >= found.threshold:
                found.hits.append(((_short(probe), words(_short(str(detector)), 100)), words(_prompt(entry.get("prompt")), 160)))


def _evaluation(found: _Read, entry: At) -> None:
    key = _short(words(entry.get("probe").text(needed=True), 100)), _short(words(entry.get("detector").text(needed=True), 100))
    passed, total = entry.get("passed").count() or 0, entry.get("total_evaluated").count()
    total = entry.get("total").count() if total is None else total
    fails = entry.get("fails").count()
    if total is None and fails is None:
        raise entry.wrong("counts neither `total_evaluated` nor `total`")
    fails = (total or 0) - passed if fails is None else fails
    if fails < 0 or (total is not None and passed + fails != total):
        raise entry.wrong(f"counts {passed} passed and {fails} failed of {total}")
    found.evaluated.add(key[0])
    found.fails[key] += fails
    found.nones[key] += entry.get("nones").count() or 0
    found.outputs += passed + fails


def _number(value: At, default: float) -> float:
    if value.value is None:
        return default
    if isinstance(value.value, bool) or not isinstance(value.value, int | float):
        raise value.wrong("must be a number")
    return float(value.value)


def _short(name: str) -> str:
    return name.removeprefix("probes.").removeprefix("detector.").removeprefix("detectors.")


def _prompt(prompt: At) -> str:
    """The text of a prompt: a text itself, or that of its last turn."""
    if not isinstance(prompt.value, dict):
        return prompt.value if isinstance(prompt.value, str) else ""
    texts = [turn.get("content") for turn in prompt.get("turns")]
    said = [item.value if isinstance(item.value, str) else item.get("text").text() for item in texts]
    return said[-1] if said else prompt.get("text").text()


def _report(found: _Read) -> Report:
    listed = Counter(key for key, _ in found.hits)
    findings = [Found(probe, Level.UNRATED, f"{detector}: {prompt}") for (probe, detector), prompt in found.hits]
    findings += [Found(probe, Level.UNRATED, detector) for (probe, detector), fails in found.fails.items()
                 if fails and not listed[probe, detector]]  # fmt: skip
    return Report(
        "garak JSONL", TOOL, found.version, (ATTACKS,), executed=found.outputs, skipped=sum(found.nones.values()),
        failed=len(findings), findings=fingerprinted(TOOL, findings), troubles=tuple(_troubles(found, listed)),
    )  # fmt: skip


def _troubles(found: _Read, listed: Counter[Key]) -> Iterator[str]:
    if not found.ended:
        yield "it has no `completion`: the run did not come to its end"
    if not found.lines or not found.outputs:
        yield "no attack was made and judged"
    for (probe, detector), count in found.nones.items():
        if count:
            yield f"{count} answers to {probe} could not be judged by {detector}"
    if missing := len(found.made - found.judged):
        yield f"{missing} of {len(found.made)} attempts were never judged"
    if unjudged := sorted(found.probes - found.evaluated):
        yield f"{unjudged[0]} was never judged"
    for key, fails in found.fails.items():
        if listed[key] and fails != listed[key]:
            yield f"it counts {fails} hits of {key[0]} by {key[1]} and lists {listed[key]}: a part of it is missing"
