"""Asks the policy engine: who may do what, and which policies say so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from readiness.errors import CannotJudge
from readiness.formats.cedar import Policy, Read
from readiness.formats.cedar import entities as entity_files
from readiness.formats.cedar.entities import Entity, Uid

if TYPE_CHECKING:
    from cedarpy import AuthzResult, Entities, PolicySet, Schema

_ERRED: Final = re.compile(r"^error while evaluating policy `(?P<name>policy\d+)`: (?P<text>.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Request:
    """One question: may this principal do this with that, in this context? `action` is as `Action::"read"`."""

    principal: Uid
    action: str
    resource: Uid
    context: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        context = f" with {json.dumps(self.context)}" if self.context else ""
        return f"{self.principal} {self.action} {self.resource}{context}"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer: whether it is allowed, the policies that say so (none where nothing permits), and those that erred."""

    allowed: bool
    policies: tuple[Policy, ...] = ()
    erred: tuple[tuple[Policy, str], ...] = ()

    @property
    def turning(self) -> tuple[tuple[Policy, str], ...]:
        """The policies that erred and could have changed it: a forbid where it is allowed, a permit where nothing decides."""
        if self.allowed:
            return tuple(item for item in self.erred if item[0].effect == "forbid")
        return () if self.policies else tuple(item for item in self.erred if item[0].effect == "permit")


class Engine:
    """The policies, the schema and the entities, read once for any number of questions."""

    def __init__(self, policies: Sequence[Policy], schema: str, entities: Iterable[Entity]) -> None:
        import cedarpy

        self.read = Read(tuple(policies))
        self._policies: PolicySet = cedarpy.PolicySet.from_str(self.read.text)
        self._schema: Schema | None = cedarpy.Schema.from_str(schema) if schema else None
        self._entities: Entities = cedarpy.Entities.from_json_str(entity_files.emit(entities), self._schema)

    def decide(self, requests: Sequence[Request], described: Iterable[Entity] = ()) -> list[Decision]:
        """The decision on each request, with entities `described` for these alone.

        Raises CannotJudge where the engine takes a request for none, or an entity does not fit the schema or says of one
        that is known something else.
        """
        import cedarpy

        entities = self._with(tuple(described))
        asked = [
            {"principal": str(item.principal), "action": item.action, "resource": str(item.resource), "context": dict(item.context)}
            for item in requests
        ]
        answers = cedarpy.is_authorized_batch(asked, self._policies, entities, schema=self._schema)
        return [self._decision(request, answer) for request, answer in zip(requests, answers, strict=True)]

    def _with(self, described: tuple[Entity, ...]) -> Entities:
        if not described:
            return self._entities
        try:
            return self._entities.with_added_json_str(entity_files.emit(described), self._schema)
        except ValueError as error:
            names = ", ".join(str(entity.uid) for entity in described)
            raise CannotJudge(f"{names} cannot be described so: {error}") from None

    def _decision(self, request: Request, answer: AuthzResult) -> Decision:
        said = [_ERRED.match(text) for text in answer.diagnostics.errors]
        if answer.decision.name == "NoDecision" or not all(said):
            raise CannotJudge(f"the policy engine does not decide on {request}: {'; '.join(answer.diagnostics.errors)}")
        policies = tuple(policy for name in answer.diagnostics.reasons if (policy := self.read.of(name)) is not None)
        erred = tuple((policy, found["text"]) for found in said if found and (policy := self.read.of(found["name"])) is not None)
        return Decision(answer.allowed, tuple(sorted(policies, key=lambda policy: (policy.file, policy.line))), erred)
