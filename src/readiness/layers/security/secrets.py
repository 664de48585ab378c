"""Secrets in a project, in its files and in its history: what the scanner and our own rules see, put together.

Values stay in here: what leaves has a kind, a fingerprint, a place.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from readiness.errors import CannotJudge
from readiness.formats import kingfisher
from readiness.layers.security import fingerprint, inside, patterns
from readiness.layers.security.evidence import NotRead, Secret
from readiness.layers.security.inside import Look, decoded
from readiness.layers.security.patterns import Hit
from readiness.layers.security.placeholders import DEFAULTS, is_placeholder
from readiness.sequence.finding import Location
from readiness.world import beneath, blobs, commits, scanner
from readiness.world.commits import History
from readiness.world.context import Context

TREE_LIMIT_S: Final = 300.0
HISTORY_LIMIT_S: Final = 600.0
SCANNED_BYTES: Final = 256 << 20
"""The longest file the scanner reads; our own rules read `inside.OWN_BYTES`."""
BLOB_BYTES: Final = 64 << 20
"""The longest packed file of the history that is taken apart."""
VALUES_KEPT: Final = 500
"""Different values that are reported; a project with more has them in one file, and the first ones tell."""
FIRST_COMMITS: Final = 50
"""Values of the scanner's whose first commit is looked for."""

_OWN_FIRST: Final = frozenset({patterns.DATABASE_URI, "credential-uri", "connection-password"})
"""Kinds of ours that say more than the scanner's do: it reports the whole address, or the password alone."""
_ADDRESSES: Final = ("uri", "connection-string")


@dataclass(frozen=True, slots=True)
class Seen:
    """The secrets of a project. `trouble` says why the files could not be judged, `past_trouble` why history could not.

    `commits` counts those that changed something here, `more` the values beyond those that are reported. `unread` are files
    that could not be looked through.
    """

    secrets: tuple[Secret, ...] = ()
    trouble: str = ""
    past_trouble: str = ""
    shallow: bool = False
    commits: int = 0
    more: int = 0
    unread: tuple[NotRead, ...] = ()


def look(context: Context) -> Seen:
    """Every secret in the files, then every one that only history holds."""
    session = context.session
    with session.progress("looking for secrets in the files"):
        present, trouble, unread = _in_files(context)
    with session.progress("looking for secrets in the history"):
        past, past_trouble, shallow, count, past_unread = _in_history(context)
    known = {hit.value for hit in present}
    only_past = [hit for hit in past if hit.value not in known]
    values = list(dict.fromkeys(hit.value for hit in (*present, *only_past)))
    kept = set(values[:VALUES_KEPT])
    secrets = tuple(told(hit) for hit in (*present, *only_past) if hit.value in kept)
    not_read = tuple(dict.fromkeys((*unread, *past_unread)))
    return Seen(tuple(dict.fromkeys(secrets)), trouble, past_trouble, shallow, count, len(values) - len(kept), not_read)


def told(hit: Hit) -> Secret:
    """What may be known of a hit; a name that repeats the value is cut short there."""
    path, within = (text.replace(hit.value, "…") for text in (hit.path, hit.within))
    return Secret(hit.kind, fingerprint.of(hit.value), Location(path, hit.line), hit.commit, within)


def _in_files(context: Context) -> tuple[list[Hit], str, list[NotRead]]:
    paths = [entry.path for entry in context.project.entries if entry.mode != "120000"]
    return _below(context, context.session.pristine, paths)


def within(context: Context, paths: Iterable[str]) -> tuple[tuple[Secret, ...], str]:
    """The secrets in these files alone, each value once a file; and why they could not all be looked at."""
    pristine = context.session.pristine
    folder = context.session.sandbox.private / "read"
    for path in paths:
        data = beneath.read(pristine, path)
        if data is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    folder.mkdir(exist_ok=True)
    hits, trouble, _ = _below(context, folder, paths)
    return tuple(dict.fromkeys(told(hit) for hit in hits)), trouble


