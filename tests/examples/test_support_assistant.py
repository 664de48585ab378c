"""The ready example passes its own tests in the environment its lock gives, and its vectors are what its model gives.

These install packages from the index that the package client is set up with.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import readiness
from readiness.world.environment import uv_binary

READY = "support-assistant"
Made = Callable[[str], Path]
needs_sdk = pytest.mark.skipif(not hasattr(readiness, "decision"), reason="this version has no SDK")


@pytest.fixture(scope="module")
def python(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with what the ready example's locks name."""
    folder = tmp_path_factory.mktemp("ready") / "venv"
    env = os.environ | {"VIRTUAL_ENV": str(folder)}
    for argv in (
        ["venv", "-q", str(folder)],
        ["pip", "sync", "-q", "requirements.txt"],
        ["pip", "install", "-q", "-r", "requirements-test.txt"],
    ):
        done = subprocess.run([str(uv_binary()), *argv], cwd=made(READY), env=env, capture_output=True, text=True, check=False)
        if done.returncode and re.search(r"dns error|connect|timed out", done.stderr):
            pytest.skip("the package index cannot be reached")
        assert done.returncode == 0, done.stderr
    return folder / "bin/python"


def run(python: Path, root: Path, *argv: str) -> str:
    done = subprocess.run(
        [str(python), *argv],
        cwd=root,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


VECTORS = """
import random
import numpy as np
from assistant import corpus, embedding
embed, known = embedding.Embedder(), corpus.documents()
vectors = corpus.vectors(known, embed.digest)
for item in random.Random(3).sample(known, 8):
    moved = np.abs(embed(f"{item.title}. {item.text}") - np.array(vectors[item.id])).max()
    assert moved < 1e-5, (item.id, moved)
print("8 vectors are what the model gives")
"""


@pytest.mark.index
@pytest.mark.slow
def test_the_committed_vectors_are_what_the_model_gives(python: Path, made: Made) -> None:
    assert "8 vectors" in run(python, made(READY), "-c", VECTORS)


@needs_sdk
@pytest.mark.index
@pytest.mark.slow
def test_its_own_tests_pass_and_its_golden_set_is_answered(python: Path, made: Made) -> None:
    said = run(python, made(READY), "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider")
    print("\n".join(re.findall(r"golden set: .*", said)))  # noqa: T201  the figures, for whoever asks with -s
    assert re.search(r"\d+ passed, 9 skipped", said)
    assert "golden set: 11 of 11 unanswerable questions are not answered" in said
