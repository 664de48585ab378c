"""The words of Cedar with their places, since the engine's errors name none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a token is; `BAD` is a character that begins none, such as the quote of a text that never ends."""

    WORD = "word"
    TEXT = "text"
    NUMBER = "number"
    MARK = "mark"
    SLOT = "slot"
    BAD = "bad"


_TOKEN: Final = re.compile(
    r"(?P<space>\s+|//[^\n]*)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<text>\"(?:\\.|[^\"\\])*\")|(?P<number>[0-9]+)|"
    r"(?P<slot>\?[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>::|==|!=|<=|>=|\|\||&&|[@.,;:(){}\[\]<>!=+*/%?|&-])|(?P<bad>.)",
    re.DOTALL,
)
OPENING: Final = {"(": ")", "[": "]", "{": "}"}
_PLAIN: Final = re.compile(r"\\(?:u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}


@dataclass(frozen=True, slots=True)
class Token:
    """One token: what it is, its text, its offset in characters, its line and column, both from 1."""

    kind: Kind
    text: str
    offset: int
    line: int
    column: int

    @property
    def end(self) -> int:
        """The offset behind its last character."""
        return self.offset + len(self.text)


def tokens(text: str) -> tuple[Token, ...]:
    """Every token of a text, without space and comments."""
    return tuple(_tokens(text))


def _tokens(text: str) -> Iterator[Token]:
    line, begun = 1, 0
    for found in _TOKEN.finditer(text):
        said, kind = found[0], str(found.lastgroup)
        if kind != "space":
            yield Token(Kind(kind), said, found.start(), line, found.start() - begun + 1)
        if "\n" in said:
            line += said.count("\n")
            begun = found.start() + said.rindex("\n") + 1


def depth(found: Sequence[Token], opening: str = "([{", closing: str = ")]}") -> int:
    """How deep brackets and `if` lie in each other, at most: the engine recurses as deep, and has no bound of its own."""
    now = deepest = 0
    for token in found:
        if token.text in opening:
            now += 1
        elif token.text in closing:
            now = max(0, now - 1)
        deepest = max(deepest, now)
    return deepest + sum(token.text == "if" for token in found)


def split(found: Sequence[Token], mark: str) -> list[list[Token]]:
    """The tokens between the marks that lie in no bracket; what follows the last mark is the last part."""
    parts: list[list[Token]] = [[]]
    inside = 0
    for token in found:
        inside += (token.text in OPENING) - (token.text in OPENING.values())
        if token.text == mark and inside <= 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def source(text: str, found: Sequence[Token]) -> str:
    """The part of a text that the tokens span, as it was written; empty without tokens."""
    return text[found[0].offset : found[-1].end] if found else ""


def unquoted(text: str) -> str:
    """What a quoted text says, its escapes resolved."""
    return _PLAIN.sub(lambda found: _escaped(found), text[1:-1])


def _escaped(found: re.Match[str]) -> str:
    code = int(found[1] or found[2] or "0", 16)
    if found[3] is None:
        return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"
    return _ESCAPES.get(found[3], found[3])


def quoted(text: str) -> str:
    """A text as Cedar quotes it, such that `unquoted` gives it back."""
    said = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(char if char.isprintable() else f"\\u{{{ord(char):x}}}" for char in said) + '"'


def where(found: Sequence[Token], words: str) -> Token | None:
    """The first token at which these words stand in a row, whatever space lies between them; None where they do not."""
    asked = [token.text for token in tokens(words)]
    texts = [token.text for token in found]
    for index in range(len(texts) - len(asked) + 1):
        if asked and texts[index : index + len(asked)] == asked:
            return found[index]
    return None
