"""What the environment decides; every variable is named in .env.example."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field


class SettingsError(Exception):
    """A variable that the assistant cannot do without is not set."""


@dataclass(frozen=True)
class Settings:
    """The database, the port, and the token of each reader; secrets stay out of the representation."""

    port: int
    database_url: str = field(repr=False)
    tokens: Mapping[str, str] = field(repr=False)


def read() -> Settings:
    """The settings in the environment. Raises SettingsError naming a variable that is missing."""
    try:
        tokens = {
            "operator": os.environ["API_TOKEN"],
            "customer": os.environ.get("CUSTOMER_TOKEN", ""),
            "partner": os.environ.get("PARTNER_TOKEN", ""),
        }
        return Settings(int(os.environ.get("PORT", "8080")), os.environ["DATABASE_URL"], tokens)
    except KeyError as error:
        raise SettingsError(f"set {error.args[0]}; .env.example says what for") from None
