"""The signing key is made once, whoever asks first, and is its owner's alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from readiness.errors import UsageError
from readiness.world import keys


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("READINESS_SIGNING_KEY", raising=False)


def test_the_key_is_made_once_and_readable_by_its_owner_alone() -> None:
    assert keys.own(make=False) is None
    first, again = keys.own(), keys.own()
    assert first is not None
    assert again is not None
    assert first.id == again.id
    assert keys.path().stat().st_mode & 0o777 == 0o600
    assert [path.name for path in keys.path().parent.iterdir()] == ["ed25519"]


def test_several_that_ask_at_once_get_the_same_key() -> None:
    code = "from readiness.world import keys; print(keys.own().id)"
    programs = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(6)]
    assert len({program.communicate()[0] for program in programs}) == 1


def test_a_key_that_others_can_read_is_not_used() -> None:
    keys.own()
    keys.path().chmod(0o644)
    with pytest.raises(UsageError, match="can be read by others"):
        keys.own()


@pytest.mark.parametrize("text", ["", "no base64", "AAAA"])
def test_what_is_no_key_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    keys.own()
    keys.path().write_text(text)
    with pytest.raises(UsageError, match="holds no Ed25519 key"):
        keys.own()


def test_a_signature_is_verified_by_the_name_of_its_key() -> None:
    key = keys.own()
    assert key is not None
    assert keys.verifies(key.id, key.sign(b"data"), b"data")
    assert not keys.verifies(key.id, key.sign(b"data"), b"date")
    assert not keys.verifies("ed25519:AAAA", key.sign(b"data"), b"data")
