"""The secrets a project declares by reference: how old each is, whose it is, and whether it lies where it may."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from readiness.config.manifest import NAME
from readiness.config.security import SecretReference
from readiness.formats import age, people
from readiness.layers.security.credentials import Wanted
from readiness.sequence.finding import Location
from readiness.sequence.wording import counted
from readiness.world import beneath, git, history
from readiness.world.project import Project

_READ_BYTES: Final = 8 << 20
_SEALED: Final = re.compile(rb"\A(?:\$ANSIBLE_VAULT;|-----BEGIN PGP MESSAGE-----|\0GITCRYPT\0)|ENC\[AES256_GCM,data:|\"?sops\"?:\s")
"""What other tools write that encrypt files or values in place."""


class Source(StrEnum):
    """Whose word the age of a secret is: the project's, or the history's of the file that holds it."""

    NOBODY = ""
    DECLARED = "declared"
    GIT = "git"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a reference: a word that stays the same, and a sentence."""

    what: str
    text: str


@dataclass(frozen=True, slots=True)
class State:
    """A reference as it stands on a day: when the secret was last changed (None where it cannot be told, with `untold`).

    `faults` are the project's; `late` is how many days it is over its rotation age, below 0 before that.
    """

    reference: SecretReference
    rotated: date | None = None
    source: Source = Source.NOBODY
    untold: str = ""
    faults: tuple[Fault, ...] = ()
    age_days: int | None = None

    @property
    def late(self) -> int | None:
        """Days past the rotation age; negative where there are some left; None where the age cannot be told."""
        return None if self.age_days is None else self.age_days - self.reference.rotate_days

    @property
    def location(self) -> Location:
        """Where the reference is declared."""
        return Location(NAME, self.reference.line)


def state(project: Project, reference: SecretReference, today: date) -> State:
    """How a reference stands; its target is looked at where it is a file of the project, and never told."""
    faults = [*_owned(reference), *_kept(project, reference)]
    if reference.rotated is not None and reference.rotated > today:
        faults.append(Fault("rotated", f"{reference.name} says it was rotated on {reference.rotated}, which is yet to come"))
        return State(reference, untold="it says a day that is yet to come", faults=tuple(faults))
    rotated, source, untold = _rotated(project, reference)
    if rotated is None:
        return State(reference, untold=untold, faults=tuple(faults))
    days = max(0, (today - rotated).days)
    if days > reference.rotate_days:
        text = f"{reference.name} was last rotated {counted(days, 'day')} ago, on {rotated}, and is to be every {reference.rotate_days}"
        faults.append(Fault("age", text))
    return State(reference, rotated, source, "", tuple(faults), days)


def undeclared(found: Iterable[Wanted], declared: Iterable[SecretReference]) -> tuple[Wanted, ...]:
    """The credentials that no reference names: neither by its own name nor by the variable it is kept in."""
    names = {name for one in declared for name in (one.name, one.target if one.kind == "env" else one.name)}
    return tuple(item for item in found if item.name not in names and item.name.removesuffix("_FILE") not in names)


def _owned(reference: SecretReference) -> list[Fault]:
    if not reference.owner:
        return [Fault("owner", f"{reference.name} has no owner")]
    if people.parse(reference.owner) is None:
        return [Fault("owner", f"the owner of {reference.name} names nobody: `{reference.owner}`")]
    return []


def _kept(project: Project, reference: SecretReference) -> list[Fault]:
    """What is wrong with the file that holds a secret."""
    path = reference.target.removeprefix("./")
    if reference.kind == "age":
        if path not in project.paths:
            return [Fault("kept", f"{reference.name} is to be in {path}, which is no file of the project")]
        data = beneath.read(project.root, path, _READ_BYTES)
        if data is None or not age.is_encrypted(data):
            return [Fault("kept", f"{reference.name} is to be encrypted by age in {path}, and that file is not")]
    if reference.kind == "file" and _tracked(project, path):
        data = beneath.read(project.root, path, _READ_BYTES) or b""
        if data.strip() and not _is_sealed(data):
            return [Fault("kept", f"{reference.name} lies in {path}, which git tracks, and is not encrypted there")]
    return []


def _is_sealed(data: bytes) -> bool:
    return age.is_encrypted(data) or _SEALED.search(data) is not None


def _tracked(project: Project, path: str) -> bool:
    if path not in project.paths:
        return False
    if not project.vcs:
        return bool(project.commit)  # taken out of history: everything in it was committed
    return git.ask(project.root, "ls-files", "--error-unmatch", "--", f":(literal){path}") is not None


def _rotated(project: Project, reference: SecretReference) -> tuple[date | None, Source, str]:
    """When the secret was last changed, whose word that is, and why it cannot be told.

    A secret in a file of the project cannot be younger than the file: of the two days the earlier counts.
    """
    stated = reference.rotated
    path = reference.target.removeprefix("./")
    if reference.kind not in ("age", "file") or path not in project.paths:
        return (stated, Source.DECLARED, "") if stated else (None, Source.NOBODY, "nothing says when it was last rotated")
    changed, untold = _changed(project, path)
    if changed is None:
        return (stated, Source.DECLARED, "") if stated else (None, Source.NOBODY, untold)
    if stated is not None and stated <= changed:
        return stated, Source.DECLARED, ""
    return changed, Source.GIT, ""


def _changed(project: Project, path: str) -> tuple[date | None, str]:
    if reason := history.readable(project):
        return None, reason
    if history.cut_off(project):
        return None, "the clone is shallow, so when its file changed is not known"
    commit = history.last_touch(project, path)
    return (commit.at.date(), "") if commit is not None else (None, "its file is not committed as it is")
