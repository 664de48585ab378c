"""The families of attacks, and what they are called in OWASP's list for LLM applications and in MITRE ATLAS."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Family:
    """A family: its name, what a hit means in a few words, its ids in the two lists."""

    name: str
    title: str
    owasp: tuple[str, ...]
    atlas: tuple[str, ...]

    @property
    def ids(self) -> str:
        """The ids without their names."""
        return ", ".join(item.partition(" ")[0] for item in (*self.owasp, *self.atlas))


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """The families by name, where their ids are from, and when those were read."""

    families: dict[str, Family]
    sources: dict[str, str]
    read_on: date


@cache
def load() -> Taxonomy:
    """What `taxonomy.toml` says."""
    data = tomllib.loads(Path(__file__).with_name("taxonomy.toml").read_text(encoding="utf-8"))
    found = {name: Family(name, item["title"], tuple(item["owasp"]), tuple(item["atlas"])) for name, item in data["families"].items()}
    return Taxonomy(found, data["sources"], data["read_on"])


def families() -> tuple[str, ...]:
    """The names of the families, in the order they are told."""
    return tuple(load().families)
