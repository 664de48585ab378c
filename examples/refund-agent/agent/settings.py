"""What the environment decides; every variable is named in .env.example."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.model import Model


class SettingsError(Exception):
    """A variable that the agent cannot do without is not set."""


@dataclass(frozen=True)
class Settings:
    """The port, the model, and the token of each caller; secrets stay out of the representation."""

    port: int
    model: Model
    tokens: Mapping[str, str] = field(repr=False)


def read() -> Settings:
    """The settings in the environment. Raises SettingsError naming a variable that is missing."""
    try:
        model = Model(os.environ.get("MODEL", "scripted-1"), os.environ["OPENAI_BASE_URL"].rstrip("/"), os.environ["OPENAI_API_KEY"])
        tokens = {"portal": os.environ["PORTAL_TOKEN"], "lead": os.environ.get("LEAD_TOKEN", "")}
        return Settings(int(os.environ.get("PORT", "8080")), model, tokens)
    except KeyError as error:
        raise SettingsError(f"set {error.args[0]}; .env.example says what for") from None
