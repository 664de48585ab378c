"""R5, another machine: a state is written as a signed snapshot, recreated elsewhere from it, and the signed result brought back.

A snapshot is a tar with `snapshot.dsse.json` (an in-toto statement about the tree, signed), `files/N` and `outputs/N`: the
files of the project and what the demo gave, in the order and with the digests that the statement names.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from readiness import __version__
from readiness.config import manifest as manifests
from readiness.errors import CannotJudge, InputError, UsageError
from readiness.formats import canonical, intoto
from readiness.layers.infrastructure import compare, ladder, procedure, recreation
from readiness.layers.infrastructure.cassettes.answering import answering
from readiness.layers.infrastructure.recreation import Result
from readiness.runs import evidence as store
from readiness.runs.recreate import needed_demo
from readiness.sequence.evidence import Digest
from readiness.sequence.finding import Cause
from readiness.world import demo as demos
from readiness.world import files, keys
from readiness.world import project as projects
from readiness.world.context import Context
from readiness.world.demo import DemoSession
from readiness.world.session import Progress, Session, silent, work_folder

SNAPSHOT: Final = "urn:readiness:snapshot:1"
STATEMENT: Final = "snapshot.dsse.json"
MEMBER_BYTES: Final = 8 << 30


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: the file, the tree it is about, the key that signed it, and how much is in it."""

    path: Path
    tree: Digest
    key: str
    file_count: int
    output_count: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What a snapshot gave here: the result, and the file it was written to."""

    result: Result
    project_id: str
    path: Path

    @property
    def exit_code(self) -> int:
        """0 where the result was the same, 1 where it was another, 3 where it could not be told."""
        return {recreation.PASSED: 0, recreation.FAILED: 1}.get(self.result.result, 3)


def export(root: Path, target: Path, progress: Progress = silent, now: datetime | None = None) -> Exported:
    """Runs the demo twice and writes the snapshot. Raises CannotJudge where it does not give the same twice."""
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    demo = needed_demo(project, manifest)
    key = keys.own()
    assert key is not None, "a key is made where there is none"
    with closing(Session(project, procedure.discover(project, manifest), progress)) as session:
        if session.blocked is not Cause.NONE:
            raise CannotJudge(session.why_blocked, "readiness check")
        running = DemoSession(project, manifest, session, answering(project, manifest, now or datetime.now(UTC)))
        step = ladder.rerun(running, demo)
        if not step.reached:
            raise CannotJudge(f"there is nothing to hand on: {step.reason}", "readiness recreate --rung R0")
        content = [(session.pristine, entry) for entry in project.entries]
        predicate = {
            "made_at": canonical.moment(now or datetime.now(UTC)),
            "version": __version__,
            "commit": project.commit,
            "demo": demos.name(demo),
            "python": str(session.first.interpreter.version) if session.first.interpreter else "",
            "system": f"{platform.system()} {platform.machine()}",
            "setup": {"kind": session.procedure.kind, "source": session.procedure.source, "lock": session.procedure.lock},
            "packages": dict(session.first.packages),
            "files": [{"path": e.path, "mode": e.mode, "digest": {"sha256": files.digest_of(base, e)}} for base, e in content],
            "outputs": [{"name": name, "digest": {"sha256": running.first.digest(name)}} for name in running.first.outputs],
            "tolerance": {name: {"abs": item.abs, "rel": item.rel} for name, item in demo.tolerance.items()},
            "normalise": dict(demo.normalise),
        }
        body = intoto.statement(project.id, project.tree.removeprefix("sha256:"), SNAPSHOT, predicate)
        members = [("files", index, _bytes(base, entry)) for index, (base, entry) in enumerate(content)]
        members += [("outputs", index, path.read_bytes()) for index, path in enumerate(running.first.outputs.values())]
        _write(target, intoto.envelope(body, key.id, key.sign), members)
    return Exported(target, project.tree, key.id, len(content), len(running.first.outputs), target.stat().st_size)


def _bytes(root: Path, entry: files.Entry) -> bytes:
    path = root / entry.path
    return os.fsencode(path.readlink()) if entry.mode == "120000" else path.read_bytes()


def _write(target: Path, statement: bytes, members: list[tuple[str, int, bytes]]) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in ((STATEMENT, statement), *((f"{kind}/{index}", data) for kind, index, data in members)):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    files.write_whole(target, buffer.getvalue())


def recreate_from(source: Path, target: Path | None = None, progress: Progress = silent, now: datetime | None = None) -> Imported:
    """Recreates a snapshot here and writes the signed result beside it, or to `target`.

    Raises InputError where it is no snapshot or not what was signed.
    """
    key = keys.own()
    assert key is not None, "a key is made where there is none"
    with _unpacked(source) as opened:
        result = _recreated(opened, key.id, progress, now or datetime.now(UTC))
        body = recreation.statement(opened.project_id, result, opened.digest, __version__)
    data = intoto.envelope(body, key.id, key.sign)
    path = target or source.with_name(f"{source.stem}.result.dsse.json")
    files.write_whole(path, data)
    return Imported(result, opened.project_id, path)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A snapshot unpacked: the project's folder, the outputs by name, and what its statement says."""

    root: Path
    outputs: dict[str, Path]
    project_id: str
    tree: Digest
    digest: Digest
    by: str
    said: dict[str, Any]  # the predicate is JSON


