"""Finds the line of a project's SQL that makes a difference between policies and a database, whatever file the SQL is in.

Statements are looked for, most exactly first, in the files that a schema is made from; of several the last one counts, as
with migrations. SQL put together at run time is found by what of it is written out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from readiness.formats.access_audit import Drift, Source
from readiness.sequence.finding import Location
from readiness.world import beneath
from readiness.world.project import Project

_ENDINGS: Final = (".sql", ".py", ".js", ".ts", ".rb", ".go", ".java", ".kt", ".php", ".ex", ".rs", ".sh", ".xml", ".yaml", ".yml")
_SIZE_LIMIT_BYTES: Final = 1 << 20
_WAY_DOWN: Final = re.compile(r"(?:^|[._/-])(?:down|undo|rollback|revert)(?:[._/-]|$)", re.IGNORECASE)
_SAYS: Final = re.compile(r"\b(?:grant|policy|row\s+level|create\s+(?:role|user|table|view)|security\s+definer)\b", re.IGNORECASE)
_QUOTED: Final = re.compile(r'"((?:[^"]|"")+)"')
_POLICY: Final = re.compile(r"row policy (\S+)")
_PLACE: Final = re.compile(r" at (?P<file>.+):(?P<line>\d+)$")


def texts(project: Project) -> dict[str, str]:
    """The files of a project that say something of tables and rights, in the order of their names."""
    found: dict[str, str] = {}
    for path in sorted(project.paths):
        if path.endswith(_ENDINGS) and not _WAY_DOWN.search(path):
            data = beneath.read(project.root, path, _SIZE_LIMIT_BYTES)
            text = (data or b"").decode("utf-8", "replace")
            if _SAYS.search(text):
                found[path] = text
    return found


def place(drift: Drift, found: Mapping[str, str]) -> Location | None:
    """Where the statement is that makes a difference, or else the policy that it differs from."""
    return first(_patterns(drift), found) or policy(drift.policies)


def first(patterns: Iterable[str], found: Mapping[str, str]) -> Location | None:
    """The last place that fits the first pattern which fits anywhere."""
    for pattern in patterns:
        looked = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        for path, text in reversed(list(found.items())):
            matches = list(looked.finditer(text))
            if matches:
                return Location(path, text.count("\n", 0, matches[-1].start()) + 1)
    return None


def policy(sources: Iterable[str]) -> Location | None:
    """The place of the first of some policies, each as `id at file:line`."""
    for source in sources:
        if said := _PLACE.search(source):
            return Location(said["file"], int(said["line"]))
    return None


def name(text: str) -> str:
    """A pattern for a name, quoted or not, with or without its schema."""
    own = re.escape(text.rpartition(".")[2] if "." in text else text)
    return rf'(?:"?[\w$]+"?\s*\.\s*)?"?\b{own}\b"?'


def table_made(table: str) -> tuple[str, ...]:
    """Patterns for where row security is said for a table, or else where it is made."""
    return rf"alter\s+table[^;]*?{name(table)}[^;]*?row\s+level\s+security", rf"create\s+table[^;(]*?{name(table)}"


def row_policies(table: str, role: str) -> tuple[str, ...]:
    """Patterns for a row policy of a table, of that role or of any."""
    made = rf"create\s+policy\b[^;]*?\bon\s+{name(table)}"
    return rf"{made}[^;]*?\bto\b[^;]*?{name(role)}", made


def given(table: str, role: str) -> tuple[str, ...]:
    """Patterns for what gives a role something on a table."""
    to = rf"[^;]*?\bto\b[^;]*?{name(role)}"
    return (
        rf"grant\b[^;]*?\bon\b[^;]*?{name(table)}{to}",
        rf"grant\b[^;]*?\bon\s+all\s+tables{to}",
        rf"grant\b[^;]*?\bon\b[^;]*?{name(table)}",
    )


def _patterns(drift: Drift) -> Iterator[str]:
    """What to look for, by where a difference comes from; its repair names what is no table."""
    if drift.source in (Source.ROW_SECURITY, Source.ROW_POLICY):
        said = _POLICY.search(drift.text)
        yield from (rf"create\s+policy\s+{name(said[1])}",) if said else ()
        yield from table_made(drift.table)
    elif drift.source in (Source.GRANT, Source.COLUMN_GRANT, Source.GRANT_OPTION, Source.PUBLIC):
        yield from given(drift.table, drift.role)
    else:
        yield from _of_others(drift)


def _of_others(drift: Drift) -> Iterator[str]:
    role, quoted = name(drift.role), _QUOTED.findall(drift.repair)
    match drift.source:
        case Source.VIEW | Source.MATERIALISED_VIEW | Source.RULE if len(quoted) > 1:
            yield rf"create\b[^;]*?\bview\b[^;]*?{name(quoted[1])}"
        case Source.FUNCTION if len(quoted) > 1:
            yield rf"create\b[^;]*?\b(?:function|procedure)\s+{name(quoted[1])}"
        case Source.PARTITION if len(quoted) > 1:
            yield rf"create\s+table[^;(]*?{name(quoted[1])}"
        case Source.MEMBERSHIP if len(quoted) > 1:
            yield rf"grant\s+{name(quoted[0])}\s+to\b[^;]*?{name(quoted[1])}"
            yield rf"create\s+(?:role|user)\s+{name(quoted[1])}"
        case Source.BYPASSRLS | Source.SUPERUSER | Source.CREATEROLE | Source.REPLICATION:
            yield rf"(?:create|alter)\s+(?:role|user)\s+{role}[^;]*?{drift.source}"
            yield rf"create\s+(?:role|user)\s+{role}"
        case Source.DEFAULT_PRIVILEGE:
            yield r"alter\s+default\s+privileges"
        case Source.OWNERSHIP:
            yield rf"\bowner\s+to\s+{role}"
        case Source.SCHEMA if drift.opens:
            yield rf"grant\b[^;]*?\bon\s+schema\b[^;]*?{role}"
        case _:
            return
