"""Python interpreters on this machine: where they usually lie, and which versions they are."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from packaging.version import Version

_NAME = re.compile(r"python3(?:\.\d+)?")
_IN_PATH = re.compile(r"(?:^|[/-])(\d+\.\d+\.\d+)(?:[/-]|$)")


@dataclass(frozen=True, slots=True)
class Interpreter:
    """An interpreter: the real path of its executable and its full version."""

    path: Path
    version: Version

    @property
    def minor(self) -> str:
        """The version as `3.12`."""
        return f"{self.version.major}.{self.version.minor}"

    @property
    def prefix(self) -> Path:
        """The folder that holds everything of it."""
        return self.path.parent.parent


@lru_cache(maxsize=1)
def installed() -> tuple[Interpreter, ...]:
    """Every interpreter found, newest first, one a version: PATH, pyenv, uv, asdf, mise, conda, /opt, deadsnakes."""
    found: dict[Version, Interpreter] = {}
    for path in _candidates():
        version = _version(path)
        if version is not None and version.major == 3 and version not in found:
            found[version] = Interpreter(path, version)
    return tuple(sorted(found.values(), key=lambda item: item.version, reverse=True))


def _candidates() -> list[Path]:
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    folders = [Path(p) for p in os.environ.get("PATH", "").split(os.pathsep) if p]
    folders = [folder for folder in folders if "shims" not in folder.parts and not (folder.parent / "pyvenv.cfg").exists()]
    folders += [Path("/usr/bin"), Path("/usr/local/bin"), Path("/opt/homebrew/bin")]
    for parent in (
        pyenv / "versions",
        home / ".local/share/uv/python",
        home / ".asdf/installs/python",
        home / ".local/share/mise/installs/python",
        home / ".conda/envs",
        home / "miniconda3/envs",
        Path("/opt/python"),
        Path("/opt/hostedtoolcache/Python"),
    ):
        folders += [child / sub for child in _children(parent) for sub in ("bin", "x64/bin")]
    seen: dict[Path, None] = {}
    for folder in folders:
        for child in _children(folder):
            if _NAME.fullmatch(child.name) and os.access(child, os.X_OK):
                seen.setdefault(child.resolve())
    return list(seen)


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _version(path: Path) -> Version | None:
    # pyenv and uv write the version into the path; asking every interpreter would cost 20 ms each.
    if (named := _IN_PATH.search(str(path.parent.parent))) and path.exists():
        return Version(named[1])
    code = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
    try:
        asked = subprocess.run([str(path), "-I", "-S", "-c", code], capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = asked.stdout.strip()
    return Version(text) if asked.returncode == 0 and re.fullmatch(r"\d+\.\d+\.\d+", text) else None
