"""What goes in and out over HTTP: who may ask what, and what is answered. Nothing here opens a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from assistant.access import reader

LONGEST = 1000  # characters of a question
BODY_BYTES = 16_384


@dataclass(frozen=True)
class Request:
    """One request; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """What is answered; `reader` says who asked, for the log."""

    status: HTTPStatus
    content: Mapping[str, object]
    reader: str = ""

    @property
    def body(self) -> bytes:
        """The content as JSON, one line."""
        return json.dumps(self.content, ensure_ascii=False, sort_keys=True).encode() + b"\n"


class BadRequest(Exception):
    """A body that is no question; the message says what is expected and never repeats what came."""


def respond(
    request: Request, tokens: Mapping[str, str], ask: Callable[[str, str], dict[str, object]], stopped: Callable[[], bool]
) -> Reply:
    """The reply to a request: `GET /healthz` for everybody, `POST /ask` for readers, and none once it is stopped."""
    if (request.method, request.path) == ("GET", "/healthz"):
        return Reply(HTTPStatus.OK, {"status": "ok"})
    who = reader(request.headers.get("authorization"), tokens)
    if who is None:
        return Reply(HTTPStatus.UNAUTHORIZED, {"error": "send a token: Authorization: Bearer …"})
    if (request.method, request.path) != ("POST", "/ask"):
        return Reply(HTTPStatus.NOT_FOUND, {"error": "there is POST /ask and GET /healthz"}, who)
    if stopped():
        return Reply(HTTPStatus.SERVICE_UNAVAILABLE, {"stopped": True}, who)
    try:
        return Reply(HTTPStatus.OK, ask(question(request.body), who), who)
    except BadRequest as error:
        return Reply(HTTPStatus.BAD_REQUEST, {"error": str(error)}, who)


def question(body: bytes) -> str:
    """The question in a body of the form `{"question": "…"}`. Raises BadRequest for anything else."""
    try:
        content = json.loads(body)
    except ValueError:
        raise BadRequest('the body must be JSON: {"question": "…"}') from None
    asked = content.get("question") if isinstance(content, dict) else None
    if not isinstance(asked, str) or not asked.strip():
        raise BadRequest("`question` must be a text that is not empty")
    if len(asked) > LONGEST:
        raise BadRequest(f"`question` must have at most {LONGEST} characters")
    return asked.strip()
