"""The files of a project that say what it runs on and in: Terraform, compose files, Dockerfiles."""

from __future__ import annotations

from readiness.formats import composition, dockerfile, terraform
from readiness.world.project import ASIDE, Project


def described(project: Project) -> tuple[str, ...]:
    """Their paths, sorted; Terraform files that make and call nothing have nothing to scan, and folders aside are left out."""
    return tuple(sorted(path for path in project.paths if not _aside(path) and _describes(project, path)))


def _aside(path: str) -> bool:
    return any(part.lower() in ASIDE or (part.startswith(".") and part != ".docker") for part in path.split("/")[:-1])


def _describes(project: Project, path: str) -> bool:
    name = path.rpartition("/")[2]
    if name.endswith(".tf"):
        return any(block.kind in ("resource", "module") for block in terraform.blocks(project.text(path), path))
    return name.endswith(".tf.json") or dockerfile.is_name(name) or composition.variant(name) is not None
