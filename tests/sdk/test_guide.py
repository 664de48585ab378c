"""The code of the guide on guarded tools gives what the guide shows, with the policies it shows."""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/how-to/guard-tools.md"


def test_what_is_shown_is_what_comes(tmp_path: Path) -> None:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    folder = tmp_path / "policies"
    folder.mkdir()
    for name, (_, text) in zip(("shop.cedarschema", "shop.cedar", "entities.json"), blocks, strict=False):
        (folder / name).write_text(text)
    ran = 0
    for (language, code), (_, shown) in pairwise(blocks):
        if language == "python":
            argv = [sys.executable, "-W", "error", "-c", code]
            assert subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True).stdout == shown
            ran += 1
    assert ran == 4
