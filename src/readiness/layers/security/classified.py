"""What contracts classify as sensitive, of the files and tables that were read."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from readiness.config.manifest import Manifest
from readiness.errors import InputError
from readiness.formats import globs, odcs
from readiness.formats.odcs.contract import Contract, Property, SchemaObject
from readiness.sequence.finding import Location
from readiness.world.project import Project

_SENSITIVE: Final = re.compile(
    r"(?:.*[\W_])?(?:restricted|confidential|secret|sensitive|pii|phi|personal|personal[\W_]?data|special[\W_]?category)(?:[\W_].*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Classified:
    """A column that is sensitive, of a file or table that was read, and where the contract says so."""

    read: str
    column: str
    classification: str
    location: Location


def columns(project: Project, manifest: Manifest, files: Iterable[str], tables: Iterable[str]) -> tuple[list[Classified], list[str]]:
    """The sensitive columns of what was read, by the project's contracts; and why a contract could not be asked."""
    read = (*files, *tables)
    found: list[Classified] = []
    unread: list[str] = []
    for path in globs.matching(manifest.data.contracts, project.paths):
        try:
            contract = odcs.parse(project.text(path), path)
        except InputError:
            unread.append(f"what {path} classifies is not known, since it is not valid")
            continue
        found += [item for thing in contract.objects for item in _of_object(contract, thing, read)]
    return found, unread


def _of_object(contract: Contract, thing: SchemaObject, read: Iterable[str]) -> Iterator[Classified]:
    sensitive = [item for item in _all(thing.properties) if _SENSITIVE.fullmatch(item.classification.strip())]
    for name in read if sensitive else ():
        if _describes(contract, thing, name):
            for item in sensitive:
                place = Location(contract.file, item.line_of("classification"))
                yield Classified(name, item.physical_name or item.name, item.classification.strip().lower(), place)


def _all(properties: Iterable[Property]) -> Iterator[Property]:
    for item in properties:
        yield item
        yield from _all(item.properties)


def _describes(contract: Contract, thing: SchemaObject, name: str) -> bool:
    """Whether an object of a contract is what was read: by its name, or by the place of its server."""
    names = {text for text in (thing.physical_name, thing.name) if text}
    base = posixpath.basename(name)
    if names & {name, base, posixpath.splitext(base)[0], name.partition(".")[2]}:
        return True
    folder = posixpath.dirname(contract.file)
    for server in contract.servers:
        path = server.path.removeprefix("file://")
        for place in {posixpath.normpath(path), posixpath.normpath(posixpath.join(folder, path))} if path and "://" not in path else set():
            if place == name or globs.pattern(place).fullmatch(name) or (name.startswith(f"{place}/") and len(contract.objects) == 1):
                return True
    return False


def of_table(project: Project, manifest: Manifest, table: str) -> dict[str, tuple[str, Location]]:
    """What contracts classify of a table `schema.name`: column → the word, and where it is said. Invalid contracts say nothing."""
    found: dict[str, tuple[str, Location]] = {}
    for path in globs.matching(manifest.data.contracts, project.paths):
        try:
            contract = odcs.parse(project.text(path), path)
        except InputError:
            continue
        for thing in contract.objects:
            if _describes(contract, thing, table):
                for item in _all(thing.properties):
                    if word := item.classification.strip().lower():
                        found[item.physical_name or item.name] = (word, Location(contract.file, item.line_of("classification")))
    return found


def is_sensitive(word: str) -> bool:
    """Whether a classification says that a column is sensitive."""
    return _SENSITIVE.fullmatch(word) is not None
