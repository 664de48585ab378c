"""Every file that describes machines was scanned for known mistakes, and none was found that counts.

Proves: on the day of the report no rule of a maintained scanner was broken by Terraform, compose files or Dockerfiles.
Needed above: what protects data in the code is undone by a bucket anybody may read.
Executed: nothing here, and nothing is downloaded. A report of another tool (JSON of checkov or trivy; SARIF of checkov,
hadolint, kics, semgrep, tfsec, terrascan, trivy) that was added with `readiness evidence add FILE` is read, and the files it
names are held against those that are here, as they were when it was added. A file that no report names, or that changed
since, is `unknown`; so are skipped rules, files that could not be parsed, reports without a rule, too old, or about another
commit. A finding fails from the level on that `reports` in [security] names; one without a level counts at the lowest,
and is `unknown` at any other.
Cannot see: what the rules do not ask, which of them the tool was told to leave out, machines made by hand, Kubernetes.
Repair: scan and add the report; mend what it names, or waive it with a reason and an end.
Source: checkov writes the same empty SARIF for a clean file and for a folder it never read.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from readiness.formats.reports import report as kinds
from readiness.formats.reports.report import Found, Level
from readiness.layers.security import machines, reports
from readiness.layers.security.reports import Said
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.wording import counted, listed
from readiness.world.context import Context

ID = reports.INFRASTRUCTURE
EXPECTED: Final = "every file that describes machines scanned, no rule broken that counts"
_COMMAND: Final = (
    "uvx checkov -d . -o json --skip-download --output-file-path .readiness; readiness evidence add .readiness/results_json.json"
)
"""Checkov ends with 1 where it finds something, which is to be added all the same."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The files there are to scan, and the newest report of each tool that scans such files."""

    files: tuple[str, ...]
    said: tuple[Said, ...] = ()
    refused: tuple[str, ...] = ()


def observe(context: Context) -> Observed:
    """Lists the files and reads the reports that were added."""
    files = machines.described(context.project)
    return Observed(files, *reports.newest(context.project, context.manifest, context.now, kinds.INFRASTRUCTURE))


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails for every finding that counts in a file that is still the same; holds where whole reports name every file."""
    if not observed.files:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="no Terraform, compose file or Dockerfile describes a machine")
    found = [(said, item) for said in observed.said if not said.stale for item in _findings(said, observed.files)]
    faults = [(said, item) for said, item in found if _counts(item, said)]
    if faults:
        return _fails(observed, faults)
    if not observed.said:
        why = f"; {observed.refused[0]}" if observed.refused else ""
        return _unknown(observed, observed.files[0], f"nobody scanned {listed(observed.files)}{why}")
    if unrated := next(((said, item) for said, item in found if item.level is Level.UNRATED), None):
        said, item = unrated
        reason = (
            f"{item.rule} in {item.file} has no level in the report of {said.report.name}, and only those from {said.fail_on.word} on count"
        )
        return _unknown(observed, item.file, reason)
    left = {path: _left_out(path, observed.said) for path in observed.files}
    if open_ones := [path for path in observed.files if left[path]]:
        return _unknown(observed, open_ones[0], left[open_ones[0]], len(open_ones) - 1)
    words = "; ".join(said.name for said in observed.said if not said.trouble)
    text = f"{counted(len(observed.files), 'file')} scanned, no rule broken that counts ({words})"
    return Finding(ID, Outcome.HOLDS, Basis.OBSERVED, observed.files[0], EXPECTED, text, notes=tuple(_notes(observed)))


def _findings(said: Said, files: tuple[str, ...]) -> Iterator[Found]:
    """What a report found in files that are still the same; of a tool that looks at code too, only what is in these files."""
    for item in said.report.findings:
        if item.file not in said.changed and (item.file in files or kinds.CODE not in said.report.about):
            yield item


def _counts(item: Found, said: Said) -> bool:
    # whatever its level is, it is not below the lowest
    return item.level >= said.fail_on if item.level else said.fail_on is Level.LOW


def _left_out(path: str, said: tuple[Said, ...]) -> str:
    """Why no report proves anything of a file; empty where one does."""
    reasons = []
    for item in said:
        if item.trouble:
            reasons.append(item.trouble)
        elif path not in item.report.files:
            reasons.append(f"the report of {item.report.name} does not say that {path} was scanned")
        elif path in item.changed:
            reasons.append(f"{path} was changed after the report of {item.report.name} was added")
        else:
            return ""
    return reasons[0]


def _fails(observed: Observed, faults: list[tuple[Said, Found]]) -> Finding:
    problems = tuple(_problem(item) for _, item in faults)
    said, first = faults[0]
    place = problems[0].location
    shown = f"sed -n {place.line}p {shlex.quote(place.file)}" if place is not None else "readiness evidence show"
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    remedy = Remedy(f"mend what {first.rule} names, then scan again: {_COMMAND}", shown)
    return Finding(
        ID, Outcome.FAILS, Basis.OBSERVED, problems[0].subject, EXPECTED, f"{problems[0].text}{more} ({said.name})", problems[0].text,
        Cause.PROJECT, place, remedy, problems, tuple(_notes(observed)),
    )  # fmt: skip


def _problem(item: Found) -> Problem:
    level = f", {item.level.word}" if item.level else ""
    return Problem(
        f"{item.rule} {item.fingerprint}", f"{item.message or 'a rule is broken'} ({item.rule}{level})",
        Location(item.file, max(1, item.line)) if item.file else None,
    )  # fmt: skip


def _unknown(observed: Observed, subject: str, reason: str, more: int = 0) -> Finding:
    text = f"{reason} (and {counted(more, 'more file')})" if more else reason
    remedy = Remedy(_advice(observed), _COMMAND)
    return Finding(
        ID, Outcome.UNKNOWN, Basis.OBSERVED, subject, EXPECTED, text, text, Cause.NOT_EXERCISED, Location(subject) if subject else None,
        remedy, notes=tuple(_notes(observed)),
    )  # fmt: skip


def _advice(observed: Observed) -> str:
    from readiness.formats import composition

    advice = "have the files scanned, and add the report"
    if any(composition.variant(path.rpartition("/")[2]) is not None for path in observed.files):
        advice += "; checkov does not read compose files: another scanner's SARIF has to name them under `artifacts`"
    return advice


def _notes(observed: Observed) -> Iterator[str]:
    below = [f"{item.rule} in {item.file}" for said in observed.said if not said.stale for item in _findings(said, observed.files)
             if not _counts(item, said)]  # fmt: skip
    if below:
        yield f"below the level that counts: {', '.join(below[:3])}{' …' if len(below) > 3 else ''}"
    yield from (f"added and not counted: {text}" for text in observed.refused)
