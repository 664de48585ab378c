"""Taking in reports of other tools: read strictly, signed with our key, kept below `.readiness/reports/`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from readiness import __version__
from readiness.config import manifest as manifests
from readiness.config.manifest import Manifest
from readiness.errors import InputError, UsageError
from readiness.formats import canonical, intoto
from readiness.formats.reports import reading
from readiness.formats.reports import stored as stores
from readiness.formats.reports.report import ATTACKS, INFRASTRUCTURE, PACKAGES
from readiness.formats.reports.stored import Stored
from readiness.formats.reports.strict import SIZE_BYTES, Unreadable
from readiness.layers.security import reports
from readiness.layers.security.reports import Said
from readiness.runs import evidence as store
from readiness.world import files, keys
from readiness.world import project as projects
from readiness.world.project import Project

SIGNED_BYTES = 2 * SIZE_BYTES
"""The largest file that is taken in; an envelope is larger than what it holds."""


@dataclass(frozen=True, slots=True)
class Added:
    """A report that was taken in, as it counts now, and the checks it is for (none where it is only kept)."""

    said: Said
    findings: int
    checks: tuple[str, ...]


def content(source: Path) -> bytes:
    """The bytes of a file that is to be added. Raises UsageError where it cannot be read, InputError where it is too large."""
    try:
        with source.open("rb") as handle:
            data = handle.read(SIGNED_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}", "name the file of a report") from None
    if len(data) > SIGNED_BYTES:
        raise InputError([f"{source}:1: is larger than {SIZE_BYTES >> 20} MiB, which is the most that is read"], "narrow what is scanned")
    return data


def is_report(data: bytes) -> bool:
    """Whether bytes are for `add` here: anything but a signed envelope around something else than a report."""
    try:
        signed = intoto.open_envelope(data)
    except intoto.Refused:
        return True
    return _holds_report(signed)


def _is_envelope(data: bytes) -> bool:
    try:
        return bool(intoto.open_envelope(data).signatures)
    except intoto.Refused:
        return False


def _holds_report(signed: intoto.Signed) -> bool:
    try:
        return stores.is_about_report(signed.payload)
    except intoto.Refused:
        return False


def add(source: Path, data: bytes, root: Path, now: datetime | None = None) -> Added:
    """Takes a report into a project, signed with our key, or as somebody else signed it; returns how it counts.

    Raises InputError naming file and place where it cannot be read, UsageError where it cannot be kept.
    """
    moment = now or datetime.now(UTC)
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    if _is_envelope(data):
        item = _vouched(source, data)
    else:
        item, data = _signed(source, data, project, moment)
    store.ignore(project.home)
    files.write_whole(project.home / reports.FOLDER / reports.name(item, data), data)
    return _as_it_counts(item, project, manifest, moment)


def _vouched(source: Path, data: bytes) -> Stored:
    """A report that somebody added elsewhere, as they signed it."""
    try:
        return reports.read(data)
    except intoto.Refused as error:
        raise InputError([f"{source}:1: {error}"], "`readiness evidence add FILE`, of the report itself, writes one") from None


def _signed(source: Path, data: bytes, project: Project, now: datetime) -> tuple[Stored, bytes]:
    try:
        report = reports.placed(reading.read(data), project)
        written = datetime.fromtimestamp(source.stat().st_mtime, UTC)
    except Unreadable as error:
        raise InputError([f"{source}{error}"], "let the tool write it again, in a format that is read") from None
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}", "name the file of a report") from None
    key = keys.own()
    assert key is not None, "a key is made where there is none"
    named = {*report.files, *(item.file for item in report.findings if item.file)}
    digests = {path: digest for path in sorted(named) if (digest := reports.digest_of(project, path))}
    made = report.made_at or min(written, now)
    item = Stored(report, canonical.digest(data), project.tree, made, report.made_at is not None, now, digests, key.id)
    return item, intoto.envelope(stores.statement(project.id, item, __version__), key.id, key.sign)


def _as_it_counts(item: Stored, project: Project, manifest: Manifest, now: datetime) -> Added:
    about = {PACKAGES: reports.DEPENDENCIES, INFRASTRUCTURE: reports.INFRASTRUCTURE, ATTACKS: reports.PROBES}
    checks = tuple(check for word, check in about.items() if word in item.report.about)
    return Added(reports.said(item, project, manifest, now), len(item.report.findings), checks)


def listed(root: Path, now: datetime) -> list[Added]:
    """Every report of a project as it counts now, the newest first."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    return [_as_it_counts(item, project, manifest, now) for item in reports.every(project.home)[0]]
