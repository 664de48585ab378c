"""`data sign`: signs which training data was looked at, and says how what lies there differs from what was approved."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from readiness.config import manifest as manifests
from readiness.config.manifest import NAME, Manifest
from readiness.errors import UsageError
from readiness.formats import training as manifest_files
from readiness.formats.training import FILE, Approval, Contract, Partition
from readiness.layers.data import contracts, locate
from readiness.layers.security import training, training_hints, training_rows
from readiness.layers.security.training import Doubt, Found, Here, Manifested
from readiness.layers.security.training_hints import Flip, Trigger
from readiness.layers.security.training_rows import Moved, Row, Table
from readiness.world import authorship, blobs, files, git, keys
from readiness.world import project as projects
from readiness.world.project import Project


@dataclass(frozen=True, slots=True)
class Options:
    """What is signed or compared: `globs` (those of the manifest where empty), by whom (who git says one is where empty)."""

    globs: tuple[str, ...] = ()
    by: str = ""
    note: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """What became of the rows of a changed file; `why` says why that cannot be told. Flips and triggers are hints."""

    path: str
    moved: Moved | None = None
    label: str = ""
    flips: tuple[Flip, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """The training data beside its manifest: paths that came and went, what changed in the others, and what is doubted.

    `now` are the files as they lie there, `approval` what they are compared with, `new` what is hinted at in those that came.
    """

    approval: Approval
    now: tuple[Partition, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[Rows, ...]
    new: tuple[Rows, ...] = ()
    doubt: str = ""

    @property
    def same(self) -> bool:
        """Whether everything is as it was approved."""
        return not (self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class Signed:
    """A manifest that was written; `against` is the comparison with the one it replaces, `lines` what the manifest lacks."""

    path: Path
    approval: Approval
    against: Compared | None
    lines: tuple[str, ...]
    authored: tuple[str, ...]


def sign(root: Path, options: Options, now: datetime) -> Signed:
    """Writes the manifest of the training data, signed with one's own key. Raises UsageError where there is nothing to sign."""
    project, manifest, found = _loaded(root, options)
    before = training.manifested(project, manifest)
    by = options.by or _myself(project)
    key = keys.own()
    assert key is not None, "one is made where there is none"
    past = before.approval if before.doubt is Doubt.NONE else None
    if past is not None and not training.difference(past, found.files).any and (past.by, past.signer) == (by, key.id):
        raise UsageError(f"{FILE} says already that you approved this data", "readiness check --only training-data-signed")
    partitions = _partitions(project, manifest, found.files)
    version = past.version + 1 if past else 1
    previous = (*past.previous, past.envelope) if past else ()
    approval = Approval(version, now, by, partitions, options.note, previous, key.id)
    against = _compared(project, past, before, found, partitions, options) if past is not None else None
    files.write_whole(root / FILE, manifest_files.emit(approval, key.id, key.sign))
    authored = [item.path for item in found.files if (who := authorship.last_author(project, item.path)) and who.is_called(by)]
    return Signed(root / FILE, approval, against, tuple(_lacking(manifest, options, key.id)), tuple(authored))


def compare(root: Path, options: Options) -> Compared:
    """The training data beside what was approved. Raises UsageError where nothing was, or its manifest cannot be read."""
    project, manifest, found = _loaded(root, options)
    seen = training.manifested(project, manifest)
    if seen.approval is None:
        hint = "`readiness data sign` writes it" if seen.doubt is Doubt.MISSING else f"git log -- {FILE}"
        raise UsageError(seen.reason, hint)
    return _compared(project, seen.approval, seen, found, _partitions(project, manifest, found.files), options)


def _loaded(root: Path, options: Options) -> tuple[Project, Manifest, Found]:
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    wanted = options.globs or manifest.security.training or ()
    if not wanted:
        raise UsageError(f"{NAME} names no training data", 'name it: [security] training = ["data/train/*.csv"], or call `data sign GLOB`')
    found = training.find(project, wanted)
    if found.unreadable:
        raise UsageError("\n".join(found.unreadable), "name files of the project itself")
    if found.unmatched:
        ignored = (
            "git ignores what lies there: commit it, or its Git LFS pointers" if found.ignored else "a glob is relative to the project"
        )
        raise UsageError(f"no file of the project matches {found.unmatched[0]}", ignored)
    return project, manifest, found


def _myself(project: Project) -> str:
    said = [(git.ask(project.root, "config", key) or b"").decode(errors="replace").strip() for key in ("user.name", "user.email")]
    if not said[1]:
        raise UsageError("git does not say who you are", "git config user.email …, or --as 'Ada <ada@example.org>'")
    return f"{said[0]} <{said[1]}>" if said[0] else said[1]


