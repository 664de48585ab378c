"""Projects for tests: folders made into git repositories with scripted authors and dates."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path


def make_repository(
    root: Path, files: Mapping[str, str] | None = None, *, like: Path | None = None, when: str = "2026-01-05T12:00:00Z"
) -> Path:
    """A git repository in `root` with one commit of `files`, or of a copy of the folder `like`; returns `root`."""
    if like is not None:
        shutil.copytree(like, root)
    root.mkdir(parents=True, exist_ok=True)
    for path, text in (files or {}).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    git(root, "init", "-q", "-b", "main")
    commit(root, "start", when=when)
    return root


def commit(root: Path, message: str, *, author: str = "Ada <ada@example.org>", when: str = "2026-01-05T12:00:00Z") -> str:
    """Commits everything in a repository and returns the commit."""
    name, _, mail = author.partition(" <")
    identity = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
                (("NAME", name), ("EMAIL", mail.rstrip(">")), ("DATE", when))}  # fmt: skip
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", message, env=identity)
    return git(root, "rev-parse", "HEAD").strip()


def git(root: Path, *args: str, env: Mapping[str, str] | None = None) -> str:
    """What a git command prints. Raises CalledProcessError where it fails."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    settings = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    done = subprocess.run(
        ["git", "-C", str(root), *args], check=True, capture_output=True, text=True, env=clean | settings | dict(env or {})
    )
    return done.stdout
