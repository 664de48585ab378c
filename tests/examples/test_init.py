"""`init` on the examples without their manifest: what it prints, whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from readiness.cli import init

GOLDEN = Path(__file__).parents[1] / "assets/cli/init"


@pytest.mark.parametrize("name", ["support-assistant", "support-assistant-poc"])
def test_what_an_example_says_of_itself(made: Callable[[str], Path], tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / name
    shutil.copytree(made(name), root)
    (root / "readiness.toml").unlink()
    assert init.run([str(root)]) == 0
    text = capsys.readouterr().out.replace(str(tmp_path), "[HERE]")
    golden = GOLDEN / f"{name}.txt"
    if os.environ.get("READINESS_WRITE_GOLDEN"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 40
    before = (root / "readiness.toml").read_bytes()
    assert init.run([str(root)]) == 0
    assert (root / "readiness.toml").read_bytes() == before