def _lacking(manifest: Manifest, options: Options, key: str) -> list[str]:
    lines = []
    if manifest.security.training is None:
        lines.append(f"[security] training = [{', '.join(f'{glob!r}' for glob in options.globs)}]".replace("'", '"'))
    if all(item.key != key for item in manifest.trust):
        lines.append(f'[trust] keys = ["{key}"]')
    return lines


def _partitions(project: Project, manifest: Manifest, here: Sequence[Here]) -> tuple[Partition, ...]:
    covering = _covering(project, manifest)
    found = []
    for item in here:
        table = "a Git LFS pointer" if item.pointer else training_rows.read(project.root / item.path, item.path)
        rows, columns = (len(table.rows), tuple(map(_written, table.columns))) if isinstance(table, Table) else (None, ())
        found.append(Partition(item.path, item.sha256, item.size_bytes, rows, columns, covering.get(item.path)))
    return tuple(found)


def _written(name: str) -> str:
    """The name of a column as text that can be signed: JSON may hold half a character."""
    return name.encode(errors="replace").decode()


def _covering(project: Project, manifest: Manifest) -> dict[str, Contract]:
    """The contract that describes each file, the first that names it."""
    places = locate.Places({path: project.root / path for path in project.paths})
    found: dict[str, Contract] = {}
    for contract in contracts.find(project, manifest).read:
        for item in contract.objects:
            for path, _ in locate.locate(contract, item, places).files:
                found.setdefault(path, Contract(contract.id, contract.version, contract.file))
    return found


def _compared(
    project: Project, approval: Approval, seen: Manifested, found: Found, now: tuple[Partition, ...], options: Options
) -> Compared:
    differs = training.difference(approval, found.files)
    here = {item.path: item for item in found.files}
    with TemporaryDirectory(prefix="readiness-training-") as folder:
        changed = tuple(_rows(project, approval.by_path[path], here[path], Path(folder), options.label) for path in differs.changed)
    new = _of_new(project, approval, differs.added, here, options.label)
    return Compared(approval, now, differs.added, differs.removed, changed, new, seen.reason)


def _of_new(project: Project, approval: Approval, added: Sequence[str], here: Mapping[str, Here], label: str) -> tuple[Rows, ...]:
    """Hints on the rows of files that came, beside those of approved files with the same columns that did not change."""
    kept: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for path, before in approval.by_path.items():
        if added and path in here and here[path].sha256 == before.sha256 and not here[path].pointer:
            table = training_rows.read(project.root / path, path)
            if isinstance(table, Table):
                kept[table.columns] += table.rows
    found = []
    for path in added:
        table = "it is a Git LFS pointer" if here[path].pointer else training_rows.read(project.root / path, path)
        if not isinstance(table, Table) or table.columns not in kept:
            continue
        chosen, old = label or training_hints.label_of(table.columns), Table(table.columns, tuple(kept[table.columns]))
        moved = Moved(len(table.rows), 0, 0, training_rows.key(old, table, table.columns), (), (), table.columns, table.rows, old.rows)
        found.append(Rows(path, moved, chosen, training_hints.flips(moved, chosen), training_hints.triggers(old, moved, chosen)))
    return tuple(found)


def _rows(project: Project, before: Partition, here: Here, folder: Path, label: str) -> Rows:
    if here.pointer:
        return Rows(here.path, why="it is a Git LFS pointer: `git lfs pull` brings its rows")
    data = _approved(project, before)
    if data is None:
        return Rows(here.path, why="the approved version is in no commit, so its rows cannot be compared")
    place = folder / "approved"
    place.write_bytes(data)
    old, new = training_rows.read(place, before.path), training_rows.read(project.root / here.path, here.path)
    if not isinstance(old, Table) or not isinstance(new, Table):
        return Rows(here.path, why=f"its rows cannot be told apart: {old if isinstance(old, str) else new}")
    moved = training_rows.moved(old, new)
    chosen = label or training_hints.label_of(moved.common)
    return Rows(here.path, moved, chosen, training_hints.flips(moved, chosen), training_hints.triggers(old, moved, chosen))


def _approved(project: Project, before: Partition) -> bytes | None:
    """The bytes of a file as they were approved, from the newest commit that holds them; None where none does."""
    if project.repository is None:
        return None
    where = before.path if project.folder == "." else f"{project.folder}/{before.path}"
    listed = git.ask(project.repository, "log", "--format=%H", "--", f":(top,literal){where}") or b""
    for data in blobs.read(project.repository, [f"{commit}:{where}" for commit in listed.decode().split()]):
        if data is not None and hashlib.sha256(data).hexdigest() == before.sha256:
            return data
    return None
