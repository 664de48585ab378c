"""What a run was seen to authorize: each answer of the policies that its spans carry, and how many of them came in any time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from readiness.formats import otlp
from readiness.world.watched import Watched

EVENT: Final = "readiness.authorization"
"""The event of a span that is one answer; the SDK writes it, and whoever counts by other means may write the same."""


_LATE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Somebody asked: which policies decided, whether it was allowed, and why; `at_ns` since 1970."""

    principal: str
    policies: tuple[str, ...]
    allowed: bool
    reason: str
    at_ns: int


def answers(seen: Watched) -> tuple[Answer, ...]:
    """The answers in what a run exported, by time. An export that cannot be read holds none."""
    found: list[Answer] = []
    for export in seen.exports:
        try:
            spans = otlp.read(export.path, export.content_type, export.body).spans
        except otlp.Refused:
            continue
        found += [_answer(event) for span in spans for event in span.events if event.name == EVENT]
    return tuple(sorted(found, key=lambda answer: answer.at_ns))


def _answer(event: otlp.Event) -> Answer:
    said = {name.removeprefix(f"{EVENT}."): value for name, value in event.attributes.items()}
    policies = said.get("policies")
    names = tuple(str(name) for name in policies) if isinstance(policies, tuple) else ()
    return Answer(str(said.get("principal", "")), names, said.get("allowed") is True, str(said.get("reason", "")), event.time_ns)


def allowed(found: Iterable[Answer], policy: str) -> dict[str, tuple[int, ...]]:
    """For each principal the times, in order, at which a policy permitted something."""
    times: dict[str, list[int]] = {}
    for answer in found:
        if answer.allowed and policy in answer.policies:
            times.setdefault(answer.principal, []).append(answer.at_ns)
    return {principal: tuple(sorted(at)) for principal, at in times.items()}


def most(times: tuple[int, ...], window_s: int) -> int:
    """The largest number of these times, which are sorted, that surely lie in one window of that length.

    An answer is noted a moment after it is counted, so the window is taken shorter: by half, and by 5 s at most.
    """
    surely_ns = int((window_s - min(window_s / 2, _LATE_S)) * 1e9)
    best = begun = 0
    for index, at in enumerate(times):
        while at - times[begun] >= surely_ns:
            begun += 1
        best = max(best, index - begun + 1)
    return best
