"""When the build began: the first commit that touched a component, apart from what only prepares the decision to build."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from readiness.formats import globs
from readiness.formats.outcomes import DATA_FILE, Gathered
from readiness.layers.measurement import metric
from readiness.world import history
from readiness.world.context import Context
from readiness.world.history import Commit

PREPARES: Final = (
    "readiness.toml", "authority.yaml", "CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", "catalog-info.yaml", "catalog-info.yml",
    "README*", "LICENSE*", ".gitignore", ".gitattributes", ".mailmap", "approvals/**", "waivers/**",
)  # fmt: skip
"""Files that come before a build and are none; so are outcomes, their locks and the data files they measure."""


@dataclass(frozen=True, slots=True)
class Build:
    """The commit the build began with, None where nothing is built yet; `unknown` or `wrong` say why that is not clear."""

    commit: Commit | None = None
    unknown: str = ""
    wrong: str = ""

    @property
    def clear(self) -> bool:
        """Whether it can be said when the build began, or that it did not."""
        return not self.unknown and not self.wrong


def prepares(context: Context, gathered: Gathered) -> tuple[str, ...]:
    """Globs of the files that do not begin a build."""
    declared = [glob for glob in context.manifest.measurement.outcomes if glob.endswith((".yaml", ".yml"))]
    locks = [f"{glob.rpartition('/')[0]}/*.lock.json".removeprefix("/") for glob in declared]
    data = [glob for glob in metric.sources(outcome.metric for outcome in gathered.outcomes) if DATA_FILE.fullmatch(glob)]
    return tuple(dict.fromkeys((*PREPARES, *declared, *locks, *data)))


def began(context: Context, gathered: Gathered) -> Build:
    """When the components of the project were first touched."""
    project, components = context.project, context.manifest.components
    if project.repository is None:
        return Build(unknown=history.readable(project))
    if history.cut_off(project):
        return Build(unknown="the history was cut off when the repository was cloned: `git fetch --unshallow` brings it")
    besides = prepares(context, gathered)
    commit = history.first_touch(project, components, besides) if project.commit else None
    if commit is not None:
        return Build(commit)
    left = set(project.paths) - set(globs.matching(besides, project.paths))
    held = [path for path in left if _within(path, components)]
    if held:
        return Build(unknown=f"{min(held)} is in no commit yet, so when the build began is not known")
    if code := sorted(path for path in left if path.endswith((".py", ".ipynb"))):
        return Build(wrong=f"`components` names {', '.join(components)}, where no file lies, and {code[0]} is built already")
    return Build()


def _within(path: str, components: Iterable[str]) -> bool:
    parts = [part.strip("/") for part in components]
    return any(part in ("", ".") or path == part or path.startswith(f"{part}/") for part in parts)
