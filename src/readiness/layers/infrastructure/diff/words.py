"""Two texts compared word by word, and told in few words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from readiness.layers.infrastructure.diff.change import Change
from readiness.layers.infrastructure.diff.values import short
from readiness.layers.infrastructure.evidence import Factor
from readiness.layers.infrastructure.secrecy import looks_secret

_MOST_WORDS: Final = 4000
_MOST_PLACES: Final = 12


def compared(factor: Factor, place: str, one: str, two: str) -> Iterator[Change]:
    """A change for each place where words differ; one for the whole where the texts are long or have little in common."""
    from difflib import SequenceMatcher

    if one > two:  # the matcher is not symmetric, and a difference looked at from the other side must be the same
        yield from (change.mirrored() for change in compared(factor, place, two, one))
        return
    before, after = one.split(), two.split()
    if before == after:
        yield Change(factor, place, "white space", "", "")
        return
    counts = ("", "") if len(before) == len(after) else (f"{len(before)} words", f"{len(after)} words")
    counted = Change(factor, place, "", *counts)
    if max(len(before), len(after)) > _MOST_WORDS:
        yield counted
        return
    blocks = [block for block in SequenceMatcher(None, before, after, autojunk=False).get_opcodes() if block[0] != "equal"]
    if len(blocks) > _MOST_PLACES:
        yield counted
        return
    for _, start, end, other_start, other_end in blocks:
        yield Change(factor, place, "words", _quoted(before[start:end]), _quoted(after[other_start:other_end]))


def _quoted(words: list[str]) -> str | None:
    if not words:
        return None
    return f"“{short(' '.join('…' if looks_secret('', word) else word for word in words))}”"
