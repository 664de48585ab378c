"""Puts policies, schema and entities together, and says everything that is wrong with them; nothing is read from disk here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from readiness.formats.cedar import entities, policies, schema, validation
from readiness.formats.cedar.entities import Entity
from readiness.formats.cedar.faults import Fault
from readiness.formats.cedar.policies import Policy, Read
from readiness.formats.cedar.schema import ReadSchema

ENTITIES: Final = "entities.json"
"""Beside the policies: who there is and what, in Cedar's JSON."""
ENDINGS: Final = (".cedar", ".cedarschema", ".cedarschema.json")


@dataclass(frozen=True, slots=True)
class Access:
    """What decides on access in a project, and everything that is wrong with it.

    `elsewhere` are Cedar files that no glob of the manifest names, outside tests, examples and documents; `sound` are the
    policies that nothing is wrong with.
    """

    read: Read = field(default_factory=Read)
    schema: ReadSchema = field(default_factory=ReadSchema)
    entities: tuple[Entity, ...] = ()
    entity_files: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    policy_files: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    sound: tuple[Policy, ...] = ()

    @property
    def none(self) -> bool:
        """Whether there is neither a policy file nor a schema."""
        return not self.policy_files and not self.schema.files


def assess(files: dict[str, bytes | None], entity_files: dict[str, bytes | None] | None = None) -> Access:
    """Reads policies and schema by their endings, and says everything that is wrong with them."""
    texts = {path: data for path, data in files.items() if path.endswith(".cedar")}
    read = policies.read(texts)
    declared = schema.read({path: data for path, data in files.items() if path not in texts})
    faults = [*read.faults, *declared.faults, *_lone(read, declared)]
    if declared.text:
        faults += validation.validate(read, declared)
    found, wrong = _entities(entity_files or {}, declared)
    bad = {fault.policy for fault in faults}
    sound = tuple(policy for policy in read.policies if policy.id not in bad) if declared.text else ()
    return Access(read, declared, found, tuple(sorted(entity_files or {})), (*faults, *wrong), tuple(sorted(texts)), (), sound)


def _lone(read: Read, declared: ReadSchema) -> list[Fault]:
    """Policies without a schema, and a schema without policies."""
    if read.policies and not declared.files:
        first = read.policies[0]
        text = "no schema says which principals, actions and resources there are: write one beside it, ending in .cedarschema"
        return [Fault(first.file, first.line, text)]
    if declared.text and not read.policies and not read.faults:
        asked = sum(action.asked for action in declared.declared.actions)
        return [Fault(declared.files[0], 1, f"no policy decides on its {asked} actions: everything is denied")]
    return []


def _entities(files: dict[str, bytes | None], declared: ReadSchema) -> tuple[tuple[Entity, ...], list[Fault]]:
    faults: list[Fault] = []
    items: list[Entity] = []
    for file, data in files.items() if declared.text else ():
        found, wrong = entities.read(data, file, declared)
        faults += wrong
        items += found
    return (() if faults else tuple(items)), faults
