"""People with ssh keys of their own, for tests of what is signed."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ADA, BEN, GRACE = (f"{name.title()} <{name}@example.org>" for name in ("ada", "ben", "grace"))


@dataclass(frozen=True)
class Person:
    """Somebody, as git writes them, with a key."""

    author: str
    key: Path

    @property
    def mail(self) -> str:
        """The mail address."""
        return self.author.partition("<")[2].rstrip(">")

    @property
    def line(self) -> str:
        """What an allowed signers file says of them."""
        kind, key, *_ = self.key.with_suffix(".pub").read_text().split()
        return f"{self.mail} {kind} {key}\n"


def person(folder: Path, author: str) -> Person:
    """Makes a key for an author."""
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / author.partition(" ")[0].lower()
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not installed")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    return Person(author, key)
