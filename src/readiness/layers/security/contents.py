"""What a file holds, as text that can be looked through: tables with the name of the column before each value."""

from __future__ import annotations

import ast
import csv
import gzip
import io
import json
import posixpath
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readiness.errors import Refused
from readiness.layers.security import render_rows
from readiness.world.duckdb import Duck

MOST_BYTES: Final = 64 << 20
"""How much of one file is looked through, unpacked; a longer one is not read."""
MOST_ROWS: Final = 100_000
"""How many rows of one table are looked through; of a longer one the rest is not read."""
_PROGRAMS: Final = (".pyc", ".pyo", ".so", ".dll", ".dylib", ".pyd", ".wasm", ".onnx", ".safetensors", ".gguf", ".ttf", ".otf", ".woff",
                    ".woff2", ".ico", ".exe")  # fmt: skip
"""Files that hold a program, a font or the weights of a model, and no rows."""
_BYTES: Final = re.compile(r'"\\\\x((?:[0-9a-f]{2})+)"')
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")
_NUMBERS: Final = re.compile(r"[<>|=]?[fiubc]\d+")


@dataclass(frozen=True, slots=True)
class Content:
    """The text of a file, or why it is not all there (`unread`)."""

    text: str = ""
    unread: str = ""


def of_file(path: str, data: bytes, place: Path) -> Content:
    """The content of a file of the project; `place` is where it lies, for the engines that open it themselves."""
    suffix = posixpath.splitext(path)[1].lower()
    if suffix in _PROGRAMS or not data:
        return Content()
    if data.startswith(b"\x1f\x8b"):
        return _unpacked(path, data, place)
    if data.startswith(b"PK\x03\x04"):
        return _archive(path, data, place)
    if data.startswith(b"SQLite format 3\0"):
        return _sqlite(place)
    if data.startswith(b"PAR1"):
        return _parquet(place)
    if data.startswith(b"\x93NUMPY"):
        return Content() if _only_numbers(data) else Content(unread="it holds objects of a program")
    text = _text(data)
    if text is None:
        return Content(unread="it is no text, and no format that is read here")
    if suffix in (".csv", ".tsv"):
        return Content(_labelled(text))
    return Content(_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "\\u" in text else text)


def of_rows(rows: Iterable[str]) -> str:
    """Rows as JSON texts, one a line, with bytes as the text they are."""
    return "\n".join(_BYTES.sub(lambda found: json.dumps(bytes.fromhex(found[1]).decode("utf-8", "replace")), row) for row in rows)


def _text(data: bytes) -> str | None:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1") if _mostly_written(data) else None


def _mostly_written(data: bytes) -> bool:
    """Whether bytes that are no UTF-8 are the letters of an older coding rather than something packed."""
    begin = data[:65536]
    control = sum(byte < 32 and byte not in (9, 10, 13) for byte in begin)
    return control == 0 and sum(byte > 126 for byte in begin) * 4 < len(begin)


def _labelled(text: str) -> str:
    """The rows of a CSV, one a line, each value behind the name of its column."""
    first = text.partition("\n")[0]
    delimiter = max((",", ";", "\t", "|"), key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        return text
    header = rows[0] if rows else []
    lines = [" ".join(header)]
    for row in rows[1:]:
        cells = (f"{header[index] if index < len(header) else ''}: {' '.join(value.split())}" for index, value in enumerate(row))
        lines.append("\t".join(cells))
    return "\n".join(lines)


def _unpacked(path: str, data: bytes, place: Path) -> Content:
    try:
        with gzip.open(io.BytesIO(data)) as packed:
            inner = packed.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        return Content(unread=f"it cannot be unpacked: {error}")
    if len(inner) > MOST_BYTES:
        return Content(unread=_too_long())
    if inner.startswith((b"PAR1", b"SQLite format 3\0")):
        return Content(unread="a packed table is not read here")
    return of_file(path.removesuffix(".gz"), inner, place) if not inner.startswith(b"\x1f\x8b") else Content(unread="it is packed twice")


def _archive(path: str, data: bytes, place: Path) -> Content:
    """The texts of an archive, which spreadsheets and office documents are, too."""
    texts: list[str] = []
    unread, left = "", MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for item in archive.infolist():
                left -= item.file_size
                if left < 0:
                    return Content("\n".join(texts), _too_long())
                inner = archive.read(item)
                if inner.startswith((b"PK\x03\x04", b"PAR1", b"SQLite format 3\0", b"\x1f\x8b")):
                    unread = unread or f"{item.filename} in it is packed itself"
                    continue
                found = of_file(item.filename, inner, place)
                texts.append(found.text)
                unread = unread or (f"{item.filename} in it: {found.unread}" if found.unread else "")
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error, OSError, EOFError) as error:
        return Content("\n".join(texts), f"it cannot be unpacked: {error}")
    return Content("\n".join(texts), unread)


def _sqlite(place: Path) -> Content:
    texts: list[str] = []
    unread = ""
    try:
        with closing(sqlite3.connect(f"{place.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as connection:
            connection.text_factory = lambda data: data.decode("utf-8", "replace")
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for name in names:
                cursor = connection.execute(render_rows.sqlite(name, MOST_ROWS + 1))
                columns = [item[0] for item in cursor.description]
                rows = cursor.fetchall()
                unread = unread or (f"{name} in it has more than {MOST_ROWS} rows" if len(rows) > MOST_ROWS else "")
                texts += [json.dumps(dict(zip(columns, map(_plain, row), strict=True)), ensure_ascii=False) for row in rows[:MOST_ROWS]]
    except sqlite3.Error as error:
        return Content("\n".join(texts), f"it cannot be read as SQLite: {error}")
    return Content("\n".join(texts), unread)


def _plain(value: object) -> object:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _parquet(place: Path) -> Content:
    try:
        with Duck([place]) as duck:
            rows = [str(row[0]) for row in duck.rows(render_rows.parquet(str(place), MOST_ROWS + 1))]
    except Refused as error:
        return Content(unread=f"it cannot be read as Parquet: {error.message}")
    return Content(of_rows(rows[:MOST_ROWS]), f"it has more than {MOST_ROWS} rows" if len(rows) > MOST_ROWS else "")


def _only_numbers(data: bytes) -> bool:
    """Whether an array of NumPy holds numbers, by the header of its format (NEP 1)."""
    start, size = (10, 2) if data[6] == 1 else (12, 4)
    try:
        header = ast.literal_eval(data[start : start + int.from_bytes(data[8 : 8 + size], "little")].decode("latin-1").strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
    return isinstance(header, dict) and _NUMBERS.fullmatch(str(header.get("descr"))) is not None


def _too_long() -> str:
    return f"it is longer than {MOST_BYTES >> 20} MB"