def _below(context: Context, root: Path, paths: Iterable[str]) -> tuple[list[Hit], str, list[NotRead]]:
    own: list[Hit] = []
    private = context.session.sandbox.private
    look = opened(private)
    for path in paths:
        file = beneath.opened(root, path)
        if file is None:
            continue
        with file:
            size, head = os.fstat(file.fileno()).st_size, file.read(512)
            file.seek(0)
            if inside.is_packed(path, head):
                look.file(path, file)
            elif size > SCANNED_BYTES:
                look.unread.append(NotRead(path, f"is longer than {SCANNED_BYTES >> 20} MB"))
            file.seek(0)
            if size <= inside.OWN_BYTES:
                own += patterns.hits(path, decoded(file.read()))
    look.finish()
    theirs, trouble = reported(scanner.files(root, private / "scanner", TREE_LIMIT_S), ".")
    found = merged([*own, *look.hits], [*theirs, *look.theirs])
    kept: dict[tuple[str, str], Hit] = {}
    for hit in sorted(found, key=lambda hit: (hit.within.endswith(".xml"), hit.within != "")):  # a sheet says more than its XML
        kept.setdefault((_bare(hit.value), hit.path), hit)
    return sorted(kept.values(), key=lambda hit: (hit.path, hit.line, hit.kind)), trouble or look.trouble, look.unread


def _bare(value: str) -> str:
    """A value without what a notebook or a settings file puts between its lines."""
    return re.sub(r"\\[nr]|[\s\"',]", "", value)


def opened(private: Path, *, binaries: bool = False) -> Look:
    """A look into packed files that has the scanner read what they hold, below a folder that no command sees."""
    return Look(private / "unpacked", lambda folder: reported(scanner.files(folder, private / "scanner", TREE_LIMIT_S), "."), binaries)


def _in_history(context: Context) -> tuple[list[Hit], str, bool, int, list[NotRead]]:
    private = context.session.sandbox.private
    try:
        past = commits.borrow(context.project, private / "history.git")
    except CannotJudge as error:
        return [], error.message, False, 0, []
    if past is None:
        none = "" if context.project.repository is not None else "this is no git repository, so there is no history to look at"
        return [], none, False, 0, []
    scan = scanner.commits(past.bare, past.commit, past.folder, private / "scanner", HISTORY_LIMIT_S)
    theirs, trouble = reported(scan, past.folder)
    wanted = list(dict.fromkeys(hit.value for hit in theirs))[:FIRST_COMMITS]
    own, first, order, own_trouble = _first_seen(past, wanted)
    theirs = [replace(first.get(hit.value, hit), kind=hit.kind) for hit in theirs]
    look, packed_trouble = _packed_history(context, past)
    found = sorted(merged([*own, *look.hits], [*look.theirs, *theirs]), key=lambda hit: order.get(hit.commit, len(order)))
    earliest: dict[str, Hit] = {}
    for hit in found:  # a secret is known from then on
        earliest.setdefault(_bare(hit.value), hit)
    return list(earliest.values()), own_trouble or trouble or packed_trouble, not past.whole, len(order), look.unread


def _packed_history(context: Context, past: History) -> tuple[Look, str]:
    """A look into the packed files that commits brought and that are not there any more."""
    look = opened(context.session.sandbox.private, binaries=True)
    try:
        there = _names(context, len(past.commit))
        found = commits.files(past, tuple(f".{ending}" for ending in inside.ENDINGS), HISTORY_LIMIT_S)
    except CannotJudge as error:
        return look, error.message
    gone = [item for item in found if item.name not in there]
    look.unread += [NotRead(_in_commit(item), f"is longer than {BLOB_BYTES >> 20} MB") for item in gone if item.size_bytes > BLOB_BYTES]
    small = [item for item in gone if 0 <= item.size_bytes <= BLOB_BYTES]
    for item, data in zip(small, blobs.read(past.bare, [item.name for item in small]), strict=True):
        if data is None:
            look.unread.append(NotRead(_in_commit(item), "is missing"))
        elif inside.is_packed(item.path, data[:512]):
            look.data(item.path, data, item.commit)
    look.finish()
    return look, look.trouble


