"""Holds policies against their schema: the gate before the engine, which skips a policy that errs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from readiness.formats.cedar import tokens as words
from readiness.formats.cedar.faults import Fault, named, nearest
from readiness.formats.cedar.notation import Attribute, Declared
from readiness.formats.cedar.policies import Policy, Read
from readiness.formats.cedar.schema import ReadSchema
from readiness.formats.cedar.tokens import Token

_PREFIX: Final = re.compile(r"^for policy `[^`]*`, ")
_ACTION: Final = re.compile(r"context for (?P<uid>\S+::\"(?:[^\"\\]|\\.)*\")")
_FOLLOWS: Final = "unable to find an applicable action"
TRAP: Final = "when { 1 && true }"
"""A condition of the wrong type: the validator reaches it, and refuses, only where what stands before it can be true."""


def validate(read: Read, schema: ReadSchema) -> tuple[Fault, ...]:
    """What is wrong with policies by their schema, each with its place and the nearest name that the schema knows."""
    found: dict[str, list[str]] = {}
    for name, said in _errors(read.text, schema.text):
        found.setdefault(name, []).append(_PREFIX.sub("", said))
    faults = []
    for index, policy in enumerate(read.policies):
        texts = found.get(f"policy{index}", [])
        causes = [text for text in texts if not text.startswith(_FOLLOWS)] or texts
        faults += [_fault(policy, text, schema) for text in sorted(set(causes))]
    return tuple({(fault.file, fault.line, fault.column, fault.policy, fault.suggestion or fault.text): fault for fault in faults}.values())


def _errors(text: str, schema: str) -> list[tuple[str, str]]:
    from cedarpy import validate_policies

    return [(error.policy_id, error.error) for error in validate_policies(text, schema).errors]


def _fault(policy: Policy, said: str, schema: ReadSchema) -> Fault:
    token = _place(policy, said)
    fault = Fault(policy.file, policy.line, _worded(said), policy.id, policy.column, _suggestion(said, schema.declared))
    if token is not None:
        return replace(fault, line=token.line, column=token.column)
    return replace(fault, line=_clause_line(policy, said, schema), column=1)


def _worded(said: str) -> str:
    if said.startswith(_FOLLOWS):
        return "nobody can ask for what it names: no action of the schema has such a principal and such a resource"
    return said


def _place(policy: Policy, said: str) -> Token | None:
    names = named(said)
    if not names:
        return None
    if said.startswith("attribute"):
        found = words.where(policy.found, f".{names[0]}") or words.where(policy.found, f"[{words.quoted(names[0])}]")
        return policy.found[policy.found.index(found) + 1] if found is not None else None
    return words.where(policy.found, names[0])


def _clause_line(policy: Policy, said: str, schema: ReadSchema) -> int:
    """The line of the condition that gives this error by itself, or of the policy."""
    scope = f"{policy.effect}({policy.principal}, {policy.action}, {policy.resource})"
    for clause in policy.clauses:
        alone = f"{scope} {clause.kind} {{ {clause.text} }};"
        if any(_PREFIX.sub("", text) == said for _, text in _errors(alone, schema.text)):
            return clause.line
    return policy.line


def _suggestion(said: str, declared: Declared) -> str:
    names = named(said)
    if said.startswith("unrecognized entity type"):
        return nearest(names[0], (item.name for item in declared.entities))
    if said.startswith("unrecognized action"):
        return nearest(names[0], (item.uid for item in declared.actions))
    if said.startswith("attribute") and "on entity type" in said:
        known = next((item.attributes for item in declared.entities if item.name == names[-1]), ())
        return nearest(names[0], _names(known))
    if said.startswith("attribute") and (found := _ACTION.search(said)):
        known = next((item.context for item in declared.actions if item.uid == found["uid"]), ())
        return nearest(names[0], _names(known))
    if "optional attribute" in said:
        return f"ask before: `… has {names[0]} && …`"
    return "ask before: `….hasTag(…) && …`" if "access to tag" in said else ""


def _names(attributes: tuple[Attribute, ...]) -> list[str]:
    return [item.name for item in attributes]


def can_match(policy: Policy, schema: ReadSchema, *conditions: str) -> bool:
    """Whether the types of the schema leave a request for which a valid policy, and these conditions too, are true.

    False is a proof: the validator knows of each request by type that the policy cannot match. True is none.
    """
    bare = policy.text.rstrip().removesuffix(";")
    return bool(_errors(f"{bare} {' '.join(f'when {{ {text} }}' for text in conditions)} {TRAP};", schema.text))
