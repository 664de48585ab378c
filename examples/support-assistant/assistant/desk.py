"""Answers one question: embeds it, retrieves, chooses, and leaves a decision that can be explained afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from readiness import decision

from assistant import answers, logs
from assistant.embedding import Embedder

RULES = f"extract-{answers.VERSION}"
"""How the answer is taken from its documents; it stands where a prompt would."""

Nearest = Callable[[np.ndarray, str, int], list[answers.Passage]]


@dataclass(frozen=True)
class Desk:
    """The assistant: a model, and where documents are retrieved from."""

    embed: Embedder
    nearest: Nearest

    def ask(self, question: str, reader: str) -> dict[str, object]:
        """What is answered to a reader, as it goes out: answer or None, confidence, sources."""
        with decision("answer", model=self.embed.name, model_version=self.embed.digest, prompt_version=RULES) as made:
            made.input(question)
            vector = self.embed(question)
            given = answers.answer(vector, self.nearest(vector, reader, answers.CANDIDATES), self.embed)
            for ranked in given.sources:
                passage = ranked.passage
                made.source(f"data/documents.jsonl#{passage.id}", digest=f"sha256:{passage.sha256}", score=round(ranked.score, 4))
            made.confidence(given.confidence)
            if given.text is None:
                made.abstain()
            else:
                made.output(given.text)
            logs.LOGGER.info("decided", extra={"confidence": given.confidence, "decision_id": made.id})
        return shown(given)


def shown(given: answers.Answer) -> dict[str, object]:
    """An answer for people: its first source where it answers, and where to read on."""
    cited = [{"id": item.passage.id, "title": item.passage.title, "url": item.passage.url} for item in given.sources]
    if given.text is None:
        return {"answer": None, "abstained": True, "confidence": given.confidence, "sources": []}
    return {"answer": given.text, "abstained": False, "confidence": given.confidence, "sources": cited[:1], "see_also": cited[1:]}
