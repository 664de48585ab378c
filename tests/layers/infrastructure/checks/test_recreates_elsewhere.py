"""Recreating elsewhere where what is installed is not as simple as one package for each file."""

from __future__ import annotations

from pathlib import Path

from readiness.sequence.finding import Outcome
from readiness.testing.wheels import make_wheel
from tests.layers.conftest import Judge

ID = "infrastructure.recreates-elsewhere"


def test_two_packages_that_ship_the_same_file_are_a_note_and_no_change_to_a_package(judge: Judge, wheelhouse: Path) -> None:
    make_wheel(wheelhouse, "vision-whole", "1.0", {"vision/__init__.py": "VALUE = 3\n", "vision/licence.txt": "whole\n"})
    make_wheel(wheelhouse, "vision-headless", "1.0", {"vision/__init__.py": "VALUE = 3\n", "vision/licence.txt": "headless\n"})
    files = {
        "requirements.txt": "vision-whole==1.0\nvision-headless==1.0\n",
        "demo.py": "import vision\n\nprint(vision.VALUE)\n",
    }
    finding = judge(ID, files=files)
    assert finding.outcome is Outcome.HOLDS, finding
    told = "vision/licence.txt is shipped by vision-headless and by vision-whole, each another one: what was installed last stays"
    assert told in finding.notes
