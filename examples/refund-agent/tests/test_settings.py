"""What the environment decides."""

import pytest

from agent.settings import SettingsError, read


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Every variable set."""
    given = {"OPENAI_BASE_URL": "http://model/v1/", "OPENAI_API_KEY": "k", "PORTAL_TOKEN": "p", "LEAD_TOKEN": "l", "PORT": "9000", "MODEL": "m"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)


def test_every_setting_is_read():
    settings = read()
    assert settings.port == 9000
    assert (settings.model.name, settings.model.url, settings.model.key) == ("m", "http://model/v1", "k")
    assert settings.tokens == {"portal": "p", "lead": "l"}


def test_some_are_optional(monkeypatch):
    for name in ("PORT", "LEAD_TOKEN", "MODEL"):
        monkeypatch.delenv(name)
    settings = read()
    assert (settings.port, settings.model.name, settings.tokens["lead"]) == (8080, "scripted-1", "")


@pytest.mark.parametrize("name", ["OPENAI_BASE_URL", "OPENAI_API_KEY", "PORTAL_TOKEN"])
def test_a_missing_variable_is_named(monkeypatch, name):
    monkeypatch.delenv(name)
    with pytest.raises(SettingsError, match=f"set {name}; .env.example"):
        read()


def test_secrets_stay_out_of_the_representation():
    assert "'p'" not in repr(read())
