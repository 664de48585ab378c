"""`waive`: writes a waiver, has its approver sign it, and says which ones count.

A waiver counts where its approver signed exactly what it says (`waivers/<id>.sig`, made by ssh-keygen over the RFC 8785
bytes of its table), with a key that `waivers/allowed_signers` gives to that approver. That file is in ssh's own form and
tracked by git, so that it needs no other tool to read and shows who added which key. Whoever wrote the waiver or carries
it neither approves it nor adds the approver's key; who wrote what is taken from git, and where git cannot say, the waiver
does not count.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import tomlkit
from tomlkit.items import AoT

from readiness.config import manifest as manifests
from readiness.config.lines import key_lines
from readiness.config.manifest import NAME, Manifest
from readiness.errors import CannotJudge, UsageError
from readiness.formats import allowed_signers
from readiness.formats.canonical import canonical
from readiness.layers import catalog
from readiness.sequence.waiver import LONGEST, Waiver
from readiness.world import authorship, files, ssh
from readiness.world import project as projects
from readiness.world.authorship import principal
from readiness.world.project import Project

NAMESPACE: Final = "readiness-waiver"
SIGNERS: Final = "waivers/allowed_signers"
_FIELDS: Final = ("id", "check", "subject", "reason", "owner", "approver", "starts", "expires", "blast_radius", "retirement")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What `waive CHECK` was told; `days` counts from today, an empty `id` asks for the next free one."""

    check: str
    subject: str
    reason: str
    owner: str
    approver: str
    days: int
    blast_radius: str
    retirement: str
    id: str


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was made: its file, by whom, and why the waiver does not count yet (empty where it does)."""

    path: Path
    approver: str
    doubt: str
    line: str = ""
    """The line that `waivers/allowed_signers` lacks, where it names no key of the approver."""


def add(root: Path, wanted: Wanted, today: date) -> Waiver:
    """Writes the waiver into the manifest, whose comments stay. Raises UsageError or InputError where it cannot be one."""
    manifest = manifests.load(root)
    _refuse(wanted, manifest)
    path = root / NAME
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.is_file() else tomlkit.document()
    entries = document.get("waiver")
    if entries is not None and not isinstance(entries, AoT):
        raise UsageError(f"{NAME} holds its waivers as a list in one line", "write each as a table of its own: [[waiver]]")
    table = tomlkit.table()
    values: dict[str, Any] = {
        "id": wanted.id or _free_id(manifest, today),
        "check": catalog.find(wanted.check).id,
        "subject": wanted.subject,
        "reason": wanted.reason,
        "owner": wanted.owner,
        "approver": wanted.approver,
        "starts": today,
        "expires": today + timedelta(days=wanted.days),
        "blast_radius": wanted.blast_radius,
        "retirement": wanted.retirement,
    }
    for name in _FIELDS:
        table.add(name, values[name])
    if entries is None:
        entries = tomlkit.aot()
        if document.body:
            document.add(tomlkit.nl())
        document.append("waiver", entries)
    entries.append(table)
    text = tomlkit.dumps(document)
    found = manifests.parse(text)  # what we write must be what we read
    files.write_whole(path, text.encode())
    return found.waivers[-1]


def _refuse(wanted: Wanted, manifest: Manifest) -> None:
    if not 1 <= wanted.days <= LONGEST.days:
        raise UsageError(f"a waiver lasts 1 to {LONGEST.days} days, got {wanted.days}", "what takes longer is no exception: fix it")
    if principal(wanted.owner).casefold() == principal(wanted.approver).casefold():
        raise UsageError(f"{wanted.owner} cannot approve a risk of their own", "name another person with --approver")
    if any(waiver.id == wanted.id for waiver in manifest.waivers):
        raise UsageError(f"there is a waiver `{wanted.id}` already", "leave out --name, or give another")


def _free_id(manifest: Manifest, today: date) -> str:
    taken = {waiver.id for waiver in manifest.waivers}
    return next(name for number in range(1, len(taken) + 2) if (name := f"w-{today.year}-{number:02}") not in taken)


def message(waiver: Waiver) -> bytes:
    """The bytes an approver signs: the table of the waiver as RFC 8785 JSON, dates as 2026-12-20."""
    return canonical({name: str(value) for name in _FIELDS if (value := getattr(waiver, name)) is not None})


def sign(root: Path, name: str, key: Path | None) -> Signed:
    """Signs a waiver as its approver. Raises UsageError where there is no such waiver or the key is another person's."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    waiver = next((item for item in manifest.waivers if item.id == name), None)
    if waiver is None:
        raise UsageError(f"no waiver `{name}` in {NAME}", "`readiness waive list` lists them")
    place = ssh.key_of(root, key)
    signature = ssh.sign(message(waiver), NAMESPACE, place)
    allowed = project.text(SIGNERS)
    known = allowed_signers.lines_of(allowed, principal(waiver.approver))
    if known and principal(waiver.approver) not in ssh.signers(message(waiver), signature, NAMESPACE, allowed):
        raise UsageError(f"{place} is no key of {waiver.approver}, who is to approve {name}", f"{SIGNERS} says whose key is whose")
    path = root / f"waivers/{name}.sig"
    files.write_whole(path, signature)
    after = next(item for item in verified(projects.load(root, manifest.project_id), manifest) if item.id == name)
    return Signed(path, waiver.approver, after.doubt, "" if known else _line(principal(waiver.approver), place))


