"""pip requirement files: what they name, and whether that is pinned and hashed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

_COMMENT: Final = re.compile(r"(^|\s)#.*$")
_HASH: Final = re.compile(r"\s--hash[= ]\S+")
_EGG: Final = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")


@dataclass(frozen=True, slots=True)
class Line:
    """One requirement: canonical `name`, `version` where pinned with ==, 1-based `line`; `marker` as written."""

    name: str
    version: str
    line: int
    text: str
    hashed: bool = False
    marker: str = ""
    direct: bool = False

    @property
    def pinned(self) -> bool:
        """Whether exactly one release can satisfy it: `==` without a wildcard, or a URL with a commit or hash."""
        return bool(self.version)


@dataclass(frozen=True, slots=True)
class Requirements:
    """A parsed file: its requirements, the files it includes (`-r`, `-c`), local paths, and what was not understood."""

    lines: tuple[Line, ...] = ()
    includes: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    unread: tuple[tuple[int, str], ...] = ()

    @property
    def hashed(self) -> bool:
        """Whether every requirement carries a hash, which makes pip refuse anything not listed."""
        return bool(self.lines) and all(line.hashed for line in self.lines)


def parse(text: str) -> Requirements:
    """Parses a requirement file; never raises, what is not understood lands in `unread`."""
    lines: list[Line] = []
    buckets: dict[str, list[str]] = {"r": [], "c": [], "local": [], "option": []}
    unread: list[tuple[int, str]] = []
    for number, logical in _logical(text.lstrip("\ufeff")):
        kind, value = _classify(logical)
        wheel = _local_wheel(value, number) if kind == "local" else None
        if wheel is not None:
            lines.append(wheel)
        elif kind in buckets:
            buckets[kind].append(value)
        elif kind == "requirement":
            found = _requirement(value, number)
            lines.append(found) if found else unread.append((number, logical))
    files = (tuple(buckets["r"]), tuple(buckets["c"]), tuple(buckets["local"]))
    return Requirements(tuple(lines), *files, tuple(buckets["option"]), tuple(unread))


def _logical(text: str) -> list[tuple[int, str]]:
    found, start, parts = [], 0, ""
    for number, raw in enumerate(text.splitlines(), start=1):
        start = start or number
        line = _COMMENT.sub("", raw)
        if line.rstrip().endswith("\\"):
            parts += line.rstrip()[:-1] + " "
            continue
        whole = (parts + line).strip()
        if whole:
            found.append((start, whole))
        start, parts = 0, ""
    if parts.strip():
        found.append((start, parts.strip()))
    return found


def _classify(line: str) -> tuple[str, str]:
    for flags, kind in ((("-r", "--requirement"), "r"), (("-c", "--constraint"), "c"), (("-e", "--editable"), "editable")):
        for flag in flags:
            if line.startswith((f"{flag} ", f"{flag}=")) or (len(flag) == 2 and line.startswith(flag) and len(line) > 2):
                value = line[len(flag) :].lstrip(" =").strip()
                return ("requirement" if "://" in value else "local", value) if kind == "editable" else (kind, value)
    if line.startswith("-"):
        return "option", line
    if line.startswith((".", "/")):
        return "local", line
    return "requirement", line


def _requirement(text: str, number: int) -> Line | None:
    hashed = bool(_HASH.search(text))
    bare = _HASH.sub("", text).strip()
    if "://" in bare and " @ " not in bare and "@" not in bare.split("://")[0]:
        egg = _EGG.search(bare)
        name = canonicalize_name(egg[1]) if egg else bare
        pinned = bare if hashed or "#sha256" in bare else _commit(bare)
        return Line(name, pinned, number, bare, hashed, direct=True)
    try:
        parsed = Requirement(bare)
    except (InvalidRequirement, RecursionError):
        return None
    marker = str(parsed.marker) if parsed.marker else ""
    if parsed.url:
        version = parsed.url if hashed or "#sha256" in parsed.url else _commit(parsed.url)
        return Line(canonicalize_name(parsed.name), version, number, bare, hashed, marker, direct=True)
    pins = [s.version for s in parsed.specifier if s.operator in ("==", "===") and not s.version.endswith(".*")]
    return Line(canonicalize_name(parsed.name), pins[0] if pins else "", number, bare, hashed, marker)


def _local_wheel(text: str, number: int) -> Line | None:
    """A wheel that lies in the project, which is one release of one package; None for a folder or an archive."""
    bare = _HASH.sub("", text).strip()
    path, _, marker = bare.partition(" ;")
    try:
        name, version, _, _ = parse_wheel_filename(path.strip().rpartition("/")[2])
    except InvalidWheelFilename:
        return None
    return Line(name, str(version), number, bare, bool(_HASH.search(text)), marker.strip(), direct=True)


def _commit(url: str) -> str:
    found = re.search(r"@([0-9a-f]{40})\b", url)
    return found[1] if found else ""
