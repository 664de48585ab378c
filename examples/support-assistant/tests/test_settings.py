"""What the environment decides."""

import pytest

from assistant.settings import SettingsError, read

GIVEN = {"API_TOKEN": "a", "DATABASE_URL": "postgresql://db", "CUSTOMER_TOKEN": "c", "PORT": "9000"}


def test_every_setting_is_read():
    settings = read(GIVEN)
    assert (settings.port, settings.database_url) == (9000, "postgresql://db")
    assert settings.tokens == {"operator": "a", "customer": "c"}


def test_port_and_customers_are_optional():
    settings = read({"API_TOKEN": "a", "DATABASE_URL": "d"})
    assert settings.port == 8080
    assert settings.tokens["customer"] == ""


def test_every_missing_variable_is_named():
    with pytest.raises(SettingsError, match="API_TOKEN and DATABASE_URL"):
        read({})
    with pytest.raises(SettingsError, match="set DATABASE_URL;"):
        read({"API_TOKEN": "a"})


def test_secrets_stay_out_of_the_representation():
    assert "postgresql" not in repr(read(GIVEN))
    assert "tokens" not in repr(read(GIVEN))
