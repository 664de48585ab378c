"""What goes in and out over HTTP: who may ask what, and what is answered. Nothing here opens a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from readiness import Refused

from agent.access import caller

LONGEST = 1000  # characters of a message
BODY_BYTES = 16_384
LEAD = 'Person::"mara"'
"""Whose token LEAD_TOKEN is; policies/entities.json says what she may agree to."""


@dataclass(frozen=True)
class Request:
    """One request; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """What is answered; `caller` says who asked, for the log."""

    status: HTTPStatus
    content: Mapping[str, object]
    caller: str = ""

    @property
    def body(self) -> bytes:
        """The content as JSON, one line."""
        return json.dumps(self.content, ensure_ascii=False, sort_keys=True).encode() + b"\n"


class BadRequest(Exception):
    """A body that is not what is expected; the message never repeats what came."""


class Desk(Protocol):
    """What answers."""

    def serve(self, customer: str, message: str) -> dict[str, object]:
        """Answers a customer."""

    def approve(self, order: str, person: str) -> dict[str, object]:
        """Carries out what a person agrees to."""


def respond(request: Request, tokens: Mapping[str, str], desk: Desk, stopped: Callable[[], bool]) -> Reply:
    """The reply to a request: health for everybody, messages from the portal, approvals by the lead, none once it is stopped."""
    if (request.method, request.path) == ("GET", "/healthz"):
        return Reply(HTTPStatus.OK, {"status": "ok"})
    who = caller(request.headers.get("authorization"), tokens)
    if who is None:
        return Reply(HTTPStatus.UNAUTHORIZED, {"error": "send a token: Authorization: Bearer …"})
    if (request.method, request.path, who) not in (("POST", "/ask", "portal"), ("POST", "/approve", "lead")):
        return Reply(HTTPStatus.NOT_FOUND, {"error": "there is POST /ask for the portal and POST /approve for the lead"}, who)
    if stopped():
        return Reply(HTTPStatus.SERVICE_UNAVAILABLE, {"stopped": True}, who)
    try:
        return Reply(HTTPStatus.OK, _answered(request, desk, who), who)
    except BadRequest as error:
        return Reply(HTTPStatus.BAD_REQUEST, {"error": str(error)}, who)
    except Refused as refused:
        return Reply(HTTPStatus.FORBIDDEN, {"refused": list(refused.policies)}, who)


def _answered(request: Request, desk: Desk, who: str) -> dict[str, object]:
    if who == "portal":
        return desk.serve(text(request.body, "customer"), text(request.body, "message"))
    try:
        return desk.approve(text(request.body, "order"), LEAD)
    except KeyError:
        raise BadRequest("nothing waits for that order") from None


def text(body: bytes, name: str) -> str:
    """The text of that name in a body of JSON. Raises BadRequest where it is not there, empty or too long."""
    try:
        content = json.loads(body)
    except ValueError:
        raise BadRequest("the body must be JSON") from None
    found = content.get(name) if isinstance(content, dict) else None
    if not isinstance(found, str) or not found.strip():
        raise BadRequest(f"`{name}` must be a text that is not empty")
    if len(found) > LONGEST:
        raise BadRequest(f"`{name}` must have at most {LONGEST} characters")
    return found.strip()
