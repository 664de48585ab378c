"""Which requests call a model, which model, and how many tokens the answer says it took.

By the paths of the interfaces of OpenAI (and Azure, and those who copied it), Anthropic, Ollama, Google, Cohere and
Bedrock; tokens are read from the answer's own usage fields, also of a stream, and never estimated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_PATH: Final = re.compile(
    r"(?:/v\d\w*|/deployments/(?P<deployment>[^/]+)|/openai|^)"
    r"(?P<openai>/(?:chat/completions|completions|responses|embeddings|messages|rerank|audio/transcriptions|audio/speech|images/generations))"
    r"|^(?P<ollama>/api/(?:chat|generate|embed|embeddings))"
    r"|/models/(?P<gemini>[^/:]+):(?:generateContent|streamGenerateContent|embedContent|batchEmbedContents|predict|rawPredict)"
    r"|^/model/(?P<bedrock>[^/]+)/(?:invoke|invoke-with-response-stream|converse|converse-stream)"
    r"|/v[12]/(?P<cohere>chat|generate|embed|rerank)"
)  # fmt: skip
_USAGE: Final = ("usage", "usageMetadata", "meta", "message", "response", "tokens", "billed_units")
_INPUT: Final = ("prompt_tokens", "input_tokens", "promptTokenCount", "prompt_eval_count")
_OUTPUT: Final = ("completion_tokens", "output_tokens", "candidatesTokenCount", "eval_count")


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a model: the endpoint below the address of the interface, the model asked for, whether as a stream."""

    endpoint: str
    model: str
    stream: bool


def of(method: str, path: str, body: bytes) -> Call | None:
    """The call that a request is (`path` without query); None where it calls no model."""
    found = _PATH.search(path) if method == "POST" else None
    if found is None or found.end() != len(path):
        return None
    asked = _json(body)
    asked = asked if isinstance(asked, dict) else {}
    model = asked.get("model") if isinstance(asked.get("model"), str) else ""
    named = model or found["deployment"] or found["gemini"] or found["bedrock"] or _of_form(body)
    stream = asked.get("stream") is True or "stream" in path.rpartition("/")[2].lower()
    return Call(found["openai"] or path, str(named), stream)


def _of_form(body: bytes) -> str:
    found = re.search(rb'name="?model"?\r\n(?:[^\r\n]+\r\n)*\r\n([^\r\n]{1,200})', body[: 1 << 20])
    return found[1].decode("utf-8", "replace") if found else ""


def usage(body: bytes) -> tuple[int | None, int | None]:
    """The (input, output) tokens an answer tells: JSON, lines of JSON, or server-sent events; None where it tells none.

    Of a stream that tells several times, the last one counts, since what they tell is the sum so far.
    """
    tokens_in = tokens_out = None
    for value in _values(body):
        first, second = _told(value, 0)
        tokens_in = first if first is not None else tokens_in
        tokens_out = second if second is not None else tokens_out
    return tokens_in, tokens_out


def _values(body: bytes) -> Iterator[Any]:
    whole = _json(body)
    if whole is not None:
        yield from whole if isinstance(whole, list) else [whole]
        return
    for line in body.splitlines():
        text = line.removeprefix(b"data:").strip()
        if text.startswith(b"{") and (value := _json(text)) is not None:
            yield value


def _told(value: Any, depth: int) -> tuple[int | None, int | None]:
    if not isinstance(value, dict) or depth > 3:
        return None, None
    first, second = _first(value, _INPUT), _first(value, _OUTPUT)
    for name in _USAGE:
        inner_first, inner_second = _told(value.get(name), depth + 1)
        first, second = first if first is not None else inner_first, second if second is not None else inner_second
    return first, second


def _first(value: dict[str, Any], names: tuple[str, ...]) -> int | None:
    return next((int(found) for name in names if isinstance(found := value.get(name), int) and not isinstance(found, bool)), None)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None
