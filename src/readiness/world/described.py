"""The interpreter a command runs in: which one it is, and what it says of itself, asked in a process of its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_PYTHON: Final = re.compile(r"(?:python|pypy)[\d.]*(?:\.exe)?")
_PROBE: Final = Path(__file__).with_name("probes") / "describe_interpreter.py"
_TIMEOUT_S: Final = 20


@dataclass(frozen=True, slots=True)
class Described:
    """What an interpreter says of itself; `trouble` where it could not be asked."""

    interpreter: Mapping[str, str] = field(default_factory=dict)
    sites: tuple[Path, ...] = ()
    blas: Mapping[str, str] = field(default_factory=dict)
    no_blas: str = ""
    trouble: str = ""


def of_command(command: tuple[str, ...], folder: Path, env: Mapping[str, str]) -> Path | None:
    """The Python a command runs in; None where there is none on this machine.

    It is the command itself, or the one its first line names; else that of VIRTUAL_ENV, of `.venv` below `folder`, or the
    first on PATH.
    """
    found = shutil.which(command[0], path=env.get("PATH")) if command else None
    if found is not None:
        named = Path(found) if _PYTHON.fullmatch(Path(found).name) else _shebang(Path(found))
        if named is not None:
            return named
    places = [Path(env["VIRTUAL_ENV"])] if env.get("VIRTUAL_ENV") else []
    for place in (*places, folder / ".venv"):
        for python in (place / "bin/python", place / "Scripts/python.exe"):
            if python.exists():
                return python
    other = shutil.which("python", path=env.get("PATH")) or shutil.which("python3", path=env.get("PATH"))
    return Path(other) if other else None


def _shebang(program: Path) -> Path | None:
    try:
        with program.open("rb") as handle:
            first = handle.readline(1000)
    except OSError:
        return None
    words = first[2:].decode(errors="replace").split() if first.startswith(b"#!") else []
    if words and _PYTHON.fullmatch(Path(words[0]).name) and Path(words[0]).exists():
        return Path(words[0])
    return None


def describe(python: Path | None) -> Described:
    """Asks an interpreter what it is. Nothing of a project is loaded for it."""
    if python is None:
        return Described(trouble="no Python was found")
    argv = [os.fspath(python), "-I", "-B", os.fspath(_PROBE)]
    try:
        asked = subprocess.run(argv, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False, stdin=subprocess.DEVNULL)
        told = json.loads(asked.stdout) if asked.returncode == 0 else None
    except (OSError, subprocess.TimeoutExpired, ValueError):
        told = None
    if not isinstance(told, dict):
        return Described(trouble=f"{python} does not say what it is")
    sites = tuple(path for text in told["sites"] if (path := Path(text)).is_dir())
    return Described(told["interpreter"], sites, told["blas"], told["no_blas"])
