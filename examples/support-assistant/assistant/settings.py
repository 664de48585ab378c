"""What the environment decides; every variable is named in .env.example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class SettingsError(Exception):
    """A variable that the assistant cannot do without is not set."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The database, the port, and the token of each reader; secrets stay out of the representation."""

    port: int
    database_url: str = field(repr=False)
    tokens: Mapping[str, str] = field(repr=False)


def read(env: Mapping[str, str]) -> Settings:
    """The settings in an environment. Raises SettingsError naming every variable that is missing."""
    missing = [name for name in ("API_TOKEN", "DATABASE_URL") if not env.get(name)]
    if missing:
        raise SettingsError(f"set {' and '.join(missing)}; .env.example says what for")
    tokens = {"operator": env["API_TOKEN"], "customer": env.get("CUSTOMER_TOKEN", "")}
    return Settings(int(env.get("PORT", "8080")), env["DATABASE_URL"], tokens)
