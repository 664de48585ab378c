"""Cassettes on disk: found, read with distrust, written whole or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from readiness.config.manifest import Demo
from readiness.formats import canonical
from readiness.formats import cassette as cassettes
from readiness.formats.cassette import Body, Cassette, Refused
from readiness.sequence.evidence import Digest
from readiness.world import files

COMMITTED: Final = "cassettes"
PRIVATE: Final = ".readiness/cassettes"
BLOBS: Final = "blobs"


@dataclass(frozen=True, slots=True)
class Found:
    """A cassette's file, and what is in it; `refused` says why it is not believed."""

    path: Path
    cassette: Cassette | None
    refused: str = ""

    @property
    def id(self) -> str:
        """What it is called by."""
        return self.path.stem

    def body(self, body: Body) -> bytes:
        """A body of it, checked against its digest. Raises Refused where it is missing or another."""
        if not body.digest:
            return b""
        place = self.path.parent / BLOBS / body.digest.removeprefix("sha256:")
        try:
            data = place.read_bytes()
        except FileNotFoundError:
            raise Refused(f"lacks the body {BLOBS}/{place.name[:12]}…, which lies beside it") from None
        except OSError as error:
            raise Refused(f"has the body {BLOBS}/{place.name[:12]}…, which cannot be read: {error.strerror}") from None
        if canonical.digest(data) != body.digest or len(data) != body.size_bytes:
            raise Refused(f"has the body {BLOBS}/{place.name[:12]}…, which is not what its name says")
        return data

    def verify(self) -> tuple[str, ...]:
        """What is wrong with it, one line for each."""
        if self.cassette is None:
            return (self.refused,)
        wrong = []
        bodies = {body for item in self.cassette.exchanges for body in (item.request.body, item.answer.body)}
        for body in sorted(bodies, key=lambda item: item.digest):
            try:
                self.body(body)
            except Refused as refused:
                wrong.append(str(refused))
        return tuple(wrong)


def demo_digest(demo: Demo) -> Digest:
    """The digest of what a demo runs: its command or server with what is asked of it, or its notebook."""
    server = demo.server
    return canonical.digest(
        canonical.canonical(
            {
                "command": list(demo.command),
                "server": {"argv": list(server.argv), "ready": server.ready} if server else None,
                "notebook": demo.notebook,
                "requests": [[item.method, item.path, canonical_text(item.json), dict(item.headers)] for item in demo.requests],
            }
        )
    )


def canonical_text(value: object) -> str:
    """A JSON value as one text, whatever numbers are in it."""
    import json

    return json.dumps(value, sort_keys=True, default=str)


def read(path: Path) -> Found:
    """The cassette in a file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Found(path, None, "is not there")
    except OSError as error:
        return Found(path, None, f"cannot be read: {error.strerror}")
    try:
        return Found(path, cassettes.parse(data, path.name))
    except Refused as refused:
        return Found(path, None, str(refused))


def listed(root: Path, home: Path) -> tuple[Found, ...]:
    """The cassettes of a project, newest first; those that are not believed last. `home` keeps what is not committed."""
    folders = [root / COMMITTED, home / PRIVATE]
    paths = [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.json")) if path.is_file()]
    found = [read(path) for path in paths]
    good = [item for item in found if item.cassette is not None]
    return (*sorted(good, key=_age), *(item for item in found if item.cassette is None))


def _age(item: Found) -> tuple[float, str]:
    assert item.cassette is not None, "only those that were read are sorted"
    return -item.cassette.recorded_at.timestamp(), item.path.name


def chosen(root: Path, home: Path, demo: Demo) -> Found | None:
    """The cassette of a demo: the one its manifest names, else the newest that was recorded of it; None without one.

    Where none can be believed, one of those that cannot is returned, so that it can be said why.
    """
    if demo.cassette:
        return read((home if demo.cassette.startswith(".readiness/") else root) / demo.cassette)
    all_of_them = listed(root, home)
    wanted = demo_digest(demo)
    return next(
        (item for item in all_of_them if item.cassette is not None and item.cassette.demo == wanted),
        next((item for item in all_of_them if item.cassette is None or item.cassette.demo != wanted), None),
    )


def obstacle(found: Found | None, demo: Demo, now: datetime) -> str:
    """Why a demo cannot be answered from a cassette, in one line; empty where it can."""
    if found is None:
        return "no cassette was recorded of the demo"
    if found.cassette is None:
        return f"the cassette {found.path.name} {found.refused}"
    if found.cassette.demo != demo_digest(demo):
        return f"the cassette {found.path.name} was recorded of another demo than the one declared"
    if found.cassette.expires_at <= now:
        return f"the cassette {found.path.name} expired on {found.cassette.expires_at:%Y-%m-%d}: what it holds is no longer taken for true"
    if not found.cassette.exchanges:
        return f"the cassette {found.path.name} is empty: nothing crossed the boundary when it was recorded"
    wrong = found.verify()
    return f"the cassette {found.path.name} {wrong[0]}" if wrong else ""


def write(folder: Path, cassette: Cassette, staged: Path) -> Path:
    """Puts a cassette into a folder: its bodies first, its file last, so that there is never half of one.

    Raises OSError where it cannot be written; what was written of it is taken away again.
    """
    made: list[Path] = []
    try:
        for digest in sorted(cassette.digests):
            target = folder / BLOBS / digest.removeprefix("sha256:")
            if target.exists():
                continue
            data = (staged / target.name).read_bytes()
            assert hashlib.sha256(data).hexdigest() == target.name, "a body is staged under its digest"
            made.append(target)
            files.write_atomically(target, data)
        path = folder / cassettes.name(cassette)
        files.write_atomically(path, cassettes.emit(cassette))
    except OSError:
        for target in made:
            target.unlink(missing_ok=True)
        raise
    return path
