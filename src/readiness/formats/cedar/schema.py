"""Reads a Cedar schema, in Cedar's notation or in JSON: which entities there are, and who can ask what of what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from readiness.formats.cedar import notation
from readiness.formats.cedar import tokens as words
from readiness.formats.cedar.faults import Fault
from readiness.formats.cedar.notation import Declared
from readiness.formats.cedar.places import by_grammar, offending
from readiness.formats.cedar.policies import DEPTH_LIMIT, decoded
from readiness.formats.cedar.tokens import Kind, Token

_UNRENDERABLE: Final = "<unrenderable"


@dataclass(frozen=True, slots=True)
class ReadSchema:
    """The schema as the engine takes it, and what it declares; `text` is empty where there is none or it is wrong."""

    text: str = ""
    declared: Declared = field(default_factory=Declared)
    files: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def read(files: Mapping[str, bytes | None]) -> ReadSchema:
    """Reads the schema that lies in one or several files; those in JSON end in `.json`."""
    names = tuple(sorted(files))
    texts: dict[str, str] = {}
    faults: list[Fault] = []
    for file in names:
        text, fault = decoded(file, files[file])
        if fault is None and not file.endswith(".json"):
            fault = _unreadable(text, file)
        if fault is None and file.endswith(".json"):
            text, fault = _from_json(text, file)
        faults += [fault] if fault is not None else []
        texts[file] = text
    if faults or not names:
        return ReadSchema(files=names, faults=tuple(faults))
    whole = "\n".join(texts.values())
    if said := _engine(whole):
        return ReadSchema(files=names, faults=(_refused(texts, said),))
    canonical = _canonical(whole)
    return ReadSchema(canonical, notation.read(canonical), names)


def _unreadable(text: str, file: str) -> Fault | None:
    found = words.tokens(text)
    for token in found:
        if token.kind is Kind.BAD:
            return Fault(file, token.line, f"`{token.text}` begins nothing that Cedar knows", column=token.column)
    if not found:
        return Fault(file, 1, "declares nothing: say which entities and actions there are")
    if (deep := words.depth(found, "([{<", ")]}>")) > DEPTH_LIMIT:
        return Fault(file, 1, f"is nested {deep} deep, and no more than {DEPTH_LIMIT} are read", limit=True)
    return None


def _engine(text: str) -> str:
    from cedarpy import Schema

    try:
        Schema.from_str(text)
    except ValueError as error:
        return str(error).removeprefix("error parsing schema: ")
    return ""


def _canonical(text: str) -> str:
    from cedarpy import Schema

    return str(Schema.from_str(text))


def _refused(texts: Mapping[str, str], said: str) -> Fault:
    """The fault in the file that is written wrongly, or else in the last one that holds what the message names."""
    blamed = Fault(next(iter(texts)), 1, said)
    twice = "declared twice" in said
    for file, text in texts.items():
        found = words.tokens(text)
        if by_grammar(own := _engine(text)):
            token, _ = offending(text, found, own, _engine)
            return Fault(file, token.line, own, column=token.column)
        token, word = offending(text, found, said, _engine)
        if word and twice and blamed.file == file:
            token = _second(found, token)
        if word:
            blamed = Fault(file, token.line, said, column=token.column)
    return blamed


def _second(found: tuple[Token, ...], first: Token) -> Token:
    """The next token that says the same, or the first where there is none."""
    return next((token for token in found if token.offset > first.offset and token.text.strip('"') == first.text.strip('"')), first)


# --- JSON ----------------------------------------------------------------------------------------------------------------


def _from_json(text: str, file: str) -> tuple[str, Fault | None]:
    from cedarpy import Schema

    try:
        raw = json.loads(text)
    except ValueError as error:
        return "", Fault(file, getattr(error, "lineno", 1), f"is no JSON: {error}", column=getattr(error, "colno", 1))
    except RecursionError:
        return "", Fault(file, 1, "is nested too deep", limit=True)
    if deep(raw) > DEPTH_LIMIT:
        return "", Fault(file, 1, f"is nested deeper than the {DEPTH_LIMIT} that are read", limit=True)
    try:
        canonical = str(Schema.from_json_str(text))
        if canonical.startswith(_UNRENDERABLE):
            canonical = str(Schema.from_json_str(json.dumps(_inlined(raw))))
    except ValueError as error:
        return "", Fault(file, _json_line(text, str(error)), str(error))
    if canonical.startswith(_UNRENDERABLE):
        return "", Fault(file, 1, "cannot be written in Cedar's notation, in which it is read here", limit=True)
    if not canonical.strip():
        return "", Fault(file, 1, "declares nothing: say which entities and actions there are")
    return canonical, None


def deep(value: Any, level: int = 0) -> int:  # any JSON
    """How deep a JSON value is nested; more than is read counts as one more."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return level if level > DEPTH_LIMIT else max((deep(item, level + 1) for item in inner), default=level)


def _inlined(raw: Any) -> Any:  # a schema in JSON, in and out
    """The same schema with each entity's shape written out where it is the name of a common type."""
    common = {
        f"{space}::{name}" if space else name: shape for space, body in raw.items() for name, shape in body.get("commonTypes", {}).items()
    }
    for space, body in raw.items():
        for entity in body.get("entityTypes", {}).values():
            for _ in common:
                shape = entity.get("shape", {})
                name = shape.get("name", shape.get("type"))
                if shape:
                    entity["shape"] = common.get(f"{space}::{name}") or common.get(name) or shape
    return raw


def _json_line(text: str, said: str) -> int:
    """The line the engine names, or of the first name it puts between backticks or after the colon."""
    _, _, after = said.rpartition(" at line ")
    number = after.partition(" ")[0]
    if number.isdigit():
        return max(1, int(number))
    name = said.rpartition(": ")[2].partition(",")[0].strip("`")
    at = text.find(f'"{name}"')
    return text.count("\n", 0, at) + 1 if at >= 0 else 1
