"""Installed files against the RECORD their packages shipped with."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import stat
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from packaging.utils import canonicalize_name

from readiness.world import digests

_REWRITTEN: Final = ("../", "INSTALLER", "REQUESTED", "direct_url.json", "RECORD", "uv_cache.json")
"""What an installer writes itself: scripts with our interpreter in their first line, and its own notes."""

_Row = tuple[Path, Path, list[str]]
"""A folder of packages, the notes of one of them, and a line of its RECORD."""


@dataclass(frozen=True, slots=True)
class Altered:
    """A file that is not what its package shipped: `how` is `changed` or `missing`."""

    package: str
    path: str
    how: str


@dataclass(frozen=True, slots=True)
class Shared:
    """A file that `packages` (canonical names) each ship with another content."""

    path: str
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """The result of a verification: packages as canonical name → version, files compared, and what differs.

    `shared` are files that several packages ship, each another one: the package that was installed last has its own there.
    """

    packages: dict[str, str]
    compared: int
    altered: tuple[Altered, ...]
    shared: tuple[Shared, ...] = ()


def site_packages(environment: Path) -> Path:
    """The folder packages are installed into. Raises FileNotFoundError where the environment has none."""
    found = [*environment.glob("lib/python3*/site-packages"), *environment.glob("Lib/site-packages")]
    if not found:
        raise FileNotFoundError(str(environment))
    return found[0]


def packages(environment: Path) -> dict[str, str]:
    """What is installed: canonical name → version."""
    found: dict[str, str] = {}
    for info in site_packages(environment).glob("*.dist-info"):
        name, _, version = info.name.removesuffix(".dist-info").rpartition("-")
        found[canonicalize_name(name)] = version
    return found


def local_packages(environment: Path) -> set[str]:
    """Canonical names of what was installed from a folder, which is the project itself and its parts (PEP 610)."""
    found = set()
    for info in site_packages(environment).glob("*.dist-info"):
        try:
            origin = json.loads((info / "direct_url.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(origin, dict) and "dir_info" in origin:
            found.add(str(canonicalize_name(info.name.removesuffix(".dist-info").rpartition("-")[0])))
    return found


def owners(environment: Path, modules: set[str]) -> dict[str, str]:
    """Which package brings each module, by canonical name; a module nobody brings is not in it.

    A module that is not there belongs to whoever brings the nearest one above it; where several do, as in a namespace,
    to the one that is called like it, else to none of them (an empty name).
    """
    if not modules:
        return {}
    rows = [(_package(info), row[0]) for info in sorted(site_packages(environment).glob("*.dist-info")) for row in _rows(info)]
    found = {module: _owner(rows, module) for module in modules}
    return {module: owner for module, owner in found.items() if owner is not None}


def _owner(rows: list[tuple[str, str]], module: str) -> str | None:
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        stem = "/".join(parts[:length])
        bringing = {name for name, path in rows if path.startswith((f"{stem}/", f"{stem}."))}
        if len(bringing) > 1:
            return next((name for name in sorted(bringing) if name == canonicalize_name("-".join(parts[:length]))), "")
        if bringing:
            return bringing.pop()
    return None


def _package(info: Path) -> str:
    return str(canonicalize_name(info.name.removesuffix(".dist-info").rpartition("-")[0]))


def verify(environment: Path) -> Recorded:
    """Hashes every installed file again and compares it with its package's RECORD (PEP 376).

    Files an installer writes itself are left out, as are packages installed in place from the project. A file that several
    packages ship, as two builds of one library do, is right as any of them ships it.
    """
    site = site_packages(environment)
    rows = [(site, info, row) for info, row in _recorded_rows(site)]
    with ThreadPoolExecutor(max_workers=4) as pool:  # hashing releases the interpreter lock
        altered, shared = _settled(rows, list(pool.map(lambda item: _compare(*item), rows, chunksize=256)))
    return Recorded(packages(environment), len(rows), altered, shared)


def _settled(rows: list[_Row], verdicts: Sequence[Altered | None]) -> tuple[tuple[Altered, ...], tuple[Shared, ...]]:
    """What is altered, without the files that are as another package ships them; and the files that packages ship differently."""
    times = Counter((site, row[0]) for site, _, row in rows)
    shipped: dict[tuple[Path, str], dict[str, str]] = defaultdict(dict)
    intact = set()
    for (site, info, row), verdict in zip(rows, verdicts, strict=True):
        if times[site, row[0]] > 1:
            shipped[site, row[0]][_package(info)] = row[1].rstrip("=")
            if verdict is None:
                intact.add((site, row[0]))
    altered = tuple(
        verdict for (site, _, row), verdict in zip(rows, verdicts, strict=True) if verdict is not None and (site, row[0]) not in intact
    )
    shared = tuple(Shared(path, tuple(sorted(by))) for (_, path), by in sorted(shipped.items()) if len(set(by.values())) > 1)
    return altered, shared


def verify_sites(sites: list[Path], digest_of: Callable[[str], str]) -> Recorded:
    """The same for folders of packages, of which the first one that has a package counts, as for an import.

    `digest_of` gives the SHA-256 in hex of the file at a path, and may remember it; it raises OSError.
    """
    found: dict[str, str] = {}
    rows: list[_Row] = []
    for site in sites:
        new = {name: version for name, version in _named(site) if name not in found}
        found |= new
        rows += [(site, info, row) for info, row in _recorded_rows(site) if _package(info) in new]
    altered, shared = _settled(rows, digests.spread(lambda item: _compare(*item, digest_of), rows))
    return Recorded(found, len(rows), altered, shared)


def _named(site: Path) -> list[tuple[str, str]]:
    parts = [info.name.removesuffix(".dist-info").rpartition("-") for info in sorted(site.glob("*.dist-info"))]
    return [(str(canonicalize_name(name)), version) for name, _, version in parts]


def _recorded_rows(site: Path) -> list[tuple[Path, list[str]]]:
    return [(info, row) for info in sorted(site.glob("*.dist-info")) if not _in_place(info) for row in _rows(info)]


def _rows(info: Path) -> list[list[str]]:
    try:
        with (info / "RECORD").open(newline="", encoding="utf-8") as handle:
            return [row for row in csv.reader(handle) if len(row) == 3 and row[1].startswith("sha256=") and not _rewritten(row[0])]
    except FileNotFoundError:
        return []


def _rewritten(path: str) -> bool:
    return path.startswith("../") or path.rpartition("/")[2] in _REWRITTEN


def _in_place(info: Path) -> bool:
    try:
        return '"editable": true' in (info / "direct_url.json").read_text().replace('"editable":true', '"editable": true')
    except FileNotFoundError:
        return False


def _hashed(path: str) -> str:
    with open(path, "rb") as handle:  # noqa: PTH123  hot
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _compare(site: Path, info: Path, row: list[str], digest_of: Callable[[str], str] = _hashed) -> Altered | None:
    path = f"{site}/{row[0]}"
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116  hot
            return Altered(info.name, row[0], "missing")
        digest = bytes.fromhex(digest_of(path))
    except OSError:
        return Altered(info.name, row[0], "missing")
    text = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return None if text == row[1].removeprefix("sha256=").rstrip("=") else Altered(info.name, row[0], "changed")
