"""Renders an ECMA-262 regular expression for RE2 (DuckDB) and for PostgreSQL, so that both find what JavaScript finds.

A pattern is searched for anywhere in a value, as ECMA-262 and JSON Schema do; whoever means the whole value writes
`^…$`. What an engine lacks (look-around and back references in RE2) is left in, and is refused by the engine itself.
"""

from __future__ import annotations

from typing import Final

_OUTSIDE: Final = {"d": "[0-9]", "D": "[^0-9]", "w": "[A-Za-z0-9_]", "W": "[^A-Za-z0-9_]"}
_INSIDE: Final = {"d": "0-9", "w": "A-Za-z0-9_"}
_SPACE: Final = " \\t\\n\\r\\f\\v"
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}


def render(pattern: str, *, postgres: bool) -> str:
    """The same pattern in the dialect of an engine."""
    out: list[str] = []
    position, inside = 0, False
    while position < len(pattern):
        char = pattern[position]
        if char == "\\" and position + 1 < len(pattern):
            text, length = _escape(pattern, position, inside=inside, postgres=postgres)
            out.append(text)
            position += length
            continue
        if inside:
            inside = char != "]"
            out.append("\\[" if char == "[" else char)
        elif char == "[":
            inside = True
            if pattern.startswith(("[^]", "[]"), position):
                out.append("[\\s\\S]" if pattern.startswith("[^]", position) else "[^\\s\\S]")
                position += 3 if pattern.startswith("[^]", position) else 2
                inside = False
                continue
            out.append(char)
        elif char == ".":
            out.append("[^\\n\\r]")
        elif pattern.startswith("(?<", position) and pattern[position + 3 : position + 4] not in ("=", "!"):
            end = pattern.find(">", position)
            out.append("(")
            position = end if end > 0 else position + 2
        else:
            out.append(char)
        position += 1
    return "".join(out)


def _escape(pattern: str, position: int, *, inside: bool, postgres: bool) -> tuple[str, int]:
    char = pattern[position + 1]
    if char in "ux" and (code := _code(pattern, position)):
        number, length = code
        return (f"\\u{number:04x}" if postgres else f"\\x{{{number:x}}}"), length
    if inside:
        if char == "s":
            return _SPACE, 2
        if char == "b":
            return "\\x08" if not postgres else "\\u0008", 2
        return _INSIDE.get(char, f"\\{char}"), 2
    if char in _OUTSIDE:
        return _OUTSIDE[char], 2
    if char in "sS":
        return f"[{'^' if char == 'S' else ''}{_SPACE}]", 2
    if char in "bB" and postgres:
        return ("\\y" if char == "b" else "\\Y"), 2
    if char in _CONTROLS:
        return f"\\{char}" if char != "0" else ("\\x00" if not postgres else "\\u0000"), 2
    if char.isalnum():
        return f"\\{char}", 2
    return (f"\\{char}" if char in r"\^$.|?*+()[]{}/-" else char), 2


def _code(pattern: str, position: int) -> tuple[int, int] | None:
    length = 4 if pattern[position + 1] == "u" else 2
    digits = pattern[position + 2 : position + 2 + length]
    try:
        return (int(digits, 16), 2 + length) if len(digits) == length else None
    except ValueError:
        return None
