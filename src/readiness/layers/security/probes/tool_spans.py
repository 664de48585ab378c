"""Calls of tools in what a demo exported: the name and the arguments of each span that is one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from readiness.formats import otlp
from readiness.formats.otlp import Attributes
from readiness.world.watched import Export, ToolCall

_ARGUMENTS: Final = ("gen_ai.tool.call.arguments", "tool.parameters", "input.value", "traceloop.entity.input")
"""Where the conventions put what a tool is given; what it gives back may quote a document, and is not looked at."""


def calls(exports: Sequence[Export]) -> tuple[ToolCall, ...]:
    """The calls in the exported traces, in their order."""
    return tuple(_calls(exports))


def _calls(exports: Sequence[Export]) -> Iterator[ToolCall]:
    for export in exports:
        if export.path != "/v1/traces":
            continue
        try:
            batch = otlp.read(export.path, export.content_type, export.body)
        except otlp.Refused:
            continue  # traces-complete says so
        for span in batch.spans:
            if name := _tool(span.attributes):
                found = [span.attributes[key] for key in _ARGUMENTS if key in span.attributes]
                arguments = " ".join(item if isinstance(item, str) else json.dumps(item, default=str) for item in found)
                yield ToolCall(name, arguments, export.planted)


def _tool(attributes: Attributes) -> str:
    """The name of the tool that a span is a call of; empty where it is none."""
    is_one = attributes.get("gen_ai.operation.name") == "execute_tool" or any(
        str(attributes.get(key, "")).lower() == "tool" for key in ("openinference.span.kind", "traceloop.span.kind")
    )
    named = attributes.get("gen_ai.tool.name") or attributes.get("tool.name") or attributes.get("traceloop.entity.name")
    return str(named or "a tool without a name") if is_one else ""
