"""Asks a model over HTTP as OpenAI's is asked, where the policies allow it, and leaves a span for each call."""

from __future__ import annotations

import json
import math
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from opentelemetry import trace
from readiness import Entity, guarded

TRACER = trace.get_tracer("agent.model")
TIMEOUT_S = 30


@dataclass(frozen=True)
class Said:
    """What a model said: a message as it goes back to it, how sure it was (from 0 to 1), and which version it is."""

    message: dict[str, Any]
    confidence: float
    version: str


@dataclass(frozen=True)
class Model:
    """A model at an address."""

    name: str
    url: str
    key: str = field(repr=False)

    @guarded("ask", principal=lambda agent: agent, resource=lambda self: f'Model::"{self.name}"')
    def ask(self, agent: Entity, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]]) -> Said:
        """The next message. Raises OSError where no model answers."""
        body = {"model": self.name, "messages": list(messages), "tools": list(tools), "logprobs": True, "temperature": 0}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        request = urllib.request.Request(f"{self.url}/chat/completions", json.dumps(body).encode(), headers)
        with TRACER.start_as_current_span(f"chat {self.name}", kind=trace.SpanKind.CLIENT) as span:
            span.set_attributes({"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": self.name})
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                said = json.load(answer)
            span.set_attribute("gen_ai.response.model", said["model"])
        choice = said["choices"][0]
        return Said(choice["message"], confidence(choice), said["model"])


def confidence(choice: dict[str, Any]) -> float:
    """The geometric mean of the probabilities of the tokens of a message; 0 where the model does not say them."""
    tokens = (choice.get("logprobs") or {}).get("content") or []
    return math.exp(sum(token["logprob"] for token in tokens) / len(tokens)) if tokens else 0.0
