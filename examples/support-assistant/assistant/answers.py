"""Chooses the sentence that answers a question, says how sure it is, and abstains where that is not enough."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

VERSION = "2"  # of the rules in this file; a decision names it beside the model
CANDIDATES = 3
THRESHOLD = 0.5
INTERCEPT, PER_SCORE, PER_MARGIN = -5.8, 10.1, 13.3  # fitted by scripts/calibrate.py on its half of tests/golden.jsonl

Embed = Callable[[str], np.ndarray]


@dataclass(frozen=True)
class Passage:
    """A document that was retrieved for a question; `similarity` is the cosine of the two vectors, -1 to 1."""

    id: str
    title: str
    url: str
    text: str
    sha256: str
    similarity: float


@dataclass(frozen=True)
class Ranked:
    """A passage with its best sentence; `score` is the mean of the similarities of the two."""

    passage: Passage
    sentence: str
    score: float


@dataclass(frozen=True)
class Answer:
    """An answer in the words of its first source; `text` is None where the assistant abstains."""

    text: str | None
    confidence: float
    sources: tuple[Ranked, ...]


def sentences(text: str) -> list[str]:
    """The sentences of a text that say something by themselves."""
    found = re.split(r"(?:(?<=[.!?])|(?<=[.!?]\)))\s+(?=[A-Z\"(]|pg_)", text)
    return [sentence for sentence in found if len(sentence) > 30] or [text]


def rank(question: np.ndarray, passages: Sequence[Passage], embed: Embed) -> tuple[Ranked, ...]:
    """The passages, best first, each by its own similarity to the question and that of its best sentence."""
    found = []
    for passage in passages:
        scored = [(float(embed(sentence) @ question), sentence) for sentence in sentences(passage.text)]
        similarity, sentence = max(scored)
        found.append(Ranked(passage, sentence, (passage.similarity + similarity) / 2))
    return tuple(sorted(found, key=lambda item: (-item.score, item.passage.id)))


def confidence(ranked: Sequence[Ranked]) -> float:
    """The probability that the first passage answers the question, by logistic regression; 0 without any passage."""
    if not ranked:
        return 0.0
    margin = ranked[0].score - ranked[1].score if len(ranked) > 1 else 0.0
    return round(1 / (1 + math.exp(-(INTERCEPT + PER_SCORE * ranked[0].score + PER_MARGIN * margin))), 3)


def answer(question: np.ndarray, passages: Sequence[Passage], embed: Embed) -> Answer:
    """The best sentence of the best passage, or an abstention below THRESHOLD."""
    ranked = rank(question, passages, embed)
    sure = confidence(ranked)
    return Answer(ranked[0].sentence if sure >= THRESHOLD else None, sure, ranked)
