"""`init`: writes the layer 1 part of `readiness.toml` from what the repository says, and nothing that is guessed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import Table

from readiness.config import manifest as manifests
from readiness.config.manifest import NAME, Demo
from readiness.layers.infrastructure import interpreter, serving, source, suite
from readiness.world import demo as demos
from readiness.world import files
from readiness.world import project as projects


@dataclass(frozen=True, slots=True)
class Written:
    """What `init` did: the text of the manifest, what was added, and what only a person can say."""

    path: Path
    text: str
    added: tuple[str, ...]
    open: tuple[str, ...]


def init(root: Path, *, dry: bool = False) -> Written:
    """Writes or completes the manifest; a key that is there is never changed, comments stay.

    Raises InputError where there is a manifest that is not valid.
    """
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    path = root / NAME
    document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.is_file() else tomlkit.document()
    added: list[str] = []
    if not path.is_file():
        document.add(tomlkit.comment("what readiness cannot find by itself; every key is optional"))
    _set(document, added, "schema", 1)
    table = _table(document, "project")
    _set(table, added, "id", project.id, "project.")
    _demo(document, added, project, manifest)
    _infrastructure(document, added, project)
    text = tomlkit.dumps(document)
    manifests.parse(text)  # what we write must be what we read
    if added and not dry:
        files.write_whole(path, text.encode())
    return Written(path, text, tuple(added), tuple(_open(manifests.parse(text), project)))


def _demo(document: tomlkit.TOMLDocument, added: list[str], project: projects.Project, manifest: manifests.Manifest) -> None:
    demo: Demo | None = manifest.demo or _found(project)
    if demo is None:
        return
    table = _table(document, "demo")
    if manifest.demo is None:
        _kind(table, added, demo)
    if needs := serving.needs(project):
        _set(table, added, "needs", list(needs), "demo.")
    names = sorted({item.name for item in source.variables(project) if item.required and item.name.endswith(("_KEY", "_TOKEN", "_SECRET"))})
    if names:
        _set(table, added, "secrets", names, "demo.")


def _found(project: projects.Project) -> Demo | None:
    """The demo the repository shows: a file named for it or a notebook, else the server its image starts."""
    demo, _ = demos.discover(project)
    server = serving.declared_server(project) if demo is None else None
    return Demo(server=server) if server is not None else demo


def _kind(table: Table, added: list[str], demo: Demo) -> None:
    if demo.notebook:
        _set(table, added, "notebook", demo.notebook, "demo.")
    elif demo.server is not None:
        server = tomlkit.inline_table()
        server.update({"argv": list(demo.server.argv), "ready": demo.server.ready})
        _set(table, added, "server", server, "demo.")
    else:
        _set(table, added, "command", list(demo.command), "demo.")


def _infrastructure(document: tomlkit.TOMLDocument, added: list[str], project: projects.Project) -> None:
    if suite.files(project):
        _set(_table(document, "infrastructure"), added, "tests", ["python", "-m", "pytest", "-q"], "infrastructure.")


def _table(document: tomlkit.TOMLDocument, name: str) -> Table:
    if name not in document:
        if document.body:
            document.add(tomlkit.nl())
        document[name] = tomlkit.table()
    found = document[name]
    assert isinstance(found, Table), f"[{name}] was validated as a table"
    return found


def _set(table: Any, added: list[str], key: str, value: Any, prefix: str = "") -> None:  # a tomlkit container
    if key not in table:
        table[key] = value
        added.append(f"{prefix}{key}")


def _open(manifest: manifests.Manifest, project: projects.Project) -> list[str]:
    """What the repository does not say and a person has to."""
    found = []
    if manifest.demo is None:
        found.append('[demo] command = ["python", "…"]: the command that shows the project works')
    elif not manifest.demo.outputs and manifest.demo.server is None:
        found.append('[demo] outputs = ["…"]: the files the demo writes that must come out the same')
    if manifest.demo is not None and manifest.demo.server is not None and not manifest.demo.requests:
        found.append('[[demo.request]] path = "/…": what the server is asked')
    if not interpreter.declared(project, manifest.infrastructure.python).exact:
        found.append('[infrastructure] python = "3.…", or a .python-version: the Python its packages were chosen for')
    if not manifest.stakes_declared:
        found.append('[project] stakes = "annoyance" | "money" | "regulation" | "safety": what a mistake costs')
    return found
