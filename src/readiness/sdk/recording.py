"""A decision recorded: `with decision("answer", model="m", model_version="3") as d: d.source("doc-12"); d.confidence(0.8)`.

It is a span of OpenTelemetry with attributes `readiness.decision.*`, current while the block runs. Inputs and outputs
leave the process as digests alone.
"""

from __future__ import annotations

import contextlib
import functools
import re
import sys
from collections.abc import Callable, Generator, Mapping
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar, cast

from readiness.sdk.surroundings import Harmless, say_once

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, Tracer

P = ParamSpec("P")
R = TypeVar("R")
PREFIX: Final = "readiness.decision."
NO_API: Final = "readiness: opentelemetry is not installed, so decisions are recorded nowhere; `pip install opentelemetry-sdk`"
NO_PROVIDER: Final = "readiness: no tracer provider is set, so decisions are recorded nowhere; `readiness.setup()` sets one"
_DIGEST: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_CURRENT: ContextVar[Decision | None] = ContextVar("readiness_decision", default=None)
_tracers: list[tuple[object, Tracer]] = []


def decision(kind: str, *, model: str = "", model_version: str = "", prompt_version: str = "", experiment: str = "") -> Decision:
    """A decision of a `kind` of yours ("answer", "refund"), to be used as a context manager or as a decorator.

    As a decorator it records each call of the function, and what it returns as the output; `current()` is the decision
    inside it. `prompt_version` is left out where there is no prompt.
    """
    frame = sys._getframe(1)
    place = (frame.f_code.co_filename, frame.f_lineno)
    stated = {"kind": kind, "model": model, "model_version": model_version, "prompt_version": prompt_version, "experiment": experiment}
    return Decision(stated, place)


def current() -> Decision:
    """The decision being made here; one that is recorded nowhere where there is none."""
    return _CURRENT.get() or Decision({"kind": "none"}, ("", 0))


def note(name: str, attributes: Mapping[str, str | bool | list[str]]) -> None:
    """An event on the decision being made here, else on the span that is current, else on a span of its own. Raises nothing."""
    with Harmless(f"noting {name}"):
        tracer = _tracer()
        if tracer is None:
            return
        from opentelemetry import trace

        made = _CURRENT.get()
        span = made._span if made is not None and made._span is not None else trace.get_current_span()
        if span.is_recording():
            span.add_event(name, attributes)
        elif not span.get_span_context().is_valid:
            with tracer.start_as_current_span(name) as own:
                own.add_event(name, attributes)


def _guarded(method: Callable[P, None]) -> Callable[P, None]:
    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        with Harmless(method.__name__):
            method(*args, **kwargs)

    return guarded


class _Begun:
    """A block that was entered: what to put back at its end, and its span where there is one."""

    __slots__ = ("context", "mark", "span")  # no dataclass, which is slow to import

    def __init__(self, mark: Token[Decision | None]) -> None:
        self.mark = mark
        self.span: Span | None = None
        self.context: Token[Context] | None = None


