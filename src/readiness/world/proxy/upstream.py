"""The way to whom a request is meant for: a connection of its own, by the proxy of this machine where it names one."""

from __future__ import annotations

import socket
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from readiness.world.environment import proxy_settings
from readiness.world.proxy.wire import Asked, Gone, Pairs, Unspoken, Wire, encoded

CONNECT_S: Final = 20.0
_OURS: Final = frozenset({"content-length", "accept-encoding", "expect"})


class Unreachable(Exception):
    """The server was not reached, or said nothing; the message says why, without a secret."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a URL leads."""

    secure: bool
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """Host and port as a `Host` header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def address(url: str) -> Address:
    """The address of a URL. Raises Unreachable where it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Unreachable(f"an address that is none: {error}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unreachable("an address that is none")
    secure = parts.scheme == "https"
    return Address(secure, parts.hostname, port or (443 if secure else 80))


class Upstream:
    """Opens connections; no other content `codings` are asked for than those.

    `resolve` leads a host elsewhere, as a file of hosts does; `authorities` (PEM) are trusted besides.
    """

    def __init__(
        self, timeout_s: float, codings: tuple[str, ...], resolve: Mapping[str, tuple[str, int]] | None = None, authorities: str = ""
    ) -> None:
        self._timeout_s = timeout_s
        self._codings = codings
        self._resolve = dict(resolve or {})
        self._context = ssl.create_default_context()
        if authorities:
            self._context.load_verify_locations(cadata=authorities)
        self._context.set_alpn_protocols(["http/1.1"])
        self._proxies = proxy_settings()

    @contextmanager
    def ask(self, asked: Asked) -> Iterator[Wire]:
        """A connection on which the request was sent. Raises Unreachable."""
        where = address(asked.url)
        sock, by_proxy = self._open(where)
        wire = Wire(sock, client=True)
        try:
            _send(wire, asked, self._headers(asked, where), f"http://{where.netloc}" if by_proxy and not where.secure else "")
            yield wire
        finally:
            wire.close()

    def _open(self, where: Address) -> tuple[socket.socket, bool]:
        proxy = self._proxy(where)
        host, port = (proxy.host, proxy.port) if proxy else self._resolve.get(where.host, (where.host, where.port))
        try:
            sock = socket.create_connection((host, port), CONNECT_S)
        except (OSError, UnicodeError) as error:
            raise Unreachable(f"{where.netloc} cannot be reached: {_why(error)}") from None
        try:
            sock.settimeout(self._timeout_s)
            if where.secure:
                if proxy:
                    _tunnel(sock, where)
                sock = self._context.wrap_socket(sock, server_hostname=where.host)
        except (OSError, UnicodeError, ValueError, Gone, Unspoken) as error:
            sock.close()
            raise Unreachable(f"{where.netloc} cannot be reached: {_why(error)}") from None
        return sock, proxy is not None

    def _proxy(self, where: Address) -> Address | None:
        """The proxy of this machine for an address, None where it is reached directly."""
        kind = "https_proxy" if where.secure else "http_proxy"
        named = self._proxies.get(kind) or self._proxies.get(kind.upper())
        if not named or where.host in self._resolve or urllib.request.proxy_bypass(where.host):
            return None
        return address(named if "://" in named else f"http://{named}")

    def _headers(self, asked: Asked, where: Address) -> Pairs:
        """The headers of a request as they go out: codings that could not be looked into are not asked for."""
        kept = [(name, value) for name, value in asked.headers if name.lower() not in _OURS]
        for name, value in asked.headers:
            if name.lower() == "accept-encoding":
                known = [part.strip() for part in value.split(",") if part.partition(";")[0].strip().lower() in self._codings]
                kept.append((name, ", ".join(known) or "identity"))
        if asked.body or asked.method in ("POST", "PUT", "PATCH") or any(name.lower() == "content-length" for name, _ in asked.headers):
            kept.append(("Content-Length", str(len(asked.body))))
        return [("Host", where.netloc), *kept, ("Connection", "close")]


def _send(wire: Wire, asked: Asked, headers: Pairs, before: str) -> None:
    import h11

    parts = urlsplit(asked.url)
    path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    target = f"{before}{path}".encode("latin-1", "replace")
    try:
        wire.send(h11.Request(method=asked.method, target=target, headers=encoded(headers)))
        if asked.body:
            wire.send(h11.Data(data=asked.body))
        wire.send(h11.EndOfMessage())
    except (Gone, Unspoken) as error:
        raise Unreachable(f"{parts.netloc.rpartition('@')[2]} took no request: {error}") from None


def _tunnel(sock: socket.socket, where: Address) -> None:
    import h11

    wire = Wire(sock, client=True)
    target = f"{where.host}:{where.port}"
    wire.send(h11.Request(method="CONNECT", target=target, headers=[("Host", target)]))
    wire.send(h11.EndOfMessage())
    event = wire.next()
    if not isinstance(event, h11.Response) or not 200 <= event.status_code < 300:
        raise OSError(f"the proxy of this machine refuses {target}")


def _why(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not believed ({error.verify_message})"
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
