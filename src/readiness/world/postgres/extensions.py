"""Extensions that an ordinary role may create in a database of its own, as the hosted servers let it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

TRUSTED: Final = ("vector",)
"""Extensions that touch nothing outside their database, and that no vendor makes an ordinary role ask for."""


def trusted(binaries: Path, folder: Path) -> dict[str, str]:
    """The settings of a server whose ordinary roles may create the TRUSTED extensions.

    `folder` gets copies of their control files that say so, and of their scripts; it must be readable by the server.
    Source: PostgreSQL 18, `extension_control_path`, and `trusted` in control files.
    """
    shipped = binaries.parent / "share/extension"
    target = folder / "extension"
    target.mkdir(parents=True, exist_ok=True)
    for name in TRUSTED:
        control = shipped / f"{name}.control"
        if not control.is_file():
            continue
        (target / control.name).write_text(f"{control.read_text(encoding='utf-8').rstrip()}\ntrusted = true\n", encoding="utf-8")
        for script in shipped.glob(f"{name}--*.sql"):
            (target / script.name).write_bytes(script.read_bytes())
    return {"extension_control_path": f"{folder}:$system"}
