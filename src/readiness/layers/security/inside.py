"""Looks for secrets within files that are read only when they are taken apart: archives, office documents, notebooks.

What is taken apart is handed to our own rules and, written to a folder of ours for as long as it takes, to the scanner:
there is no second one. Batches are small enough to be thrown away, whatever a packed file holds.
"""

from __future__ import annotations

import io
import posixpath
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Final

from readiness.formats import notebook, office, packed
from readiness.formats.packed import Budget, Part, Unread
from readiness.layers.security import patterns
from readiness.layers.security.evidence import NotRead
from readiness.layers.security.patterns import Hit

UNPACKED_BYTES: Final = 512 << 20
UNPACKED_FILES: Final = 50_000
"""How much is unpacked of one file, and from how many within it."""
TOGETHER_BYTES: Final = 4 << 30
"""How much is unpacked of all files that are looked into together."""
BATCH_BYTES: Final = 128 << 20
"""How much is written before the scanner reads it and it is thrown away."""
OWN_BYTES: Final = 8 << 20
"""The longest text our own rules read; the scanner reads up to 256 MB."""
ENDINGS: Final = ("xlsx", "xlsm", "docx", "docm", "pptx", "pptm", "ods", "odt", "odp", "zip", "jar", "whl", "tar", "tgz", "gz", "bz2", "xz",
                  "tbz", "txz", "npz", "7z", "rar", "zst", "egg", "pt", "pth", "keras", "war", "apk", "epub")  # fmt: skip
"""How the names of packed files end in a history, whose every other blob would have to be opened to tell."""

Scanned = Callable[[Path], tuple[list[Hit], str]]
"""Runs the scanner over a folder: what it found, with paths below that folder, and why it did not get through."""


def is_packed(path: str, head: bytes) -> bool:
    """Whether a file has something within it that is not seen in its bytes."""
    return path.endswith(".ipynb") or packed.form_of(head) != ""


def pieces(path: str, file: IO[bytes], budget: Budget) -> Iterator[Part | Unread]:
    """What lies within a file: of an archive its files, of an office document its texts too, of a notebook what it shows."""
    if path.endswith(".ipynb"):
        yield from _cells(file)
        return
    documents: dict[str, dict[str, bytes]] = {}
    size = 0
    for part in packed.parts(file, budget):
        yield part
        if isinstance(part, Part) and part.within.endswith((".xml", "!mimetype")) and size <= office.TOGETHER_BYTES:
            whole, _, name = part.within.rpartition("!")
            documents.setdefault(whole, {})[name] = part.data
            size += len(part.data)
    for whole, parts in documents.items():
        if office.is_document(parts):
            yield from (Part(f"{whole}!{name}", text.encode()) for name, text in office.texts(parts))


def _cells(file: IO[bytes]) -> Iterator[Part | Unread]:
    data = file.read(packed.MEMBER_BYTES + 1)
    if len(data) > packed.MEMBER_BYTES:
        yield Unread("", f"is longer than {packed.MEMBER_BYTES >> 20} MB")
        return
    try:
        shown = notebook.shown(data.decode("utf-8-sig", "replace"))
    except ValueError:
        return  # whatever it is, it is read as the text it is
    yield from (Part(f": {place}", said.encode("utf-8", "replace")) for place, said in shown)


def decoded(data: bytes) -> str:
    """The text of a file; empty where it is none."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    return "" if b"\0" in data[:8192] else data.decode("utf-8", "replace")


@dataclass
class Look:
    """Takes files apart and looks through what is in them; everything it found is there after `finish`.

    `folder` is for what is unpacked, `scan` reads it; with `binaries` the scanner is given programs too. `hits` hold values.
    """

    folder: Path
    scan: Scanned
    binaries: bool = False
    hits: list[Hit] = field(default_factory=list, repr=False)
    unread: list[NotRead] = field(default_factory=list)
    trouble: str = ""
    _theirs: list[Hit] = field(default_factory=list, repr=False)
    _places: list[Hit] = field(default_factory=list, repr=False)
    _size: int = 0
    _left: int = field(default_factory=lambda: TOGETHER_BYTES)

    def file(self, path: str, file: IO[bytes], commit: str = "") -> None:
        """Takes one file apart, if not too much was unpacked before it."""
        if self._left <= 0:
            self.unread.append(NotRead(path, f"comes after {TOGETHER_BYTES >> 30} GB that were unpacked"))
            return
        allowed = min(UNPACKED_BYTES, self._left)
        budget = Budget(allowed, UNPACKED_FILES)
        self.take(path, pieces(path, file, budget), commit)
        self._left -= allowed - max(0, budget.bytes)

    def data(self, path: str, data: bytes, commit: str = "") -> None:
        """Takes a file apart that was read already."""
        self.file(path, io.BytesIO(data), commit)

    def take(self, path: str, found: Iterable[Part | Unread], commit: str = "") -> None:
        """Looks through the pieces of one file."""
        for piece in found:
            if isinstance(piece, Unread):
                self.unread.append(NotRead(f"{path}{piece.within}", piece.why))
            else:
                self._piece(Hit("", path, 1, "", commit, piece.within), piece.data)

    def finish(self) -> None:
        """Has the scanner read what is left, and throws it away."""
        if self._places:
            self._flush()

    @property
    def theirs(self) -> list[Hit]:
        """What the scanner found, at its places in the packed files."""
        return self._theirs

    def _piece(self, place: Hit, data: bytes) -> None:
        text = decoded(data)
        if len(data) <= OWN_BYTES and text:
            own = patterns.hits(re.sub(r"^.*[!:] ?", "", place.within), text)
            self.hits += [replace(place, kind=hit.kind, line=hit.line, value=hit.value) for hit in own]
        if not text and not self.binaries:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]", "_", posixpath.basename(place.within))[-80:]
        (self.folder / f"{len(self._places)}-{name}").write_bytes(data)
        self._places.append(place)
        self._size += len(data)
        if self._size > BATCH_BYTES:
            self._flush()

    def _flush(self) -> None:
        found, trouble = self.scan(self.folder)
        self.trouble = self.trouble or trouble
        for hit in found:
            number, _, rest = hit.path.partition("-")
            if number.isdigit() and int(number) < len(self._places):
                place = self._places[int(number)]
                deeper = hit.within or (f"!{rest.partition('!')[2]}" if "!" in rest else "")
                self._theirs.append(replace(place, kind=hit.kind, line=hit.line, value=hit.value, within=place.within + deeper))
        self._places, self._size = [], 0
        shutil.rmtree(self.folder, ignore_errors=True)
