"""`catalog-info.yaml`, the descriptor of Backstage: which component this is, and who owns it.

Source: Backstage, "Descriptor Format of Catalog Entities". Only `metadata.name` and `spec.owner` are read; the many other
keys of the format are its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from readiness.config.fields import Reader, shown
from readiness.formats import people, yaml_lines
from readiness.formats.people import Person

NAMES: Final = ("catalog-info.yaml", "catalog-info.yml")
_OWNED: Final = ("Component", "System", "API", "Resource", "Domain")


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity: its kind and name, and its owner, who may be a team."""

    kind: str
    name: str
    owner: Person | None
    line: int


def parse(text: str, file: str) -> tuple[tuple[Entity, ...], list[str]]:
    """The entities in `text`, and every problem as `file:line: …`."""
    documents = yaml_lines.documents(text)
    if not documents:
        return (), [f"{file}:1: is empty"]
    found: list[Entity] = []
    problems: list[str] = []
    for document in documents:
        wrong = [f"{file}:{line}: {said}" for line, said in document.problems]
        reader = Reader(file, dict(document.lines))
        if isinstance(document.value, dict):
            entity = _entity(reader, document.value)
            found += [entity] if not reader.problems and not wrong else []
        elif not wrong:
            wrong.append(f"{file}:1: must be a table with `kind`, `metadata` and `spec`, got `{shown(document.value)}`")
        problems += [*wrong, *reader.problems]
    return tuple(found), problems


def _entity(reader: Reader, table: dict[str, object]) -> Entity:
    kind = reader.words(("kind",), table.get("kind", ""))
    metadata = reader.table(("metadata",), table.get("metadata"))
    spec = reader.table(("spec",), table.get("spec"))
    name = reader.words(("metadata", "name"), metadata.get("name", ""))
    if not kind:
        reader.problem((), "an entity needs `kind`")
    if not name:
        reader.problem(("metadata",), "an entity needs `metadata.name`")
    if kind in _OWNED and not spec.get("owner"):
        reader.problem(("spec",), f"a {kind} needs `spec.owner`")
    return Entity(kind, name, _owner(reader, spec.get("owner")), reader.line(("spec", "owner")))


def _owner(reader: Reader, value: object) -> Person | None:
    if not value:
        return None
    text = reader.words(("spec", "owner"), value)
    if isinstance(value, str) and "@" not in text and not text.startswith("user:"):
        return Person(team=text)  # a bare word is a group there
    return people.read(reader, ("spec", "owner"), text)