class Decision:
    """One decision while it is made. Whatever is given to it, it raises nothing."""

    __slots__ = ("_attributes", "_begun", "_place", "_scores", "_sources", "_span", "_stated")

    def __init__(self, stated: dict[str, str], place: tuple[str, int]) -> None:
        self._stated = stated
        self._place = place
        self._span: Span | None = None
        self._begun: list[_Begun] = []
        self._forget()

    def _forget(self) -> None:
        self._attributes: dict[str, str | float] = {}
        self._sources: list[str] = []
        self._scores: list[float] = []

    @property
    def id(self) -> str:
        """`<trace id>-<span id>`, in hex; empty where the decision is not recorded."""
        with Harmless("naming a decision"):
            found = self._span.get_span_context() if self._span is not None else None
            return f"{found.trace_id:032x}-{found.span_id:016x}" if found is not None and found.is_valid else ""
        return ""

    @_guarded
    def model(self, name: str = "", *, version: str = "") -> None:
        """Which model answered, where that is known only now: `d.model(version=response.model)`."""
        self._attributes |= {key: str(value) for key, value in (("model", name), ("model_version", version)) if value}

    @_guarded
    def source(self, name: str, *, digest: str = "", score: float | None = None) -> None:
        """A source that was looked at: a document, a table, a file; its `sha256:…`, and how well it matched."""
        found = _DIGEST.fullmatch(digest) if digest else None
        self._sources.append(f"{name}@sha256:{found[1]}" if found else str(name))
        self._scores.append(float("nan") if score is None else float(score))

    @_guarded
    def confidence(self, value: float) -> None:
        """How sure the system is, from 0 to 1."""
        self._attributes["confidence"] = float(value)

    @_guarded
    def input(self, value: object) -> None:
        """What was asked; its digest is recorded."""
        self._attributes["input_digest"] = digest(value)

    @_guarded
    def output(self, value: object) -> None:
        """What was answered; its digest is recorded. The outcome is `answered`."""
        self._attributes |= {"output_digest": digest(value), "outcome": "answered"}

    @_guarded
    def abstain(self) -> None:
        """The system looked, and does not answer. The outcome is `abstained`."""
        self._attributes["outcome"] = "abstained"

    @_guarded
    def refuse(self) -> None:
        """The system does not look, since it is stopped or must not. The outcome is `refused`."""
        self._attributes["outcome"] = "refused"

    @_guarded
    def fallback(self, value: object = None) -> None:
        """Something simpler answered in place of the model. The outcome is `fallback`."""
        self._attributes |= {"outcome": "fallback"} | ({} if value is None else {"output_digest": digest(value)})

    def __enter__(self) -> Decision:
        with Harmless("beginning a decision"):
            self._begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self._begun:
            return
        begun = self._begun.pop()
        with Harmless("telling of a decision"):
            self._tell(begun, error)
        with Harmless("ending a decision"):
            if begun.span is not None:
                begun.span.end()
        with Harmless("leaving a decision"):
            _leave(begun)

    def _begin(self) -> None:
        if not self._begun:
            self._forget()
        begun = _Begun(_CURRENT.set(self))
        self._begun.append(begun)
        tracer = _tracer()
        if tracer is None:
            return
        from opentelemetry import context, trace

        stated: dict[str, str | int] = {f"{PREFIX}{name}": str(value) for name, value in self._stated.items() if value}
        stated |= {"code.file.path": self._place[0], "code.line.number": self._place[1]}
        self._span = begun.span = tracer.start_span(f"decision {self._stated['kind']}", attributes=stated)
        begun.context = context.attach(trace.set_span_in_context(begun.span))
        if not begun.span.get_span_context().is_valid:
            say_once(NO_PROVIDER)

    def _tell(self, begun: _Begun, error: BaseException | None) -> None:
        span = begun.span
        if span is None:
            return
        for name, value in self._attributes.items():
            span.set_attribute(f"{PREFIX}{name}", value)
        if self._sources:
            span.set_attribute(f"{PREFIX}sources", self._sources)
        if any(score == score for score in self._scores):  # not a number differs from itself: no score was given
            span.set_attribute(f"{PREFIX}source_scores", self._scores)
        if error is not None and not isinstance(error, GeneratorExit):
            from opentelemetry.trace import Status, StatusCode

            span.record_exception(error)
            span.set_status(Status(StatusCode.ERROR, f"{type(error).__name__}: {error}"))

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """The function, each call of it a decision of this kind."""
        return _decorated(self, function)

    def _again(self) -> Decision:
        return Decision(self._stated, self._place)

    def _returned(self, value: object) -> None:
        if value is not None and "outcome" not in self._attributes:
            self.output(value)


def _leave(begun: _Begun) -> None:
    with contextlib.suppress(ValueError):  # ended in another context than it began in, as generators may
        _CURRENT.reset(begun.mark)
    if begun.context is not None:
        from opentelemetry import context

        context.detach(begun.context)


# A decorator gives back what it was given; the kinds of function are told apart at run time, which no type can say.
def _decorated(template: Decision, function: Callable[P, R]) -> Callable[P, R]:
    import inspect

    call: Any = function

    def plain(*args: P.args, **kwargs: P.kwargs) -> R:
        with template._again() as made:
            result = function(*args, **kwargs)
            made._returned(result)
            return result

    async def awaited(*args: P.args, **kwargs: P.kwargs) -> object:
        with template._again() as made:
            result = await call(*args, **kwargs)
            made._returned(result)
            return result

    def generated(*args: P.args, **kwargs: P.kwargs) -> Generator[Any, Any, Any]:
        with template._again():
            return (yield from call(*args, **kwargs))

    async def streamed(*args: P.args, **kwargs: P.kwargs) -> Any:
        with template._again():
            async for item in call(*args, **kwargs):
                yield item

    kinds = ((inspect.iscoroutinefunction, awaited), (inspect.isasyncgenfunction, streamed), (inspect.isgeneratorfunction, generated))
    chosen: Any = next((wrapper for is_kind, wrapper in kinds if is_kind(function)), plain)
    return cast("Callable[P, R]", functools.wraps(function)(chosen))


def digest(value: object) -> str:
    """`sha256:…` of bytes, of a text in UTF-8, or of anything else as JSON with sorted keys."""
    import hashlib

    if isinstance(value, str):
        data = value.encode("utf-8", "surrogatepass")
    elif isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
    else:
        import json

        data = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str).encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _tracer() -> Tracer | None:
    """A tracer of the provider that is set now; None without OpenTelemetry."""
    try:
        from opentelemetry import trace
    except ImportError:
        say_once(NO_API)
        return None
    provider = trace.get_tracer_provider()
    for known, tracer in _tracers:
        if known is provider:
            return tracer
    from readiness import __version__

    made = provider.get_tracer("readiness.sdk", __version__)
    _tracers[:] = [(provider, made)]
    return made
