"""Files compared by what they mean: settings by key, code by function, tables by column, prompts by word."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from readiness.layers.infrastructure import locked
from readiness.layers.infrastructure.diff import meanings, values
from readiness.layers.infrastructure.diff.change import Change, Uncompared
from readiness.layers.infrastructure.diff.sides import Side
from readiness.layers.infrastructure.evidence import Factor, FileState, Shape

_TABLES: Final = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson")
_WORDS: Final = (".txt", ".md", ".rst", ".j2", ".jinja", ".jinja2", ".prompt", ".tmpl", "")
_LARGEST_BYTES: Final = 4 << 20


@dataclass
class Contents:
    """The contents of the files that differ, read once from each side; `elsewhere` are packages whose locked version is told already."""

    one: Side
    two: Side
    texts: tuple[Mapping[str, str], Mapping[str, str]]
    uncompared: list[Uncompared]
    elsewhere: frozenset[str]


def compared(one: Side, two: Side, parts: Mapping[str, Factor]) -> tuple[list[Change], list[Uncompared]]:
    """What differs between the files of two sides, of those whose factor is in `parts`."""
    known, uncompared = _recorded(one, two, parts)
    moved, rest = _moved(one, two, parts, known)
    both = [path for path in rest if path in one.files and path in two.files]
    read = [path for path in both if _worth_reading(path, parts[path], one.files[path], two.files[path])]
    sql = (
        sorted({path for path in (*one.files, *two.files) if path.endswith(".sql")}) if any(path.endswith(".sql") for path in rest) else []
    )
    found = Contents(one, two, (_texts(one, [*read, *sql]), _texts(two, [*read, *sql])), uncompared, _repinned(one, two))
    changes = [*moved, *_schema(found, sql, parts)]
    for path in rest:
        before, after = one.files.get(path), two.files.get(path)
        if before is None or after is None:
            changes.append(Change(parts[path], path, "", _size(before) if before else None, _size(after) if after else None))
        elif before.digest == after.digest:
            changes.append(Change(parts[path], path, "mode", before.mode, after.mode))
        else:
            changes += _file(found, path, parts[path], before, after)
    return changes, found.uncompared


def _sql(one: Side, two: Side, differing: Sequence[str]) -> list[str]:
    """Every SQL file of both sides, where one of them differs: a table is the sum of its migrations."""
    touched = any(path.endswith(".sql") for path in differing)
    return sorted({path for path in (*one.files, *two.files) if path.endswith(".sql")}) if touched else []


def differing(one: Side, two: Side) -> list[str]:
    """The paths that are not known to be the same on both sides, sorted."""
    states, others = one.files, two.files
    moved = [path for path, state in states.items() if (other := others.get(path)) is None or not _same(state, other)]
    return sorted([*moved, *(path for path in others if path not in states)])


def _same(one: FileState, two: FileState) -> bool:
    return one.digest == two.digest != "" and (one.mode == two.mode or "" in (one.mode, two.mode))


def _recorded(one: Side, two: Side, parts: Mapping[str, Factor]) -> tuple[list[str], list[Uncompared]]:
    """Those of them that can be compared, and those of which one side was not recorded."""
    lost = [path for path in parts if any(path in side.files and not side.files[path].digest for side in (one, two))]
    return sorted({*parts} - {*lost}), [Uncompared(path, "it was not recorded", may_differ=True) for path in sorted(lost)]


def _moved(one: Side, two: Side, parts: Mapping[str, Factor], paths: Sequence[str]) -> tuple[list[Change], list[str]]:
    """Files that only have another name, where it is clear which became which, and the paths that are left."""
    gone: dict[tuple[str, Factor], list[str]] = {}
    new: dict[tuple[str, Factor], list[str]] = {}
    for side, other, named in ((one, two, gone), (two, one, new)):
        for path in paths:
            if path in side.files and path not in other.files:
                named.setdefault((side.files[path].digest, parts[path]), []).append(path)
    pairs = [(paths[0], new[key][0], key[1]) for key, paths in gone.items() if len(paths) == 1 and len(new.get(key, ())) == 1]
    taken = {path for before, after, _ in pairs for path in (before, after)}
    moved = [Change(factor, "moved", "", before, after) for before, after, factor in pairs]
    return moved, [path for path in paths if path not in taken]


def _worth_reading(path: str, factor: Factor, before: FileState, after: FileState) -> bool:
    if max(before.size_bytes, after.size_bytes) > _LARGEST_BYTES or before.digest == after.digest or "120000" in (before.mode, after.mode):
        return False
    from readiness.formats import settings

    name = path.rpartition("/")[2]
    known = path.endswith((".py", ".ipynb", ".sql")) or settings.kind_of(path) != "" or locked.is_lock(path)
    return known or locked.REQUIREMENTS.fullmatch(path) is not None or "ockerfile" in name or (factor is Factor.PROMPTS and _is_words(path))


def _is_words(path: str) -> bool:
    name = path.rpartition("/")[2]
    return (name[name.rfind(".") :] if "." in name else "") in _WORDS


def _texts(side: Side, paths: list[str]) -> dict[str, str]:
    wanted = [path for path in dict.fromkeys(paths) if path in side.files]
    return {path: data.decode("utf-8", "replace") for path, data in side.read(wanted).items()}


def _file(found: Contents, path: str, factor: Factor, before: FileState, after: FileState) -> list[Change]:
    """The changes in a file that both sides have; a line for the whole where nothing smaller can be told."""
    whole = _whole(factor, path, before, after)
    if path.lower().endswith(_TABLES):
        return _table(found, path, factor) or [whole]
    one, two = (texts.get(path) for texts in found.texts)
    if one is None or two is None:
        if _worth_reading(path, factor, before, after):
            found.uncompared.append(
                Uncompared(f"contents of {path}", "they were not kept, so only that they changed is known", may_differ=False)
            )
        return [whole]
    try:
        changes = list(meanings.told(path, factor, one, two, found.elsewhere))
        return changes or ([] if _told_elsewhere(found, path) else [whole])
    except ValueError as error:
        found.uncompared.append(Uncompared(f"contents of {path}", str(error), may_differ=False))
        return [whole]


def _told_elsewhere(found: Contents, path: str) -> bool:
    """Whether what changed in a file is told among the packages or the tables."""
    if path.endswith(".sql"):
        return _has_tables(found, path)
    return locked.is_lock(path) or locked.REQUIREMENTS.fullmatch(path) is not None


def _repinned(one: Side, two: Side) -> frozenset[str]:
    before, after = one.snapshot, two.snapshot
    if "locked" in before.absent or "locked" in after.absent:
        return frozenset()
    return frozenset(name for name in {*before.locked, *after.locked} if before.locked.get(name) != after.locked.get(name))


def _whole(factor: Factor, path: str, before: FileState, after: FileState) -> Change:
    if factor in (Factor.MODEL, Factor.DATA):
        return Change(factor, path, "", *(f"{state.digest.partition(':')[2][:12]} ({_size(state)})" for state in (before, after)))
    if before.size_bytes == after.size_bytes:
        return Change(factor, path, "", "", "")
    return Change(factor, path, "size", _size(before), _size(after))


def _size(state: FileState) -> str:
    for unit, factor in (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10)):
        if state.size_bytes >= factor:
            return f"{state.size_bytes / factor:.1f} {unit}"
    return f"{state.size_bytes} B" if state.size_bytes >= 0 else "a submodule"


def _table(found: Contents, path: str, factor: Factor) -> list[Change]:
    before, after = found.one.shape(path), found.two.shape(path)
    if before is None or after is None:
        found.uncompared.append(
            Uncompared(f"columns and rows of {path}", "its shape was not recorded, or it is no table", may_differ=False)
        )
        return []
    changes = list(values.compared(factor, path, *(dict(_columns(shape)) for shape in (before, after))))
    if before.rows != after.rows:
        changes.append(Change(factor, path, "rows", f"{before.rows:,}", f"{after.rows:,}"))
    if not changes and [name for name, _ in before.columns] != [name for name, _ in after.columns]:
        changes.append(Change(factor, path, "order of columns", "", ""))
    return changes or [Change(factor, path, "values in the same columns and number of rows", "", "")]


def _columns(shape: Shape) -> Iterator[tuple[str, str]]:
    return ((f"column {name}", kind) for name, kind in shape.columns)


def _schema(found: Contents, sql: list[str], parts: Mapping[str, Factor]) -> Iterator[Change]:
    """Tables and columns after all SQL files of each side, in the order of their names, as migrations are applied."""
    if not sql:
        return
    from readiness.formats import ddl

    tables: list[dict[str, dict[str, str]]] = []
    for texts in found.texts:
        state: dict[str, dict[str, str]] = {}
        for path in sql:
            state = ddl.apply(texts.get(path, ""), state)
        tables.append(state)
    before, after = tables
    factor = next((parts[path] for path in sql if path in parts), Factor.CODE)
    for name in sorted({*before, *after}):
        if name not in before or name not in after:
            yield Change(factor, "SQL schema", f"table {name}", None if name not in before else "", None if name not in after else "")
        else:
            columns = ({f"{name}.{column}": kind or "no type" for column, kind in side[name].items()} for side in tables)
            yield from values.compared(factor, "SQL schema", *columns)


def _has_tables(found: Contents, path: str) -> bool:
    """Whether the tables a SQL file defines are what changed in it, so that they are told already."""
    from readiness.formats import ddl

    return ddl.apply(found.texts[0].get(path, "")) != ddl.apply(found.texts[1].get(path, ""))