def _line(name: str, key: Path) -> str:
    public = key if key.suffix == ".pub" else key.with_name(f"{key.name}.pub")
    text = public.read_text(encoding="utf-8").split() if public.is_file() else ["ssh-ed25519", "…"]
    return f'{name} namespaces="{NAMESPACE},readiness-approval" {" ".join(text[:2])}'


def verified(project: Project, manifest: Manifest) -> tuple[Waiver, ...]:
    """The waivers of a manifest, each `signed` where it counts, else with its doubt."""
    if not manifest.waivers:
        return ()
    text = (project.root / NAME).read_text(encoding="utf-8")
    places = key_lines(text)
    found = []
    for index, waiver in enumerate(manifest.waivers):
        doubt = _doubt(project, waiver, _block(places, index))
        found.append(replace(waiver, signed=not doubt, doubt=doubt))
    return tuple(found)


def _block(places: dict[tuple[str, ...], int], index: int) -> tuple[int, int] | None:
    """First and last line of a waiver's table; None where it is written inline and has no lines of its own."""
    lines = [line for path, line in places.items() if path[:2] == ("waiver", str(index))]
    return (min(lines), max(lines)) if len(lines) > 1 else None


def _doubt(project: Project, waiver: Waiver, block: tuple[int, int] | None) -> str:
    """Why the signature of a waiver does not count; empty where it does."""
    signature = _signature(project, waiver)
    if not signature:
        return "not signed by its approver"
    if principal(waiver.owner).casefold() == principal(waiver.approver).casefold():
        return "approved by its own owner"
    allowed = project.text(SIGNERS)
    keys = allowed_signers.lines_of(allowed, principal(waiver.approver))
    if not keys:
        return f"{SIGNERS} names no key of its approver {waiver.approver}"
    try:
        signed = principal(waiver.approver) in ssh.signers(message(waiver), signature, NAMESPACE, allowed)
    except CannotJudge as error:
        return error.message
    if not signed:
        return f"its signature is not {waiver.approver}'s over what it says now"
    return _doubt_of_authors(project, waiver, block, keys)


def _signature(project: Project, waiver: Waiver) -> bytes:
    path = project.root / f"waivers/{waiver.id}.sig"
    try:
        inside = path.resolve().is_relative_to(project.root.resolve())
        return path.read_bytes() if inside and path.is_file() else b""
    except OSError:
        return b""


def _doubt_of_authors(project: Project, waiver: Waiver, block: tuple[int, int] | None, keys: tuple[int, ...]) -> str:
    at = "" if project.vcs else project.commit
    writers = authorship.authors(project.home, NAME, *block, at) if block is not None else None
    adders = [authorship.authors(project.home, SIGNERS, line, line, at) for line in keys]
    if writers is None or any(item is None for item in adders):
        return "git cannot say who wrote it and who added the key of its approver"
    if any(not writer.mail for writer in writers):
        return "it is not committed, so nobody can say who wrote it"
    if any(writer.is_called(waiver.approver) for writer in writers):
        return f"it was written by its own approver, {waiver.approver}"
    for adder in (one for item in adders for one in item or ()):
        if not adder.mail:
            return f"the key of {waiver.approver} is not committed"
        if adder in writers or adder.is_called(waiver.owner):
            return f"the key of {waiver.approver} was added by {adder.mail}, who wrote or carries the waiver"
    return ""


def listed(root: Path) -> tuple[Waiver, ...]:
    """The waivers of a project, each with its doubt where it has one."""
    manifest = manifests.load(root)
    return verified(projects.load(root, manifest.project_id), manifest)
