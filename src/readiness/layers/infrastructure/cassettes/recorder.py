"""Records: every request is sent on with what is secret in it, and kept, with its answer, without."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from readiness.formats import codings, model_calls
from readiness.formats.cassette import Answer, Body, Exchange, Request
from readiness.formats.codings import Undecodable
from readiness.formats.redaction import Redactor, lengths
from readiness.sequence.evidence import Digest
from readiness.world import files
from readiness.world.proxy.doors import Door
from readiness.world.proxy.upstream import Unreachable, Upstream
from readiness.world.proxy.wire import BODY_BYTES, HOP_BY_HOP, Answering, Asked, Gone, Pairs, Unspoken, Wire, pairs
from readiness.world.watched import ModelCall

if TYPE_CHECKING:
    import h11

    from readiness.world.proxy.wire import Event

JOINED_BYTES: Final = 1 << 20
KEPT_BYTES: Final = 1 << 30
"""What all bodies of a cassette may be together."""


@dataclass
class Heard:
    """What an upstream said so far; `held` is the last piece of it, which the client did not hear yet."""

    status: int = 0
    reason: str = ""
    headers: Pairs = field(default_factory=list)
    framing: str = "length"
    parts: list[bytes] = field(default_factory=list)
    cuts: list[int] = field(default_factory=lambda: [0])
    trailers: Pairs = field(default_factory=list)
    cut: bool = False
    size: int = 0

    held: bytes = b""

    @property
    def body(self) -> bytes:
        """The body so far."""
        return b"".join(self.parts)

    @property
    def is_whole(self) -> bool:
        """Whether the body has the length that was announced."""
        return self.framing == "length" and lowered(self.headers).get("content-length") == str(self.size)

    def finish(self, answering: Answering) -> None:
        """Hands on the end of the answer: what was held back, or that it broke off."""
        if self.cut or not self.status:
            answering.cut()
            return
        if not answering.started:
            answering.start(self.status, self.reason, self.headers, self.framing)
        if self.held:
            answering.chunk(self.held)
        answering.end(self.trailers)


class Recorder:
    """Keeps what comes through the doors of one run; bodies lie in `folder` as soon as they are whole and clean."""

    def __init__(self, upstream: Upstream, redactor: Redactor, folder: Path) -> None:
        self._upstream = upstream
        self._redactor = redactor
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._asking: set[Wire] = set()
        self._exchanges: list[Exchange | None] = []
        self._calls: list[ModelCall] = []
        self._kept_bytes = 0
        self.troubles: list[str] = []
        self.pins: list[str] = []
        self.others: list[str] = []

    def handle(self, asked: Asked, door: Door | None, answering: Answering) -> None:
        """Sends a request on, hands its answer back piece by piece as it comes, and keeps both."""
        with self._lock:
            index = len(self._exchanges)
            self._exchanges.append(None)
        heard, error = Heard(), ""
        request = self._request(asked)
        try:
            error = self._pass_on(asked, answering, heard)
        except Gone:
            heard.cut = True
        if request is not None:
            self._keep(index, request, asked, door, heard, error)
        # Only now the end: who hears it may use at once what the answer gave, and by now that is known.
        with suppress(Gone):
            heard.finish(answering)

    def _request(self, asked: Asked) -> Request | None:
        """The request without what is secret in it, told when it comes: what it gives away counts for its own answer, too."""
        try:
            with self._lock:
                headers, url = self._redactor.headers(asked.headers), self._redactor.url(asked.url)
                body, _ = self._redactor.body(asked.body, lowered(asked.headers))
                return Request(asked.method, url, headers, self._store(body))
        except (Undecodable, OSError) as refused:
            self._trouble(f"{asked.shown} cannot be kept: {_words(refused)}")
            return None

    def _pass_on(self, asked: Asked, answering: Answering, heard: Heard) -> str:
        if asked.too_long:
            self._trouble(f"{asked.shown} sends more than {BODY_BYTES >> 20} MiB, which is too long to be kept")
            return _refuse(heard, 413, "the request is too long to be recorded")
        try:
            with self._upstream.ask(asked) as wire, self._noted(wire):
                return self._hand_back(wire, asked, answering, heard)
        except Unreachable as error:
            return _refuse(heard, 502, self._said(str(error)))

    @contextmanager
    def _noted(self, wire: Wire) -> Iterator[None]:
        with self._lock:
            self._asking.add(wire)
        try:
            yield
        finally:
            with self._lock:
                self._asking.discard(wire)

    def _hand_back(self, wire: Wire, asked: Asked, answering: Answering, heard: Heard) -> str:
        """Hands the answer on as it comes, but for its end. Raises Gone where the client is, not where the server is."""
        import h11

        try:
            event = wire.next()
            while isinstance(event, h11.InformationalResponse):
                event = wire.next()
        except (Gone, Unspoken) as error:
            return _refuse(heard, 502, self._said(f"{asked.shown}: no answer came ({error or 'it broke off'})"))
        if not isinstance(event, h11.Response):
            return _refuse(heard, 502, self._said(f"{asked.shown}: it broke off without an answer"))
        _head(event, heard, asked)
        answering.start(heard.status, heard.reason, heard.headers, heard.framing)
        self._body(wire, answering, heard)
        return ""

    def _body(self, wire: Wire, answering: Answering, heard: Heard) -> None:
        """Hands the body on; the pieces of one chunk are joined, as long as they are not many."""
        import h11

        piece = b""
        while isinstance(event := _next(wire), h11.Data):
            piece += bytes(event.data)
            whole = heard.framing != "chunked" or event.chunk_end
            if not whole and len(piece) < JOINED_BYTES:
                continue
            self._piece(piece, heard, whole=whole)
            if heard.is_whole:
                heard.held = piece
            else:
                answering.chunk(piece)
            piece = b""
        if piece:
            self._piece(piece, heard, whole=True)
            answering.chunk(piece)
        if isinstance(event, h11.EndOfMessage):
            heard.trailers = pairs(event.headers.raw_items())
        else:
            heard.cut = True

    def _piece(self, piece: bytes, heard: Heard, *, whole: bool) -> None:
        """Keeps a piece of a body; `whole` says whether it ends a chunk."""
        heard.size += len(piece)
        if heard.size <= BODY_BYTES:
            heard.parts.append(piece)
            if whole:
                heard.cuts.append(heard.size)

    def _keep(self, index: int, request: Request, asked: Asked, door: Door | None, heard: Heard, error: str) -> None:
        if not heard.status:
            return  # the client left before there was an answer: nothing came of it
        if heard.size > BODY_BYTES:
            self._trouble(f"the answer to {asked.shown} is longer than {BODY_BYTES >> 20} MiB, which is too long to be kept")
            return
        call = call_of(asked.method, asked.url, asked.body, door)
        try:
            answer, body = self._answer(heard)
            tokens = model_calls.usage(codings.plain(body, codings.layers(lowered(heard.headers)))) if call else (None, None)
        except (Undecodable, OSError) as refused:
            self._trouble(f"the answer to {asked.shown} cannot be kept: {_words(refused)}")
            return
        self._exchanges[index] = Exchange(request, answer, self._said(call.model) if call else "", *tokens, error)
        if call is not None:
            self._calls.append(ModelCall(call.endpoint, call.model, call.stream, heard.status if not error else None, 0))

    def _answer(self, heard: Heard) -> tuple[Answer, bytes]:
        with self._lock:
            cleaner = self._redactor
            headers, trailers = cleaner.headers(heard.headers), cleaner.headers(heard.trailers)
            whole = heard.body
            ends = tuple(heard.cuts) if heard.cuts[-1] == len(whole) else (*heard.cuts, len(whole))
            body, cuts = cleaner.body(whole, lowered(heard.headers), ends)
            chunks = lengths(cuts) if heard.framing == "chunked" else ()
            kept = self._store(body)
            return Answer(heard.status, cleaner.text(heard.reason), headers, kept, heard.framing, chunks, trailers, heard.cut), body

    def _store(self, data: bytes) -> Body:
        if not data:
            return Body()
        self._kept_bytes += len(data)
        if self._kept_bytes > KEPT_BYTES:
            raise OSError(0, f"all bodies together are more than {KEPT_BYTES >> 30} GiB")
        digest = hashlib.sha256(data).hexdigest()
        place = self._folder / digest
        if not place.exists():
            files.write_atomically(place, data)
        return Body(Digest(f"sha256:{digest}"), len(data))

    def pinned(self, host: str) -> None:
        """Notes a host whose client does not believe our certificate."""
        self.pins.append(self._said(host))

    def unsupported(self, what: str) -> None:
        """Notes what cannot be recorded."""
        self.others.append(self._said(what))

    def _said(self, text: str) -> str:
        with self._lock:
            return self._redactor.text(text)

    def _trouble(self, text: str) -> None:
        self.troubles.append(self._said(text))

    def stop(self) -> None:
        """Breaks off what is still under way: whoever asked for it has ended."""
        with self._lock:
            waiting = list(self._asking)
        for wire in waiting:
            wire.close()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What was recorded, in the order it was asked."""
        return tuple(item for item in self._exchanges if item is not None)

    @property
    def calls(self) -> tuple[ModelCall, ...]:
        """The calls of models among them."""
        return tuple(self._calls)


