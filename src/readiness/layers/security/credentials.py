"""The credentials that a project's code asks its environment for: variables that look, by their name, as if they held one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from readiness.config.manifest import NAME, Demo
from readiness.formats import notebook, python_settings
from readiness.sequence.finding import Location
from readiness.world.project import ASIDE, Project

_ENDS: Final = r"(?:_(?:FILE|PATH|B64|BASE64|JSON|VALUE|PROD|PRODUCTION|DEV|LIVE|STAGING|PRIMARY|SECONDARY|NEW|OLD)|_?\d)?"
_CREDENTIAL: Final = re.compile(
    rf"(?:(?:.*[_-])?(?:PG|DB|API|AUTH|BOT)|.*[_-])?(?:PASS(?:WORD|WD|PHRASE|CODE)?|PWD|SECRET|TOKEN|CREDENTIALS?|API_?KEYS?|PAT|"
    rf"CONNECTION_?STRING|CONN_?STR|WEBHOOK(?:_?URL)?|"
    rf"(?:ACCESS|SECRET|PRIVATE|ENCRYPTION|SIGNING|SIGNATURE|AUTH|ACCOUNT|SERVICE|MASTER|SUBSCRIPTION|STORAGE|JWT|HMAC|FERNET|SESSION|"
    rf"ADMIN|ROLE|OPENAI|ANTHROPIC|CLAUDE|COHERE|MISTRAL|GROQ|GEMINI|SUPABASE|PINECONE|QDRANT|WEAVIATE|LANGSMITH|TAVILY|SERPAPI|STRIPE|"
    rf"SEARCH|AI|FUNCTION|COSMOS|SPEECH|TRANSLATOR|VISION)_?KEY){_ENDS}",
    re.IGNORECASE,
)
_DATABASE: Final = re.compile(
    r"(?:.*_)?(?:DATABASE|DB|POSTGRES(?:QL)?|PG|MYSQL|MARIADB|MONGO(?:DB)?|MSSQL|SQLALCHEMY(?:_DATABASE)?|SNOWFLAKE|CLICKHOUSE|AMQP|RABBITMQ)_?"
    r"(?:URL|URI|DSN)",
    re.IGNORECASE,
)
_NONE: Final = re.compile(
    r"(?:NEXT_PUBLIC|VITE|REACT_APP|EXPO_PUBLIC|READINESS|PYTEST|TOKENIZERS)_.*|.*(?:PUBLIC|PUBLISHABLE|PRIMARY_KEY|FOREIGN)(?:_.*)?|"
    r".*(?:MAX|MIN|NUM|COUNT|EOS|BOS|PAD|SEP|STOP|MASK|UNK|PAGE|NEXT|CSRF|XSRF|CONTINUATION)_?TOKENS?(?:_.*)?|.*SENTRY_DSN|OLDPWD|PWD",
    re.IGNORECASE,
)
"""Names that end like a credential's and hold none; what a framework puts into pages is public by its prefix."""
_EMBEDDED: Final = ("sqlite", "duckdb", "file:", "memory:", ":memory:")
"""How a default begins that names a database nobody has to log in to."""
_NODE: Final = re.compile(r"process\.env(?:\.([A-Za-z_]\w*)|\[[\"']([A-Za-z_]\w*)[\"']\])|import\.meta\.env\.([A-Za-z_]\w*)")
_SCRIPTS: Final = (".js", ".ts", ".mjs", ".cjs", ".jsx", ".tsx")
_TESTING: Final = re.compile(r"(?:conftest|test_.*|.*_test|noxfile|setup)\.py|.*\.(?:test|spec)\.[jt]sx?", re.IGNORECASE)
_BESIDE: Final = ASIDE | {"node_modules", "fixtures", "evals", "bench", "demos", "notebooks-archive"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A credential variable that something asks for: its name, every place that reads it (`read`), whether the demo is given it.

    Where no code that was read asks for it, the place is where the demo is declared.
    """

    name: str
    places: tuple[Location, ...]
    read: bool = True
    demo: bool = False


def is_credential(name: str) -> bool:
    """Whether a variable of that name holds a credential, as far as a name can tell: rather one too few than one too many."""
    return (_CREDENTIAL.fullmatch(name) or _DATABASE.fullmatch(name)) is not None and _NONE.fullmatch(name) is None


def wanted(project: Project, demo: Demo | None) -> tuple[Wanted, ...]:
    """Every credential variable that code of the product reads, or that the demo is declared to be given; sorted by name."""
    found: dict[str, list[Location]] = {}
    for path in sorted(project.paths):
        for name, line in _read(project, path) if _counts(path) else ():
            found.setdefault(name, []).append(Location(path, line))
    given = set(demo.secrets) if demo is not None else set()
    line = demo.line if demo is not None else 1
    names = sorted({*found, *given})
    return tuple(Wanted(name, tuple(found.get(name, ())) or (Location(NAME, line),), name in found, name in given) for name in names)


def _counts(path: str) -> bool:
    *folders, name = path.split("/")
    return _BESIDE.isdisjoint(folder.lower() for folder in folders) and _TESTING.fullmatch(name) is None


def _read(project: Project, path: str) -> Iterator[tuple[str, int]]:
    if path.endswith(".py"):
        yield from _of_python(project.text(path))
    elif path.endswith(".ipynb"):
        text = project.text(path)
        yield from ((name, _line_of(text, name)) for name in _of_notebook(text))
    elif path.endswith(_SCRIPTS):
        text = project.text(path)
        for match in _NODE.finditer(text):
            name = next(filter(None, match.groups()), "")
            if is_credential(name):
                yield name, text.count("\n", 0, match.start()) + 1


def _of_python(text: str) -> Iterator[tuple[str, int]]:
    for item in (*python_settings.lookups(text), *python_settings.indirect(text)):
        embedded = item.default.lower().startswith(_EMBEDDED) and _DATABASE.fullmatch(item.name)
        if is_credential(item.name) and not embedded:
            yield item.name, item.line


def _of_notebook(text: str) -> dict[str, None]:
    try:
        cells = notebook.code_cells(text)
    except ValueError:
        return {}
    # lines of shell and magic are no Python
    sources = ("\n".join(line for line in cell.splitlines() if not line.lstrip().startswith(("!", "%"))) for cell in cells)
    return {name: None for source in sources for name, _ in _of_python(source)}


def _line_of(text: str, name: str) -> int:
    return text[: max(0, text.find(name))].count("\n") + 1
