"""Where a key stands in a TOML file: `tomllib` parses values and keeps no positions, so this finds the lines."""

from __future__ import annotations

import tomllib
from typing import Final

Path = tuple[str, ...]

_OPEN: Final = "[{"
_CLOSE: Final = "]}"


def key_lines(text: str) -> dict[Path, int]:
    """The 1-based line of every table and key, by path; entries of `[[x]]` count as ("x", "0"), ("x", "1"), ….

    Keys of inline tables are not listed: their line is that of the key which holds them. The text is valid TOML.
    """
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    position = 0
    while (position := _next_statement(text, position)) < len(text):
        line = text.count("\n", 0, position) + 1
        if text[position] == "[":
            end = _end_of_value(text, position)
            table = _header(text[position:end].partition("\n")[0], counts)
            found.setdefault(table, line)
            if table and table[:-1] in counts:
                found.setdefault(table[:-1], line)
        else:
            equals = _end_of_key(text, position)
            found.setdefault((*table, *_parts(text[position:equals])), line)
            end = _end_of_value(text, equals + 1)
        position = end
    return found


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of a path, or that of the nearest thing around it; 1 where nothing is known."""
    for length in range(len(path), 0, -1):
        around = path[:length]
        # a table that is only implied stands where its first part does
        within = [line for other, line in lines.items() if other[:length] == around]
        if within:
            return lines.get(around, min(within))
    return 1


def _header(line: str, counts: dict[Path, int]) -> Path:
    """The path of a table header, through the current entries of the arrays of tables it passes."""
    repeated = line.startswith("[[")
    start = 2 if repeated else 1
    end = start
    while end < len(line) and line[end] != "]":
        end = _after_string(line, end) if line[end] in "\"'" else end + 1
    parts = _parts(line[start:end])
    if not parts:
        return ()
    path: Path = ()
    for part in parts[:-1] if repeated else parts:
        path = (*path, part)
        if path in counts:
            path = (*path, str(counts[path]))
    if not repeated:
        return path
    path = (*path, parts[-1])
    counts[path] = counts.get(path, -1) + 1
    return (*path, str(counts[path]))


def _parts(dotted: str) -> Path:
    parts: list[str] = []
    try:
        value: object = tomllib.loads(f"{dotted.strip()} = 0")
    except tomllib.TOMLDecodeError:
        return ()
    while isinstance(value, dict) and value:
        (name, value), *_ = value.items()
        parts.append(name)
    return tuple(parts)


def _next_statement(text: str, position: int) -> int:
    while position < len(text):
        if text[position] == "#":
            position = _line_end(text, position)
        elif text[position] in " \t\r\n":
            position += 1
        else:
            break
    return position


def _end_of_key(text: str, position: int) -> int:
    while position < len(text) and text[position] != "=":
        position = _after_string(text, position) if text[position] in "\"'" else position + 1
    return position


def _end_of_value(text: str, position: int) -> int:
    """The end of a value or header: the line break that is in no string, bracket or comment."""
    depth = 0
    while position < len(text):
        char = text[position]
        if char == "\n" and depth == 0:
            break
        if char in "\"'":
            position = _after_string(text, position)
            continue
        if char == "#":
            position = _line_end(text, position)
            continue
        depth += (char in _OPEN) - (char in _CLOSE)
        position += 1
    return position


def _after_string(text: str, position: int) -> int:
    quote = text[position]
    fence = quote * 3 if text.startswith(quote * 3, position) else quote
    position += len(fence)
    while position < len(text) and not text.startswith(fence, position):
        position += 2 if text[position] == "\\" and quote == '"' else 1
    position += len(fence)
    while len(fence) == 3 and text.startswith(quote, position):  # up to two quotes may stand before the closing three
        position += 1
    return position


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end
