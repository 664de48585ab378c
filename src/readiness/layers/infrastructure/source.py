"""What the source says without being run: the environment variables it reads."""

from __future__ import annotations

from readiness.formats import python_settings
from readiness.layers.infrastructure import modules
from readiness.layers.infrastructure.evidence import Asked
from readiness.sequence.finding import Location
from readiness.world.project import Project


def variables(project: Project) -> list[Asked]:
    """Every variable that code of the product reads by a literal name; `required` where its absence raises."""
    files = (module.file for module in modules.of(project) if not module.aside)
    return [
        Asked(item.name, Location(file, item.line), item.required, False)
        for file in files
        for item in python_settings.lookups(project.text(file))
    ]
