"""Allowed signers files: whose ssh key is whose, in the form of ssh-keygen(1), ALLOWED SIGNERS."""

from __future__ import annotations

import shlex
from fnmatch import fnmatchcase


def lines_of(text: str, name: str) -> tuple[int, ...]:
    """The 1-based lines that speak for a principal, also those that deny it."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        try:
            patterns = shlex.split(bare)[0].split(",")
        except (ValueError, IndexError):
            continue
        if any(fnmatchcase(name, pattern.removeprefix("!")) for pattern in patterns):
            found.append(number)
    return tuple(found)
