"""Container images in a file: what `docker save` writes, and OCI image layouts in a tar. Their layers in order, and their settings.

Source: OCI Image Format 1.1 (layout, manifest, configuration); the manifest.json of `docker save`.
"""

from __future__ import annotations

import io
import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any, Final

from readiness.formats import packed
from readiness.formats.packed import Budget, Part, Unread

_JSON_BYTES: Final = 16 << 20
_MEMBERS: Final = 100_000
_DEEPEST: Final = 4
"""How many lists of images may lead to each other."""


@dataclass(frozen=True, slots=True)
class Image:
    """Where the parts of an image file lie: configurations and layers, each a pair of offset and bytes, in order.

    `missing` names layers the file refers to and does not hold.
    """

    layers: tuple[tuple[int, int], ...]
    configurations: tuple[tuple[int, int], ...]
    missing: tuple[str, ...] = field(default=())


def read(file: IO[bytes]) -> Image:
    """The parts of an image file that can be sought in. Raises ValueError where it is none; the message repeats nothing of it."""
    places = _places(file)
    try:
        if "manifest.json" in places:
            listed = _json(file, places["manifest.json"])
            wanted = [(item["Config"], item["Layers"]) for item in listed]
        elif "index.json" in places:
            wanted = list(_indexed(file, places, _json(file, places["index.json"]), _DEEPEST))
        else:
            raise ValueError("is neither what `docker save` writes nor an OCI layout")
        layers = list(dict.fromkeys(_name(name) for _, names in wanted for name in names))
        configurations = list(dict.fromkeys(_name(name) for name, _ in wanted))
    except (KeyError, TypeError, AttributeError, RecursionError):
        raise ValueError("is no image: its manifest is not what Docker and OCI write") from None
    missing = tuple(name for name in (*layers, *configurations) if name not in places)
    return Image(
        tuple(places[name] for name in layers if name in places), tuple(places[name] for name in configurations if name in places), missing
    )


def _places(file: IO[bytes]) -> dict[str, tuple[int, int]]:
    """Offset and bytes of every file of a tar by name; a link has those of what it leads to."""
    places: dict[str, tuple[int, int]] = {}
    links: dict[str, str] = {}
    file.seek(0)
    end = file.seek(0, 2)
    file.seek(0)
    for entry in packed.entries(file):
        name, offset = _name(entry.name), file.tell()
        if offset + entry.size > end or len(places) > _MEMBERS:
            raise ValueError("is no whole tar")
        if entry.file:
            places[name] = (offset, entry.size)
        elif entry.link:
            links[name] = _name(posixpath.join(posixpath.dirname(name), entry.link))
        file.seek(offset + entry.size + -entry.size % 512)
    return places | {name: places[target] for name, target in links.items() if target in places}


def _name(path: str) -> str:
    return posixpath.normpath(path).lstrip("/")


def _json(file: IO[bytes], place: tuple[int, int]) -> Any:  # whatever the file holds
    offset, size = place
    if size > _JSON_BYTES:
        raise ValueError("is no image: its manifest is too long")
    file.seek(offset)
    try:
        return json.loads(file.read(size))
    except (ValueError, RecursionError):
        raise ValueError("is no image: its manifest is no JSON") from None


def _indexed(file: IO[bytes], places: Mapping[str, tuple[int, int]], index: Any, depth: int) -> Iterator[tuple[str, list[str]]]:
    """The configuration and the layers of every image an index leads to, also by another index."""
    for item in index["manifests"]:
        name = _blob(item["digest"])
        if name not in places or not depth:
            raise ValueError("is no whole image: a manifest that it names is not in it")
        found = _json(file, places[name])
        if "manifests" in found:
            yield from _indexed(file, places, found, depth - 1)
        else:
            yield _blob(found["config"]["digest"]), [_blob(layer["digest"]) for layer in found["layers"]]


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def layer(file: IO[bytes], place: tuple[int, int], budget: Budget) -> Iterator[Part | Unread]:
    """The files of one layer, also those that a later layer removes; and what of it was not read."""
    window = io.BufferedReader(_Window(file, *place))
    head = window.peek(512)[:512]
    if packed.form_of(head) not in ("tar", "gzip", "zstd") and head.strip(b"\0"):
        yield Unread("", "is neither a tar nor packed by gzip")
        return
    if head.strip(b"\0"):
        yield from packed.parts(window, budget)


class _Window(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, file: IO[bytes], offset: int, size: int) -> None:
        super().__init__()
        self._file, self._offset, self._size, self._at = file, offset, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        self._at = max(0, (0, self._at, self._size)[whence] + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any, /) -> int:  # whatever can be written into
        self._file.seek(self._offset + self._at)
        data = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def settings(file: IO[bytes], place: tuple[int, int]) -> str:
    """What a configuration says that can hold a secret: variables, commands, labels, and how each layer was made; one a line.

    Raises ValueError where it is none.
    """
    whole = _json(file, place)
    try:
        config = whole.get("config") or {}
        made = [str(item.get("created_by", "")) for item in whole.get("history") or ()]
        words = [*(config.get("Env") or ()), *map(str, [config.get("Cmd"), config.get("Entrypoint")])]
        labels = [f"{name}={value}" for name, value in (config.get("Labels") or {}).items()]
    except (AttributeError, TypeError):
        raise ValueError("is no image: its configuration is not what Docker and OCI write") from None
    return "\n".join(str(word).replace("\n", " ") for word in (*words, *labels, *made))
