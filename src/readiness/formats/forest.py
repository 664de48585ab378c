"""Spans by their descent: unique, with children and ancestors, whatever order they came in and whatever is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from readiness.formats.otlp import Span

Key: TypeAlias = tuple[str, str]


def key(span: Span) -> Key:
    """What identifies a span: its trace and its own id."""
    return (span.trace_id, span.span_id)


class Forest:
    """The spans of any number of exports. A span that came twice, since its export was retried, is there once."""

    def __init__(self, spans: Iterable[Span]) -> None:
        self.spans: dict[Key, Span] = {}
        for span in spans:
            self.spans.setdefault(key(span), span)
        self.children: dict[Key, list[Span]] = {}
        for span in self.spans.values():
            if span.parent_id:
                self.children.setdefault((span.trace_id, span.parent_id), []).append(span)

    def roots(self) -> list[Span]:
        """Spans without a parent, or whose parent did not arrive."""
        return [span for span in self.spans.values() if not span.parent_id or (span.trace_id, span.parent_id) not in self.spans]

    def below(self, span: Span) -> Iterator[Span]:
        """The span itself and everything beneath it; a loop of parents ends where it closes."""
        seen, waiting = set(), [span]
        while waiting:
            one = waiting.pop()
            if key(one) in seen:
                continue
            seen.add(key(one))
            yield one
            waiting += self.children.get(key(one), [])

    def nearest(self, wanted: Callable[[Span], bool]) -> dict[Key, Span | None]:
        """Of every span its nearest proper ancestor that is wanted, None without one; each span is walked over once."""
        found: dict[Key, Span | None] = {}
        for start in self.spans.values():
            path, walked, span, answer = [], set(), start, None
            while key(span) not in found and key(span) not in walked:
                path.append(span)
                walked.add(key(span))
                parent = self.spans.get((span.trace_id, span.parent_id))
                if parent is None:
                    break
                if wanted(parent):
                    answer = parent
                    break
                span = parent
            else:
                answer = found.get(key(span))
            found.update((key(item), answer) for item in path)
        return found
