"""What became of a clause."""

from __future__ import annotations

import re
from dataclasses import dataclass

from readiness.layers.data.evidence import Status
from readiness.layers.data.plan import Clause
from readiness.layers.data.thresholds import Measured


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one clause: `measured` is its metric where there is one, `text` a line that says why.

    `moot` says of a clause that was not evaluated that there was nothing to evaluate: prose, or what its source lacks.
    """

    clause: Clause
    status: Status
    text: str = ""
    measured: Measured | None = None
    predicate: str = ""
    moot: bool = False


def masked(message: str) -> str:
    """What an engine says without the value it says it of, which may be anybody's."""
    about_value = re.search("convert|cast|input syntax|out of range|value", message, re.IGNORECASE)
    return re.sub(r"""(["'])(?:(?!\1).)*\1""", "…", message) if about_value else message
