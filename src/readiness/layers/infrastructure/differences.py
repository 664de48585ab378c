"""Every difference between two outputs: where it is, what stands there, and under which key it counts as the same kind.

Equal bytes are equal. Else records are compared field by field, within the tolerances and without what is normalised;
what has no records is compared line by line.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from readiness.config.manifest import Demo, Tolerance
from readiness.layers.infrastructure import records
from readiness.world import demo as demos

_WORK_FOLDER: Final = re.compile(r"/[^\s'\",]*?/run-[a-z0-9_]{8}")
KEPT: Final = 5000
"""The most differences of one output that are told apart."""
WHOLE: Final = "*"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two outputs differ. `key` names the field wherever it stands, `*` the whole output.

    `record` is the 1-based number of the line or record, 0 for the output as a whole; `of` how many there are. `kind` is
    what both values look like: `timestamp`, `id`, or empty.
    """

    output: str
    key: str
    record: int
    place: str
    left: str
    right: str
    of: int = 0
    kind: str = ""

    @property
    def text(self) -> str:
        """The difference in one line: `out/a.jsonl:4 \\`date\\` 2026-01-01 → 2026-01-02`."""
        at = f":{self.record}" if self.record else ""
        text = f"{self.output}{at}{f' {self.place}' if self.place else ''} {self.left} → {self.right}"
        return _WORK_FOLDER.sub("…", text)


def between(one: demos.Run, two: demos.Run, demo: Demo) -> list[Difference]:
    """How the outputs of two runs that ended well differ; an output that only one of them wrote differs as a whole."""
    found: list[Difference] = []
    for name in dict.fromkeys((*one.outputs, *two.outputs)):
        if name not in one.outputs or name not in two.outputs:
            written = ("written", "not written") if name in one.outputs else ("not written", "written")
            found.append(Difference(name, WHOLE, 0, "", *written))
        elif one.digest(name) != two.digest(name):
            found += of_output(name, one.outputs[name], two.outputs[name], demo)
    return found


def of_output(name: str, first: Path, second: Path, demo: Demo) -> list[Difference]:
    """How two files that are the same output differ; empty where they are equal within what the demo states."""
    one, two = first.read_bytes(), second.read_bytes()
    if one == two:
        return []
    stated = {key.partition(":")[2]: value for key, value in demo.tolerance.items() if key.partition(":")[0] == name}
    left, right = records.read(name, one, demo.normalise), records.read(name, two, demo.normalise)
    if left is None or right is None:
        return _lines(name, one, two)
    if len(left) != len(right):
        return [Difference(name, WHOLE, 0, "", f"{len(left)} records", f"{len(right)}", max(len(left), len(right)))]
    found: list[Difference] = []
    for index, (a, b) in enumerate(zip(left, right, strict=True), start=1):
        for path, x, y in _values(a, b, (), stated):
            found.append(_difference(name, path, index, (x, y), len(left)))
            if len(found) >= KEPT:
                return found
    stripped = bool(stated) or any(key.partition(":")[0] == name for key in demo.normalise)
    return found or ([] if stripped else _lines(name, one, two))  # the same records, written otherwise


def _difference(name: str, path: tuple[str | int, ...], index: int, values: tuple[object, object], count: int) -> Difference:
    pointer = "".join(f"/{step}" for step in path)
    key = "".join("/*" if isinstance(step, int) else f"/{step}" for step in path)
    place = "" if not path else f"`{path[0]}`" if len(path) == 1 else f"`{pointer}`"
    place = f"column {place}" if name.endswith(".csv") and path else place
    row = index + 1 if name.endswith(".csv") else 0 if name.endswith(".json") else index  # the header is line 1
    return Difference(name, key or WHOLE, row, place, shown(values[0]), shown(values[1]), count, records.kind_of(*values))


def _values(
    a: Any, b: Any, path: tuple[str | int, ...], stated: Mapping[str, Tolerance]
) -> Iterator[tuple[tuple[str | int, ...], object, object]]:
    """The leaves in which two JSON values differ: (path, left, right)."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for name in a:
            yield from _values(a[name], b[name], (*path, name), stated)
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from _values(x, y, (*path, index), stated)
    elif not _same(a, b, next((stated[step] for step in reversed(path) if isinstance(step, str) and step in stated), None)):
        yield path, a, b


def _same(a: Any, b: Any, allowed: Tolerance | None) -> bool:
    if allowed is not None and _number(a) and _number(b):
        return bool(abs(a - b) <= allowed.abs + allowed.rel * abs(a))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)  # to Python, True equals 1


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def _lines(name: str, one: bytes, two: bytes) -> list[Difference]:
    left, right = (data.decode("utf-8", "replace").split("\n") for data in (one, two))
    if name == demos.STDOUT and left[:-1] != right[:-1]:
        left, right = left[:-1], right[:-1]  # the last line is the digest of what was too long to keep
    if len(left) != len(right):
        return [Difference(name, WHOLE, 0, "", f"{len(left)} lines", f"{len(right)}", max(len(left), len(right)))]
    pairs = [(number, a, b) for number, (a, b) in enumerate(zip(left, right, strict=True), start=1) if a != b]
    return [Difference(name, f"line {number}", number, "", *around(a, b), len(left)) for number, a, b in pairs[:KEPT]]


def around(a: str, b: str) -> tuple[str, str]:
    """Two lines that differ, each shown from a little before the first character that does."""
    same = next((index for index, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    start = max(0, same - 20) if same > 40 else 0
    return _from(a, start), _from(b, start)


def _from(text: str, start: int) -> str:
    return f"{'…' if start else ''}{text[start : start + 60]}{'…' if start + 60 < len(text) else ''}"


def shown(value: object) -> str:
    """A value as JSON, at most 60 characters of it; a text without its quotes."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


def summary(found: list[Difference]) -> str:
    """What differs in one line: how many records of the first output, and the first of them."""
    first = found[0]
    rows = {item.record for item in found if item.output == first.output and item.record}
    word = "lines" if first.key.startswith("line ") else "records"
    count = f"{len(rows)} of {first.of} {word} differ, first " if rows and first.of > 1 else ""
    return f"{count}{first.text}"


def offered(found: list[Difference]) -> str:
    """The line of the manifest that would leave times and ids out of the comparison; empty where nothing looks like one.

    Every value of a field has to look like it, in both runs.
    """
    kinds: dict[str, set[str]] = {}
    for item in found:
        if item.key != WHOLE and not item.key.startswith("line "):
            kinds.setdefault(f"{item.output}:{item.key.rpartition('/')[2]}", set()).add(item.kind)
    rules = [f'"{name}" = "{min(seen)}"' for name, seen in kinds.items() if len(seen) == 1 and seen != {""} and not name.endswith(":*")]
    return f"[demo] normalise = {{ {', '.join(rules)} }}" if rules else ""
