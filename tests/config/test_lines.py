"""Lines of keys: every key of a generated document is found where it was written."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from readiness.config.lines import key_lines, line_of

NOISE = ("", "   ", "# a comment", "# not = 'a key'", "  # [not.a.table]", "#[[not]]")
VALUES = (
    "1",
    "true",
    "2026-12-20",
    '"a = 1"',
    "'[x]'",
    '"# no comment"',
    '["uv", "pip"]',
    '[["uv"], ["pip", "sync"]]',
    '{ a = 1, "b c" = { d = 2 } }',
    '"""one line"""',
    '"""\na = 1\n[t]\n# [[x]]\n"""',
    "'''\n\"a\" = 1\n\n[[t]]'''",
    '"""first\\\n  b.c = 3"""',
    "[\n  1,\n  2,\n]",
    '[\n  "a = 1", # why\n  "[b]",\n]',
)
ENDS = ("", "  ", "  # why", " # [a] = 1")


@dataclass
class Document:
    """TOML as it is being written, and where each key and table went."""

    text: str = ""
    lines: dict[tuple[str, ...], int] = field(default_factory=dict)

    def write(self, line: str, *paths: tuple[str, ...]) -> None:
        number = self.text.count("\n") + 1
        self.lines |= {path: number for path in paths if path not in self.lines}
        self.text += line + "\n"


def quoted(name: str, style: str) -> str:
    return {"bare": name, "basic": f'"{name} x"', "literal": f"'{name}=#x'"}[style]


@st.composite
def dotted(draw: st.DrawFn, stem: str, joint: str) -> tuple[str, tuple[str, ...]]:
    """A key nobody else uses, as written and as its path: one to three parts, each bare or quoted."""
    styles = draw(st.lists(st.sampled_from(("bare", "bare", "basic", "literal")), min_size=1, max_size=3))
    parts = [quoted(f"{stem}-{index}", style) for index, style in enumerate(styles)]
    return joint.join(parts), tuple(part.strip("\"'") for part in parts)


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A document of tables, arrays of tables and keys of every kind, with comments and blank lines between."""
    document, entries = Document(), 0
    table: tuple[str, ...] = ()
    for number, kind in enumerate(draw(st.lists(st.sampled_from(("key", "key", "table", "array", "noise")), max_size=12))):
        end, indent = draw(st.sampled_from(ENDS)), draw(st.sampled_from(("", "  ", "\t")))
        written, path = draw(dotted(f"n{number}", draw(st.sampled_from((".", " . ")))))
        if kind == "noise":
            document.write(draw(st.sampled_from(NOISE)))
        elif kind == "table":
            table = path
            document.write(f"{indent}[{written}]{end}", path)
        elif kind == "array":
            table = ("entries", str(entries))
            document.write(f"{indent}[[ entries ]]{end}", ("entries",), table)
            entries += 1
        else:
            document.write(f"{indent}{written} = {draw(st.sampled_from(VALUES))}{end}", (*table, *path))
    return document


def value_at(data: Any, path: tuple[str, ...]) -> Any:  # whatever TOML holds
    for part in path:
        data = data[int(part)] if isinstance(data, list) else data[part]
    return data


@given(documents())
def test_every_key_and_table_is_found_on_the_line_it_was_written_on(document: Document) -> None:
    for path in document.lines:
        value_at(tomllib.loads(document.text), path)
    assert key_lines(document.text) == document.lines


@given(st.text())
@example("\x0c#")
def test_no_text_makes_it_raise(text: str) -> None:
    assert all(line >= 1 for line in key_lines(text).values())


@pytest.mark.parametrize(
    ("path", "line"), [(("demo", "env", "LANG"), 4), (("demo", "env", "TZ"), 3), (("demo", "tolerance"), 1), (("trust",), 1), ((), 1)]
)
def test_an_absent_key_is_placed_with_the_nearest_thing_around_it(path: tuple[str, ...], line: int) -> None:
    assert line_of(key_lines("[demo]\ncommand = []\n[demo.env]\nLANG = 'C'\n"), path) == line


def test_windows_line_ends_count_as_one_line() -> None:
    assert key_lines("a = 1\r\n\r\n[t]\r\nb = 2\r\n") == {("a",): 1, ("t",): 3, ("t", "b"): 4}
