"""What is asked of policies and what they answer, as values; and what of an answer a span may hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Final, NamedTuple

from readiness.sdk.recording import digest

EVENT: Final = "readiness.authorization"
PERMITTED: Final = "permitted"
NOT_PERMITTED: Final = "not permitted"
FORBIDDEN: Final = "forbidden"
APPROVAL: Final = "needs approval"
BUDGET: Final = "budget spent"
UNKNOWN: Final = "unknown entity"
REQUEST: Final = "bad request"
ERROR: Final = "policy error"
CLOSED: Final = "no policies"

Told = str | bool | list[str]


class Entity(NamedTuple):
    """Somebody or something, as the policies know it: its type, its id, its attributes, and what it is in.

    A value of an attribute is a text, a whole number, a truth value, another entity, or a list or mapping of these.
    """

    type: str
    id: str
    attributes: Mapping[str, object] = MappingProxyType({})
    parents: Sequence[Entity] = ()


class Approval(NamedTuple):
    """Somebody has agreed to one request: who, to which (`Authorization.request`), and an id of it where there is one."""

    approver: str | Entity
    of: str
    id: str = ""


class Authorization(NamedTuple):
    """The answer: `policies` are the ids of those that decided, `reason` says in a word and `errors` in sentences why not.

    `needs_approval` says that nothing but the agreement of somebody lacks; `request` is the digest of what was asked, which
    an approval names; `retry_after_s` is when a spent budget has room again.
    """

    allowed: bool
    principal: str
    action: str
    resource: str
    policies: tuple[str, ...] = ()
    reason: str = PERMITTED
    errors: tuple[str, ...] = ()
    needs_approval: bool = False
    approved_by: str = ""
    request: str = ""
    retry_after_s: float = 0.0

    def __bool__(self) -> bool:
        """Whether it is allowed."""
        return self.allowed

    def __str__(self) -> str:
        """One line: `denied: Agent::"a" Action::"refund" Order::"o-1": forbidden, says over_the_limit`."""
        by = f", says {', '.join(self.policies)}" if self.policies else ""
        why = f": {self.errors[0]}" if self.errors else ""
        said = "allowed" if self.allowed else "denied"
        return f"{said}: {self.principal} {self.action} {self.resource}: {self.reason}{by}{why}"


class Denied(Exception):
    """It is denied, and this is why."""

    def __init__(self, reason: str, *errors: str) -> None:
        super().__init__(reason)
        self.reason, self.errors = reason, errors


def name(given: str | Entity) -> str:
    """How an entity is called before it is known whether there is one."""
    return f"{given.type}::{_quoted(str(given.id))}" if isinstance(given, Entity) else str(given)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def attributes(found: Authorization, known: Set[str]) -> Mapping[str, Told]:
    """What a span may hold of an answer: nothing of the context, and no name but those that the policies' folder holds."""
    said: dict[str, Told] = dict(_told(found, known))
    said["allowed"] = found.allowed
    said["needs_approval"] = found.needs_approval
    said["policies"] = list(found.policies)
    return {f"{EVENT}.{name}": value for name, value in said.items()}


def _told(found: Authorization, known: Set[str]) -> Iterator[tuple[str, str]]:
    yield "principal", _masked(found.principal, known)
    yield "action", found.action if found.request else ""
    yield "resource", _masked(found.resource, known)
    yield "reason", found.reason
    if found.approved_by:
        yield "approved_by", _masked(found.approved_by, known)
    if found.request:
        yield "request", found.request


def _masked(name: str, known: Set[str]) -> str:
    """A name that lies in the repository as it is; of any other one its type and a digest."""
    if name in known:
        return name
    kind, mark, _ = name.partition('::"')
    return f"{kind if mark else 'unread'}::{digest(name)[:23]}"
