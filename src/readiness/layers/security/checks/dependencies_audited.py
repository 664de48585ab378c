"""Every package that is locked was looked up among known vulnerabilities, and none is known that counts.

Proves: on the day of the report nobody had published a fault in what the project is built from.
Needed above: who takes over a library takes over its data and its decisions.
Executed: nothing here, and nothing is downloaded. A report of another tool (pip-audit, CycloneDX with vulnerabilities,
trivy) that was added with `readiness evidence add FILE` is read and held against the lock: every release that is locked, and no
other, has to be in it. What was skipped, is cut short, too old, or about another commit is `unknown`. A release that a report
calls vulnerable fails, from the level on that `reports` in [security] names; a fault that its report does not
rate counts at the lowest level, and is `unknown` at any other.
Cannot see: faults nobody has published, whether the code reaches a faulty part, what the tool was told to ignore, system
packages; and whether the tool ran at all where only the judged party says so.
Repair: have the lock audited and add the report; move what is vulnerable to a release without the fault.
Source: pip-audit without a network ends with 0 and says that no vulnerability is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from readiness.formats.lock_needed import Release, release
from readiness.formats.reports.report import PACKAGES, Found, Level
from readiness.layers.security import locked as locking
from readiness.layers.security import reports
from readiness.layers.security.locked import Locked
from readiness.layers.security.reports import Said
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.wording import counted, listed
from readiness.world.context import Context

ID = reports.DEPENDENCIES
EXPECTED: Final = "every locked package audited, none with a known vulnerability"
_TOOLS: Final = frozenset({"pip", "setuptools", "wheel"})
"""What an environment brings along, whatever is locked."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What is locked, and the newest report of each tool that audits packages; `upgrade` moves what is known to be faulty."""

    locked: Locked
    said: tuple[Said, ...] = ()
    refused: tuple[str, ...] = ()
    upgrade: str = ""


