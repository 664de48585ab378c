"""What lies within packed files: zip (office documents, wheels), tar, gzip, bzip2 and xz, one within another, within bounds.

The form is told by how a file begins, never by its name. Nothing is written, and no more than a budget is unpacked: what
goes beyond it, is encrypted, broken, or packed in a form that is not read here is named with the reason, never left out
in silence. Tar headers are read here and not by `tarfile`, which takes the length of an extended header on trust.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from tarfile import HeaderError, TarInfo
from typing import IO, Final, Protocol

MEMBER_BYTES: Final = 64 << 20
"""The longest text within a packed file that is read."""
BINARY_BYTES: Final = 8 << 20
"""The longest file that is no text and is handed out all the same: programs hold texts, weights of a model hold none."""
PACKED_BYTES: Final = 512 << 20
"""The longest zip that is opened."""
DEEPEST: Final = 4
"""How many packed files may lie within each other."""
_HEAD: Final = 8192
_CHUNK: Final = 1 << 20
_LONG_NAME: Final = 1 << 16
_FORMS: Final = ((b"PK\x03\x04", "zip"), (b"PK\x05\x06", "zip"), (b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ\0", "xz"))
_CLOSED: Final = ((b"\x28\xb5\x2f\xfd", "zstd"), (b"7z\xbc\xaf\x27\x1c", "7z"), (b"Rar!\x1a\x07", "rar"))
_BROKEN: Final = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError)
"""What the unpackers of the standard library raise on what is no such file."""


class Readable(Protocol):
    """Something that gives its next bytes: fewer than asked for only at its end."""

    def read(self, size: int, /) -> bytes:
        """The next bytes."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file within a packed one: `within` names the way to it, as `a.zip!b.txt` without the first name."""

    within: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """What was not read within a packed file (empty: some of itself), and why."""

    within: str
    why: str


@dataclass
class Budget:
    """How much may still be unpacked, and from how many files; shared by everything that is unpacked for one purpose."""

    bytes: int
    files: int

    def spend(self, amount: int) -> None:
        """Takes from the bytes. Raises Spent where there were too few."""
        self.bytes -= amount
        if self.bytes < 0:
            raise Spent


class Spent(Exception):
    """There is nothing left of a budget."""


def form_of(head: bytes) -> str:
    """The form of a packed file by its first 512 bytes; empty where it is none."""
    found = next((form for magic, form in (*_FORMS, *_CLOSED) if head.startswith(magic)), "")
    return found or ("tar" if head[257:262] == b"ustar" else "")


def parts(file: IO[bytes], budget: Budget) -> Iterator[Part | Unread]:
    """The files within an open packed file that can be sought in, each with what it holds, and what was not read."""
    head = file.read(512)
    file.seek(0)
    try:
        yield from _of(form_of(head), file, "", budget, 1)
    except Spent:
        yield Unread("", "holds more than is unpacked here")


def _of(form: str, file: IO[bytes], within: str, budget: Budget, depth: int) -> Iterator[Part | Unread]:
    if any(form == name for _, name in _CLOSED):
        yield Unread(within, f"is packed as {form}, which is not read here")
        return
    if depth > DEEPEST:
        yield Unread(within, f"lies within more than {DEEPEST} packed files")
        return
    try:
        yield from _zip(file, within, budget, depth) if form == "zip" else _stream(form, file, within, budget, depth)
    except _BROKEN as error:
        yield Unread(within, f"cannot be unpacked: {type(error).__name__}")


def _zip(file: IO[bytes], within: str, budget: Budget, depth: int) -> Iterator[Part | Unread]:
    if file.seek(0, 2) > PACKED_BYTES:
        yield Unread(within, f"is longer than {PACKED_BYTES >> 20} MB")
        return
    with zipfile.ZipFile(file) as archive:
        for item in archive.infolist():
            if item.is_dir():
                continue
            name = f"{within}!{item.filename}"
            if item.flag_bits & 1:
                yield Unread(name, "is encrypted")
                continue
            try:
                with archive.open(item) as member:
                    yield from _member(name, member, budget, depth)
            except _BROKEN as error:
                yield Unread(name, f"cannot be unpacked: {type(error).__name__}")


def _stream(form: str, file: IO[bytes], within: str, budget: Budget, depth: int) -> Iterator[Part | Unread]:
    if form == "tar":
        yield from tar(file, within, budget, depth)
        return
    with _opened(form, file) as inner:
        ahead = Ahead(inner)
        if form_of(ahead.head) == "tar":
            yield from tar(ahead, within, budget, depth)
        else:
            yield from _member(f"{within}!unpacked", ahead, budget, depth)


