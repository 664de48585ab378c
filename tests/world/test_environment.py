"""What of our own environment an installation gets."""

from __future__ import annotations

import pytest

from readiness.world import environment


def test_a_proxy_is_handed_on_unless_it_holds_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in environment.PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://ada:secret@127.0.0.1:3128")
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert environment.proxy_settings() == {"HTTPS_PROXY": "http://127.0.0.1:3128", "NO_PROXY": "localhost"}
    assert environment.withheld() == ("HTTP_PROXY",)