@contextmanager
def _unpacked(source: Path) -> Iterator[_Opened]:
    folder = Path(tempfile.mkdtemp(prefix="import-", dir=work_folder()))
    try:
        yield _believed(source, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _believed(source: Path, folder: Path) -> _Opened:
    try:
        return _open(source, folder)
    except (intoto.Refused, KeyError, TypeError, ValueError, tarfile.TarError) as error:
        raise InputError([f"{source}:1: is no snapshot: {error}"], "`readiness recreate --export FILE` writes one") from None
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror or error}", "name the file of a snapshot") from None


def _open(source: Path, folder: Path) -> _Opened:
    with tarfile.open(source, mode="r:") as tar:
        envelope = _member(tar, STATEMENT)
        signed = intoto.open_envelope(envelope)
        message = intoto.encoding(signed.payload)
        by = next((key for key, signature in signed.signatures if keys.verifies(key, signature, message)), "")
        if not by:
            raise intoto.Refused("it was edited after it was signed")
        body = intoto.read_statement(signed.payload, SNAPSHOT)
        said, subject = body["predicate"], body["subject"][0]
        root = folder / _plain_name(str(subject["name"]))
        root.mkdir()
        for index, item in enumerate(said["files"]):
            _lay(root, str(item["path"]), str(item["mode"]), _verified(tar, f"files/{index}", item))
        outputs = {}
        (folder / "outputs").mkdir()
        for index, item in enumerate(said["outputs"]):
            outputs[str(item["name"])] = folder / "outputs" / str(index)
            outputs[str(item["name"])].write_bytes(_verified(tar, f"outputs/{index}", item))
    _make_repository(root)
    digest = canonical.digest(envelope)
    return _Opened(root, outputs, str(subject["name"]), Digest(f"sha256:{subject['digest']['sha256']}"), digest, by, said)


def _plain_name(text: str) -> str:
    if not text or text in (".", "..", "outputs") or "/" in text or "\0" in text:
        raise intoto.Refused(f"`{text}` is no name of a project")
    return text


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    info = tar.getmember(name)
    handle = tar.extractfile(info) if info.isreg() and info.size <= MEMBER_BYTES else None
    if handle is None:
        raise intoto.Refused(f"`{name}` is no plain file")
    return handle.read()


def _verified(tar: tarfile.TarFile, name: str, item: dict[str, Any]) -> bytes:
    data = _member(tar, name)
    if hashlib.sha256(data).hexdigest() != item["digest"]["sha256"]:
        raise intoto.Refused(f"`{item.get('path', item.get('name'))}` is not what was signed")
    return data


