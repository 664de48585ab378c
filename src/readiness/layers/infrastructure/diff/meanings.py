"""What changed in one text: settings by key, code by function, requirements by package, images, prompts by word."""

from __future__ import annotations

from collections.abc import Iterator

from readiness.layers.infrastructure import locked
from readiness.layers.infrastructure.diff import values, words
from readiness.layers.infrastructure.diff.change import Change
from readiness.layers.infrastructure.evidence import Factor


def told(path: str, factor: Factor, one: str, two: str, elsewhere: frozenset[str]) -> Iterator[Change]:
    """The changes in a text; nothing where all of them are told among the packages, whose names are `elsewhere`.

    Raises ValueError where the text is not what its name says.
    """
    from readiness.formats import settings

    kind = settings.kind_of(path)
    if path.endswith((".py", ".ipynb")):
        yield from _code(path, factor, one, two)
    elif locked.is_lock(path):
        yield from _lock(path, factor, one, two, elsewhere)
    elif locked.REQUIREMENTS.fullmatch(path):
        yield from _requirements(path, factor, one, two, elsewhere)
    elif "ockerfile" in path.rpartition("/")[2]:
        yield from _images(path, factor, one, two)
    elif factor is Factor.PROMPTS and not kind:
        yield from words.compared(factor, path, one, two)
    elif kind:
        yield from _settings(kind, path, factor, one, two)


def _lock(path: str, factor: Factor, one: str, two: str, elsewhere: frozenset[str]) -> Iterator[Change]:
    before, after = ({name: ", ".join(sorted(pins)) or "any" for name, pins in locked.one(path, text).items()} for text in (one, two))
    if before == after:
        yield Change(factor, path, "every version is the same, something else", "", "")
    left = ({name: pins for name, pins in side.items() if name not in elsewhere} for side in (before, after))
    yield from values.compared(factor, path, *left)


def _settings(kind: str, path: str, factor: Factor, one: str, two: str) -> Iterator[Change]:
    from readiness.formats import settings

    before, after = settings.flat(kind, one), settings.flat(kind, two)
    if before == after:
        yield Change(factor, path, "comments or layout", "", "")
    for change in values.compared(factor, path, before, after):
        if factor is Factor.PROMPTS and change.before and change.after and not values.hides(change.name, change.after, after):
            yield from (_named(part, change.name) for part in words.compared(factor, path, before[change.name], after[change.name]))
        else:
            yield change


def _named(change: Change, key: str) -> Change:
    return Change(change.factor, change.place, key, change.before, change.after)


def _code(path: str, factor: Factor, one: str, two: str) -> Iterator[Change]:
    from readiness.formats import python_parts

    sources = [python_parts.notebook(text) if path.endswith(".ipynb") else text for text in (one, two)]
    before, after = (python_parts.parts(source) for source in sources)
    if before == after:
        what = "outputs or layout" if path.endswith(".ipynb") else "comments, docstrings or layout"
        yield Change(factor, path, f"only {what}", "", "")
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield Change(factor, path, name, None if name not in before else "", None if name not in after else "")


def _requirements(path: str, factor: Factor, one: str, two: str, elsewhere: frozenset[str]) -> Iterator[Change]:
    before, after = ({name: spec or "any" for name, spec in locked.asked(text).items()} for text in (one, two))
    if before == after:
        yield Change(factor, path, "hashes, comments or options", "", "")
    pins, others = locked.one(path, one), locked.one(path, two)
    repeated = {name for name in elsewhere if pins.get(name) != others.get(name)}
    left = ({name: spec for name, spec in asked.items() if name not in repeated} for asked in (before, after))
    yield from values.compared(factor, path, *left)


def _images(path: str, factor: Factor, one: str, two: str) -> Iterator[Change]:
    before, after = (_named_images(text) for text in (one, two))
    yield from values.compared(factor, path, before, after)
    bare = [[line for line in text.splitlines() if not line.lstrip().upper().startswith(("FROM", "#"))] for text in (one, two)]
    if bare[0] != bare[1]:
        yield Change(factor, path, "instructions", "", "")


def _named_images(text: str) -> dict[str, str]:
    from readiness.formats import dockerfile

    return {f"image {index}": image.reference for index, image in enumerate(dockerfile.parse(text).images, 1)}