def observe(context: Context) -> Observed:
    """Reads the lock and the reports that were added."""
    found = locking.locked(context.project, context.session.procedure)
    said, refused = reports.newest(context.project, context.manifest, context.now, PACKAGES)
    faults = [item for one, item in _vulnerable(found, said) if _counts(item, one)]
    upgrade = locking.upgrade(context.project, found.file, _targets(faults)) if faults else ""
    return Observed(found, said, refused, upgrade)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails for every vulnerability that counts; holds where one whole report is about exactly what is locked."""
    locked = observed.locked
    if locked.none:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="there are no packages to audit")
    found = _vulnerable(locked, observed.said)
    faults = {_subject(item): (said, item) for said, item in found if _counts(item, said)}
    if faults:
        return _fails(observed, faults)
    if locked.unread:
        remedy = Remedy("lock every package", "readiness check --only dependencies-locked")
        return _unknown(observed, f"what is locked cannot be told: {locked.unread}", remedy)
    if not observed.said:
        why = f"; {observed.refused[0]}" if observed.refused else ""
        return _unknown(observed, f"nobody audited the {counted(len(locked.here), 'package')} of {locked.file}{why}", _audit(locked))
    if unrated := [(said, item) for said, item in found if item.level is Level.UNRATED]:
        return _unrated(observed, *unrated[0])
    troubles = [(said, trouble) for said in observed.said if (trouble := said.trouble or _differs(said, locked))]
    whole = [said for said in observed.said if said not in [item for item, _ in troubles]]
    if not whole:
        return _unknown(observed, troubles[0][1], _audit(locked))
    text = f"{counted(len(locked.here), 'package')} of {locked.file} audited, no vulnerability that counts ({whole[0].name})"
    return Finding(ID, Outcome.HOLDS, Basis.OBSERVED, locked.file, EXPECTED, text, location=Location(locked.file), notes=_notes(observed))


def _vulnerable(locked: Locked, said: tuple[Said, ...]) -> list[tuple[Said, Found]]:
    """What fresh reports say of releases that are locked."""
    ours = locked.here | locked.elsewhere
    return [(one, item) for one in said if not one.stale for item in one.report.findings if release(item.package, item.version) in ours]


def _targets(faults: list[Found]) -> dict[str, str]:
    """The lowest release of each package that has none of its faults; empty where that is not known."""
    from packaging.version import InvalidVersion, Version

    found: dict[str, str] = {}
    for item in faults:
        name = release(item.package, "")[0]
        try:
            later = [version for version in map(Version, item.fixed) if version > Version(item.version)]
            best = str(max(min(later), Version(found.get(name) or "0"))) if later else ""
        except InvalidVersion:
            best = ""
        found[name] = best if found.get(name, best) else ""
    return found


def _counts(item: Found, said: Said) -> bool:
    # whatever its level is, it is not below the lowest
    return item.level >= said.fail_on if item.level else said.fail_on is Level.LOW


def _subject(item: Found) -> str:
    return f"{item.package} {item.rule}"


def _differs(said: Said, locked: Locked) -> str:
    """How the packages of a report differ from those that are locked; empty where they do not."""
    audited = {release(*item) for item in said.report.packages}
    if missing := sorted(locked.here - audited):
        return f"the report of {said.report.name} leaves out {_named(missing)} of {locked.file}"
    extra = {item for item in audited - locked.here - locked.elsewhere if item[0] not in locked.own | _TOOLS}
    if extra:
        return f"the report of {said.report.name} is about other packages: {locked.file} does not lock {_named(sorted(extra))}"
    return ""


def _named(releases: list[Release]) -> str:
    return listed((" ".join(item) for item in releases), most=4)


def _fails(observed: Observed, faults: dict[str, tuple[Said, Found]]) -> Finding:
    locked = observed.locked
    problems = tuple(
        Problem(subject, _told(item), locked.places.get(release(item.package, "")[0])) for subject, (_, item) in sorted(faults.items())
    )
    first = problems[0]
    said = next(iter(faults.values()))[0]
    packages = len({item.package for _, item in faults.values()})
    text = f"{counted(len(problems), 'vulnerability')} in {counted(packages, 'package')}: {first.text} ({said.name})"
    open_ended = [item for _, item in faults.values() if not item.fixed]
    advice = "move to a release without the fault, and audit the lock again"
    if open_ended:
        advice += f"; for {open_ended[0].package} none is named: replace it, or waive {_subject(open_ended[0])} with a reason and an end"
    return Finding(
        ID, Outcome.FAILS, Basis.OBSERVED, first.subject, EXPECTED, text, first.text, Cause.PROJECT, first.location,
        Remedy(advice, observed.upgrade), problems, _notes(observed),
    )  # fmt: skip


def _told(item: Found) -> str:
    level = f", {item.level.word}" if item.level else ""
    fixed = f"fixed in {', '.join(item.fixed)}" if item.fixed else "no fixed version is named"
    return f"{item.package} {item.version} is vulnerable: {item.rule}{level}, {fixed}"


def _unrated(observed: Observed, said: Said, item: Found) -> Finding:
    reason = f"{_subject(item)} is not rated in the report of {said.report.name}, and only faults from {said.fail_on.word} on count"
    remedy = Remedy(
        f'add a report with ratings, or let every fault count: fail_on = "low" for {said.report.tool} under reports in [security]'
    )
    return _unknown(observed, reason, remedy)


def _unknown(observed: Observed, reason: str, remedy: Remedy) -> Finding:
    file = observed.locked.file
    return Finding(
        ID, Outcome.UNKNOWN, Basis.OBSERVED, file, EXPECTED, reason, reason, Cause.NOT_EXERCISED, Location(file) if file else None,
        remedy, notes=_notes(observed),
    )  # fmt: skip


def _audit(locked: Locked) -> Remedy:
    return Remedy("have the lock audited where the network is, and add the report", locked.command)


def _notes(observed: Observed) -> tuple[str, ...]:
    return tuple(_facts(observed))


def _facts(observed: Observed) -> Iterator[str]:
    locked = observed.locked
    below = [f"{_subject(item)} ({item.level.word})" for said, item in _vulnerable(locked, observed.said) if not _counts(item, said)]
    if below:
        yield f"below the level that counts: {', '.join(below[:3])}{' …' if len(below) > 3 else ''}"
    if locked.elsewhere and observed.said:
        yield f"locked for other systems only: {_named(sorted(locked.elsewhere))}"
    yield from (f"added and not counted: {text}" for text in observed.refused)
