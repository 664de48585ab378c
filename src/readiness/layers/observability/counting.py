"""Calls of models at the boundary against spans of them: how many of each model are missing, and how surely.

A call that was answered must be a span of its own. Calls that failed may be retries within one span, as the conventions
ask for, so that of a model with failed calls alone one span is enough.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from readiness.formats.genai import EMBEDDING, GENERATION
from readiness.layers.observability.evidence import SeenCall


@dataclass(frozen=True, slots=True)
class Asked:
    """How often a model was asked for at one endpoint, and how often it answered."""

    model: str
    endpoint: str
    made: int
    answered: int

    @property
    def needed(self) -> int:
        """How many spans there are at least, however often was tried again."""
        return max(self.answered, min(self.made, 1))

    @property
    def kind(self) -> str:
        """Whether the endpoint embeds or generates."""
        return EMBEDDING if self.endpoint.endswith("/embeddings") else GENERATION

    @property
    def named(self) -> str:
        """The model, or its endpoint where none was named."""
        return self.model or self.endpoint


@dataclass(frozen=True, slots=True)
class Missing:
    """A model whose calls are not all among the spans: `seen` of at least `asked.needed`.

    `others` are models of that many spans or more which were never asked for: the same calls under another name, or
    other ones, which nobody can tell from here. Empty where there are too few to explain it.
    """

    asked: Asked
    seen: int
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """The models that are missing calls, and how many spans there are beyond the calls that were made."""

    missing: tuple[Missing, ...]
    surplus: int


def count(asked: Iterable[Asked], calls: Iterable[SeenCall]) -> Counted:
    """Compares by model. A span that names no model stands for any call, and a request that names none for any span."""
    wanted = sorted(asked, key=lambda item: (not item.model, item.model, item.endpoint))
    known = {item.model for item in wanted if item.model}
    left: dict[str, Counter[str]] = {EMBEDDING: Counter(), GENERATION: Counter()}
    for call in calls:
        left[call.kind][_matched(call, known)] += 1
    missing = []
    for item in wanted:
        spans = left[item.kind]
        taken = _take(spans, item.model, item.needed)
        taken += _take(spans, "", item.needed - taken)
        if not item.model:
            for name in sorted(set(spans) - known):
                taken += _take(spans, name, item.needed - taken)
        if taken < item.needed:
            missing.append(Missing(item, taken))
    others = {kind: {name: number for name, number in spans.items() if name and name not in known} for kind, spans in left.items()}
    spare = sum(item.made - item.needed for item in wanted)
    surplus = max(0, sum(spans.total() for spans in left.values()) - spare)
    return Counted(tuple(_explained(item, others[item.asked.kind]) for item in missing), surplus)


def _take(spans: Counter[str], name: str, wanted: int) -> int:
    taken = max(0, min(spans[name], wanted))
    spans[name] -= taken
    return taken


def _explained(item: Missing, others: Mapping[str, int]) -> Missing:
    enough = sum(others.values()) >= item.asked.needed - item.seen
    return replace(item, others=tuple(sorted(name for name, number in others.items() if number))) if enough else item


def _matched(call: SeenCall, known: set[str]) -> str:
    """The model asked for that a span is of; its own name for it where it is none of those."""
    for name in (call.request_model, call.response_model):
        bare = name.rpartition("/")[2]  # routers put the provider in front
        if name in known or bare in known:
            return name if name in known else bare
    if call.request_model:
        return call.request_model
    # A span that tells only what answered: a dated name begins with the one that was asked for.
    begun = [name for name in known if call.response_model.startswith(f"{name}-")]
    return max(begun, key=len) if begun else call.response_model
