"""Another locale than the ordinary one: one that is installed, else one of our own that `localedef` makes."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Final

PLAIN: Final = re.compile(r"(?:C|POSIX|en_\w+)(?:\.|$)")
OURS: Final = "de_DE"
"""What ours is called: as programs know one that sorts and writes numbers otherwise. A name with a codeset would have to keep it."""
SYSTEM: Final = "/usr/lib/locale"
CATEGORIES: Final = ("LC_COLLATE", "LC_NUMERIC", "LC_TIME")


def available() -> bool:
    """Whether there is another locale, or the means to make one."""
    return bool(_installed()) or shutil.which("localedef") is not None


def another(folder: Path) -> dict[str, str]:
    """Variables that choose another locale; it is made in `folder` where none is installed. Call `available` first."""
    if name := _installed():
        return {"LANG": name, "LC_ALL": name, "LANGUAGE": name.partition("_")[0]}
    if not (folder / OURS).exists():
        # Warnings about what it leaves out end it with 1, and it is written nevertheless.
        source = Path(__file__).with_name("other.locale")
        argv = ["localedef", "-c", "--no-archive", "-i", str(source), "-f", "ANSI_X3.4-1968", str(folder / OURS)]
        subprocess.run(argv, check=False, capture_output=True, timeout=60)
    # The characters stay those of C.UTF-8: ours knows ASCII alone.
    named = dict.fromkeys(CATEGORIES, OURS)
    return {"LANG": OURS, "LC_CTYPE": "C.UTF-8", "LOCPATH": f"{folder}:{SYSTEM}", "LANGUAGE": "de", **named}


@lru_cache(maxsize=1)
def _installed() -> str:
    """An installed locale that is neither C nor English, a UTF-8 one; empty where there is none."""
    if shutil.which("locale") is None:
        return ""
    said = subprocess.run(["locale", "-a"], capture_output=True, text=True, errors="replace", check=False, timeout=20).stdout
    found = sorted(name for name in said.split() if re.search(r"\.utf-?8$", name, re.IGNORECASE) and not PLAIN.match(name))
    return next((name for name in found if name.startswith("de_")), found[0] if found else "")