def _lay(root: Path, path: str, mode: str, data: bytes) -> None:
    """Writes one file below `root`; a path that leads out of it, or through a link, is refused."""
    target = root / path
    inside = not path.startswith("/") and ".." not in Path(path).parts
    if not inside or any((root / parent).is_symlink() for parent in Path(path).parents):
        raise intoto.Refused(f"`{path}` leads out of the project")
    target.parent.mkdir(parents=True, exist_ok=True)
    if mode == "120000":
        target.symlink_to(os.fsdecode(data))
        return
    target.write_bytes(data)
    target.chmod(0o755 if mode == "100755" else 0o644)


def _make_repository(root: Path) -> None:
    """Lets git know every file, so that none is left out for its name."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for words in (["init", "-q"], ["add", "-A", "-f"]):
        subprocess.run(["git", "-C", str(root), *words], check=False, capture_output=True, env=clean | settings)


def _recreated(opened: _Opened, by: str, progress: Progress, now: datetime) -> Result:
    manifest = manifests.load(opened.root)
    project = projects.load(opened.root, manifest.project_id)
    if project.tree != opened.tree:
        raise CannotJudge("the files of the snapshot do not make the tree it was signed for", "export it again")
    demo = needed_demo(project, manifest)
    with closing(Session(project, procedure.discover(project, manifest), progress)) as session:
        step, outputs = ladder.Step(session.blocked, session.why_blocked), {}
        if step.reached:
            context = Context(project, manifest, session, DemoSession(project, manifest, session, answering(project, manifest, now)), now)
            step = _step(context, opened)
            outputs = {name: context.demo.first.digest(name) for name in context.demo.first.outputs}
        python = str(session.first.interpreter.version) if session.procedure.interpreters and session.first.interpreter else ""
    said = recreation.PASSED if step.reached else recreation.FAILED if step.cause is Cause.PROJECT else "WARNED"
    system = f"{platform.system()} {platform.machine()}"
    return Result(project.tree, said, step.reason, by, opened.by, demos.name(demo), system, python, now, outputs)


def _step(context: Context, opened: _Opened) -> ladder.Step:
    """The demo here against the outputs that came along: installed with the same packages, twice the same, and the same as there."""
    demo = context.demo.demo
    assert demo is not None, "callers look for a demo first"
    here, there = context.session.first.packages, {str(name): str(version) for name, version in opened.said["packages"].items()}
    if other := sorted(name for name in {*here, *there} if here.get(name) != there.get(name)):
        name = other[0]
        return ladder.Step(
            Cause.PROJECT, f"the installation gave {name} {here.get(name, 'nothing')} here, {there.get(name, 'nothing')} there"
        )
    if not (step := ladder.installed(context.session.first, context.session.first, "first")).reached:
        return step
    if not (step := ladder.rerun(context.demo, demo)).reached:
        return step
    for name, path in opened.outputs.items():
        if name not in context.demo.first.outputs:
            return ladder.Step(Cause.PROJECT, f"{name} was written there and not here")
        if found := compare.difference(name, path, context.demo.first.outputs[name], demo.tolerance, demo.normalise):
            return ladder.Step(Cause.PROJECT, f"there and here differ: {found}")
    return step


def add(source: Path, root: Path) -> tuple[Result, str]:
    """Takes a result of somebody else into a project; returns it, and why it does not count yet (empty where it does).

    Raises InputError where it is none, UsageError where it is about another tree.
    """
    manifest = manifests.load(root)
    project = projects.load(root, manifest.project_id)
    try:
        data = source.read_bytes()
        result = recreation.read(data)
    except OSError as error:
        raise UsageError(f"{source} cannot be read: {error.strerror}", "name the file that `readiness recreate --import` wrote") from None
    except intoto.Refused as error:
        raise InputError([f"{source}:1: {error}"], "`readiness recreate --import FILE` writes one") from None
    if result.tree != project.tree:
        raise UsageError(
            f"{source} is about another tree ({result.tree[7:19]}) than {root} is now ({project.tree[7:19]})",
            "check out what was exported, without changes",
        )
    store.ignore(project.home)
    files.write_whole(project.home / recreation.FOLDER / recreation.name(result, data), data)
    why = [line for line in recreation.counted(project, manifest, datetime.now(UTC)).refused if recreation.name(result, data) in line]
    return result, why[0].partition(" ")[2] if why else ""
