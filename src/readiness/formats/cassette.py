"""The cassette: what crossed the boundary of one run of a demo, as a file, its bodies beside it by their digest.

    cassettes/3f2a….json             canonical JSON, named by the first 16 digits of its own digest
    cassettes/blobs/<sha256>         the bodies of requests and answers

Secrets are gone from both before either is written. Pure: parses, emits and compares; nothing is read or written here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from readiness.formats import canonical
from readiness.sequence.evidence import Digest

SCHEMA: Final = "readiness/cassette/1"
EMPTY: Final = Digest("")
Headers = tuple[tuple[str, str], ...]
FRAMINGS: Final = ("length", "chunked", "close")
_NAME: Final = re.compile(r"([0-9a-f]{16})\.json")


class Refused(ValueError):
    """A cassette that cannot be believed; the message says why, after the name of its file."""


@dataclass(frozen=True, slots=True)
class Body:
    """A body: its digest (empty for none) and how many bytes it has."""

    digest: Digest = EMPTY
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it went out, without what was secret in it. `url` is absolute, headers are in the order they came."""

    method: str
    url: str
    headers: Headers = ()
    body: Body = field(default_factory=Body)

    @property
    def host(self) -> str:
        """The host asked, with its port where that is not the usual one."""
        return urlsplit(self.url).netloc.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `chunks` are the lengths of the pieces a chunked body came in; `cut` says that it broke off."""

    status: int
    reason: str = ""
    headers: Headers = ()
    body: Body = field(default_factory=Body)
    framing: str = "length"
    chunks: tuple[int, ...] = ()
    trailers: Headers = ()
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer; `model`, `input_tokens` and `output_tokens` where it called a model that told them.

    `error` says why the answer is ours: the server could not be reached.
    """

    request: Request
    answer: Answer
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Base:
    """A variable through which a client is told whom to ask, and whom it asked."""

    variable: str
    url: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement the demo's own database saw, its constants left out, how often, and the tables it names."""

    text: str
    calls: int
    rows: int
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cassette:
    """A recording of one run. `demo` is the digest of what was run; `redact` and `volatile` are how requests are compared.

    `strays` counts attempts to connect past the recorder, which failed; `pinned` are hosts whose certificate a client
    checks itself; `unsupported` says what else was asked for and cannot be recorded.
    """

    project: str
    demo: Digest
    recorded_at: datetime
    expires_at: datetime
    version: str
    bases: tuple[Base, ...] = ()
    secrets: tuple[str, ...] = ()
    redact: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()
    redactions: Mapping[str, int] = field(default_factory=dict)
    exchanges: tuple[Exchange, ...] = ()
    statements: tuple[Statement, ...] = ()
    reads: tuple[str, ...] = ()
    strays: int = 0
    pinned: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()

    @property
    def digests(self) -> frozenset[Digest]:
        """The digests of all bodies."""
        bodies = [body for item in self.exchanges for body in (item.request.body, item.answer.body)]
        return frozenset(body.digest for body in bodies if body.digest)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that were asked, in the order they were first asked."""
        return tuple(dict.fromkeys(item.request.host for item in self.exchanges))


def digest(cassette: Cassette) -> Digest:
    """The digest of a cassette: of its canonical bytes, and so of all its bodies."""
    return canonical.digest(emit(cassette))


def name(cassette: Cassette) -> str:
    """The name of its file."""
    return f"{digest(cassette).removeprefix('sha256:')[:16]}.json"


def emit(cassette: Cassette) -> bytes:
    """The file: indented JSON with sorted keys, so that a difference can be read, always the same bytes."""
    return (json.dumps(_document(cassette), indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode()


def _document(cassette: Cassette) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "project": cassette.project,
        "demo": cassette.demo,
        "recorded_at": canonical.moment(cassette.recorded_at),
        "expires_at": canonical.moment(cassette.expires_at),
        "version": cassette.version,
        "bases": {base.variable: base.url for base in cassette.bases},
        "secrets": list(cassette.secrets),
        "redact": list(cassette.redact),
        "volatile": list(cassette.volatile),
        "redactions": dict(cassette.redactions),
        "exchanges": [_exchange(item) for item in cassette.exchanges],
        "statements": [
            {"text": item.text, "calls": item.calls, "rows": item.rows, "tables": list(item.tables)} for item in cassette.statements
        ],
        "reads": list(cassette.reads),
        "strays": cassette.strays,
        "pinned": list(cassette.pinned),
        "unsupported": list(cassette.unsupported),
    }


def _exchange(item: Exchange) -> dict[str, Any]:
    request, answer = item.request, item.answer
    found: dict[str, Any] = {
        "request": {"method": request.method, "url": request.url, "headers": _pairs(request.headers), **_body(request.body)},
        "answer": {
            "status": answer.status, "reason": answer.reason, "headers": _pairs(answer.headers), **_body(answer.body),
            "framing": answer.framing, "chunks": list(answer.chunks), "trailers": _pairs(answer.trailers), "cut": answer.cut,
        },
    }  # fmt: skip
    if item.model:
        found["model"] = {"name": item.model, "input_tokens": item.input_tokens, "output_tokens": item.output_tokens}
    if item.error:
        found["error"] = item.error
    return found


def _pairs(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, value in headers]


def _body(body: Body) -> dict[str, Any]:
    return {"body": body.digest or None, "size_bytes": body.size_bytes}


def parse(data: bytes, file: str) -> Cassette:
    """The cassette in a file of that name. Raises Refused where it is none, half of one, edited, or of another version."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise Refused("is no whole JSON: it is half a cassette, or none") from None
    if not isinstance(document, dict) or not isinstance(document.get("schema"), str):
        raise Refused("is no cassette: it names no `schema`")
    if document["schema"] != SCHEMA:
        raise Refused(f"is of another version: expected `{SCHEMA}`, got `{document['schema'][:60]}`")
    try:
        cassette = _cassette(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(f"is not a whole cassette ({type(error).__name__}: {str(error)[:80]})") from None
    found = _NAME.fullmatch(file)
    if found is None:
        raise Refused("is not named by its digest, `<16 hex digits>.json`")
    if found[1] != name(cassette).removesuffix(".json") or emit(cassette) != data:
        raise Refused("was changed after it was recorded: its content is not what its name says")
    return cassette


def _cassette(document: dict[str, Any]) -> Cassette:
    return Cassette(
        project=_text(document["project"]),
        demo=_digest(document["demo"]),
        recorded_at=_moment(document["recorded_at"]),
        expires_at=_moment(document["expires_at"]),
        version=_text(document["version"]),
        bases=tuple(Base(_text(variable), _text(url)) for variable, url in document["bases"].items()),
        secrets=_texts(document["secrets"]),
        redact=_texts(document["redact"]),
        volatile=_texts(document["volatile"]),
        redactions={_text(key): _count(value) for key, value in document["redactions"].items()},
        exchanges=tuple(_read_exchange(item) for item in document["exchanges"]),
        statements=tuple(
            Statement(_text(item["text"]), _count(item["calls"]), _count(item["rows"]), _texts(item["tables"]))
            for item in document["statements"]
        ),
        reads=_texts(document["reads"]),
        strays=_count(document["strays"]),
        pinned=_texts(document["pinned"]),
        unsupported=_texts(document["unsupported"]),
    )


def _read_exchange(item: dict[str, Any]) -> Exchange:
    request, answer = item["request"], item["answer"]
    model = item.get("model") or {"name": ""}
    if answer["framing"] not in FRAMINGS:
        raise ValueError(f"framing {answer['framing']}")
    if answer["chunks"] and sum(_count(size) for size in answer["chunks"]) != answer["size_bytes"]:
        raise ValueError("chunks that are not the body")
    if not 200 <= _count(answer["status"]) <= 999 or not isinstance(answer["cut"], bool):
        raise ValueError("an answer without a status")
    return Exchange(
        Request(_text(request["method"]), _text(request["url"]), _headers(request["headers"]), _read_body(request)),
        Answer(
            answer["status"], _text(answer["reason"]), _headers(answer["headers"]), _read_body(answer), answer["framing"],
            tuple(_count(size) for size in answer["chunks"]), _headers(answer["trailers"]), answer["cut"],
        ),
        _text(model["name"]), _maybe(model.get("input_tokens")), _maybe(model.get("output_tokens")), _text(item.get("error", "")),
    )  # fmt: skip


def _read_body(item: dict[str, Any]) -> Body:
    return Body(_digest(item["body"]) if item["body"] is not None else EMPTY, _count(item["size_bytes"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text is expected, got {str(value)[:20]}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"a list is expected, got {str(value)[:20]}")
    return tuple(_text(item) for item in value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError(f"a number is expected, got {str(value)[:20]}")
    return value


def _maybe(value: Any) -> int | None:
    return None if value is None else _count(value)


def _headers(value: Any) -> Headers:
    return tuple((_text(name), _text(content)) for name, content in value)


def _digest(value: Any) -> Digest:
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", _text(value)):
        raise ValueError(f"a digest is expected, got {value[:20]}")
    return Digest(value)


def _moment(value: Any) -> datetime:
    moment = datetime.strptime(_text(value), "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007  its zone is in the text
    return moment.replace(tzinfo=UTC)
