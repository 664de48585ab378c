"""Our own rules for secrets in text: what the maintained scanner was measured to miss, and what must not hang on it.

It misses addresses with a driver in the scheme (`mysql+pymysql://`), passwords and keys that only their name gives
away (`api_key = "…"`, `administratorLoginPassword: '…'`, `POSTGRES_PASSWORD: …`), bearer tokens, and everything in the
files it takes for somebody else's (lock files, images, `node_modules`). Every rule takes time linear in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from readiness.layers.security.placeholders import entropy_bits, is_placeholder, looks_random, names_itself, opens_nothing

DATABASE_URI: Final = "database-uri"
_DATABASES: Final = (
    r"postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|valkey|amqps?|mssql|sqlserver|oracle|clickhouse|cockroachdb|cassandra|couchdb|neo4j|"
    r"bolt|snowflake|trino|presto|redshift|vertica|db2|elasticsearch|opensearch|milvus|weaviate|nats|kafka|cubrid|firebird|hive|duckdb"
)
_URI: Final = re.compile(
    r"\b(?P<scheme>[a-z][a-z0-9]{1,20}(?:\+[a-z0-9]{1,20})?)://(?P<user>[^\s:/@'\"<>`\\,]{0,100}):(?P<value>[^\s/'\"<>`\\]{1,200})@"
    r"(?P<host>[^\s/?#'\"<>`\\,;)@]{0,200})",
    re.IGNORECASE,
)
_CONNECTION: Final = re.compile(
    r"(?<![\w.-])(?:password|pwd|accountkey|sharedaccesskey)\s?=\s?(?P<value>[^;&\s'\"<>\\]{4,200})", re.IGNORECASE
)
_CONNECTS: Final = re.compile(
    r"(?:^|[\s;&?'\"])(?:server|data source|host|user id|uid|accountname|endpoint)\s?=\s?(?P<host>[^;&\s'\"]+)|(?P<jdbc>jdbc:)",
    re.IGNORECASE,
)

_ENDS: Final = r"(?:_?(?:\d|value|prod|production|dev|live|primary|secondary|b64))?(?![A-Za-z0-9_])"
_NAMES: Final = tuple(
    re.compile(f"{word}{_ENDS}", re.IGNORECASE) for word in ("pass(?:word|wd|phrase)", "pwd", "secret", "token", "credentials?", "key")
)
"""How a name ends that holds a secret; what stands before it in the same word belongs to it. Several expressions with a
literal at their beginning are four times as fast as one with alternatives."""
_OF_A_KEY: Final = re.compile(
    r"(?:api|access|secret|private|account|auth|encryption|signing|subscription|master|service|openai)[_-]?$", re.IGNORECASE
)
_KINDS: Final = (("pass", "password"), ("pwd", "password"), ("key", "api-key"), ("token", "token"))
_NO_SECRET: Final = re.compile(
    r"public|publish|max_?tok|num_?tok|(?:next|page|pagination|continuation|cursor|request|client|csrf|xsrf|stop|eos|bos|pad|sep|special|execution|"
    r"idempotency|start|end)[_-]?token",
    re.IGNORECASE,
)
"""Names that end like a secret's and hold none: a place in a list of results, a word of a vocabulary."""
_WORD_BEFORE: Final = re.compile(r"[\w.-]*$")
_QUOTED: Final = r"(?P<quote>\\?[\"'])(?P<value>(?:(?!(?P=quote))[^\n\\]){6,400})(?P=quote)"
_PLAIN: Final = r"(?P<value>[^\s'\"`,;(){}\[\]\\#<>$]{6,200})(?=\s|,|$|\\n|\")"
_EQUALS: Final = r"\\?[\"']?\]?(?:[ \t]?:[ \t]?(?:str|string|Final|SecretStr)(?:\[str\])?)?[ \t]{0,20}(?:=>|:=|=|:)[ \t]{0,20}"