def _opened(form: str, file: IO[bytes]) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    if form == "gzip":
        return gzip.GzipFile(fileobj=file, mode="rb")
    return bz2.BZ2File(file) if form == "bzip2" else lzma.LZMAFile(file)


class Ahead:
    """A stream of which the beginning was looked at."""

    def __init__(self, stream: Readable) -> None:
        self.head = _exactly(stream, _HEAD)
        self._left = self.head
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """The next bytes."""
        if not self._left:
            return self._stream.read(size)
        found, self._left = self._left[:size], self._left[size:]
        return found


def _exactly(stream: Readable, size: int) -> bytes:
    found = b""
    while len(found) < size and (more := stream.read(min(_CHUNK, size - len(found)))):
        found = found + more if found else more
    return found


def tar(stream: Readable, within: str, budget: Budget, depth: int = 1) -> Iterator[Part | Unread]:
    """The files of a tar, in order. Raises Spent at the end of the budget; ValueError where it is no tar."""
    for entry in entries(stream):
        body = _Body(stream, entry.size)
        if entry.file:
            yield from _member(f"{within}!{entry.name}", body, budget, depth)
        body.skip(budget)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a tar says of the member that follows: its name, its bytes, whether it is a plain file, where a link leads."""

    name: str
    size: int
    file: bool = True
    link: str = ""


def entries(stream: Readable) -> Iterator[Entry]:
    """The members of a tar; who asks for the next one has read, or skipped, the body of the last with its padding.

    Raises ValueError where it is no tar, or a name is absurdly long.
    """
    name, size = "", -1
    while (block := _exactly(stream, 512)).strip(b"\0"):
        try:
            info = TarInfo.frombuf(block, "utf-8", "replace")
        except HeaderError as error:
            raise ValueError("is no tar") from error
        if info.type in (b"x", b"L", b"K", b"g"):
            if info.size > _LONG_NAME:
                raise ValueError("is a tar with a header longer than any name")
            said = _exactly(stream, info.size + -info.size % 512)[: info.size]
            if info.type == b"L":
                name = said.rstrip(b"\0").decode("utf-8", "replace")
            elif info.type == b"x":
                told = _extended(said)
                name, size = told.get("path", name), int(told.get("size", size))
            continue
        yield Entry(name or info.name, max(0, info.size if size < 0 else size) if info.isreg() else 0, info.isreg(), info.linkname)
        name, size = "", -1


def _extended(said: bytes) -> dict[str, str]:
    """The records of an extended header: `length key=value` and a line break each (POSIX pax)."""
    found: dict[str, str] = {}
    while said:
        length, blank, _ = said.partition(b" ")
        if not blank or not length.isdigit() or not 0 < int(length) <= len(said):
            break
        key, _, value = said[len(length) + 1 : int(length)].rstrip(b"\n").partition(b"=")
        found[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")
        said = said[int(length) :]
    return found


class _Body:
    """The bytes of one member of a tar, and its padding."""

    def __init__(self, stream: Readable, size: int) -> None:
        self._stream, self._left, self._padding = stream, size, -size % 512

    def read(self, size: int, /) -> bytes:
        """The next bytes of the member."""
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data

    def skip(self, budget: Budget) -> None:
        """Goes past what was not read."""
        while self._left and (data := self.read(_CHUNK)):
            budget.spend(len(data))
        _exactly(self._stream, self._padding)


def _member(within: str, stream: Readable, budget: Budget, depth: int) -> Iterator[Part | Unread]:
    """One file: handed out, taken apart where it is packed itself, named where it is too long to be read."""
    budget.files -= 1
    if budget.files < 0:
        raise Spent
    head = _exactly(stream, _HEAD)
    binary, form = b"\0" in head, form_of(head)
    limit = BINARY_BYTES if binary and not form else MEMBER_BYTES
    kept = [head]
    size = len(head)
    budget.spend(size)
    while size <= limit and (more := stream.read(_CHUNK)):
        budget.spend(len(more))
        kept.append(more)
        size += len(more)
    if size > limit:
        if form or not binary:
            yield Unread(within, f"is longer than {limit >> 20} MB")
        return
    data = b"".join(kept)
    if not form:
        yield Part(within, data)
        return
    yield from _of(form, io.BytesIO(data), within, budget, depth + 1)
