"""Office documents (OOXML and OpenDocument): their text as people read it, from the parts of the zip they are.

Raw parts break words where a spelling checker looked, and keep the texts of a sheet apart from its cells. Told are the
paragraphs of a text or a slide, one a line, and the rows of a sheet, each cell behind the heading of its column, so that a
password below `password` reads as one. Source: ECMA-376; OpenDocument 1.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import chain, pairwise
from typing import Final
from xml.etree.ElementTree import Element, ParseError

TOGETHER_BYTES: Final = 96 << 20
"""The most that the parts of one document may hold; of a longer one only the raw parts are read."""
_PARAGRAPHS: Final = frozenset({"p", "h", "si", "is", "comment"})
_TEXTS: Final = frozenset({"t", "delText", "instrText"})
_LAST_ROW: Final = 1 << 20
"""The last row a sheet can have."""
_COLUMN: Final = re.compile(r"[A-Z]+")

Rows = list[tuple[int, dict[str, str]]]


def is_document(names: Mapping[str, bytes]) -> bool:
    """Whether the parts of a zip are those of an office document."""
    return "[Content_Types].xml" in names or names.get("mimetype", b"").startswith(b"application/vnd.oasis")


def texts(parts: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    """Pairs of the name of a part or a sheet, and its text. Parts that are no XML, or declare entities, have none."""
    if sum(map(len, parts.values())) > TOGETHER_BYTES:
        return
    shared = [_joined(item) for item in _root(parts.get("xl/sharedStrings.xml", b"")) or () if _local(item) == "si"]
    for name, data in parts.items():
        if not name.endswith(".xml") or name == "xl/sharedStrings.xml":
            continue
        root = _root(data)
        if root is None:
            continue
        sheet = re.fullmatch(r"xl/worksheets/([\w.-]+)\.xml", name)
        rows = _rows(root, shared) if sheet else _tables(root) if name == "content.xml" else []
        if rows:
            yield (sheet[1] if sheet else "table"), _labelled(rows)
        lines = [text for item in root.iter() if _local(item) in _PARAGRAPHS and (text := _joined(item))]
        if lines and not sheet:
            yield name, "\n".join(lines)


def _root(data: bytes) -> Element | None:
    """The XML of a part; None where it is none, or defines entities of its own, which no office program writes."""
    from xml.etree import ElementTree

    if not data or b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"\0" in data[:64]:
        return None
    try:
        return ElementTree.fromstring(data)  # noqa: S314  without a document type there is nothing to expand
    except (ParseError, RecursionError, ValueError):
        return None


def _local(item: Element) -> str:
    return item.tag.rpartition("}")[2]


def _joined(item: Element) -> str:
    """The text of a paragraph, its runs put together again."""
    ooxml = [inner.text or "" for inner in item.iter() if _local(inner) in _TEXTS]
    return "".join(ooxml) or "".join(item.itertext()).strip()


def _rows(root: Element, shared: list[str]) -> Rows:
    """The rows of a sheet, each with its number: the letters of a column → the text of its cell."""
    rows: Rows = []
    for row in (item for item in root.iter() if _local(item) == "row"):
        number, last = row.get("r", ""), rows[-1][0] if rows else 0
        cells: dict[str, str] = {}
        for index, cell in enumerate(item for item in row if _local(item) == "c"):
            found = _COLUMN.match(cell.get("r", ""))
            if text := _cell(cell, shared):
                cells[found[0] if found else str(index)] = text
        rows.append((int(number) if number.isdigit() and last < int(number) <= _LAST_ROW else last + 1, cells))
    return rows


def _cell(cell: Element, shared: list[str]) -> str:
    value = next((item.text or "" for item in cell if _local(item) == "v"), "")
    if cell.get("t") == "s":
        return shared[int(value)] if value.isdigit() and int(value) < len(shared) else ""
    return value or _joined(cell)


def _tables(root: Element) -> Rows:
    rows: Rows = []
    for number, row in enumerate((item for item in root.iter() if _local(item) == "table-row"), 1):
        cells = [" ".join(_joined(p) for p in cell.iter() if _local(p) == "p") for cell in row]
        rows.append((number, {str(index): text for index, text in enumerate(cells) if text}))
    return rows


def _labelled(rows: Rows) -> str:
    """Rows as lines of their numbers: each cell as it is, then behind its heading, as a setting is written."""
    first, heading = next(((number, row) for number, row in rows if row), (0, {}))
    lines: list[str] = []
    for number, row in rows:
        lines += [""] * min(number - 1 - len(lines), _LAST_ROW)
        plain = (" ".join(text.split()) for text in row.values())
        named = (f'{_word(heading[column])} = "{text}"' for column, text in row.items() if number != first and heading.get(column))
        pairs = (f'{_word(one)} = "{other}"' for one, other in pairwise(row.values()))
        lines.append("\t".join(chain(plain, named, pairs)))
    return "\n".join(lines)


def _word(text: str) -> str:
    return re.sub(r"\W+", "_", text.strip())[:60]
