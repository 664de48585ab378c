"""HTTP/1.1 on a socket, by h11: events in, events out, and what a request asked for as a value."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import h11

    Event = h11.Event | type[h11.PAUSED]

HEAD_BYTES: Final = 1 << 20
BODY_BYTES: Final = 64 << 20
"""The longest body that is kept, of a request or an answer."""
READ_BYTES: Final = 1 << 16
HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that are about one connection and not about what is said on it (RFC 9110, 7.6.1)."""

Pairs = list[tuple[str, str]]


class Gone(Exception):
    """Whoever is at the other end went away."""


class Unspoken(Exception):
    """What came is no HTTP/1.1; the message says what it seems to be."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: `url` is absolute, `headers` without those of the connection, `local` where it came to."""

    method: str
    url: str
    headers: Pairs
    body: bytes
    local: str
    too_long: bool = False

    @property
    def shown(self) -> str:
        """The request in one line, without its query."""
        parts = urlsplit(self.url)
        return f"{self.method} {parts.netloc.rpartition('@')[2]}{parts.path}"


class Wire:
    """One connection, of which this end is a client or a server."""

    def __init__(self, sock: socket.socket, *, client: bool = False) -> None:
        import h11

        self.sock = sock
        self.connection = h11.Connection(h11.CLIENT if client else h11.SERVER, max_incomplete_event_size=HEAD_BYTES)

    def next(self) -> Event:
        """The next event. Raises Unspoken for what is no HTTP, Gone where the connection breaks."""
        import h11

        while True:
            try:
                event = self.connection.next_event()
            except h11.RemoteProtocolError as error:
                raise Unspoken(self._seems(str(error))) from None
            if event is not h11.NEED_DATA:
                return event  # type: ignore[return-value]  # h11's sentinels are classes of their own
            self._waited()
            try:
                data = self.sock.recv(READ_BYTES)
            except OSError as error:
                raise Gone(str(error)) from None
            try:
                self.connection.receive_data(data)
            except h11.RemoteProtocolError as error:
                raise Unspoken(str(error)) from None

    def _waited(self) -> None:
        import h11

        if self.connection.our_role is h11.SERVER and self.connection.they_are_waiting_for_100_continue:
            self.send(h11.InformationalResponse(status_code=100, headers=[]))

    def _seems(self, error: str) -> str:
        data = self.connection.trailing_data[0]
        return "HTTP/2" if data.startswith(b"PRI * HTTP/2") else error

    def send(self, event: h11.Event) -> None:
        """Sends one event. Raises Gone where nobody is there any more, Unspoken for what HTTP does not allow."""
        import h11

        try:
            data = self.connection.send(event)
        except h11.LocalProtocolError as error:
            raise Unspoken(f"an answer or a request that HTTP does not allow: {error}") from None
        if data:
            self.raw(data)

    def raw(self, data: bytes) -> None:
        """Sends bytes. Raises Gone where nobody is there any more."""
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Gone(str(error)) from None

    def close(self) -> None:
        """Ends the connection, so that the other end knows."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self.sock.close()


def requests(wire: Wire, origin: str) -> Iterator[Asked | h11.Request]:
    """The requests of a connection, one after the other, each whole; a CONNECT is handed on as it came, and is the last.

    `origin` stands before the path of those that name no host. Ends with the connection.
    """
    import h11

    while True:
        event = wire.next()
        if not isinstance(event, h11.Request):
            return
        if event.http_version not in (b"1.0", b"1.1"):
            raise Unspoken(f"HTTP/{event.http_version.decode().partition('.')[0]}")
        if event.method == b"CONNECT":
            yield event
            return
        body, too_long = _body(wire)
        headers = pairs(event.headers.raw_items())
        local = next((value for name, value in headers if name.lower() == "host"), "")
        target = event.target.decode("latin-1")
        url = target if "://" in target else f"{origin or f'http://{local}'}{target}"
        kept = [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP and name.lower() != "host"]
        yield Asked(event.method.decode(), url, kept, body, local, too_long)
        if wire.connection.our_state is not h11.DONE or wire.connection.their_state is not h11.DONE:
            return
        wire.connection.start_next_cycle()


def _body(wire: Wire) -> tuple[bytes, bool]:
    import h11

    parts, size = [], 0
    while isinstance(event := wire.next(), h11.Data):
        size += len(event.data)
        if size <= BODY_BYTES:
            parts.append(bytes(event.data))
    if not isinstance(event, h11.EndOfMessage):
        raise Gone("the request broke off")
    return (b"".join(parts), False) if size <= BODY_BYTES else (b"", True)


def pairs(raw: Iterable[tuple[bytes, bytes]]) -> Pairs:
    """Headers as text."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]


def encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Headers as bytes."""
    return [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers]


class Answering:
    """The answer to one request, as it is written."""

    def __init__(self, wire: Wire, asked: Asked, origin: str) -> None:
        self._wire, self._asked, self._origin = wire, asked, origin
        self.started = False

    def start(self, status: int, reason: str, headers: Iterable[tuple[str, str]], framing: str) -> None:
        """Sends the head. A place that leads back to whom was asked leads to where the client asked."""
        import h11

        self.started = True
        sent = [(name, self._placed(name, value)) for name, value in headers]
        if framing == "chunked":
            sent.append(("Transfer-Encoding", "chunked"))
        if framing == "close":
            sent.append(("Connection", "close"))
        self._wire.send(h11.Response(status_code=status, reason=reason.encode("latin-1", "replace"), headers=encoded(sent)))

    def _placed(self, name: str, value: str) -> str:
        there = f"{self._origin}/"
        led = name.lower() in ("location", "content-location") and bool(self._origin) and f"{value}/".startswith(there)
        # through the door for one address; everything else is asked at its own
        return (
            f"http://{self._asked.local}{value[len(self._origin) :]}"
            if led and self._origin.partition("://")[2] != self._asked.local
            else value
        )

    def chunk(self, data: bytes) -> None:
        """Sends a piece of the body, as one chunk where it is chunked; an answer to HEAD has none."""
        import h11

        if self._asked.method == "HEAD":
            return
        self._wire.send(h11.Data(data=data))

    def end(self, trailers: Iterable[tuple[str, str]] = ()) -> None:
        """Ends the answer; a client of HTTP/1.0 knows no trailers."""
        import h11

        known = (self._wire.connection.their_http_version or b"") >= b"1.1"
        self._wire.send(h11.EndOfMessage(headers=encoded(trailers if known else ())))

    def cut(self) -> None:
        """Breaks the connection off in the middle of the answer."""
        self._wire.close()

    def whole(self, status: int, body: bytes, kind: str = "application/json", extra: Iterable[tuple[str, str]] = ()) -> None:
        """Sends a whole answer of ours."""
        self.start(status, "", [("Content-Type", kind), ("Content-Length", str(len(body))), *extra], "length")
        self.chunk(body)
        self.end()
