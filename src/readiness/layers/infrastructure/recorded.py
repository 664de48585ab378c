"""Recorded runs on disk: `.readiness/runs/<id>/run.json`, written whole, read back with distrust, found by a prefix.

The texts of files that no commit holds lie beside the runs, below `.readiness/objects/`, named by their digest.
"""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from readiness.errors import UsageError
from readiness.formats import canonical
from readiness.layers.infrastructure import snapshot as snapshots
from readiness.layers.infrastructure.evidence import Factor, FileState, Output, Run, Shape
from readiness.sequence.evidence import Digest
from readiness.world import files

SCHEMA: Final = "readiness/run/1"
FOLDER: Final = ".readiness/runs"
OBJECTS: Final = ".readiness/objects"
NAME: Final = "run.json"
SHORTEST: Final = 8
"""Digits a prefix of an id has at least."""
_ID: Final = re.compile(r"r-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_PREFIX: Final = re.compile(r"(?:r-)?(?P<digits>[0-9a-f-]*)")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_UNCOUNTABLE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""Numbers JSON does not have, and how they are written."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder of a run: the run, or why it cannot be read."""

    id: str
    run: Run | None
    trouble: str = ""


def new_id(milliseconds: int, chance: bytes) -> str:
    """`r-<uuid7>` of a Unix time and ten bytes of chance (RFC 9562, 5.7)."""
    number = (milliseconds & ((1 << 48) - 1)) << 80 | int.from_bytes(chance[:10], "big")
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    text = f"{number:032x}"
    return f"r-{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def looks_like(text: str) -> bool:
    """Whether an argument can only be meant as the id of a run, or the beginning of one."""
    return text.startswith("r-") and is_prefix(text)


def is_prefix(text: str) -> bool:
    """Whether an argument could be the beginning of an id: at least eight digits of one."""
    found = _PREFIX.fullmatch(text)
    return found is not None and len(found["digits"].replace("-", "")) >= SHORTEST


def ids(root: Path) -> list[str]:
    """The ids of the runs of a project, newest first; what is no run is left out."""
    try:
        names = [path.name for path in (root / FOLDER).iterdir()]
    except OSError:
        return []
    return sorted((name for name in names if _ID.fullmatch(name)), reverse=True)


def listed(root: Path) -> list[Listed]:
    """Every run of a project, newest first, also those that cannot be read."""
    found = []
    for name in ids(root):
        try:
            found.append(Listed(name, load(root, name)))
        except UsageError as error:
            found.append(Listed(name, None, error.message))
    return found


def shortest(wanted: str, others: Iterable[str]) -> str:
    """The beginning of an id that no other id has, at least eight digits of it."""
    near = [other for other in others if other != wanted]
    length = 2 + SHORTEST
    while length < len(wanted) and (wanted[length - 1] == "-" or any(other.startswith(wanted[:length]) for other in near)):
        length += 1
    return wanted[:length]


def matching(root: Path, prefix: str) -> list[str]:
    """The ids that begin like this; hyphens do not matter."""
    digits = prefix.removeprefix("r-").replace("-", "")
    return [name for name in ids(root) if name.removeprefix("r-").replace("-", "").startswith(digits)]


def find(root: Path, prefix: str) -> Run:
    """The run whose id begins with at least eight digits of `prefix`. Raises UsageError where not exactly one does."""
    hint = "`readiness run list` lists them"
    if not is_prefix(prefix):
        raise UsageError(f"`{prefix}` is no id of a run: it takes at least eight digits of one", hint)
    found = matching(root, prefix)
    if not found:
        raise UsageError(f"no run begins with `{prefix}`", hint)
    if len(found) > 1:
        shown = ", ".join(shortest(name, found) for name in found[:5])
        raise UsageError(f"{len(found)} runs begin with `{prefix}`: {shown}{' …' if len(found) > 5 else ''}", "give more of the id")
    return load(root, found[0])


def load(root: Path, run_id: str) -> Run:
    """A run by its whole id. Raises UsageError where it is gone or cannot be read."""
    path = root / FOLDER / run_id / NAME
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"run {run_id} is not there, or not whole", "`readiness run list` lists them") from None
    except OSError as error:
        raise UsageError(f"run {run_id} cannot be read: {error.strerror}", "make its folder readable") from None
    try:
        run = from_json(json.loads(data))
    except (ValueError, RecursionError) as error:
        reason = "it is no JSON, so it was cut short or edited" if isinstance(error, json.JSONDecodeError) else str(error)
        raise UsageError(f"run {run_id} cannot be read: {reason}", f"remove {FOLDER}/{run_id} and run the command again") from None
    if run.id != run_id:
        raise UsageError(f"run {run_id} cannot be read: it says that it is {run.id}", f"remove {FOLDER}/{run_id}")
    return run


def store(root: Path, run: Run) -> Path:
    """Writes a run whole or not at all, and returns its file. Raises OSError where it cannot be written."""
    folder = root / FOLDER / run.id
    try:
        files.write_atomically(folder / NAME, canonical.canonical(to_json(run)) + b"\n")
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)  # a run is there whole or not at all
        raise
    return folder / NAME


def object_path(root: Path, digest: str) -> Path:
    """Where the text of a file with that digest is kept."""
    name = digest.removeprefix("sha256:")
    return root / OBJECTS / name[:2] / name[2:]


def to_json(run: Run) -> dict[str, object]:
    """A run as a JSON object; NaN and infinities are written as texts, since JSON has no such numbers."""
    return {
        "schema": SCHEMA,
        "id": run.id,
        "project": run.project,
        "command": [escaped(word) for word in run.command],
        "started": f"{run.started.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
        "elapsed_s": round(run.elapsed_s, 3),
        "exit_code": run.exit_code,
        "commit": run.commit or None,
        "dirty": run.dirty,
        "tree": run.tree or None,
        "seed": run.seed or None,
        "factors": {factor.value: digest for factor, digest in run.factors.items()},
        "files": {escaped(path): _file(state) for path, state in run.files.items()},
        "outputs": {escaped(path): {"digest": output.digest, "size_bytes": output.size_bytes} for path, output in run.outputs.items()},
        "metrics": {name: number_to_json(value) for name, value in run.metrics.items()},
        "snapshot": snapshots.to_json(run.snapshot),
        "notes": [escaped(note) for note in run.notes],
    }


def escaped(text: str) -> str:
    """A text in which bytes that are no UTF-8, as a file's name may hold, are written as `\\xff`."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _unescaped(text: str) -> str:
    return re.sub(r"\\x([89a-f][0-9a-f])", lambda found: bytes.fromhex(found[1]).decode("utf-8", "surrogateescape"), text)


def number_to_json(value: float) -> float | str:
    """A number as JSON can hold it."""
    if math.isnan(value):
        return "NaN"
    return next((name for name, other in _UNCOUNTABLE.items() if value == other), value)


def _file(state: FileState) -> list[object]:
    # A list, not an object: a project may have thousands of files.
    shape = [[[name, kind] for name, kind in state.shape.columns], state.shape.rows] if state.shape else None
    return [state.digest, state.mode, state.size_bytes, state.kept, *([shape] if shape else [])]


def from_json(data: object) -> Run:
    """The run a JSON object holds. Raises ValueError, which says what is wrong, where it holds none."""
    if not isinstance(data, dict):
        raise ValueError("it is no JSON object")
    if data.get("schema") != SCHEMA:
        raise ValueError(f"its schema is `{data.get('schema')}`, this version reads `{SCHEMA}`")
    try:
        return _run(data)
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        raise ValueError(f"a part of it is missing or of another kind ({error})") from None


def _run(data: dict[str, object]) -> Run:
    command, notes = data["command"], data["notes"]
    if not isinstance(command, list) or not isinstance(notes, list) or not all(isinstance(item, str) for item in (*command, *notes)):
        raise ValueError("`command` or `notes` is no list of texts")
    run_id, started, exit_code = _text(data, "id"), _text(data, "started"), data["exit_code"]
    if not _ID.fullmatch(run_id) or isinstance(exit_code, bool) or not isinstance(exit_code, int):
        raise ValueError("`id` or `exit_code` is not what it should be")
    return Run(
        id=run_id,
        project=_text(data, "project"),
        command=tuple(command),
        started=datetime.strptime(started, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC),
        elapsed_s=_number(data["elapsed_s"]),
        exit_code=exit_code,
        commit=_text(data, "commit"),
        dirty=data["dirty"] is True,
        tree=Digest(_text(data, "tree")),
        seed=_text(data, "seed"),
        factors={Factor(name): _digest(value) for name, value in _table(data, "factors").items()},
        files={_unescaped(path): _state(item) for path, item in _table(data, "files").items()},
        outputs={_unescaped(path): _output(item) for path, item in _table(data, "outputs").items()},
        metrics={name: _metric(value) for name, value in _table(data, "metrics").items()},
        snapshot=snapshots.from_json(data["snapshot"]),
        notes=tuple(notes),
    )


def _text(data: dict[str, object], name: str) -> str:
    value = data[name]
    if value is not None and not isinstance(value, str):
        raise ValueError(f"`{name}` is no text")
    return value or ""


def _table(data: dict[str, object], name: str) -> dict[str, object]:
    value = data[name]
    if not isinstance(value, dict):
        raise ValueError(f"`{name}` is no JSON object")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"`{value}` is no number")
    return float(value)


def _metric(value: object) -> float:
    return _UNCOUNTABLE[value] if isinstance(value, str) and value in _UNCOUNTABLE else _number(value)


def _digest(value: object) -> Digest:
    if not isinstance(value, str) or (value and not _DIGEST.fullmatch(value)):
        raise ValueError(f"`{value}` is no digest")
    return Digest(value)


def _state(item: object) -> FileState:
    if not isinstance(item, list) or len(item) not in (4, 5) or not isinstance(item[1], str) or not isinstance(item[3], bool):
        raise ValueError("the state of a file is not what it should be")
    return FileState(_digest(item[0]), item[1], int(_number(item[2])), item[3], _shape(item[4]) if len(item) == 5 else None)


def _shape(item: object) -> Shape:
    if not isinstance(item, list) or len(item) != 2 or not isinstance(item[0], list):
        raise ValueError("the shape of a table is not what it should be")
    return Shape(tuple((str(name), str(kind)) for name, kind in item[0]), int(_number(item[1])))


def _output(item: object) -> Output:
    if not isinstance(item, dict):
        raise ValueError("an output is no JSON object")
    return Output(_digest(item["digest"]), int(_number(item["size_bytes"])))
