"""What the environment decides."""

import pytest

from assistant.settings import SettingsError, read


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """Every variable set."""
    for name, value in {
        "API_TOKEN": "a",
        "DATABASE_URL": "postgresql://db",
        "CUSTOMER_TOKEN": "c",
        "PARTNER_TOKEN": "p",
        "PORT": "9000",
    }.items():
        monkeypatch.setenv(name, value)


def test_every_setting_is_read():
    settings = read()
    assert (settings.port, settings.database_url) == (9000, "postgresql://db")
    assert settings.tokens == {"operator": "a", "customer": "c", "partner": "p"}


def test_port_customers_and_partners_are_optional(monkeypatch):
    for name in ("PORT", "CUSTOMER_TOKEN", "PARTNER_TOKEN"):
        monkeypatch.delenv(name)
    settings = read()
    assert settings.port == 8080
    assert (settings.tokens["customer"], settings.tokens["partner"]) == ("", "")


@pytest.mark.parametrize("name", ["API_TOKEN", "DATABASE_URL"])
def test_a_missing_variable_is_named(monkeypatch, name):
    monkeypatch.delenv(name)
    with pytest.raises(SettingsError, match=f"set {name}; .env.example"):
        read()


def test_secrets_stay_out_of_the_representation():
    assert repr(read()) == "Settings(port=9000)"
