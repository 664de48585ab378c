"""How the programs of PostgreSQL are started here, which refuse to run as root.

Root starts them in a user namespace in which its id has another number: they reach what root owns and nothing has to
change hands. Where namespaces are refused they run as a user id nobody has, and the data folder becomes that id's.
Folders above the data folder may be closed to that id; so as root the data folder is always entered by us and named
to PostgreSQL as its working folder.
"""

from __future__ import annotations

import logging
import os
import pwd
import random
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final

from readiness.errors import CannotJudge
from readiness.world.postgres import programs

USERS: Final = range(60706, 61184)
"""User ids that no system gives to anybody, and that the sandbox does not use either."""

_HERE: Final = Path("/proc/self/cwd")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Means:
    """The folder of the programs, what stands before them on a command line, and the user id they take."""

    bin: Path
    prefix: tuple[str, ...] = ()
    uid: int | None = None

    def named(self, data: Path) -> str:
        """The data folder as an argument for a program that is started in it."""
        return os.fspath(_HERE if os.geteuid() == 0 and _HERE.exists() else data)

    def run(
        self, argv: list[str], cwd: Path, *, stdin: IO[bytes] | None = None, output: int = subprocess.PIPE, kept: tuple[int, ...] = ()
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs a command by these means; `kept` are descriptors it inherits, and nothing else of ours is."""
        return subprocess.run(
            [*self.prefix, *argv],
            cwd=cwd,
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=kept,
            env=programs.ENVIRONMENT,
            start_new_session=True,
            user=self.uid,
            group=self.uid,
            extra_groups=None if self.uid is None else [],
            check=False,
        )

    def starts(self, *argv: str) -> bool:
        """Whether a command can be started by these means and ends well."""
        try:
            return self.run(list(argv), Path("/")).returncode == 0
        except (OSError, subprocess.SubprocessError):
            return False


def find(folder: Path, data: Path) -> Means:
    """The means for a data folder, whose owner decides. Raises CannotJudge where there are none."""
    owner = data.stat().st_uid
    if os.geteuid() != 0:
        if owner != os.geteuid():
            raise CannotJudge(f"{data} belongs to user id {owner}", "run as that user, or set READINESS_DATABASE_URL")
        return Means(folder)
    for means in _of_root(folder, owner):
        if not means.starts("/bin/sh", "-c", ":"):
            continue
        if means.starts(os.fspath(folder / "postgres"), "--version"):
            return means
        return replace(means, bin=programs.reachable_copy(folder, data.parent))
    raise CannotJudge(
        "PostgreSQL does not run as root, and neither a user namespace nor another user id is allowed here",
        "run as an ordinary user, or set READINESS_DATABASE_URL",
    )


def _of_root(folder: Path, owner: int) -> list[Means]:
    if owner != 0:
        return [Means(folder, uid=owner)]
    return [Means(folder, _inside(named_user())), Means(folder, uid=random.SystemRandom().choice(USERS))]


def _inside(uid: int) -> tuple[str, ...]:
    return ("unshare", "--user", f"--map-user={uid}", f"--map-group={uid}", "--")


def maker(means: Means) -> Means:
    """The means for `initdb`, which asks for the name of whoever runs it; a server does not.

    Raises CannotJudge where we have none and cannot borrow one.
    """
    if means.uid is not None:
        return replace(means, uid=named_user())
    if os.geteuid() == 0 or _has_name(os.geteuid()):
        return means
    borrowed = replace(means, prefix=_inside(named_user()))
    if borrowed.starts("/bin/sh", "-c", ":"):
        return borrowed
    raise CannotJudge(
        f"user id {os.geteuid()} has no name here, and PostgreSQL asks for one", "add it to /etc/passwd, or set READINESS_DATABASE_URL"
    )


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


def named_user() -> int:
    """The id of a user without rights that the system has a name for: `initdb` asks for the name of whoever runs it."""
    for name in ("nobody", "daemon"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise CannotJudge("the system has no user `nobody`", "run as an ordinary user, or set READINESS_DATABASE_URL")


def hand_over(data: Path, means: Means, *, kept: bool = True) -> bool:
    """Gives a data folder to the user id that the server takes; says whether it took one and the folder was not its own.

    A folder that is `kept` is the user's, who is told that somebody else owns it now.
    """
    if means.uid is None or data.stat().st_uid == means.uid:
        return False
    if kept:
        told = "user namespaces are refused here: the database in %s runs as user id %d, which owns it now"
        _log.warning(told, data.parent, means.uid)
    own(data, means.uid)
    return True


def own(tree: Path, uid: int) -> None:
    """Makes a user id the owner of a tree; links are not followed."""
    for folder, folders, names in os.walk(tree):
        for name in (".", *folders, *names):
            os.chown(Path(folder, name), uid, uid, follow_symlinks=False)
