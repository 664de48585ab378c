"""Where an error of the engine lies, which says what is wrong and not where."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from readiness.formats.cedar import tokens as words
from readiness.formats.cedar.faults import named
from readiness.formats.cedar.tokens import Token

Engine = Callable[[str], str]
"""What an engine says against a text, empty where it takes it."""

_EARLY: Final = re.compile(r"unexpected end of input|ends too early")
_GRAMMAR: Final = re.compile(r"unexpected token|unexpected end of input|ends too early|invalid token")
_AFTER_COLON: Final = re.compile(r": (?P<word>[A-Za-z_][\w:]*)$")
_MARKED: Final = re.compile(r"'(?P<word>[^']+)'")
_UID: Final = re.compile(r"[A-Za-z_][\w:]*::\"[^\"]*\"")


def offending(text: str, found: Sequence[Token], said: str, engine: Engine) -> tuple[Token, str]:
    """The token an error is about, and the word it names; the first token where none can be told.

    A grammar refuses a text at one token: up to it, every beginning is refused only for ending too early. That token
    is found by halving. What is refused for its meaning is named in the message, and looked for.
    """
    if by_grammar(said):
        token = _first_refused(text, found, engine)
        return token, token.text
    for word in _candidates(said):
        token_found = words.where(found, word)
        if token_found is not None:
            return token_found, word
    return found[0], ""


def _first_refused(text: str, found: Sequence[Token], engine: Engine) -> Token:
    fine, refused = 0, len(found)
    while refused - fine > 1:
        middle = (fine + refused) // 2
        if _goes_on(engine(text[found[0].offset : found[middle - 1].end])):
            fine = middle
        else:
            refused = middle
    return found[refused - 1]


def by_grammar(said: str) -> bool:
    """Whether an error is about how a text is written, not about what it means."""
    return bool(_GRAMMAR.search(said))


def _goes_on(said: str) -> bool:
    """Whether a beginning is refused for being one, or not at all, or for its meaning, which comes after its grammar."""
    return bool(_EARLY.search(said)) or not by_grammar(said)


def _candidates(said: str) -> list[str]:
    after = _AFTER_COLON.search(said)
    marked = _MARKED.search(said)
    found = [*([after["word"]] if after else []), *([marked["word"]] if marked else []), *named(said), *_UID.findall(said)]
    return [*found, *(word.rpartition("::")[2] for word in found), *(word.rpartition("::")[2].strip('"') for word in found)]
