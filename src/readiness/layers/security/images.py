"""Secrets in container images: in every layer by itself, since what a later layer removes stays in the file, and in the settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Final

from readiness.errors import UsageError
from readiness.formats import image
from readiness.formats.packed import Budget, Part, Unread
from readiness.layers.security.evidence import NotRead, Secret
from readiness.layers.security.inside import Look
from readiness.layers.security.secrets import merged, told

LAYER_BYTES: Final = 4 << 30
LAYER_FILES: Final = 300_000
"""How much is unpacked of one layer, and how many files of it."""


def refuse_others(path: Path) -> None:
    """Raises UsageError where a file is not there or is no image, before anything is looked through."""
    with _opened(path, path.name) as file:
        image.read(file)


def look(path: Path, name: str, inside: Look) -> tuple[tuple[Secret, ...], int]:
    """The secrets in an image file, each value once a place, and how many layers it has; `inside` has what was not read.

    Raises UsageError where the file is not there or is no image.
    """
    with _opened(path, name) as file:
        count = _layers(file, name, inside)
    inside.finish()
    found = {(hit.value, hit.within): hit for hit in reversed(merged(inside.hits, inside.theirs))}
    return tuple(told(hit) for hit in reversed(found.values())), count


@contextmanager
def _opened(path: Path, name: str) -> Iterator[IO[bytes]]:
    try:
        with path.open("rb") as file:
            yield file
    except ValueError as error:
        raise UsageError(f"{name} {error}", "`docker save IMAGE -o image.tar` writes one, and so do podman, buildah and skopeo") from None
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {os.strerror(error.errno or 0)}", "name a file that `docker save` wrote") from None


def _layers(file: IO[bytes], name: str, inside: Look) -> int:
    found = image.read(file)
    inside.unread += [NotRead(name, f"does not hold {missing}, which it refers to") for missing in found.missing]
    for place in found.configurations:
        inside.take(name, [Part(": settings.env", image.settings(file, place).encode("utf-8", "replace"))])
    for number, place in enumerate(found.layers, 1):
        inside.take(name, _named(number, image.layer(file, place, Budget(LAYER_BYTES, LAYER_FILES))))
    return len(found.layers)


def _named(number: int, parts: Iterator[Part | Unread]) -> Iterator[Part | Unread]:
    for part in parts:
        yield replace(part, within=f": layer {number}: {part.within.removeprefix('!')}".removesuffix(": "))
