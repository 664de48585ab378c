"""Terraform files: their blocks by type and name, with lines. No expression is evaluated and no provider is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_BLOCK: Final = re.compile(r'^[ \t]*(resource|data|module)[ \t]+"([^"\n]+)"(?:[ \t]+"([^"\n]+)")?[ \t]*\{', re.MULTILINE)
_COMMENT: Final = re.compile(r"/\*.*?\*/", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """One block: `kind` is resource, data or module; a module has its name as `type`."""

    kind: str
    type: str
    name: str
    file: str
    line: int


def blocks(text: str, file: str) -> list[Block]:
    """Every block of a file, in order; what is commented out is left out."""
    bare = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)
    return [Block(found[1], found[2], found[3] or "", file, bare.count("\n", 0, found.start(1)) + 1) for found in _BLOCK.finditer(bare)]
