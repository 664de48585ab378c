"""`init`: writes of `readiness.toml` what the repository says for every layer, and nothing that is guessed."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import tomlkit

from readiness.config import manifest as manifests
from readiness.config.manifest import NAME, Data, Demo, Manifest, Measurement
from readiness.layers.infrastructure import serving, source, suite
from readiness.runs import init_data, init_said
from readiness.runs.init_parts import Part
from readiness.world import demo as demos
from readiness.world import files
from readiness.world import project as projects
from readiness.world.project import Project

_CREDENTIALS: Final = ("_KEY", "_TOKEN", "_SECRET")
_FIRST_LINE: Final = "what readiness cannot find by itself; every key is optional"


@dataclass(frozen=True, slots=True)
class Written:
    """What `init` did: the text of the manifest, the keys it added, and what there is to say of each layer."""

    path: Path
    text: str
    added: tuple[str, ...]
    parts: tuple[Part, ...]


@dataclass(slots=True)
class _Draft:
    """A manifest that is being completed: the document, and each key that was added with the value as it is written."""

    document: tomlkit.TOMLDocument
    added: dict[str, str] = field(default_factory=dict)

    def set(self, table: str, key: str, value: Any) -> None:  # whatever TOML can hold
        """Adds a key to a table, or to the top for an empty name; one that is there is never changed."""
        place: Any = self._table(table) if table else self.document  # a tomlkit container
        if key not in place:
            place[key] = value
            self.added[f"{table}.{key}".lstrip(".")] = tomlkit.item(value).as_string()

    def _table(self, name: str) -> Any:  # a tomlkit container
        if name not in self.document:
            if self.document.body:
                self.document.add(tomlkit.nl())
            self.document[name] = tomlkit.table()
        return self.document[name]


def folders(path: Path) -> list[Path]:
    """The folders of the projects at `path`; an empty folder is the beginning of one. Raises UsageError as `check` does."""
    if path.is_dir() and not any(entry.name not in files.SKIPPED_FOLDERS for entry in path.iterdir()):
        return [path.resolve()]
    return projects.locate(path)


def init(root: Path, *, dry: bool = False) -> Written:
    """Writes or completes the manifest; a key that is there is never changed, comments stay.

    Raises InputError where there is a manifest that is not valid, UsageError where it cannot be written.
    """
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    path = root / NAME
    before = path.read_bytes().decode() if path.is_file() else ""  # as bytes, so that the ends of lines stay what they are
    draft = _Draft(tomlkit.parse(before))
    if not path.is_file():
        draft.document.add(tomlkit.comment(_FIRST_LINE))
    _complete(draft, project, manifest)
    text = tomlkit.dumps(draft.document)
    completed = manifests.parse(text)  # what we write must be what we read
    assert _only_added(tomllib.loads(before), tomllib.loads(text), draft.added), "a key was changed or lies in another table"
    if draft.added and not dry:
        files.write_whole(path, text.encode())
    return Written(path, text, tuple(draft.added), init_said.parts(project, completed, draft.added))


def _only_added(before: Mapping[str, Any], after: Mapping[str, Any], added: Mapping[str, str]) -> bool:
    """Whether a manifest holds everything it held, and besides only what was added."""
    new = {f"{name}.{key}" if isinstance(table, Mapping) else name for name, table in after.items() for key in _keys(table)}
    old = {f"{name}.{key}" if isinstance(table, Mapping) else name for name, table in before.items() for key in _keys(table)}
    kept = all(_at(before, name) == _at(after, name) for name in old)
    return kept and new - old == set(added)


def _keys(table: object) -> list[str]:
    return list(table) if isinstance(table, Mapping) else [""]


def _at(data: Mapping[str, Any], name: str) -> Any:  # whatever TOML can hold
    table, dot, key = name.partition(".")
    return data[table][key] if dot else data[table]


def _complete(draft: _Draft, project: Project, manifest: Manifest) -> None:
    draft.set("", "schema", 1)
    draft.set("project", "id", project.id)
    if parts := init_said.components(project):
        draft.set("project", "components", parts)
    _demo(draft, project, manifest)
    if suite.files(project):
        draft.set("infrastructure", "tests", ["python", "-m", "pytest", "-q"])
    if manifest.data.contracts == Data().contracts and (globs := init_data.contract_globs(project, manifest)):
        draft.set("data", "contracts", globs)
    if not manifest.data.not_data and (model := init_data.model_files(project)):
        draft.set("data", "not_data", model)
    if manifest.measurement.outcomes == Measurement().outcomes and (places := init_data.outcome_globs(project)):
        draft.set("measurement", "outcomes", places)


def _demo(draft: _Draft, project: Project, manifest: Manifest) -> None:
    demo: Demo | None = manifest.demo or _found(project)
    if demo is None:
        return
    if manifest.demo is None:
        _kind(draft, demo)
    if needs := serving.needs(project):
        draft.set("demo", "needs", list(needs))
    names = sorted({item.name for item in source.variables(project) if item.required and item.name.endswith(_CREDENTIALS)})
    if names:
        draft.set("demo", "secrets", names)


def _found(project: Project) -> Demo | None:
    """The demo the repository shows: a file named for it or a notebook, else the server its image starts."""
    demo, _ = demos.discover(project)
    server = serving.declared_server(project) if demo is None else None
    return Demo(server=server) if server is not None else demo


def _kind(draft: _Draft, demo: Demo) -> None:
    if demo.notebook:
        draft.set("demo", "notebook", demo.notebook)
    elif demo.server is not None:
        server = tomlkit.inline_table()
        server.update({"argv": list(demo.server.argv), "ready": demo.server.ready})
        draft.set("demo", "server", server)
    else:
        draft.set("demo", "command", list(demo.command))
