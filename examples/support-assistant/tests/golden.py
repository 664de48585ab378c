"""The golden set: questions with the documents that answer them, and questions nothing here answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from assistant import answers, corpus, embedding


@dataclass(frozen=True)
class Case:
    """One question. `documents` are those that answer it, none where the assistant should abstain."""

    id: str
    question: str
    documents: tuple[str, ...]
    split: str
    answer: answers.Answer

    @property
    def right(self) -> bool:
        """Whether the first source is one of the expected documents."""
        return self.answer.sources[0].passage.id in self.documents


@cache
def embedder() -> embedding.Embedder:
    """The model, loaded once for all tests."""
    return embedding.Embedder()


@cache
def documents() -> tuple[list[corpus.Document], np.ndarray]:
    """The documents and their vectors, shape (documents, 384)."""
    known = corpus.documents()
    vectors = corpus.vectors(known, embedder().digest)
    return known, np.array([vectors[item.id] for item in known])


def passages(question: np.ndarray, audiences: tuple[str, ...] = ("customer", "partner", "operator")) -> list[answers.Passage]:
    """The nearest documents by an exact scan, which is what the database does."""
    known, vectors = documents()
    readable = [index for index, item in enumerate(known) if item.audience in audiences]
    nearest = sorted(readable, key=lambda index: -float(vectors[index] @ question))[: answers.CANDIDATES]
    return [
        answers.Passage(item.id, item.title, item.url, item.text, item.sha256, float(vectors[index] @ question))
        for index, item in ((index, known[index]) for index in nearest)
    ]


def rows() -> list[dict]:
    """The lines of golden.jsonl."""
    return [json.loads(line) for line in Path(__file__).with_name("golden.jsonl").read_text(encoding="utf-8").splitlines()]


def judged(split: str) -> Iterator[Case]:
    """Every case of one half, `calibration` or `test`, with the answer the assistant gives."""
    embed = cache(embedder())
    for row in rows():
        if row["split"] != split:
            continue
        question = embed(row["question"])
        given = answers.answer(question, passages(question), embed)
        yield Case(row["id"], row["question"], tuple(row["documents"]), row["split"], given)
