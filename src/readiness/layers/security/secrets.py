"""Secrets in a project, in its files and in its history: what the scanner and our own rules see, put together.

Values stay in here: what leaves has a kind, a fingerprint, a place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from readiness.errors import CannotJudge
from readiness.formats import kingfisher
from readiness.layers.security import fingerprint, patterns
from readiness.layers.security.evidence import Secret
from readiness.layers.security.patterns import Hit
from readiness.layers.security.placeholders import DEFAULTS, is_placeholder
from readiness.sequence.finding import Location
from readiness.world import beneath, commits, scanner
from readiness.world.commits import History
from readiness.world.context import Context

TREE_LIMIT_S: Final = 300.0
HISTORY_LIMIT_S: Final = 600.0
READ_BYTES: Final = 8 << 20
"""The longest file our own rules read; the scanner reads up to 256 MB."""
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

    `commits` counts those that changed something here, `more` the values beyond those that are reported.
    """

    secrets: tuple[Secret, ...] = ()
    trouble: str = ""
    past_trouble: str = ""
    shallow: bool = False
    commits: int = 0
    more: int = 0


def look(context: Context) -> Seen:
    """Every secret in the files, then every one that only history holds."""
    session = context.session
    with session.progress("looking for secrets in the files"):
        present, trouble = _in_files(context)
    with session.progress("looking for secrets in the history"):
        past, past_trouble, shallow, count = _in_history(context)
    known = {hit.value for hit in present}
    only_past = [hit for hit in past if hit.value not in known]
    values = list(dict.fromkeys(hit.value for hit in (*present, *only_past)))
    kept = set(values[:VALUES_KEPT])
    secrets = tuple(_told(hit) for hit in (*present, *only_past) if hit.value in kept)
    return Seen(tuple(dict.fromkeys(secrets)), trouble, past_trouble, shallow, count, len(values) - len(kept))


def _told(hit: Hit) -> Secret:
    return Secret(hit.kind, fingerprint.of(hit.value), Location(hit.path, hit.line), hit.commit)


def _in_files(context: Context) -> tuple[list[Hit], str]:
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
    hits, trouble = _below(context, folder, paths)
    return tuple(dict.fromkeys(_told(hit) for hit in hits)), trouble


def _below(context: Context, root: Path, paths: Iterable[str]) -> tuple[list[Hit], str]:
    own: list[Hit] = []
    for path in paths:
        data = beneath.read(root, path, READ_BYTES)
        if data is not None:
            own += patterns.hits(path, decoded(data))
    theirs, trouble = _reported(scanner.files(root, context.session.sandbox.private / "scanner", TREE_LIMIT_S), ".")
    found = merged(own, [replace(hit, path=hit.path.partition("!")[0]) for hit in theirs])  # `archive.zip!inner`
    return list({(hit.value, hit.path): hit for hit in reversed(found)}.values())[::-1], trouble


def decoded(data: bytes) -> str:
    """The text of a file; empty where it is none."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    return "" if b"\0" in data[:8192] else data.decode("utf-8", "replace")


def _in_history(context: Context) -> tuple[list[Hit], str, bool, int]:
    private = context.session.sandbox.private
    try:
        past = commits.borrow(context.project, private / "history.git")
    except CannotJudge as error:
        return [], error.message, False, 0
    if past is None:
        return (
            [],
            "" if context.project.repository is not None else "this is no git repository, so there is no history to look at",
            False,
            0,
        )
    scan = scanner.commits(past.bare, past.commit, past.folder, private / "scanner", HISTORY_LIMIT_S)
    theirs, trouble = _reported(scan, past.folder)
    wanted = list(dict.fromkeys(hit.value for hit in theirs))[:FIRST_COMMITS]
    own, first, order, own_trouble = _first_seen(past, wanted)
    theirs = [replace(first.get(hit.value, hit), kind=hit.kind) for hit in theirs]
    found = sorted(merged(own, theirs), key=lambda hit: order.get(hit.commit, len(order)))
    earliest = list({hit.value: hit for hit in reversed(found)}.values())[::-1]  # a secret is known from then on
    return earliest, own_trouble or trouble, not past.whole, len(order)


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


def _reported(scan: scanner.Scan, folder: str) -> tuple[list[Hit], str]:
    if scan.trouble:
        return [], scan.trouble
    try:
        report = kingfisher.parse(scan.report)
    except ValueError as error:
        return [], str(error)
    prefix = "" if folder == "." else f"{folder}/"
    hits = [Hit(f.rule, f.path.removeprefix("./").removeprefix(prefix), f.line, f.value, f.commit) for f in report.found]
    return [hit for hit in hits if not _is_none(hit)], report.incomplete


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
        here = lines.setdefault((hit.commit, hit.path, hit.line), [])
        if not any(hit.value in other.value or other.value in hit.value for other in here):
            here.append(hit)
    return sorted((hit for here in lines.values() for hit in here), key=lambda hit: (hit.path, hit.line, hit.kind))
