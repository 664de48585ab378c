"""Reports of other tools that were added: read back with distrust, and how much of them still counts.

A report lies in `.readiness/reports/` as a signed statement. Whoever signed it vouches for it with the grade that [trust]
gives the key; a key that is not listed there is the word of the judged party, `self`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Final

from readiness.config.manifest import Manifest
from readiness.formats import canonical, intoto
from readiness.formats.reports import stored as stores
from readiness.formats.reports.report import Level, Report, fingerprinted
from readiness.formats.reports.stored import Stored
from readiness.sequence.evidence import CLOCK_SKEW, Digest
from readiness.sequence.wording import counted
from readiness.world import git, keys
from readiness.world.project import Project

FOLDER: Final = ".readiness/reports"
DEPENDENCIES: Final = "security.dependencies-audited"
INFRASTRUCTURE: Final = "security.infrastructure-code-scanned"
PROBES: Final = "security.probes-withstood"
CHECKS: Final = (DEPENDENCIES, INFRASTRUCTURE, PROBES)
"""The checks that rest on reports."""


@dataclass(frozen=True, slots=True)
class Said:
    """A report with whose word it is, the level from which on its findings fail, and why it is `stale` (empty: it is not).

    `changed` are the files it names that are no longer what they were.
    """

    report: Report
    made_at: datetime
    grade: str
    fail_on: Level = Level.LOW
    stale: str = ""
    changed: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The tool, when, and whose word it is, in half a sentence."""
        return f"{self.report.name}, {self.made_at:%Y-%m-%d}, word of {self.grade}"

    @property
    def trouble(self) -> str:
        """Why this report proves nothing that it does not show; empty where it does."""
        if self.stale:
            return f"the report of {self.report.name} {self.stale}"
        if self.report.troubles:
            rest = len(self.report.troubles) - 1
            return f"the report of {self.report.name} is not whole: {self.report.troubles[0]}{f' (and {rest} more)' if rest else ''}"
        return ""


def read(data: bytes) -> Stored:
    """The report in an envelope whose signature is good, whoever made it. Raises intoto.Refused where it is none."""
    signed = intoto.open_envelope(data)
    message = intoto.encoding(signed.payload)
    by = next((key for key, signature in signed.signatures if keys.verifies(key, signature, message)), "")
    if not by:
        raise intoto.Refused("was edited after it was signed: the signature does not match")
    return stores.from_payload(signed.payload, by)


def listed(home: Path) -> list[Path]:
    """The files of reports, by name."""
    return sorted((home / FOLDER).glob("*.dsse.json"))


def every(home: Path) -> tuple[list[Stored], list[str]]:
    """Every report that was added, the newest first, and why files beside them are none."""
    found, refused = [], []
    for path in listed(home):
        try:
            found.append(read(path.read_bytes()))
        except (OSError, intoto.Refused) as error:
            refused.append(f"{path.name} {error}")
    return sorted(found, key=lambda item: (item.made_at, item.added_at), reverse=True), refused


def newest(project: Project, manifest: Manifest, now: datetime, about: str) -> tuple[tuple[Said, ...], tuple[str, ...]]:
    """The newest report of each tool about a subject, and why files beside them are no reports."""
    found, refused = every(project.home)
    latest: dict[str, Stored] = {}
    for item in found:
        if about in item.report.about:
            latest.setdefault(item.report.tool.lower(), item)
    return tuple(said(item, project, manifest, now) for item in latest.values()), tuple(refused)


def said(item: Stored, project: Project, manifest: Manifest, now: datetime) -> Said:
    """A report as it counts now."""
    rule = manifest.security.rule(item.report.tool)
    grade = next((key.grade for key in manifest.trust if key.key == item.by), "self")
    changed = frozenset(path for path, digest in item.files.items() if digest_of(project, path) != digest)
    why = _stale(item, project, timedelta(days=rule.max_age_days), now)
    return Said(item.report, item.made_at, grade, Level[rule.fail_on.upper()], why, changed)


def _stale(item: Stored, project: Project, longest: timedelta, now: datetime) -> str:
    if item.made_at > now + CLOCK_SKEW:
        return f"is dated {item.made_at:%Y-%m-%d %H:%M} UTC, which is in the future"
    if now >= item.made_at + longest:
        age = (now - item.made_at).days
        return f"is {counted(age, 'day')} old, and counts for {longest.days if longest.days else longest}"
    if (commit := item.report.commit) and not (len(commit) >= 7 and project.commit.startswith(commit.lower())):
        here = f"this is {project.commit[:12]}" if project.commit else "this is no commit"
        return f"is about commit {commit[:12]}, and {here}"
    if commit and project.vcs and (different := _uncommitted(project, item.files)):
        return f"is about commit {commit[:12]}, and {different} was changed since"
    return ""


def _uncommitted(project: Project, paths: Iterable[str]) -> str:
    """The first of some files that differs from the commit; empty where none does."""
    named = [path for path in paths if path in project.paths]
    told = git.ask(project.root, "status", "--porcelain", "-z", "--", *named) if named else b""
    if told is None:
        return named[0]
    return os.fsdecode(told.split(b"\0")[0][3:])


def digest_of(project: Project, path: str) -> str:
    """The SHA-256 in hex of a file of the project; empty where it is none."""
    if path not in project.paths:
        return ""
    try:
        return hashlib.sha256((project.root / path).read_bytes()).hexdigest()
    except OSError:
        return ""


def placed(report: Report, project: Project) -> Report:
    """The report with its files named as the project names them: tools start in other folders, or tell whole paths."""
    findings = fingerprinted(report.tool, (replace(item, file=_inside(item.file, project)) for item in report.findings))
    return replace(report, findings=findings, files=tuple(sorted({_inside(path, project) for path in report.files})))


def _inside(path: str, project: Project) -> str:
    if not path or path in project.paths:
        return path
    if path.startswith("/"):
        for root in (project.root, project.root.resolve()):
            if PurePosixPath(path).is_relative_to(root.as_posix()):
                return PurePosixPath(path).relative_to(root.as_posix()).as_posix()
        # scanned in another place: the most of the path that is one of ours
        parts = path.strip("/").split("/")
        tails = ("/".join(parts[start:]) for start in range(len(parts)))
        return next((tail for tail in tails if tail in project.paths), path)
    inside = path.removeprefix(f"{project.folder}/")
    return inside if inside in project.paths else path


def standing(home: Path, manifest: Manifest, now: datetime | None = None) -> Digest:
    """The digest of the reports that are not out of date, so that what was judged from them is judged anew when they change."""
    moment = now or datetime.now(UTC)
    fresh = []
    for path in listed(home):
        try:
            data = path.read_bytes()
            item = read(data)
        except (OSError, intoto.Refused):
            continue
        days = manifest.security.rule(item.report.tool).max_age_days
        if item.made_at <= moment + CLOCK_SKEW and moment < item.made_at + timedelta(days=days):
            fresh.append(canonical.digest(data))
    return canonical.digest(canonical.canonical(sorted(fresh)))


def name(item: Stored, data: bytes) -> str:
    """What the file of a report is called."""
    tool = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in item.report.tool.lower())[:40]
    return f"{tool.strip('-') or 'report'}-{canonical.digest(data)[7:19]}.dsse.json"
