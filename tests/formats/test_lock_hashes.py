"""Hashes in lock files."""

from __future__ import annotations

import pytest

from readiness.formats.lock_hashes import hashes

A, B = "a" * 64, "b" * 64


UV = f"""
[[package]]
name = "six-x"
version = "1.0"
source = {{ registry = "x" }}
sdist = {{ hash = "sha256:{A}" }}
wheels = [{{ hash = "sha256:{B}" }}]
[[package]]
name = "me"
version = "0"
source = {{ editable = "." }}
"""
POETRY = f"""
[[package]]
name = "six_x"
version = "1.0"
files = [{{ hash = "sha256:{A}" }}, {{ hash = "sha256:{B}" }}]
"""
PYLOCK = f"""
[[packages]]
name = "six-x"
version = "1.0"
wheels = [{{ hashes = {{ sha256 = "{A}" }} }}, {{ hashes = {{ sha256 = "{B}" }} }}]
"""
PIPFILE = f'{{"default": {{"six.x": {{"version": "==1.0", "hashes": ["sha256:{B}", "sha256:{A}"]}}}}}}'
PIP = f"Six-X==1.0 \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}  # via y\n-r other.txt\nz>=1\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [("requirements.txt", PIP), ("uv.lock", UV), ("poetry.lock", POETRY), ("pylock.toml", PYLOCK), ("Pipfile.lock", PIPFILE)],
)
def test_hashes_are_found_in_every_lock(path: str, text: str) -> None:
    assert hashes(path, text) == {("six-x", "1.0"): (A, B)}


@pytest.mark.parametrize(
    ("path", "text"),
    [("uv.lock", "["), ("uv.lock", "package = 3"), ("Pipfile.lock", "[]"), ("poetry.lock", "[[package]]\nversion = '1'")],
)
def test_a_broken_lock_is_refused(path: str, text: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        hashes(path, text)
