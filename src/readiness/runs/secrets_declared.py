"""`secrets list` and `rotate-check`: the secrets a project declares, how old they are, and whether their owners are still here."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from readiness.config import manifest as manifests
from readiness.config.manifest import NAME
from readiness.config.security import SecretReference
from readiness.errors import UsageError
from readiness.formats import people as persons
from readiness.layers.infrastructure import procedure
from readiness.layers.organization import people
from readiness.layers.organization.people import Match, Named
from readiness.layers.security import credentials, references
from readiness.layers.security.credentials import Wanted
from readiness.layers.security.references import Fault, State
from readiness.sequence.finding import Location
from readiness.world import demo as demos
from readiness.world import history
from readiness.world import project as projects
from readiness.world.context import Context
from readiness.world.demo import DemoSession
from readiness.world.session import Session


@dataclass(frozen=True, slots=True)
class Declared:
    """One secret as it stands, and where the code reads it; `owner_doubt` says why its owner cannot be looked up."""

    state: State
    used: tuple[Location, ...] = ()
    owner_doubt: str = ""

    @property
    def reference(self) -> SecretReference:
        """How it is declared."""
        return self.state.reference

    @property
    def next_rotation(self) -> str:
        """The last day on which it is fresh; empty where its age cannot be told."""
        rotated = self.state.rotated
        return str(rotated + timedelta(days=self.reference.rotate_days)) if rotated is not None else ""

    @property
    def exit(self) -> int:
        """1 where something is wrong with it, 3 where its age or its owner cannot be told, else 0."""
        if self.state.faults:
            return 1
        return 3 if self.state.age_days is None or self.owner_doubt else 0


@dataclass(frozen=True, slots=True)
class Listed:
    """Every declared secret, and the credentials that code or demo ask for and nobody declared."""

    secrets: tuple[Declared, ...]
    undeclared: tuple[Wanted, ...]

    @property
    def exit(self) -> int:
        """What `rotate-check` ends with: the worst of its secrets, 3 where there is none."""
        codes = {one.exit for one in self.secrets}
        return 1 if 1 in codes else 3 if 3 in codes or not codes else 0


def listed(root: Path, now: datetime) -> Listed:
    """The secrets of a project as they stand. Raises InputError for a bad manifest."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    found = credentials.wanted(project, demos.of(project, manifest)[0])
    declared = manifest.security.secrets
    made = tuple(Declared(references.state(project, one, now.date()), _used(one, found)) for one in declared)
    return Listed(made, references.undeclared(found, declared))


def checked(root: Path, now: datetime) -> Listed:
    """The same, with each owner looked up among those who work here. Raises InputError for a bad manifest."""
    found = listed(root, now)
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    with closing(Session(project, procedure.discover(project, manifest))) as session:
        context = Context(project, manifest, session, DemoSession(project, manifest, session), now)
        said = people.files(project, manifest.measurement.outcomes)
        unreadable = people.unreadable(context)
        known = () if unreadable else people.known(context, said)
        directory = said.authority.people if said.authority else ()
        return replace(found, secrets=tuple(_owned(context, one, known, directory, unreadable) for one in found.secrets))


def named(root: Path, name: str) -> SecretReference:
    """The declared secret of that name, or in that variable. Raises UsageError naming those there are."""
    declared = manifests.load(root).security.secrets
    for one in declared:
        if name in (one.name, one.ref, one.target if one.kind == "env" else one.name):
            return one
    there = ", ".join(one.name for one in declared)
    raise UsageError(f"no secret `{name}` is declared in {NAME}", f"declared: {there}" if there else "[[security.secret]] declares one")


def _used(reference: SecretReference, found: Iterable[Wanted]) -> tuple[Location, ...]:
    names = {reference.name, reference.target if reference.kind == "env" else reference.name}
    return tuple(place for item in found if item.read and item.name.removesuffix("_FILE") in names for place in item.places)


def _owned(
    context: Context,
    one: Declared,
    known: tuple[people.Somebody, ...],
    directory: tuple[persons.Person, ...],
    unreadable: str,
) -> Declared:
    """The secret with what is known of its owner: gone is a fault, a team or a name that nobody can be told by is a doubt."""
    person = persons.parse(one.reference.owner)
    if person is None:
        return one  # said already
    if unreadable:
        return replace(one, owner_doubt=f"whether {person} is still here cannot be told: {unreadable}")
    owner = people.resolve(person, f"owner of {one.reference.name}", one.state.location, known, directory)
    if owner.active(context.now):
        return one
    told = owner.told(context.now)
    if history.cut_off(context.project):
        return replace(one, owner_doubt=f"{told}, as far as this cut-off history goes")
    return _gone(one, owner, told)


def _gone(one: Declared, owner: Named, told: str) -> Declared:
    if owner.match not in (Match.FOUND, Match.NOBODY):
        return replace(one, owner_doubt=told)
    return replace(one, state=replace(one.state, faults=(*one.state.faults, Fault("owner", told))))