def _next(wire: Wire) -> Event:
    """The next event; that the connection was closed where it broke."""
    import h11

    try:
        return wire.next()
    except (Gone, Unspoken):
        return h11.ConnectionClosed()


def _refuse(heard: Heard, status: int, why: str) -> str:
    """Makes the answer one of ours; returns why."""
    body = json.dumps({"error": {"message": f"readiness: {why}", "type": "unreachable"}}).encode()
    heard.status, heard.parts, heard.held = status, [body], body
    heard.headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    return why


def _words(error: Exception) -> str:
    return (error.strerror or "" if isinstance(error, OSError) else "") or str(error)


def _head(event: h11.Response, heard: Heard, asked: Asked) -> None:
    headers = pairs(event.headers.raw_items())
    names = lowered(headers)
    heard.status, heard.reason = event.status_code, bytes(event.reason).decode("latin-1")
    heard.headers = [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]
    if "chunked" in names.get("transfer-encoding", "").lower():
        heard.framing = "chunked"
        heard.headers = [(name, value) for name, value in heard.headers if name.lower() != "content-length"]
    elif "content-length" not in names and asked.method != "HEAD" and event.status_code not in (204, 304):
        heard.framing = "close"


def lowered(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by lower-case name; the last of several of one name counts."""
    return {name.lower(): value for name, value in headers}


def call_of(method: str, url: str, body: bytes, door: Door | None) -> model_calls.Call | None:
    """The call of a model that a request is, its endpoint told from below the door it came through."""
    path = urlsplit(url).path
    if door is not None:
        path = path.removeprefix(urlsplit(door.url).path.rstrip("/"))
    return model_calls.of(method, path, body)
