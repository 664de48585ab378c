"""`secrets blast-radius`: which tables and columns a credential opens, by the database itself or else by what is declared."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from readiness.config import manifest as manifests
from readiness.config.manifest import Manifest
from readiness.config.security import SecretReference
from readiness.errors import CannotJudge, ReadinessError, UsageError
from readiness.formats.blast_radius import DECLARED, EXECUTED, Blast, Classified, Opening
from readiness.layers.security import blast, classified, policies
from readiness.layers.security.blast import Opened, Radius
from readiness.runs.secrets_declared import named
from readiness.world import project as projects
from readiness.world.project import Project

_VALUE_BYTES: Final = 64 << 10
_DRIVER: Final = re.compile(r"^(postgres(?:ql)?)\+\w+://")
HOW: Final = "--role names the role it logs in as, --database-url a database to ask, --resolve reads the credential on this machine"


def radius(root: Path, name: str, url: str = "", role: str = "", *, resolve: bool = False) -> Blast:
    """What a declared secret opens. With `resolve` its value is read on this machine, for the role in it and, without `url`,
    to log in with; it is neither shown nor kept.

    Raises UsageError where there is no such secret or role, InputError where policies are wrong, CannotJudge where nothing
    tells what it opens, or a database does not let us in.
    """
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    reference = named(root, name)
    value = _value(root, reference) if resolve else ""
    who = role or _role(value, f"the credential {reference.name}") or _role(url, "--database-url")
    found = _live(reference, who, url, value)
    said, notes = _declared(project, manifest, who)
    stated = tuple(Opened(item, "dataset", ("opens",), declared=True, answer="yes") for item in reference.opens)
    if not found.database and not said and not stated:
        raise CannotJudge(_nothing(reference, who), HOW)
    openings = tuple(_opening(project, manifest, one) for one in (*found.opened, *said, *stated))
    if found.database and not role and not resolve:
        notes = (*notes, f"taken to log in as {who}, the role of the address given: --role names another")
    return Blast(reference.name, reference.ref, reference.owner, who, found.database, openings, (*found.notes, *notes))


def _nothing(reference: SecretReference, who: str) -> str:
    if who:
        return f"no database was asked, and no policy says what {who} may do, so what {reference.name} opens is not known"
    return f"nothing says as which role {reference.name} logs in, so what it opens is not known"


def _value(root: Path, reference: SecretReference) -> str:
    """The secret itself, from where this machine keeps it. Raises CannotJudge where it is not here, saying nothing of it."""
    if reference.kind == "env":
        value = os.environ.get(reference.target, "")
        where = f"the variable {reference.target} is not set here"
    elif reference.kind == "file":
        value, where = _content(root / reference.target), f"{reference.target} cannot be read here"
    else:
        raise UsageError(f"`{reference.kind}:` is opened by its own program, and not here", HOW)
    if not value:
        raise CannotJudge(where, HOW)
    return _DRIVER.sub(r"\1://", value)


def _content(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_VALUE_BYTES).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def _role(address: str, what: str) -> str:
    """The role in the address of a database; empty without one. Raises UsageError where it is no address, repeating nothing of it."""
    if not address:
        return ""
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        return str(conninfo_to_dict(address).get("user") or "")
    except ProgrammingError:
        raise UsageError(f"{what} is no address of a PostgreSQL", HOW) from None


def _live(reference: SecretReference, who: str, url: str, value: str) -> Radius:
    """What a database answers; nothing where none is to be asked."""
    if not url and not value:
        return Radius(who)
    if not who:
        raise UsageError(f"nothing says as which role {reference.name} logs in", HOW)
    from readiness.runs.access_database import connected

    try:
        with connected(url or value) as connection:
            return blast.live(connection, who)
    except ReadinessError as error:
        if url or isinstance(error, UsageError):
            raise
        # a driver's message may repeat a part of an address, and of this one not even the host is anybody's to see
        raise CannotJudge(f"the database does not let us in with the credential {reference.name}", HOW) from None


def _declared(project: Project, manifest: Manifest, who: str) -> tuple[tuple[Opened, ...], tuple[str, ...]]:
    """What the policies say of that role, and why they say nothing."""
    access = policies.gather(project, manifest)
    if not who or access.none:
        return (), ()
    if access.faults or not access.sound:
        return (), ("the policies are not valid, so what they say is not known: `readiness access lint`",)
    said = blast.declared(access, who)
    return said, () if said else (f"no policy permits anything to a principal called {who}",)


def _opening(project: Project, manifest: Manifest, one: Opened) -> Opening:
    words = classified.of_table(project, manifest, one.table if "." in one.table else f"public.{one.table}")
    columns = [
        Classified(column, word, classified.is_sensitive(word), f"{place.file}:{place.line}")
        for column, (word, place) in words.items()
        if _reaches(one, column)
    ]
    rows = "row security" if one.limited else "conditions of policies" if one.answer == "depends" else ""
    limits = tuple((verb, columns) for verb, columns in one.columns.items())
    basis = DECLARED if one.declared else EXECUTED
    return Opening(one.table, one.kind, basis, one.privileges, limits, rows, one.way, one.policies, tuple(columns))


def _reaches(one: Opened, column: str) -> bool:
    """Whether a column can be read or written by what is open; to remove a row opens none."""
    if column in one.readable or any(column in names for names in one.columns.values()):
        return True
    whole = {verb for verb in one.privileges if verb not in one.columns} - {"delete", "truncate"}
    return bool(whole) and (one.declared or "select" not in whole)
