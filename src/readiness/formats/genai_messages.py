"""What was said to a model and what it answered, where content was recorded: in attributes, span events or log events."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from readiness.formats.otlp import Attributes, LogRecord, Span, Value

_NUMBERED: Final = (
    (re.compile(r"(gen_ai\.prompt\.(\d{1,6})\.)content"), "role", True),
    (re.compile(r"(gen_ai\.completion\.(\d{1,6})\.)content"), "role", False),
    (re.compile(r"(llm\.input_messages\.(\d{1,6})\.message\.)content"), "role", True),
    (re.compile(r"(llm\.output_messages\.(\d{1,6})\.message\.)content"), "role", False),
)
_EVENT: Final = re.compile(r"gen_ai\.(system|user|assistant|tool|choice)(?:\.message)?")
_WHOLE: Final = (("gen_ai.system_instructions", True), ("gen_ai.input.messages", True), ("gen_ai.output.messages", False))


@dataclass(frozen=True, slots=True)
class Message:
    """One message: who speaks (`system`, `user`, `assistant`, `tool`), and the text of it."""

    role: str
    text: str


def asked_and_answered(span: Span, records: Iterable[LogRecord] = ()) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
    """The messages a model was given and those it gave, in order; `records` are the log records of that span.

    Calls of tools are no text: a message without any is left out.
    """
    sides: tuple[list[Message], list[Message]] = ([], [])
    _from_whole(span.attributes, sides)
    _from_numbered(span.attributes, sides)
    for event in span.events:
        _from_event(event.name, event.attributes, event.attributes, sides)
    for record in records:
        body = record.body if isinstance(record.body, Mapping) else {}
        _from_event(record.event, body, record.attributes, sides)
    return tuple(sides[0]), tuple(sides[1])


def _from_event(name: str, body: Attributes, attributes: Attributes, sides: tuple[list[Message], list[Message]]) -> None:
    if name == "gen_ai.client.inference.operation.details":
        _from_whole(attributes, sides)
    found = _EVENT.fullmatch(name)
    if found is None:
        return
    answered = found[1] == "choice"
    inner = body.get("message") if answered else body
    content = inner.get("content") if isinstance(inner, Mapping) else inner
    _add(sides[answered], "assistant" if answered else found[1], _text(content))


def _from_whole(attributes: Attributes, sides: tuple[list[Message], list[Message]]) -> None:
    for name, asked in _WHOLE:
        messages = _parsed(attributes.get(name))
        for message in messages if isinstance(messages, (tuple, list)) else ():
            if isinstance(message, Mapping):
                role = message.get("role") or ("system" if name.endswith("instructions") else "")
                _add(sides[not asked], str(role), _text(message.get("parts", message.get("content"))))


def _from_numbered(attributes: Attributes, sides: tuple[list[Message], list[Message]]) -> None:
    for pattern, role, asked in _NUMBERED:
        found = [(int(match[2]), match[1], value) for name, value in attributes.items() if (match := pattern.fullmatch(name))]
        for _, prefix, value in sorted(found, key=lambda item: item[0]):
            _add(sides[not asked], str(attributes.get(prefix + role, "")), _text(value))


def _add(side: list[Message], role: str, text: str) -> None:
    if text:
        side.append(Message(role, text))


def _parsed(value: Value) -> object:
    if not isinstance(value, str):
        return value
    try:
        parsed: object = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return parsed


def _text(content: object) -> str:
    """The text of a message's content: a string, or parts of which some are text."""
    if isinstance(content, str):
        return content
    if isinstance(content, (tuple, list)):
        return "\n".join(text for part in content if (text := _part(part)))
    return ""


def _part(part: object) -> str:
    if not isinstance(part, Mapping):
        return part if isinstance(part, str) else ""
    if part.get("type", "text") not in ("text", "input_text", "output_text", "tool_call_response"):
        return ""
    content = part.get("content", part.get("text", part.get("response", "")))
    return content if isinstance(content, str) else ""
