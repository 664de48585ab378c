"""Whom the repository already names as owner, author or authority, and which duty nobody is named for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from readiness.config.manifest import Manifest
from readiness.formats import authority, people
from readiness.formats.people import Person
from readiness.layers.infrastructure.locking import toml
from readiness.layers.organization.people import Files, files
from readiness.runs.init_parts import Yours
from readiness.world.project import Project

_MAINTAINERS: Final = ("MAINTAINERS", "MAINTAINERS.md", "MAINTAINERS.txt", ".github/MAINTAINERS", "docs/MAINTAINERS.md")
_PERSON: Final = "<name and address>"
_NAMED: Final = re.compile(r"[^\s<>()@,;|*]+@[^\s<>()@,;|*]+\.[^\s<>()@,;|*]+|(?<![\w/])@[A-Za-z0-9][A-Za-z0-9-]*(?![\w/@])")


def said(project: Project, manifest: Manifest) -> tuple[tuple[str, ...], tuple[Yours, ...]]:
    """Who is named for what in this repository, with the place, and which duties are nobody's."""
    found = files(project, manifest.measurement.outcomes)
    told = (*_grouped(_duties(found)), *_deciders(found), *_others(project))
    return tuple(told), tuple(_missing(project, found))


def _grouped(duties: Iterable[tuple[str, Person, str]]) -> list[str]:
    """A line for each duty: who has it, and every place that says so."""
    by_duty: dict[str, dict[str, list[str]]] = {}
    for duty, person, place in duties:
        by_duty.setdefault(duty, {}).setdefault(str(person), []).append(place)
    told = {duty: [f"{who} ({', '.join(places)})" for who, places in named.items()] for duty, named in by_duty.items()}
    return [f"{duty}: {', '.join(people)}" for duty, people in told.items()]


def _duties(found: Files) -> Iterator[tuple[str, Person, str]]:
    outcomes, deciding = found.outcomes.outcomes, found.authority
    yield from (("owns the outcome", item.owner, f"{item.file}:{item.line('owner')}") for item in outcomes)
    if deciding is not None and deciding.owner is not None:
        yield "owns the outcome", deciding.owner, f"{authority.NAME}:{deciding.lines.get('owner', 1)}"
    yield from (("may stop it", item.kill.authority, f"{item.file}:{item.line('kill.authority')}") for item in outcomes)
    if deciding is not None:
        yield from (("may stop it", person, f"{authority.NAME}:{deciding.lines.get('kill', 1)}") for person in deciding.decides["kill"])
    yield from (("owns the component", person, f"{place.file}:{place.line}") for person, place in found.catalog[:1])
    yield from (("owns code", person, f"{place.file}:{place.line}") for person, place in found.code[:1])


def _deciders(found: Files) -> list[str]:
    if found.authority is None:
        return []
    duties = [f"{duty} {found.authority.decides[duty][0]}" for duty in ("data", "security", "cost") if found.authority.decides[duty]]
    return [f"decides on {', '.join(duties)} ({authority.NAME})"] if duties else []


def _others(project: Project) -> list[str]:
    """Maintainers and authors: people to ask, and owners of nothing until a file says so."""
    told = []
    for name in (name for name in _MAINTAINERS if name in project.paths):
        for number, line in enumerate(project.text(name).splitlines(), 1):
            if person := _NAMED.search(line):
                told.append(f"{person[0]} maintains it ({name}:{number}), which is no owner yet")
                break
    return told + _authors(project)


def _authors(project: Project) -> list[str]:
    text = project.text("pyproject.toml")
    data: dict[str, Any] = toml(text)
    listed = data.get("project", {}).get("authors", []) or data.get("tool", {}).get("poetry", {}).get("authors", [])
    first = listed[0] if isinstance(listed, list) and listed else None
    shown = first if isinstance(first, str) else f"{first.get('name', '')} {first.get('email', '')}" if isinstance(first, dict) else ""
    if not people.parse(shown.strip().split(" <")[0]):
        return []
    line = next((number for number, row in enumerate(text.splitlines(), 1) if row.lstrip().startswith("authors")), 1)
    return [f"{shown.strip()} wrote it (pyproject.toml:{line}), which is no owner yet"]


def _missing(project: Project, found: Files) -> list[Yours]:
    outcomes, deciding = found.outcomes.outcomes, found.authority
    told = [Yours(problem.text, file=f"{place.file}:{place.line}") for problem in found.problems[:2] if (place := problem.location)]
    if not outcomes and (deciding is None or deciding.owner is None):
        told.append(Yours("who owns the outcome, not the technology", f"owner: {_PERSON}", authority.NAME))
    if authority.NAME not in project.paths:
        told.append(Yours("who may stop it; likewise data, security and cost: who decides", f"kill: {_PERSON}", authority.NAME))
    if not found.code:
        told.append(Yours("who owns which files", "* <handle>", "CODEOWNERS"))
    return told
