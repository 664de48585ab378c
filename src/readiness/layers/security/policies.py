"""The access policies of a project: its Cedar files, read and held against their schema, and its entities."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import Final

from readiness.config.manifest import Manifest
from readiness.formats import globs
from readiness.formats.cedar import policies
from readiness.formats.cedar.assessing import ENDINGS, ENTITIES, Access, assess
from readiness.world import beneath
from readiness.world.project import Project

__all__ = ["ENTITIES", "Access", "assess", "gather"]

_ASIDE: Final = frozenset({"tests", "test", "fixtures", "vendor", "node_modules", "docs", "doc", "examples", "example", "samples",
                           "templates", "template", "third_party"})  # fmt: skip


def gather(project: Project, manifest: Manifest) -> Access:
    """The policies the manifest names, or those in `policies`."""
    named = globs.matching(manifest.security.policies, (path for path in project.paths if path.endswith(ENDINGS)))
    chosen = tuple(path for path in named if path.endswith(".cedar"))
    folders = {posixpath.dirname(path) for path in named}
    beside = sorted(path for path in project.paths if posixpath.basename(path) == ENTITIES and posixpath.dirname(path) in folders)
    contents = {path: _bytes(project, path) for path in (*named, *beside)}
    found = assess({path: contents[path] for path in named}, {path: contents[path] for path in beside})
    return replace(found, policy_files=chosen, elsewhere=() if named else _elsewhere(project))


def _bytes(project: Project, path: str) -> bytes | None:
    return beneath.read(project.root, path, policies.SIZE_LIMIT_BYTES)


def _elsewhere(project: Project) -> tuple[str, ...]:
    found = (path for path in project.paths if path.endswith(ENDINGS))
    return tuple(sorted(path for path in found if _ASIDE.isdisjoint(part.lower() for part in path.split("/")[:-1])))
