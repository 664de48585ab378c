"""The doors a demo finds on its loopback: sockets of ours, each with its variable, and what is said on them.

A door leads to one address, or, as the proxy, to any: there a CONNECT ends at a certificate of ours, so that what follows
can be read. Each connection has a thread of its own.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from readiness.errors import CannotJudge
from readiness.world import files
from readiness.world.proxy.authority import Authority
from readiness.world.proxy.wire import Answering, Asked, Gone, Unspoken, Wire, requests

PROXY: Final = "proxy"
SOCKET_PATH_BYTES: Final = 100
IDLE_S: Final = 600.0
FAREWELL_S: Final = 0.5
"""How long a client is given to say that it heard the end."""
PROXIED: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
TRUSTED: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT", "AWS_CA_BUNDLE")
"""Variables by which clients are told which authorities to believe."""

DEFAULTS: Final[Mapping[str, str]] = {
    "OPENAI_BASE_URL": "https://api.openai.com/v1",
    "OPENAI_API_BASE": "https://api.openai.com/v1",
    "ANTHROPIC_BASE_URL": "https://api.anthropic.com",
    "OLLAMA_HOST": "http://127.0.0.1:11434",
}
"""Variables that are always given: their clients go to these addresses without them."""
KNOWN: Final = (
    *DEFAULTS, "AZURE_OPENAI_ENDPOINT", "HF_ENDPOINT", "GROQ_BASE_URL", "TOGETHER_BASE_URL", "CO_API_URL", "GOOGLE_GEMINI_BASE_URL",
    "MISTRAL_BASE_URL", "LITELLM_PROXY_API_BASE",
)  # fmt: skip
"""Variables that lead a client to somebody else where they are set; without them it goes by the proxy."""


@dataclass(frozen=True, slots=True)
class Door:
    """A variable through which a client is told whom to ask, and whom it asks by it."""

    variable: str
    url: str


@dataclass(frozen=True, slots=True)
class Doors:
    """What the demo is given: its doors (name → socket), and variables in which `{name}` stands for a door's port."""

    sockets: Mapping[str, str]
    env: Mapping[str, str]


class Keeper(Protocol):
    """Who answers what comes through the doors."""

    def handle(self, asked: Asked, door: Door | None, answering: Answering) -> None:
        """Answers one request; `door` is where it came through, None for the proxy."""

    def pinned(self, host: str) -> None:
        """A client does not believe our certificate for this host."""

    def unsupported(self, what: str) -> None:
        """Something was asked for that is not HTTP/1.1."""


class Gate:
    """The doors of one run, open until `close`."""

    def __init__(self, keeper: Keeper, doors: tuple[Door, ...], folder: Path, private: Path, given: Path) -> None:
        self._keeper = keeper
        self._authority = Authority(private)
        self._listeners: list[socket.socket] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._quiet = threading.Condition(self._lock)
        self._doors = {door.variable: door for door in doors}
        self.folder = _short(folder)
        self._borrowed = self.folder != folder
        given.parent.mkdir(parents=True, exist_ok=True)
        given.write_bytes(self._authority.bundle())
        given.chmod(0o644)
        self.doors = Doors({name: self._listen(name) for name in (PROXY, *self._doors)}, self._environment(given))

    def _environment(self, bundle: Path) -> dict[str, str]:
        found = {door.variable: f"http://127.0.0.1:{{{door.variable}}}{urlsplit(door.url).path}" for door in self._doors.values()}
        found |= dict.fromkeys(PROXIED, f"http://127.0.0.1:{{{PROXY}}}")
        found |= dict.fromkeys(("NO_PROXY", "no_proxy"), "127.0.0.1,localhost")
        return found | dict.fromkeys(TRUSTED, str(bundle))

    def _listen(self, name: str) -> str:
        path = self.folder / name
        path.unlink(missing_ok=True)  # of a run before this one
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        path.chmod(0o777)  # the demo runs as another user
        listener.listen(128)
        self._listeners.append(listener)
        threading.Thread(target=self._accept, args=(listener, self._doors.get(name)), daemon=True).start()
        return str(path)

    def _accept(self, listener: socket.socket, door: Door | None) -> None:
        while True:
            try:
                client = listener.accept()[0]
            except OSError:
                return  # closed
            client.settimeout(IDLE_S)
            with self._lock:
                self._open.add(client)
            threading.Thread(target=self._serve, args=(client, door), daemon=True).start()

    def _serve(self, client: socket.socket, door: Door | None) -> None:
        try:
            self._speak(client, door, _origin(door.url) if door else "")
        except Unspoken as error:
            self._keeper.unsupported(str(error))
        except (Gone, OSError):
            return  # a client that went away is no event
        except Exception as error:  # noqa: BLE001  the border of a request: its text may hold what is secret, so only its kind is told
            self._keeper.unsupported(f"a request on which the recorder failed ({type(error).__name__})")
        finally:
            with contextlib.suppress(OSError):
                client.close()
            with self._quiet:
                self._open.discard(client)
                self._quiet.notify_all()

    def _speak(self, sock: socket.socket, door: Door | None, origin: str) -> None:
        wire = Wire(sock)
        for asked in requests(wire, origin):
            if not isinstance(asked, Asked):
                self._tunnel(wire, asked.target.decode("latin-1"), door)
                return
            if any(name.lower() == "sec-websocket-key" for name, _ in asked.headers):
                self._keeper.unsupported(f"a websocket ({asked.shown})")
            self._keeper.handle(asked, door, Answering(wire, asked, _origin(door.url) if door else ""))

    def _tunnel(self, wire: Wire, target: str, door: Door | None) -> None:
        wire.raw(b"HTTP/1.1 200 Connection established\r\n\r\n")
        first = wire.sock.recv(1, socket.MSG_PEEK)
        if first != b"\x16":  # no TLS
            self._speak(wire.sock, door, f"http://{target.removesuffix(':80')}")
            return
        host = target.rpartition(":")[0]
        try:
            inside = self._authority.context(host.strip("[]")).wrap_socket(wire.sock, server_side=True)
        except ssl.SSLError:
            self._keeper.pinned(host)
            return
        except OSError:
            self._keeper.pinned(host)
            return
        with self._lock:
            self._open.add(inside)
        try:
            self._speak(inside, door, f"https://{target.removesuffix(':443')}")
        finally:
            with self._lock:
                self._open.discard(inside)
            with contextlib.suppress(OSError):
                inside.settimeout(FAREWELL_S)
                inside.unwrap()
            inside.close()

    def settle(self, within_s: float) -> None:
        """Waits until nobody speaks at a door any more, but no longer than that."""
        with self._quiet:
            self._quiet.wait_for(lambda: not self._open, within_s)

    def close(self) -> None:
        """Shuts every door and ends what is said on it."""
        with self._lock:
            waiting = [*self._listeners, *self._open]
        for item in waiting:
            with contextlib.suppress(OSError):
                item.shutdown(socket.SHUT_RDWR)
        for listener in self._listeners:
            listener.close()
        if self._borrowed:
            files.remove_tree(self.folder)


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _short(folder: Path) -> Path:
    """A folder whose sockets have names a socket may have. Raises CannotJudge where none can be made."""
    if len(str(folder)) + 30 <= SOCKET_PATH_BYTES:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        return folder
    try:
        made = Path(tempfile.mkdtemp(prefix="readiness-doors-"))
    except OSError as error:
        raise CannotJudge(f"no folder can be made for sockets: {error.strerror}", "set READINESS_WORK to a short path") from None
    made.chmod(0o755)
    return made
