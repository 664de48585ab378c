"""Which versions a project's lock files and requirement files pin, and what they ask for besides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from readiness.formats import locks

REQUIREMENTS: Final = re.compile(
    r"(?:.*/)?[\w.-]*requirements[\w.-]*\.(?:txt|in)|(?:.*/)?requirements/[^/]+\.(?:txt|in)|requirements\.lock"
)
NONE: Final = "no lock file or requirement file"
_ASIDE: Final = re.compile(r"(?:^|/)(?:examples?|tests?|docs?|vendor|third_party|templates?|\.[^/]+)/")
_LINE: Final = re.compile(r"(?P<name>[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?)(?:\[[^\]]*\])?\s*(?P<rest>[<>=!~@;(\s].*)?")


def is_lock(path: str) -> bool:
    """Whether a file is a lock that is read here."""
    return path.rpartition("/")[2] in locks.READ


def files_of(paths: frozenset[str] | Mapping[str, object]) -> list[str]:
    """The files among these that say what is pinned, sorted; those of examples, tests and tools (`.github/`) are left out."""
    return sorted(path for path in paths if (is_lock(path) or REQUIREMENTS.fullmatch(path)) and not _ASIDE.search(path))


def pinned(texts: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Canonical name → version that the texts of lock files and requirement files pin, several joined by a comma.

    The second value names the files that could not be read, each with the reason.
    """
    found: dict[str, set[str]] = {}
    trouble = []
    for path, text in sorted(texts.items()):
        try:
            for name, versions in one(path, text).items():
                found.setdefault(name, set()).update(version for version in versions if version)
        except ValueError as error:
            trouble.append(f"{path} {error}")
    return {name: ", ".join(sorted(versions)) for name, versions in sorted(found.items()) if versions}, trouble


def one(path: str, text: str) -> dict[str, set[str]]:
    """The same of one file. Raises ValueError where it is a lock that cannot be read."""
    if is_lock(path):
        return locks.pinned(path.rpartition("/")[2], text)
    named = {name: re.fullmatch(r"===?\s*([\w.+!-]+)", spec.partition(";")[0].strip()) for name, spec in asked(text).items()}
    return {name: {found[1]} for name, found in named.items() if found is not None and "*" not in found[1]}


def asked(text: str) -> dict[str, str]:
    """Canonical name → what a requirement file asks of it (`==2.31`, `>=2`, empty for any), without hashes and comments."""
    found: dict[str, str] = {}
    for line in re.sub(r"\\\r?\n", " ", text.lstrip("\ufeff")).splitlines():
        bare = re.sub(r"\s--hash[= ]\S+", "", re.sub(r"(?:^|\s)#.*$", "", line)).strip()
        match = _LINE.fullmatch(bare)
        if match is not None and not bare.startswith("-"):
            spec = " ".join((match["rest"] or "").split())
            name = re.sub(r"[-_.]+", "-", match["name"]).lower()
            found[name] = f"{found[name]}, {spec}" if found.get(name) and found[name] != spec else spec
    return found
