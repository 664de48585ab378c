"""The thread that asks a server for the state of a project: a long poll with ETag, and a file that remembers.

By the file, a stopped system that is started again while its server is away stays stopped.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlsplit

from readiness.sdk.stopping import State
from readiness.sdk.surroundings import Harmless, server, state_folder

_WAIT_S: Final = 20
"""How long the server may hold an answer back while nothing changes."""
_LEASE_S: Final = 45.0
"""How long an answer counts for those who must fail closed: two waits and some."""
_PAUSES_S: Final = (1.0, 2.0, 5.0, 10.0)
_BODY_BYTES: Final = 65_536


class Follower(State):
    """Follows the state of one project at its server."""

    def __init__(self, project: str) -> None:
        super().__init__()
        self.answered = threading.Event()
        self._etag = ""
        self._file: Path | None = None
        with contextlib.suppress(RuntimeError):  # an account without a home follows all the same, and remembers nothing
            self._file = state_folder(project) / "state.json"
        self._url = f"{server()}/api/projects/{quote(project, safe='')}/state"
        self._open = _opener(self._url).open
        self._recall()

    def start(self) -> None:
        """Asks from now on, in a thread that ends with the process."""
        threading.Thread(target=self._run, name="readiness-state", daemon=True).start()

    def _run(self) -> None:
        failures = 0
        while True:
            pause = 0.0
            with Harmless("asking for the state of the project"):
                pause = self._ask()
            failures = 0 if pause else failures + 1
            self.answered.set()
            time.sleep(pause or _PAUSES_S[min(failures, len(_PAUSES_S)) - 1])

    def _ask(self) -> float:
        """Asks once; returns the seconds to wait before asking again. Raises where there was no answer that counts."""
        asked, was_stopped, etag = time.monotonic(), self.is_stopped, self._etag
        request = urllib.request.Request(f"{self._url}?wait={_WAIT_S if etag else 0}", headers=_headers(etag))  # noqa: S310  checked when made
        try:
            with self._open(request, timeout=_WAIT_S + 10) as answer:
                state = json.loads(answer.read(_BODY_BYTES))["state"]
                self._etag = answer.headers.get("ETag", "")
                self._take(state)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != 304:
                raise
        now = time.monotonic()
        self.sure_until = now + _LEASE_S
        # A server that does not hold its answer back is asked once a second, not all the time.
        new = self.is_stopped != was_stopped or bool(self._etag and not etag)
        return 0.05 if new or now - asked >= 1 else 1.0

    def _take(self, state: object) -> None:
        if state not in ("running", "stopped"):
            raise ValueError(f"a state must be `running` or `stopped`, got {state!r}")
        changed = self.is_stopped != (state == "stopped")
        self.is_stopped = state == "stopped"
        if self._file is not None and (changed or not self._file.exists()):
            _remember(self._file, str(state))

    def _recall(self) -> None:
        if self._file is None:
            return
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            self.is_stopped = json.loads(self._file.read_text(encoding="utf-8"))["state"] == "stopped"


def _remember(file: Path, state: str) -> None:
    with contextlib.suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = file.with_name(f"state.{os.getpid()}.tmp")
        written.write_text(json.dumps({"state": state, "at": time.time()}) + "\n", encoding="utf-8")
        written.replace(file)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A state that has moved is no answer, and a token is not carried to where it was sent."""

    def redirect_request(self, *args: object) -> None:
        return None


def _opener(url: str) -> urllib.request.OpenerDirector:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"the address of a server starts with http:// or https://, got {url}")
    # Proxies lead out of this machine; a server on it is asked directly.
    direct = [urllib.request.ProxyHandler({})] if parts.hostname in ("127.0.0.1", "localhost", "::1") else []
    return urllib.request.build_opener(_NoRedirect(), *direct)


def _headers(etag: str) -> dict[str, str]:
    headers = {"If-None-Match": etag} if etag else {}
    token = os.environ.get("READINESS_TOKEN")
    # The token is for the server named with it, and for no collector that happens to be there.
    return headers | {"Authorization": f"Bearer {token}"} if token and os.environ.get("READINESS_URL") else headers
