"""Who is named, and which of them git knows: people found by address, handle or name, and when they last did something."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from readiness.formats import authority, backstage, codeowners, outcomes
from readiness.formats.authority import Authority
from readiness.formats.outcomes import Gathered
from readiness.formats.people import Person, parse
from readiness.sequence.finding import Location, Problem
from readiness.world import history
from readiness.world.context import Context
from readiness.world.history import Deed, Identity
from readiness.world.project import Project

ACTIVE_DAYS: Final = 90
CLOCKS_DIFFER: Final = timedelta(days=1)
_NOREPLY: Final = re.compile(r"(?:\d+\+)?([^@]+)@users\.noreply\.github\.com")


@dataclass(frozen=True, slots=True)
class Somebody:
    """One person as git knows them: every name and address, when they last wrote or reviewed, commits to the components."""

    names: frozenset[str]
    emails: frozenset[str]
    last: datetime
    wrote_inside: int = 0

    def __str__(self) -> str:
        return max(sorted(self.names | self.emails), key=lambda name: (" " in name, "@" not in name))

    @property
    def key(self) -> str:
        """What tells this person from every other here."""
        return min(self.emails)

    @property
    def handles(self) -> frozenset[str]:
        """The handles their addresses give away."""
        return frozenset(found[1].lower() for email in self.emails if (found := _NOREPLY.fullmatch(email)))


class Match(StrEnum):
    """How a name was found in git, or why it was not."""

    FOUND = "found"
    TEAM = "team"
    NOBODY = "nobody"
    UNMATCHED = "unmatched"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, slots=True)
class Named:
    """A person named for a duty, where, and whom git knows by it."""

    person: Person
    duty: str
    location: Location
    match: Match = Match.NOBODY
    somebody: Somebody | None = None

    @property
    def key(self) -> str:
        """The same for the same person, whether git knows them or not."""
        person = self.person
        return self.somebody.key if self.somebody is not None else (person.email or person.handle or person.name).casefold()

    @property
    def shown(self) -> str:
        """Their name."""
        return str(self.somebody) if self.somebody is not None else str(self.person)

    def active(self, now: datetime) -> bool:
        """Whether they wrote or reviewed something in the last 90 days before `now`."""
        return self.somebody is not None and self.somebody.last >= now - timedelta(days=ACTIVE_DAYS)

    def told(self, now: datetime) -> str:
        """What is known of them, in one sentence for everybody."""
        who = str(self.person)
        if self.match is Match.TEAM:
            return f"{who} ({self.duty}) is a team, and no one person answers for a team"
        if self.match is Match.AMBIGUOUS:
            return f"{who} ({self.duty}) could be several people who work here"
        if self.match is Match.UNMATCHED:
            return f"{who} ({self.duty}) cannot be matched with anybody who works here: a handle alone does not say who"
        if self.somebody is None:
            return f"{who} ({self.duty}) never wrote or reviewed anything here"
        ago = max((now - self.somebody.last).days, 0)
        return f"{who} ({self.duty}) last wrote or reviewed here on {self.somebody.last:%Y-%m-%d}, {ago} days ago"


@dataclass(frozen=True, slots=True)
class Files:
    """What the files of a project say about people, with the lines that cannot be read as problems."""

    outcomes: Gathered
    authority: Authority | None
    catalog: tuple[tuple[Person, Location], ...]
    code: tuple[tuple[Person, Location], ...]
    problems: tuple[Problem, ...]


def files(project: Project, globs: Iterable[str]) -> Files:
    """Reads outcomes, authority.yaml, CODEOWNERS and catalog-info.yaml."""
    problems: list[str] = []
    deciding = None
    if authority.NAME in project.paths:
        deciding, wrong = authority.parse(project.text(authority.NAME))
        problems += wrong
    catalog: list[tuple[Person, Location]] = []
    for name in (name for name in backstage.NAMES if name in project.paths):
        entities, wrong = backstage.parse(project.text(name), name)
        problems += wrong
        catalog += [(entity.owner, Location(name, entity.line)) for entity in entities if entity.owner is not None]
    code: list[tuple[Person, Location]] = []
    place = next((name for name in codeowners.PLACES if name in project.paths), "")
    if place:
        rules = codeowners.parse(project.text(place))
        problems += codeowners.problems(project.text(place), place)
        code = [(person, Location(place, rule.line)) for rule in rules for owner in rule.owners if (person := parse(owner)) is not None]
    gathered = outcomes.gather(project.paths, project.text, globs)
    return Files(gathered, deciding, tuple(catalog), tuple(code), tuple(_problem(line) for line in problems))


def _problem(line: str) -> Problem:
    file, number, text = line.split(":", 2)
    return Problem(f"{file}: {text.strip()}", f"{file}:{number}: {text.strip()}", Location(file, int(number)))


def known(context: Context, found: Files) -> tuple[Somebody, ...]:
    """Everybody who wrote or reviewed anything; what is dated in the future does not count.

    Files that give a person a full name and an address join what was done under either.
    """
    deeds = [deed for deed in history.deeds(context.project, context.manifest.components) if deed.at <= context.now + CLOCKS_DIFFER]
    year_ago = context.now - timedelta(days=365)
    joined = {Identity(person.name, person.email) for person in _everybody(found) if person.name and person.email}
    return tuple(_somebody(group, year_ago) for group in _grouped(deeds, joined))


def _everybody(found: Files) -> tuple[Person, ...]:
    outcomes = found.outcomes.outcomes
    return (
        *(found.authority.people if found.authority else ()),
        *(item.owner for item in outcomes),
        *(item.kill.authority for item in outcomes),
    )


def _grouped(deeds: Iterable[Deed], joined: set[Identity]) -> list[list[Deed]]:
    """Deeds by person: one address is one person, and so is one full name."""
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            key = parent[key]
        return key

    for who in {deed.who for deed in deeds} | joined:
        for key in _keys(who):
            parent[root(key)] = root(_keys(who)[0])
    groups: dict[str, list[Deed]] = defaultdict(list)
    for deed in deeds:
        groups[root(_keys(deed.who)[0])].append(deed)
    return [groups[key] for key in sorted(groups)]


def _keys(who: Identity) -> list[str]:
    name = who.name.casefold().strip()
    return [f"<{who.email}>", *([name] if " " in name else [])]


def _somebody(deeds: list[Deed], year_ago: datetime) -> Somebody:
    wrote = {deed.commit for deed in deeds if not deed.review and deed.inside and deed.at >= year_ago}
    return Somebody(
        frozenset(deed.who.name for deed in deeds if deed.who.name), frozenset(deed.who.email for deed in deeds),
        max(deed.at for deed in deeds), len(wrote),
    )  # fmt: skip


def resolve(person: Person, duty: str, location: Location, people: Iterable[Somebody], directory: Iterable[Person]) -> Named:
    """Looks a person up in git, with what `directory` (authority.yaml) adds about them."""
    if person.team:
        return Named(person, duty, location, Match.TEAM)
    full = _completed(person, directory)
    everybody = tuple(people)
    for found in (_by_email(full, everybody), _by_handle(full, everybody), _by_name(full, everybody)):
        if len(found) == 1:
            return Named(person, duty, location, Match.FOUND, found[0])
        if found:
            return Named(person, duty, location, Match.AMBIGUOUS)
    only_handle = bool(full.handle) and not full.email and not full.name
    return Named(person, duty, location, Match.UNMATCHED if only_handle else Match.NOBODY)


def _completed(person: Person, directory: Iterable[Person]) -> Person:
    for other in directory:
        same = (
            (person.email and person.email == other.email)
            or (person.handle and person.handle.lower() == other.handle.lower())
            or (person.name and not person.reachable and person.name.casefold() == other.name.casefold())
        )
        if same:
            return replace(person, name=person.name or other.name, email=person.email or other.email, handle=person.handle or other.handle)
    return person


def _by_email(person: Person, people: tuple[Somebody, ...]) -> list[Somebody]:
    return [item for item in people if person.email and person.email in item.emails]


def _by_handle(person: Person, people: tuple[Somebody, ...]) -> list[Somebody]:
    handle = person.handle.lower()
    if not handle:
        return []
    ways = (
        [item for item in people if handle in item.handles],
        [item for item in people if handle in {name.lower() for name in item.names}],
        [item for item in people if handle in {email.partition("@")[0] for email in item.emails}],
    )
    return next((found for found in ways if found), [])


def _by_name(person: Person, people: tuple[Somebody, ...]) -> list[Somebody]:
    name = person.name.casefold()
    return [item for item in people if name and name in {other.casefold() for other in item.names}]


def owners(found: Files, people: tuple[Somebody, ...]) -> tuple[Named, ...]:
    """Who owns the outcomes; without outcomes whom authority.yaml, else the catalogue, else CODEOWNERS names."""
    directory = found.authority.people if found.authority else ()
    if found.outcomes.outcomes:
        return tuple(
            resolve(item.owner, f"owner of {item.id}", Location(item.file, item.line("owner")), people, directory)
            for item in found.outcomes.outcomes
        )
    if found.authority and found.authority.owner:
        place = Location(authority.NAME, found.authority.lines.get("owner", 1))
        return (resolve(found.authority.owner, "owner", place, people, directory),)
    others = found.catalog or found.code
    return tuple(resolve(person, "owner", place, people, directory) for person, place in others)


def stoppers(found: Files, people: tuple[Somebody, ...]) -> tuple[Named, ...]:
    """Who may stop the system: `kill` of authority.yaml, and of each outcome."""
    named: list[Named] = []
    directory = found.authority.people if found.authority else ()
    if found.authority:
        place = Location(authority.NAME, found.authority.lines.get("kill", 1))
        named += [resolve(person, "may stop it", place, people, directory) for person in found.authority.decides["kill"]]
    for item in found.outcomes.outcomes:
        place = Location(item.file, item.line("kill.authority"))
        named.append(resolve(item.kill.authority, f"may stop {item.id}", place, people, directory))
    return tuple(named)


def unreadable(context: Context) -> str:
    """Why nobody can be looked up in the history; empty where they can."""
    return history.readable(context.project)
