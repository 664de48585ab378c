"""No personal data and no secret is in what the demo is seen to read.

Proves: what is thrown away, shown around or lost gives nobody away.
Needed above: a prototype skips the protection that sensitive data needs.
Executed: the demo runs; every file it is seen to read (by access times) and every row of the tables it reads is looked
through for e-mail addresses, phone numbers, IBANs, card numbers and national ids with valid checksums, and for secrets with
the scanner and our own rules. Tables of CSV, JSON, Parquet, SQLite, spreadsheets and archives are opened. A column that a
contract classifies as restricted, confidential or personal counts by that alone. Told are kinds, counts and places.
Reserved and published values are none: example.org, 555 numbers, numbers for tests; neither are mailboxes of an
office, nor addresses in the papers of the project itself.
Cannot see: names and free text about people, pictures and sound, data encoded or encrypted, what is read over the
network or out of files that are not the project's. What cannot be read is `unknown`.
Repair: make up the data, or take it from what is published; then remove the real data from the history, too.
Source: "Just don't use sensitive data or let throwaway prototypes accidentally become production systems."
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from readiness.errors import Refused
from readiness.layers.security import allowing, classified, contents, patterns, personal, render_rows, secrets
from readiness.layers.security.contents import MOST_BYTES, MOST_ROWS, Content
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import counted, plural
from readiness.world import beneath
from readiness.world import demo as demos
from readiness.world.context import Context
from readiness.world.demo import Run
from readiness.world.tables import Tables
from readiness.world.watched import Table

ID = "security.no-sensitive-data"
_EXPECTED: Final = "no personal data and no secret in what the demo reads"
_PAPERS: Final = re.compile(
    r"(?:.*/)?(?:pyproject\.toml|setup\.(?:py|cfg)|package(?:-lock)?\.json|readiness\.toml|authority\.yaml|catalog-info\.ya?ml|CODEOWNERS|"
    r"METADATA|PKG-INFO|(?:README|LICEN[CS]E|NOTICE|AUTHORS|CONTRIBUTORS|CHANGELOG|MAINTAINERS|SECURITY)[\w.-]*)|"
    r"(?:.*/)?(?:outcomes|contracts)/.*\.ya?ml|.*\.odcs\.ya?ml",
    re.IGNORECASE,
)
"""Files that say who answers for a project: an address in there is how to reach them. Account numbers and ids count there too."""
_CODE: Final = (".py", ".js", ".ts", ".go", ".rs", ".java", ".c", ".h", ".sh", ".sql", ".ipynb")
_BYLINE: Final = re.compile(r"author|maintain|contact|copyright|\(c\)|\u00a9|licen[cs]e|written by|owner", re.IGNORECASE)
"""What a line of code says beside an address that is of whoever wrote the code."""


@dataclass(frozen=True, slots=True)
class Observed:
    """What is sensitive in what was read, a problem each kind and place; how much was read, and what could not be.

    `cause` and `reason` say why nothing is known of what the demo reads.
    """

    demo: str = ""
    problems: tuple[Problem, ...] = ()
    files: int = 0
    tables: int = 0
    rows: int = 0
    unread: tuple[str, ...] = ()
    networked: bool = False
    cause: Cause = Cause.NONE
    reason: str = ""


def observe(context: Context) -> Observed:
    """Runs the demo and looks through what it read."""
    demo = context.demo.demo
    if demo is None:
        return Observed()
    name = demos.name(demo)
    if context.session.blocked is not Cause.NONE:
        return Observed(name, cause=context.session.blocked, reason=context.session.why_blocked)
    run = context.demo.first
    if not run.ran.ok:
        return Observed(name, cause=Cause.NOT_EXERCISED, reason="the demo did not run to its end, so what it reads is not known")
    if run.reads is None:
        reason = "which files were read cannot be seen: this file system keeps no access times"
        return Observed(name, cause=Cause.SYSTEM, reason=reason)
    written = demos.declared(demo)
    return _looked(context, name, run, tuple(path for path in run.reads if path not in written))


def _looked(context: Context, demo: str, run: Run, reads: tuple[str, ...]) -> Observed:
    tables = [item for item in run.database.tables if item.scans > 0 and not item.schema.startswith(("pg_", "information_schema"))] \
        if run.database is not None else []  # fmt: skip
    problems: list[Problem] = []
    unread: list[str] = []
    for path in reads:
        content = _content(context, path)
        problems += _personal(path, content.text, path)
        unread += [f"{path}: {content.unread}"] if content.unread else []
    problems += _secrets(context, reads, unread)
    rows = 0
    if run.database is not None and tables:
        found, rows = _rows(run.database.reader_url, tables, unread)
        problems += found
    names = [name for item in tables for name in (item.name, f"{item.schema}.{item.name}")]
    sensitive, untold = classified.columns(context.project, context.manifest, reads, names)
    problems += [
        Problem(f"{item.read}: {item.column}", f"{item.column} of {item.read} is classified as {item.classification}", item.location)
        for item in sensitive
    ]
    unique = {problem.subject: problem for problem in reversed(problems)}
    networked = context.demo.demo is not None and context.demo.demo.network == "on"
    return Observed(demo, tuple(unique.values())[::-1], len(reads), len(tables), rows, (*unread, *untold), networked)


def _content(context: Context, path: str) -> Content:
    place = context.session.pristine / path
    data = beneath.read(context.session.pristine, path, MOST_BYTES)
    if data is None:
        return Content(unread="it is longer than 64 MB, or no plain file")
    return contents.of_file(path, data, place)


def _personal(name: str, text: str, file: str) -> Iterator[Problem]:
    """A problem for each kind of personal data in a text: how many different values, and where the first stands."""
    by_kind: dict[str, list[personal.Hit]] = {}
    lines = text.split("\n") if file.endswith(_CODE) else []
    for hit in personal.find(text, about_itself=bool(file) and _PAPERS.fullmatch(file) is not None):
        if not (lines and hit.kind in personal.REACHES and _BYLINE.search(lines[hit.line - 1])):
            by_kind.setdefault(hit.kind, []).append(hit)
    for kind, hits in by_kind.items():
        count = len({hit.value for hit in hits})
        what = f"{count} {_plural(kind) if count > 1 else kind}"
        line = min(hit.line for hit in hits)
        first = f", the first in line {line}" if file else ""
        yield Problem(f"{name}: {kind}", f"{what} in {name}{first}", Location(file, line) if file else None)


def _plural(kind: str) -> str:
    head, bracket, rest = kind.partition(" (")
    return f"{plural(head)}{bracket}{rest}"


def _secrets(context: Context, reads: Iterable[str], unread: list[str]) -> Iterator[Problem]:
    allowed = {item.fingerprint for item in context.manifest.security.allow if not allowing.doubt_of(item, context.now.date())}
    found, trouble = secrets.within(context, reads)
    unread += [trouble] if trouble else []
    for item in found:
        if item.fingerprint not in allowed:
            place = f"{item.location.file}:{item.location.line}"
            yield Problem(f"{item.location.file}: {item.subject}", f"a secret ({item.kind}) is in {place}", item.location)


def _rows(url: str, tables: list[Table], unread: list[str]) -> tuple[list[Problem], int]:
    problems: list[Problem] = []
    count = 0
    for table in tables:
        name = table.name if table.schema == "public" else f"{table.schema}.{table.name}"
        try:
            with Tables(url) as database:
                found = [str(row[0]) for row in database.rows(render_rows.postgres(table.schema, table.name, MOST_ROWS + 1))]
        except Refused as error:
            unread.append(f"the table {name}: {error.message}")
            continue
        unread += [f"the table {name}: it has more than {MOST_ROWS} rows"] if len(found) > MOST_ROWS else []
        text = contents.of_rows(found[:MOST_ROWS])
        problems += _personal(f"the table {name}", text, "")
        kinds = sorted({hit.kind for hit in patterns.hits(f"{posixpath.basename(name)}.json", text)})
        problems += [Problem(f"the table {name}: {kind}", f"a secret ({kind}) is in the table {name}") for kind in kinds]
        count += len(found)
    return problems, count


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails for every kind of sensitive data in what was read; `unknown` where something of it could not be read."""
    if not observed.demo:
        return Finding(ID, Outcome.NOT_APPLICABLE, Basis.OBSERVED, reason="there is no demo that could read data")
    if observed.cause is not Cause.NONE:
        return no_finding(
            ID, observed.reason, observed.cause, Remedy("let the demo run first", "readiness check --only recreates-elsewhere")
        )
    notes = ("the demo has the network: what it reads there was not seen",) if observed.networked else ()
    if observed.problems:
        return _fails(observed, (*notes, *(f"not read: {text}" for text in observed.unread[:3])))
    if observed.unread:
        more = f" (and {len(observed.unread) - 1} more)" if len(observed.unread) > 1 else ""
        reason = f"nothing sensitive was seen, and not everything could be read: {observed.unread[0]}{more}"
        return no_finding(ID, reason, Cause.NOT_EXERCISED, Remedy("keep it as text, CSV, JSON, Parquet or SQLite, or leave it out"))
    if not observed.files and not observed.tables:
        return no_finding(
            ID, "the demo was not seen to read anything", Cause.NOT_EXERCISED, Remedy("let the demo read what the prototype reads")
        )
    tables = f" and {observed.rows} rows of {counted(observed.tables, 'table')}" if observed.tables else ""
    text = f"none in {counted(observed.files, 'file')}{tables} the demo reads"
    return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, observed.demo, _EXPECTED, text, notes=notes)


def _fails(observed: Observed, notes: tuple[str, ...]) -> Finding:
    first = observed.problems[0]
    more = f" (and {len(observed.problems) - 1} more)" if len(observed.problems) > 1 else ""
    command = f"git log --oneline -- {first.location.file}" if first.location is not None else ""
    remedy = Remedy("make up what the prototype reads, or take what is published; what was committed stays in the history", command)
    return Finding(
        ID, Outcome.FAILS, Basis.EXECUTED, first.subject, _EXPECTED, f"{first.text}{more}", first.text, Cause.PROJECT, first.location,
        remedy, observed.problems, notes,
    )  # fmt: skip
