"""What an application was seen to ask of a table with vectors, and with which settings of the index."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from readiness.layers.security import render_retrieval
from readiness.world import beneath
from readiness.world.project import Project
from readiness.world.watched import Statement

MOST: Final = 100
NEAREST: Final = 10
"""How many nearest rows are asked for where no statement was seen that asks for any."""
_OPERATOR: Final = re.compile(r"<=>|<->|<#>|<\+>")
_SETTING: Final = re.compile(r"\b((?:hnsw|ivfflat)\.\w+)['\"`]?\s*(?:=|,|:|\bto\b)\s*['\"`]?(\w+)", re.IGNORECASE)
_SET: Final = re.compile(r"^\s*set\s+(?:local\s+|session\s+)?((?:hnsw|ivfflat)\.\w+)", re.IGNORECASE)
_CALLED: Final = re.compile(r"\bset_config\s*\(", re.IGNORECASE)
_CODE: Final = (".py", ".sql", ".js", ".ts", ".rb", ".go", ".java", ".kt", ".php", ".ex", ".rs", ".toml", ".yaml", ".yml", ".cs")
_ASIDE: Final = re.compile(r"(?:^|/)(?:tests?|docs?|examples?|vendor|node_modules)/|(?:^|/)test_", re.IGNORECASE)
_SIZE_LIMIT_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the index: those that the application was seen to make, and others that its files name."""

    made: Mapping[str, str]
    named: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Query:
    """A statement with its values as `$1`, …; how many rows it asks for; whether an application was seen to ask it, and as which roles."""

    text: str
    nearest: int
    seen: bool
    roles: tuple[str, ...] = ()

    @property
    def filtered(self) -> bool:
        """Whether the statement itself says which rows it is about."""
        return re.search(r"\bwhere\b", self.text, re.IGNORECASE) is not None


def settings(project: Project, statements: Iterable[Statement]) -> Settings:
    """The settings that are made when the application asks: which ones by what the server saw, their values by the files.

    The server keeps no values. A setting made by a function keeps not even its name, so that any that a file names counts.
    """
    named: dict[str, str] = {}
    for path in sorted(project.paths):
        if path.endswith(_CODE) and not _ASIDE.search(path):
            text = (beneath.read(project.root, path, _SIZE_LIMIT_BYTES) or b"").decode("utf-8", "replace")
            named |= {name.lower(): value.lower() for name, value in _SETTING.findall(text)}
    seen = list(statements)
    said = {found[1].lower() for one in seen if (found := _SET.search(one.text))}
    called = any(_CALLED.search(one.text) for one in seen)
    made = {name: value for name, value in named.items() if name in said or called}
    return Settings(made, {name: value for name, value in named.items() if name not in made})


def asked(statements: Iterable[Statement], table: str, operator: str, where: str, column: str, kind: str) -> Query:
    """What the application asks of a table, most often; else what anybody would."""
    found = [one for one in statements if table in one.tables and _retrieves(one.text)]
    if not found:
        return Query(render_retrieval.nearest(where, column, operator, kind), NEAREST, seen=False)
    most = max(found, key=lambda one: one.calls)
    return Query(most.text, min(MOST, max(1, math.ceil(most.rows / max(1, most.calls)))), seen=True, roles=most.roles)


def operator_of(statements: Iterable[Statement], table: str) -> str:
    """The operator by which the application says what is near; empty where it was not seen to."""
    for one in statements:
        if table in one.tables and _retrieves(one.text) and (found := _OPERATOR.search(one.text)):
            return found[0]
    return ""


def _retrieves(text: str) -> bool:
    low = text.lower()
    return low.lstrip().startswith(("select", "with")) and "order by" in low and "limit" in low and bool(_OPERATOR.search(text))


def values(text: str, types: Sequence[str], vector: str, nearest: int, known: Mapping[str, str]) -> list[str | int] | None:
    """The values of a statement by its types: the vector, how many, what `known` columns are compared with.

    None where one could decide which rows there are and is not known. What stands before FROM decides none.
    """
    found: list[str | int] = []
    begins = re.search(r"\bfrom\b", text, re.IGNORECASE)
    for number, kind in enumerate(types, 1):
        places = [one.start() for one in re.finditer(rf"\${number}(?!\d)", text)]
        compared = re.search(rf"\"?(\w+)\"?\s*=\s*\${number}(?!\d)", text)
        if kind in ("vector", "halfvec", "sparsevec"):
            found.append(vector)
        elif re.search(rf"\blimit\s+\${number}(?!\d)", text, re.IGNORECASE):
            found.append(nearest)
        elif re.search(rf"\boffset\s+\${number}(?!\d)", text, re.IGNORECASE):
            found.append(0)
        elif compared and compared[1] in known:
            found.append(known[compared[1]])
        elif begins is not None and places and max(places) < begins.start():
            found.append("1")
        else:
            return None
    return found
