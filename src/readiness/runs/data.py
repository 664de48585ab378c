"""`data infer`: writes the beginning of a contract for files of rows."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from readiness.config import manifest as manifests
from readiness.errors import UsageError
from readiness.formats import codeowners
from readiness.layers.data import drafting, globs, infer
from readiness.layers.data.infer import Inferred
from readiness.world import files
from readiness.world import project as projects
from readiness.world.project import Project

_OWNERS: Final = (*codeowners.PLACES, ".gitlab/CODEOWNERS")


@dataclass(frozen=True, slots=True)
class Draft:
    """The beginning of a contract: the path it belongs to, its text, and what it was made of; `owned` says whether anybody is named."""

    path: str
    text: str
    inferred: Inferred
    owned: bool


def infer_all(root: Path, named: list[str], tables: list[str], *, dry: bool = False) -> list[Draft]:
    """Drafts a contract for each dataset and writes it to `contracts/`, all or none; nothing that is there is written over.

    Raises UsageError where a file is none of the project, cannot be read, or has its contract already.
    """
    project = projects.load(root, manifests.load(root).project_id)
    now = datetime.now(UTC)
    seen = [infer.infer(name, found, now) for name, found in (_within(project, text) for text in dict.fromkeys(named))]
    drafts = [_draft(project, item) for item in (*seen, *(Inferred(name, "", 0, ()) for name in dict.fromkeys(tables)))]
    for draft in drafts:
        if (root / draft.path).exists() or sum(other.path == draft.path for other in drafts) > 1:
            raise UsageError(f"{draft.path} is taken", "nothing was written; move the one that is there, or describe both in it")
    if not dry:
        for draft in drafts:
            files.write_whole(root / draft.path, draft.text.encode())
    return drafts


def _within(project: Project, text: str) -> tuple[str, dict[str, Path]]:
    """How a dataset is named from the project's root, and its files; a folder stands for all below it."""
    try:
        name = Path(text).resolve().relative_to(project.root).as_posix()
    except ValueError:
        name = ""
    below = sorted(path for path in project.paths if path.startswith(f"{name}/"))
    found = [name] if name in project.paths else [path for path in below if infer.is_document(path)] or below
    if not found and globs.is_glob(name):
        found = sorted(path for path in project.paths if globs.matches(path, (name,)))
    if not name or not found:
        raise UsageError(f"{text} is no file of the project in {project.root}", "name a file that git does not ignore")
    return name, {path: project.root / path for path in found}


def _draft(project: Project, seen: Inferred) -> Draft:
    stem = posixpath.splitext(posixpath.basename(seen.file))[0].strip("*.") or posixpath.basename(posixpath.dirname(seen.file))
    name = projects.slug(stem) if seen.columns else seen.file
    path = f"contracts/{projects.slug(stem)}.odcs.yaml"
    owners, place = _owners(project, seen.file if seen.columns else path)
    return Draft(path, drafting.text(seen, name, owners, place), seen, bool(owners))


def _owners(project: Project, path: str) -> tuple[tuple[str, ...], str]:
    """Whom CODEOWNERS gives a path to, and the line that says so."""
    place = next((name for name in _OWNERS if name in project.paths), "")
    rules = codeowners.parse(project.text(place)) if place else ()
    rule = next((rule for rule in reversed(rules) if rule.matches(path)), None)
    return (rule.owners, f"{place}:{rule.line}") if rule is not None else ((), "")
