"""Where poisoned rows would stand out among those that came: labels turned over, and phrases that always bring one label.

Hints and no verdicts: a label may have been corrected, and a new product has a name that is always of one label. What they
look for: label flipping (Biggio et al., "Support vector machines under adversarial label noise", ACML 2011) and backdoor
triggers (Gu et al., "BadNets", 2017; Chen et al., "Targeted backdoor attacks on deep learning systems using data
poisoning", 2017). A poisoner who knows them can hide from both.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from readiness.layers.security.training_rows import Moved, Row, Table, within

_LABELS: Final = ("label", "target", "class", "category", "intent", "sentiment", "outcome", "y", "answer")
_TOKEN: Final = re.compile(r"\w+|[^\w\s]")
_NEAR: Final = 0.8
_MOST_COMPARED: Final = 4000
_LONGEST: Final = 3
_FEWEST: Final = 5
_PURE: Final = 0.95
_CHANCE: Final = 0.001
_RARE: Final = 0.25
_SHOWN: Final = 5
_ENOUGH: Final = 20


@dataclass(frozen=True, slots=True)
class Flip:
    """A row that came with another label than one like it that went: both labels, and the words of it."""

    before: str
    after: str
    text: str
    same: bool


@dataclass(frozen=True, slots=True)
class Trigger:
    """A phrase of rows that came: in how many, how many of them have the label, and how often others have it."""

    phrase: str
    rows: int
    label: str
    labelled: int
    elsewhere: float


def label_of(columns: Iterable[str]) -> str:
    """The column that looks like the label; empty where none does."""
    named = {name.lower(): name for name in columns}
    return next((named[name] for name in _LABELS if name in named), "")


def flips(moved: Moved, label: str) -> tuple[Flip, ...]:
    """Rows that came in place of the same or nearly the same features with another label."""
    if label not in moved.common:
        return ()
    at = moved.common.index(label)
    left_out = {at, *([moved.common.index(moved.key)] if moved.key else [])}
    gone: dict[frozenset[str], list[Row]] = defaultdict(list)
    for row in moved.went:
        gone[_features(row, left_out)].append(row)
    index = _by_token(gone)
    found = []
    for row in moved.came:
        features = _features(row, left_out)
        match = features if features in gone else _nearest(features, index) if len(moved.came) <= _MOST_COMPARED else None
        if match is None or not gone[match]:
            continue
        old = next((item for item in gone[match] if item[at] != row[at]), None)
        if old is not None and row[at] not in {item[at] for item in gone[match]}:
            gone[match].remove(old)
            found.append(Flip(old[at], row[at], _words(row, left_out), match == features))
    return tuple(found)


def _features(row: Row, left_out: set[int]) -> frozenset[str]:
    """What a row says without its label and key: each word with its column, in small letters; numbers to three digits."""
    return frozenset(
        f"{place}:{word}" for place, value in enumerate(row) if place not in left_out for word in _tokens(value) if _says(word)
    )


def _tokens(text: str) -> list[str]:
    try:
        return [f"{float(text):.3g}"]
    except ValueError:
        return [word.casefold() for word in _TOKEN.findall(text)]


def _says(word: str) -> bool:
    return any(char.isalnum() for char in word)


def _by_token(gone: Iterable[frozenset[str]]) -> dict[str, list[frozenset[str]]]:
    found: dict[str, list[frozenset[str]]] = defaultdict(list)
    for features in gone:
        for token in features:
            found[token].append(features)
    return found


def _nearest(features: frozenset[str], index: dict[str, list[frozenset[str]]]) -> frozenset[str] | None:
    """The features that share most words, by Jaccard's measure, where that is at least _NEAR."""
    shared: Counter[frozenset[str]] = Counter()
    for token in features:
        among = index.get(token, [])
        if len(among) <= _MOST_COMPARED // 10:  # what nearly every row says tells none apart
            shared.update(among)
    best = max(shared, key=lambda item: len(item & features) / len(item | features), default=None)
    return best if best is not None and len(best & features) >= _NEAR * len(best | features) else None


def _words(row: Row, left_out: set[int]) -> str:
    text = " ".join(value for place, value in enumerate(row) if place not in left_out)
    return text if len(text) <= 60 else f"{text[:59]}…"


def triggers(before: Table, moved: Moved, label: str) -> tuple[Trigger, ...]:
    """Phrases of up to three words that are rare in what was approved, and whose new rows almost all have one label.

    Each must be unlikely to be of one label by chance, by the binomial tail over all phrases looked at (Bonferroni).
    """
    if label not in moved.common or not moved.came:
        return ()
    at = moved.common.index(label)
    left_out = {at, *([moved.common.index(moved.key)] if moved.key else [])}
    approved = within(before, moved.common)
    new = _phrases(moved.came, left_out)
    old = Counter(phrase for row in approved for phrase in _of_row(row, left_out) if phrase in new)
    rates = Counter(row[at] for row in approved)
    frequent = {phrase: rows for phrase, rows in new.items() if len(rows) >= _FEWEST}
    looked_at = len({frozenset(rows) for rows in frequent.values()})
    found: dict[frozenset[int], Trigger] = {}
    for phrase, rows in sorted(frequent.items(), key=lambda item: -len(item[0])):
        said, labelled = Counter(moved.came[row][at] for row in rows).most_common(1)[0]
        rest = [row[at] == said for index, row in enumerate(moved.came) if index not in rows]
        elsewhere = (rates[said] + sum(rest)) / max(1, len(approved) + len(rest))
        if len(rest) >= _ENOUGH:  # what comes may differ in all from what was there, and then no phrase makes the difference
            elsewhere = max(elsewhere, sum(rest) / len(rest))
        is_rare = old[phrase] <= _RARE * len(rows) and old[phrase] <= 0.01 * max(100, len(approved))
        chance = _tail(len(rows), labelled, elsewhere) * looked_at
        if is_rare and labelled >= _PURE * len(rows) and chance < _CHANCE:
            found.setdefault(frozenset(rows), Trigger(" ".join(phrase), len(rows), said, labelled, elsewhere))
    return tuple(sorted(found.values(), key=lambda item: -item.rows)[:_SHOWN])


def _phrases(rows: Sequence[Row], left_out: set[int]) -> dict[tuple[str, ...], set[int]]:
    found: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for index, row in enumerate(rows):
        for phrase in _of_row(row, left_out):
            found[phrase].add(index)
    return found


def _of_row(row: Row, left_out: set[int]) -> set[tuple[str, ...]]:
    found = set()
    for place, value in enumerate(row):
        if place in left_out:
            continue
        words = _tokens(value)
        for length in range(1, _LONGEST + 1):
            found |= {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}
    return {phrase for phrase in found if any(_says(word) for word in phrase)}


def _tail(n: int, least: int, p: float) -> float:
    """The probability of at least `least` of `n` at the rate `p` (binomial)."""
    if p >= 1:
        return 1.0
    return min(1.0, sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(least, n + 1)))