_ASSIGNED: Final = re.compile(rf"{_EQUALS}(?:SecretStr\(|[bru])?{_QUOTED}", re.IGNORECASE)
_PARAMETER: Final = re.compile(rf"[ \t]+string[ \t]?=[ \t]?{_QUOTED}", re.IGNORECASE)
_PLAINLY: Final = re.compile(rf"[ \t]?[=:][ \t]?{_PLAIN}")
_AFTER: Final = tuple(
    (re.compile(lead, re.IGNORECASE), re.compile(tail, re.IGNORECASE))
    for lead, tail in (
        (r"(?:getenv|environ\.get|env|config|\.get)\(\s?[\"']$", rf"[\"']\s?,\s?(?:default\s?=\s?)?{_QUOTED}"),
        (r"\bvariable\s+\"$", rf"\"\s*\{{[^{{}}]{{0,400}}?\bdefault\s*=\s*{_QUOTED}"),
        (r"\bname:\s?[\"']?$", rf"[\"']?\s*\n\s*value:\s?{_QUOTED}"),
        (r"\bname:\s?[\"']?$", rf"[\"']?\s*\n\s*value:\s?{_PLAIN}"),
        (r"(?:^|\s)--?$", rf"[= ]{_PLAIN}"),
        (r"(?:^|\n)\s*(?:ENV|ARG)\s+$", rf"\s{_PLAIN}"),
    )
)
"""What follows a name, by what stands before it: a fall-back, a default, a list of variables, an option, an image's."""
_BEARER: Final = re.compile(
    r"authorization\\?[\"']?[ \t]?[:=,][ \t]?\\?[fb]?[\"']?(?:bearer|token|basic)[ \t](?P<value>[A-Za-z0-9._~+/=-]{16,2000})", re.IGNORECASE
)

_SETTINGS: Final = re.compile(
    r"(?:^|/)(?:\.env[^/]*|[^/]*\.(?:env|ya?ml|ini|cfg|conf|properties|sh|bash|zsh|envrc|txt|md|rst|log|ipynb|pypirc|netrc|dockerfile|tfvars))$|"
    r"(?:^|/)(?:Dockerfile|Containerfile|Makefile)[^/]*$",
    re.IGNORECASE,
)
"""Files in which a value needs no quotes; in code an unquoted value is an expression."""

