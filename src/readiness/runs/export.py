"""`export`: what a project consists of, as a bill of materials: packages of its locks, its models, its data with their owners."""

from __future__ import annotations

import os
import re
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from readiness.config import manifest as manifests
from readiness.config.manifest import Manifest
from readiness.errors import InputError, UsageError
from readiness.formats import cyclonedx, lock_hashes
from readiness.formats.cyclonedx import Asset, Bill, Package
from readiness.formats.odcs.contract import Contract
from readiness.layers.data import contracts
from readiness.layers.data.locate import Places, locate
from readiness.layers.infrastructure import factors, locked, procedure
from readiness.layers.infrastructure.evidence import Factor
from readiness.layers.infrastructure.pinning import declared
from readiness.world import files, revisions
from readiness.world import project as projects
from readiness.world.digests import Digests
from readiness.world.project import Project

_DEVELOPMENT: Final = re.compile(r"(?:^|/)[\w.-]*(?:dev|test|doc|lint|ci\b)[\w.-]*\.(?:txt|in)$")


def export(root: Path, today: date, output: Path | None = None) -> str:
    """The CycloneDX document of a project; written to `output` where one is given.

    Raises InputError where a lock cannot be read, UsageError where the document cannot be written.
    """
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    text = cyclonedx.render(bill(project, manifest, today))
    if output is not None:
        files.write_whole(output, text.encode())
    return text


def left_out(root: Path) -> tuple[str, ...]:
    """What a project asks for directly and pins nowhere, by canonical name: no bill can say which version that is."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    asked = declared(project, procedure.discover(project, manifest))
    known = {package.name for package in _packages(project)}
    return tuple(sorted(name for name, version in asked.direct.items() if not version and not asked.pinned.get(name) and name not in known))


def bill(project: Project, manifest: Manifest, today: date) -> Bill:
    """What a project consists of; the same project gives the same bill on every machine and day."""
    parts = factors.parted(project.paths, manifest.infrastructure.factors)
    memory = Digests.of_project(project.root)
    owned = _owned(project, manifest, today)
    found = Bill(
        application=project.id,
        version=_version(project),
        made=_made(project),
        packages=_packages(project),
        models=_assets(project, parts[Factor.MODEL], memory, {}),
        data=_assets(project, parts[Factor.DATA], memory, owned),
        properties={cyclonedx.TREE: project.tree}
        | ({"readiness:commit": project.commit, "readiness:dirty": str(project.dirty).lower()} if project.commit else {}),
    )
    if (project.root / ".readiness").is_dir():
        memory.save()
    return found


def _version(project: Project) -> str:
    try:
        table = tomllib.loads(project.text("pyproject.toml")).get("project")
    except (ValueError, RecursionError):
        return ""
    version = table.get("version") if isinstance(table, dict) else None
    return version if isinstance(version, str) else ""


def _made(project: Project) -> datetime | None:
    """When the project was made as it is: SOURCE_DATE_EPOCH, else its commit; None where neither says."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given:
        try:
            return datetime.fromtimestamp(int(given), UTC)
        except (ValueError, OverflowError, OSError):
            raise UsageError(f"SOURCE_DATE_EPOCH must be seconds since 1970, got `{given}`", "unset it, or give a whole number") from None
    return revisions.made(project.toplevel, project.commit) if project.commit else None


def _packages(project: Project) -> tuple[Package, ...]:
    found: dict[tuple[str, str], tuple[set[str], bool]] = {}
    problems = []
    for path in locked.files_of(project.paths):
        try:
            releases = lock_hashes.hashes(path, project.text(path))
        except ValueError as error:
            problems.append(f"{path}:1: {error}")
            continue
        aside = _DEVELOPMENT.search(path) is not None
        for release, digests in releases.items():
            known, development = found.get(release, (set(), True))
            found[release] = (known | {*digests}, development and aside)
    if problems:
        raise InputError(problems, "make the lock anew")
    return tuple(Package(*release, tuple(sorted(digests)), aside) for release, (digests, aside) in sorted(found.items()))


def _assets(project: Project, paths: tuple[str, ...], memory: Digests, owned: dict[str, tuple[str, str]]) -> tuple[Asset, ...]:
    found = []
    for path in paths:
        place = project.root / path
        try:
            # of a link its own words count, as everywhere: what it leads to is told where that lies
            link = place.is_symlink()
            digest = files.digest_of(project.root, files.Entry(path, "120000")) if link else memory.of(os.fspath(place))
            size = place.lstat().st_size
        except OSError as error:
            raise InputError([f"{path}:1: cannot be read: {error.strerror}"], "make it readable") from None
        contract, owner = owned.get(path, ("", ""))
        found.append(Asset(path, digest, size, contract, owner))
    return tuple(found)


def _owned(project: Project, manifest: Manifest, today: date) -> dict[str, tuple[str, str]]:
    """Path of a data file → its contract and the owner that names; a contract that cannot be read says nothing here."""
    places = Places({path: project.root / path for path in sorted(project.paths)})
    found: dict[str, tuple[str, str]] = {}
    for contract in contracts.find(project, manifest).read:
        named = f"{contract.file} ({contract.id}{f' {contract.version}' if contract.version else ''})"
        for item in contract.objects:
            for path, _ in locate(contract, item, places).files:
                found.setdefault(path, (named, _owner(contract, today)))
    return found


def _owner(contract: Contract, today: date) -> str:
    owners = [member.username for member in contract.members if member.role.lower() == "owner" and member.active(today)]
    return owners[0] if owners else ""
