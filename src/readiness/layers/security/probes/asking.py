"""How a demo is asked and how it answers: where in a request the question stands, and which text of an answer is the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from readiness.config.manifest import Request

QUESTIONS: Final = ("question", "query", "q", "prompt", "message", "input", "text", "content", "ask", "msg", "user_input", "user_message")
"""Names of fields that hold a question."""
ANSWERS: Final = ("answer", "response", "reply", "output", "text", "message", "content", "result", "completion", "generated_text")
"""Names of fields that hold an answer, the surest first."""
CALLERS: Final = re.compile(r"(?:^|_)(?:user|session|conversation|thread|chat|customer|account|tenant)(?:_?id|_?name)?$", re.IGNORECASE)
"""Names of fields that say who asks, or in which conversation."""
_WORDS: Final = 3
_REFUSAL: Final = re.compile(
    r"\b(?:I|we)(?:['\u2019]m| am| are|['\u2019]re)? ?"
    r"(?:sorry|afraid|unable|not able|not allowed|can(?:no|['\u2019]?)t|could not|won['\u2019]t|will not)\b"
    r"[^.!?\n]{0,60}\b(?:help|assist|answer|comply|do|provide|share|discuss|process|respond|fulfil+)\b|"
    r"\b(?:request|message|question|input|content|prompt)\b[^.!?\n]{0,30}\b(?:blocked|refused|rejected|denied|not allowed|not permitted)\b|"
    r"\bagainst (?:our|my|the) (?:policy|policies|rules|guidelines)\b|^\W*(?:access denied|forbidden|refused|blocked|denied)\W*$",
    re.IGNORECASE,
)  # fmt: skip
"""How a refusal begins, in English; what an assistant does not know it does not refuse."""
ANSWERED, REFUSED, EMPTY, TOO_MANY, FAILED = "answered", "refused", "empty", "asked too often", "failed"
_STEP: Final = re.compile(r"\.([A-Za-z_][\w-]*)|\[(-?\d+)\]")


@dataclass(frozen=True, slots=True)
class Way:
    """How a request is asked: the request, and where its question stands, as `$.a.b[0]` or `?name`; the question it has."""

    request: Request
    at: str
    question: str


class Unclear(ValueError):
    """Where a question stands cannot be told; the message says why, in half a sentence."""


def ways(requests: tuple[Request, ...], declared: str) -> tuple[Way, ...]:
    """How each request that carries a question is asked. Raises Unclear where one has several texts that might be it."""
    found = []
    for request in requests:
        at = declared or _found(request)
        question = _read(request, at) if at else None
        if question is not None:
            found.append(Way(request, at, question))
    return tuple(found)


def _found(request: Request) -> str:
    texts = dict(_texts(request.json))
    texts |= {f"?{name}": value for name, value in parse_qsl(request.path.partition("?")[2])}
    named = [at for at in texts if _last(at) in QUESTIONS]
    if conversation := [at for at in named if re.search(r"\[\d+\]\.content$", at)]:
        named = [conversation[-1], *(at for at in named if at not in conversation)]
    if len(named) > 1:
        named.sort(key=lambda at: QUESTIONS.index(_last(at)))
        longest = [at for at in named if len(texts[at].split()) >= _WORDS]
        return longest[0] if longest else named[0]
    worded = [at for at, text in texts.items() if len(text.split()) >= _WORDS]
    if named or len(worded) == 1:
        return (named or worded)[0]
    if worded:
        raise Unclear(f"the request {request.id} holds several texts that might be the question: {', '.join(worded)}")
    return ""


def _last(at: str) -> str:
    return re.split(r"[.?\]]", at)[-1].lower()


def _texts(value: object, at: str = "$") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, f"{at}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{at}[{index}]")


def _read(request: Request, at: str) -> str | None:
    if at.startswith("?"):
        return dict(parse_qsl(request.path.partition("?")[2])).get(at[1:])
    found = at_pointer(request.json, at)
    return found if isinstance(found, str) else None


def at_pointer(value: Any, at: str) -> Any:  # JSON of any kind
    """What stands in a document at `$.a.b[0]`; None where nothing does."""
    for name, index in _STEP.findall(at.removeprefix("$")):
        try:
            value = value[name] if name else value[int(index)]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def asked(way: Way, text: str) -> tuple[str, object]:
    """The path and the body of a request with another question in it."""
    path, _, query = way.request.path.partition("?")
    if way.at.startswith("?"):
        pairs = [(name, text if name == way.at[1:] else value) for name, value in parse_qsl(query, keep_blank_values=True)]
        return f"{path}?{urlencode(pairs)}", way.request.json
    body = deepcopy(way.request.json)
    *steps, (name, index) = _STEP.findall(way.at.removeprefix("$"))
    inner: Any = body
    for step_name, step_index in steps:
        inner = inner[step_name] if step_name else inner[int(step_index)]
    inner[name if name else int(index)] = text
    return way.request.path, body


def caller(request: Request) -> tuple[tuple[str, str], ...]:
    """What in the body of a request says who asks."""
    return tuple((at, text) for at, text in _texts(request.json) if CALLERS.search(_last(at)))


def whole(body: bytes) -> str:
    """Everything an answer says: as it came, its texts without their escapes, and the pieces of a stream put together."""
    text = body.decode("utf-8", "replace")
    pieces = _streamed(text)
    documents = pieces if pieces is not None else [text]
    values = [value for document in documents if (value := _json(document)) is not None]
    said = [item for value in values for _, item in _texts(value)]
    joined = _joined(values if values else documents) if pieces is not None else ""
    return "\n".join(part for part in (text, *([joined] if joined else []), *said) if part)


def answer(body: bytes, declared: str = "") -> str:
    """The text of an answer that is for people: at the declared place, under a name that says so, or all of it."""
    text = body.decode("utf-8", "replace")
    pieces = _streamed(text)
    if pieces is not None:
        values = [value for piece in pieces if (value := _json(piece)) is not None]
        return _joined(values if values else pieces)
    value = _json(text)
    if value is None:
        return text.strip()
    if declared:
        found = at_pointer(value, declared)
        return found if isinstance(found, str) else "" if found is None else json.dumps(found)
    return _answering(value)


def _answering(value: Any) -> str:
    named = [(ANSWERS.index(_last(at)), len(at), text) for at, text in _texts(value) if _last(at) in ANSWERS]
    if named:
        return min(named)[2]
    if isinstance(value, Mapping) and any(str(key).lower() in ANSWERS for key in value):
        return ""  # there is a place for it, and nothing in it
    return value if isinstance(value, str) else "\n".join(text for _, text in _texts(value))


def _json(text: str) -> Any:
    try:
        return json.loads(text) if text.lstrip()[:1] in ("{", "[", '"') else None
    except (ValueError, RecursionError):
        return None


def _streamed(text: str) -> list[str] | None:
    """The data of server-sent events, or the lines of a stream of JSON; None where it is neither."""
    lines = text.splitlines()
    if any(line.startswith("data:") for line in lines[:20]):
        found = [line[5:].removeprefix(" ") for line in lines if line.startswith("data:")]
        return [piece for piece in found if piece != "[DONE]"]
    full = [line for line in lines if line.strip()]
    return full if len(full) > 1 and all(_json(line) is not None for line in full) else None


def _joined(values: list[Any]) -> str:
    """The texts of a stream, those at the same place one after the other."""
    places: dict[str, list[str]] = {}
    for value in values:
        for at, text in _texts(value):
            places.setdefault(at, []).append(text)
    named = {at: texts for at, texts in places.items() if _last(at) in (*ANSWERS, "delta", "token")}
    return "\n".join("".join(texts) for texts in (named or places).values())


def kind(status: int | None, text: str) -> str:
    """What came of a question: answered, refused, empty, asked too often, or failed."""
    if status is None or status >= 500 or 300 <= status < 400:
        return FAILED
    if status == 429:
        return TOO_MANY
    if status >= 400 or _REFUSAL.search(text[:600]):
        return REFUSED
    return ANSWERED if text.strip() else EMPTY