_TOKENS: Final = tuple(
    (kind, tuple(begins.split()), re.compile(pattern))
    for kind, begins, pattern in (
        ("github-token", "gh github_pat_", r"\b(?P<value>gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{60,})"),
        ("gitlab-token", "glpat-", r"\b(?P<value>glpat-[\w-]{20,})"),
        ("anthropic-key", "sk-ant-", r"\b(?P<value>sk-ant-[\w-]{32,})"),
        ("model-provider-key", "sk-", r"(?<![\w-])(?P<value>sk-(?!ant-)(?:[a-z0-9]{2,10}-)*[A-Za-z0-9_-]{32,})"),
        ("aws-access-key", "AKIA ASIA", r"\b(?P<value>(?:AKIA|ASIA)[A-Z2-7]{16})\b"),
        ("google-api-key", "AIza", r"\b(?P<value>AIza[\w-]{35})(?![\w-])"),
        ("slack-token", "xox", r"\b(?P<value>xox[abeoprs]-[A-Za-z0-9-]{20,})"),
        ("hugging-face-token", "hf_", r"\b(?P<value>hf_[A-Za-z]{34})\b"),
        ("stripe-key", "k_live_ k_test_", r"\b(?P<value>[sr]k_(?:live|test)_[A-Za-z0-9]{24,})"),
        ("npm-token", "npm_", r"\b(?P<value>npm_[A-Za-z0-9]{36})\b"),
        ("pypi-token", "pypi-AgEI", r"\b(?P<value>pypi-AgEI[\w-]{60,})"),
        ("telegram-token", ":AA", r"\b(?P<value>\d{8,10}:AA[\w-]{33})(?![\w-])"),
    )
)
"""Keys that tell by how they begin: the kind, literals of which a text must hold one, and the whole form."""
_LETTERS_ONLY: Final = frozenset({"hugging-face-token", "aws-access-key"})
_BREAK: Final = r"(?:\s|\\[nr]|\"|,|'|\\)"
_PRIVATE_KEY: Final = re.compile(
    rf"-----BEGIN (?!ENCRYPTED)(?:[A-Z]{{2,10}} )?PRIVATE KEY(?: BLOCK)?-----"
    rf"(?P<value>{_BREAK}{{1,12}}(?:[A-Za-z0-9+/=]{{16,}}{_BREAK}{{0,12}}){{2,}})"
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A value that looks like a secret, in a file of the project: in the tree, or as a commit added it. Never shown.

    `within` is the way to it where the file is packed, as it is written behind the path; `line` is that of the inner file.
    """

    kind: str
    path: str
    line: int
    value: str = field(repr=False)
    commit: str = ""
    within: str = ""


def hits(path: str, text: str) -> Iterator[Hit]:
    """The secrets our own rules see in the text of a file, placeholders left out."""
    starts = [0, *(found.end() for found in re.finditer(r"\n", text))]
    for kind, offset, value in _values(path, text):
        yield Hit(kind, path, bisect_right(starts, offset), value)


def _values(path: str, text: str) -> Iterator[tuple[str, int, str]]:
    if "://" in text and "@" in text:
        yield from _addresses(text)
    if "PRIVATE KEY" in text:
        for found in _PRIVATE_KEY.finditer(text):
            if looks_random(re.sub(r"\W|\\n", "", found["value"])[:64]):
                yield "private-key", found.start(), found[0]
    for kind, begins, pattern in _TOKENS:
        if any(literal in text for literal in begins):
            for found in pattern.finditer(text):
                if _is_token(kind, found["value"]):
                    yield kind, found.start("value"), found["value"]
    yield from _connections(text)
    yield from _named(path, text)


def _is_token(kind: str, value: str) -> bool:
    drawn = entropy_bits(value) > 3.5 if kind in _LETTERS_ONLY else looks_random(value.rpartition("_")[2])
    return drawn and not is_placeholder(value)


def _addresses(text: str) -> Iterator[tuple[str, int, str]]:
    for found in _URI.finditer(text):
        value, user = unquote(found["value"]), unquote(found["user"])
        if not is_placeholder(value) and not opens_nothing(user, value, found["host"]):
            kind = DATABASE_URI if re.match(rf"(?:{_DATABASES})\b", found["scheme"], re.IGNORECASE) else "credential-uri"
            yield kind, found.start("value"), value


def _connections(text: str) -> Iterator[tuple[str, int, str]]:
    for found in _CONNECTION.finditer(text):
        line = text[text.rfind("\n", 0, found.start()) + 1 :].partition("\n")[0][:2000]
        context = _CONNECTS.search(line)
        if context is None or is_placeholder(found["value"]):
            continue
        if not opens_nothing("", found["value"], (context["host"] or "jdbc.host.name").removeprefix("tcp:").partition(",")[0]):
            yield "connection-password", found.start("value"), found["value"]


def _named(path: str, text: str) -> Iterator[tuple[str, int, str]]:
    for found in _BEARER.finditer(text):
        if looks_random(found["value"]) and not is_placeholder(found["value"]):
            yield "bearer-token", found.start("value"), found["value"]
    bare = (_PLAINLY,) if _SETTINGS.search(path) else ()
    for word in (word for name in _NAMES for word in name.finditer(text)):
        before = text[max(0, word.start() - 80) : word.start()]
        start = _WORD_BEFORE.search(before)
        head = start[0] if start else ""
        if word[0][:1] in "kK" and not _OF_A_KEY.search(head):
            continue
        lead = before[: len(before) - len(head.lstrip("-"))]
        tails = (_ASSIGNED, _PARAMETER, *(tail for opens, tail in _AFTER if opens.search(lead)), *bare)
        told = next((match for tail in tails if (match := tail.match(text, word.end()))), None)
        kind = _kind(word[0])
        if told is not None and _is_secret(kind, f"{head}{word[0]}", told["value"]):
            yield kind, told.start("value"), told["value"]


def _kind(word: str) -> str:
    lower = word.lower()
    return next((kind for begin, kind in _KINDS if lower.startswith(begin)), "secret")


def _is_secret(kind: str, name: str, value: str) -> bool:
    """A password may be as weak as people choose; a key or token is drawn, so that words are none."""
    if is_placeholder(value) or _NO_SECRET.search(name):
        return False
    if kind != "password":
        return re.fullmatch(r"[\w+/=.~:!@#%^&*-]+", value) is not None and looks_random(value)
    if not re.fullmatch(r"\S{6,128}", value) or not re.search(r"[A-Za-z]", value) or names_itself(value):
        return False
    return re.search(r"\d", value) is not None or re.search(r"[!@#%^&*?+=]", value) is not None
