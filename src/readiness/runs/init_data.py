"""What a repository shows of its data and its outcomes: files of rows, tables of its SQL, contracts and outcomes anywhere."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from readiness.config.manifest import Data, Manifest, Measurement
from readiness.formats import globs, outcomes
from readiness.formats.outcomes import Gathered
from readiness.layers.data import contracts, datasets, locate
from readiness.layers.infrastructure import modules
from readiness.world import demo as demos
from readiness.world.project import Project

_ROWS: Final = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".arrow", ".feather", ".xlsx", ".sqlite", ".sqlite3", ".db")
"""Suffixes of files that hold rows, whoever reads them; others are data only where code names them."""
_NOT_OURS: Final = frozenset({"test", "tests", "testing", "fixtures", "vendor", "node_modules", "examples", "example", "samples",
                              "templates", "template", "third_party"})  # fmt: skip
_TABLE: Final = re.compile(
    r"^\s*create\s+(?:unlogged\s+)?table\s+(?:if\s+not\s+exists\s+)?((?:\"?\w+\"?\.)?\"?\w+\"?)", re.IGNORECASE | re.MULTILINE
)
_CONTRACT: Final = re.compile(r"^kind:\s*[\"']?DataContract\b", re.MULTILINE)
_OUTCOME: Final = re.compile(r"^kind:\s*[\"']?Outcome\b", re.MULTILINE)
_WEIGHTS: Final = (".safetensors", ".onnx", ".gguf", ".ggml", ".pt", ".pth", ".h5", ".ckpt", "pytorch_model.bin", "model.bin")
_OF_A_MODEL: Final = re.compile(
    r"vocab\.(?:txt|json)|merges\.txt|added_tokens\.json|generation_config\.json|preprocessor_config\.json|modules\.json|"
    r"(?:model|pytorch_model)\.safetensors\.index\.json|pytorch_model\.bin\.index\.json|adapter_config\.json"
)
"""Names of the parts of a model that the layout of the common hubs gives them."""
_SIZE_LIMIT_BYTES: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Undescribed:
    """A dataset no contract describes: its name, and one of its files, or that it is a table."""

    name: str
    file: str = ""
    place: str = ""


def undescribed(project: Project, manifest: Manifest) -> tuple[Undescribed, ...]:
    """Files of rows, files the product's code names, and tables of its SQL, that no contract describes."""
    found = contracts.find(project, manifest)
    tables = _tables(project)
    every = {path: project.root / path for path in project.paths}
    places = locate.Places(every, frozenset(("public", name) for name in tables) or None)
    covered: set[object] = set()
    for contract in found.read:
        for item in contract.objects:
            source = locate.locate(contract, item, places)
            covered |= {path for path, _ in source.files}
            covered |= {name for name in (item.name, item.physical_name) if name in tables}
    rows = datasets.of_files(path for path in _data(project, manifest) if path not in covered)
    return (
        *(Undescribed(item.name, item.files[0]) for item in rows),
        *(Undescribed(name, place=place) for name, place in tables.items() if name not in covered),
    )


def _data(project: Project, manifest: Manifest) -> list[str]:
    """The files of the project that are data for certain."""
    demo = manifest.demo
    written = demos.declared(demo) if demo is not None else ()
    named = _code(project)
    found = []
    for path in sorted(project.paths):
        data = datasets.is_data(path, manifest.data.not_data) or (
            path.endswith((".sqlite3", *_ROWS)) and not globs.matching(manifest.data.not_data, [path])
        )
        sure = path.lower().endswith(_ROWS) or _opened(posixpath.basename(path), named)
        if data and sure and path not in written and not _aside(path):
            found.append(path)
    return found


def _opened(name: str, code: str) -> bool:
    """Whether code names a file at the end of a text of its own, as what it opens; one that a comment points to is not."""
    return re.search(rf"{re.escape(name)}\\?[\"']", code) is not None


def _code(project: Project) -> str:
    """The text of the product's code, in which the names of files are looked for."""
    paths = [module.file for module in modules.of(project) if not module.aside]
    return "\n".join(project.text(path) for path in (*paths, *(path for path in project.paths if path.endswith(".ipynb"))))


def _tables(project: Project) -> dict[str, str]:
    """The tables that SQL files of the project create, each with where."""
    found: dict[str, str] = {}
    for path in sorted(path for path in project.paths if path.endswith(".sql") and not _aside(path)):
        text = project.text(path)
        for match in _TABLE.finditer(text):
            name = match[1].replace('"', "").removeprefix("public.")
            found.setdefault(name, f"{path}:{text.count(chr(10), 0, match.start(1)) + 1}")
    return found


def _aside(path: str) -> bool:
    steps = posixpath.dirname(path).split("/")
    return any(step.lower() in _NOT_OURS or step.startswith(".") for step in steps)


def contract_globs(project: Project, manifest: Manifest) -> list[str]:
    """The globs and paths that make every contract count, where one lies where nobody looks by default; else empty.

    A document that says it is a contract counts where data of this project is what it describes: nothing is guessed.
    """
    usual = contracts.files(project, manifest)
    odd = [path for path in _documents(project, _CONTRACT) if path not in usual]
    every = {path: project.root / path for path in project.paths if not _aside(path)}
    asked = contracts.find(project, _with(odd)).read
    ours = [
        contract.file for contract in asked if any(locate.locate(contract, item, locate.Places(every)).files for item in contract.objects)
    ]
    if not ours:
        return []
    default = list(Data().contracts)
    # named, a glob also reaches into the tests, where nobody looks by default
    tested = [path for path in globs.matching(default, project.paths) if path not in usual]
    kept = [] if tested else default
    return [*kept, *(_escaped(path) for path in sorted({*ours, *usual}) if not globs.matching(kept, [path]))]


def _with(paths: list[str]) -> Manifest:
    return Manifest(data=Data(contracts=tuple(_escaped(path) for path in paths)))


def _escaped(path: str) -> str:
    return re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", path)


def outcome_globs(project: Project) -> list[str]:
    """The globs and paths that make every outcome count, where one lies where nobody looks by default; else empty."""
    default = list(Measurement().outcomes)
    odd = [path for path in _documents(project, _OUTCOME) if not globs.matching(default, [path])]
    return [*default, *odd] if odd else []


def gathered(project: Project, manifest: Manifest) -> Gathered:
    """The outcomes that count as the manifest has it."""
    return outcomes.gather(project.paths, project.text, manifest.measurement.outcomes)


def _documents(project: Project, kind: re.Pattern[str]) -> list[str]:
    """YAML files of the project, but for those beside it, that say they are of a kind."""
    found = []
    for entry in project.entries:
        path = entry.path
        if not path.endswith((".yaml", ".yml")) or entry.mode == "120000" or _aside(path):
            continue
        if (project.root / path).stat().st_size <= _SIZE_LIMIT_BYTES and kind.search(project.text(path)):
            found.append(path)
    return found


def model_files(project: Project) -> list[str]:
    """Files beside the weights of a model that are parts of it by their names, and would be taken for data."""
    beside: dict[str, list[str]] = defaultdict(list)
    for path in project.paths:
        beside[posixpath.dirname(path)].append(posixpath.basename(path))
    return sorted(
        posixpath.join(folder, name)
        for folder, names in beside.items()
        if any(name.endswith(_WEIGHTS) for name in names)
        for name in names
        if _OF_A_MODEL.fullmatch(name) and datasets.is_data(posixpath.join(folder, name), ())
    )
