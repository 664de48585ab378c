"""Values that are compared without being told."""

from __future__ import annotations

from pathlib import Path

import pytest

from readiness.errors import UsageError
from readiness.world import keyed


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def test_the_key_is_made_once_and_is_of_the_user_alone() -> None:
    one, two = keyed.own(), keyed.own()
    assert one == two
    assert keyed.path().stat().st_mode & 0o777 == 0o600
    assert one.of("a") == two.of("a") != one.of("b")
    assert "a-value" not in one.of("a-value")
    assert one.secret.hex() not in one.id


def test_another_user_has_another_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = keyed.own()
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "other"))
    assert (keyed.own().id, keyed.own().of("a")) != (one.id, one.of("a"))


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "00" * 31])
def test_what_is_no_key_is_an_error(text: str) -> None:
    keyed.own()
    keyed.path().write_text(text)
    with pytest.raises(UsageError, match="holds no key of snapshots"):
        keyed.own()


def test_a_key_others_can_read_is_an_error() -> None:
    keyed.own()
    keyed.path().chmod(0o644)
    with pytest.raises(UsageError, match="can be read by others"):
        keyed.own()


def test_a_place_that_cannot_be_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="cannot be used"):
        keyed.own()