def _in_commit(item: commits.Binary) -> str:
    return f"{item.path} of commit {item.commit[:12]}"


def _names(context: Context, digits: int) -> set[str]:
    """What git would call the packed files that are there now, so that they are not taken apart twice."""
    found = set()
    for entry in context.project.entries:
        if entry.path.lower().endswith(tuple(f".{ending}" for ending in inside.ENDINGS)):
            data = beneath.read(context.session.pristine, entry.path, BLOB_BYTES)
            if data is not None:
                kind = hashlib.sha256 if digits == 64 else hashlib.sha1
                found.add(kind(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest())
    return found


def _first_seen(past: History, values: list[str]) -> tuple[list[Hit], dict[str, Hit], dict[str, int], str]:
    """What our own rules see in what each commit added, the first commit that added each of `values`, the commits' order."""
    own: list[Hit] = []
    first: dict[str, Hit] = {}
    order: dict[str, int] = {}
    try:
        for added in commits.added(past, HISTORY_LIMIT_S):
            order.setdefault(added.commit, len(order))
            own += [replace(hit, line=added.lines[hit.line - 1], commit=added.commit) for hit in patterns.hits(added.path, added.text)]
            for value in [value for value in values if value not in first and value in added.text]:
                line = added.lines[added.text[: added.text.index(value)].count("\n")]
                first[value] = Hit("", added.path, line, value, added.commit)
    except CannotJudge as error:
        return own, first, order, error.message
    return own, first, order, ""


def reported(scan: scanner.Scan, folder: str) -> tuple[list[Hit], str]:
    if scan.trouble:
        return [], scan.trouble
    try:
        report = kingfisher.parse(scan.report)
    except ValueError as error:
        return [], str(error)
    prefix = "" if folder == "." else f"{folder}/"
    hits = [_placed(found, found.path.removeprefix("./").removeprefix(prefix)) for found in report.found]
    return [hit for hit in hits if not _is_none(hit)], report.incomplete


def _placed(found: kingfisher.Found, path: str) -> Hit:
    file, mark, inner = path.partition("!")  # `archive.zip!inner`
    return Hit(found.rule, file, found.line, found.value, found.commit, f"{mark}{inner}")


def _is_none(hit: Hit) -> bool:
    if hit.kind == "kimi-api-key":
        return True  # every `sk-…` of whatever vendor: our own rule names those, and leaves placeholders out
    if "private-key" in hit.kind:
        return "ENCRYPTED" in hit.value or "EXAMPLE" in hit.value
    if "://" in hit.value and hit.kind.endswith(_ADDRESSES):
        return not any(patterns.hits(hit.path, hit.value))  # our rule knows hosts
    return is_placeholder(hit.value) or (hit.kind.endswith(_ADDRESSES) and hit.value.lower() in DEFAULTS)


def merged(own: list[Hit], theirs: list[Hit]) -> list[Hit]:
    """One hit for each value in each line: ours for addresses, then the scanner's, then ours; sorted by place."""
    ranked = [(0 if hit.kind in _OWN_FIRST else 2, hit) for hit in own] + [(1, hit) for hit in theirs]
    lines: dict[tuple[str, str, int], list[Hit]] = {}
    for _, hit in sorted(ranked, key=lambda item: (item[0], item[1].kind)):
        here = lines.setdefault((hit.commit, f"{hit.path}{hit.within}", hit.line), [])
        if not any(hit.value in other.value or other.value in hit.value for other in here):
            here.append(hit)
    return sorted((hit for here in lines.values() for hit in here), key=lambda hit: (hit.path, hit.line, hit.kind))
