"""The answer to a question: the nearest known one, or none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz import fuzz

THRESHOLD = 0.55


@dataclass(frozen=True)
class Answer:
    """What is said, how sure it is (0 to 1), and which known question it came from; empty where it abstains."""

    text: str
    confidence: float
    source: str


def load(path: Path) -> dict[str, str]:
    """Known questions with their answers."""
    return {item["question"]: item["answer"] for item in json.loads(path.read_text(encoding="utf-8"))}


def answer(question: str, known: dict[str, str], threshold: float = THRESHOLD) -> Answer:
    """The answer of the most similar known question, or an abstention below the threshold."""
    scored = sorted(((score(question, other), other) for other in known), reverse=True)
    if not scored or scored[0][0] < threshold:
        return Answer("", scored[0][0] if scored else 0.0, "")
    confidence, source = scored[0]
    return Answer(known[source], confidence, source)


def score(question: str, other: str) -> float:
    """How alike two questions are, 0 to 1, whatever the order of their words."""
    return round(fuzz.token_set_ratio(question.lower().strip(" ?"), other.lower().strip(" ?")) / 100, 4)
