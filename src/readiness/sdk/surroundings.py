"""Where this process is: which project it belongs to, where its server answers, and how we say what is missing, once."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from pathlib import Path
from types import TracebackType
from typing import Final

LOG: Final = logging.getLogger("readiness.sdk")
DEFAULT_URL: Final = "http://127.0.0.1:4318"
_said: set[str] = set()


def project_id(named: str | None = None) -> str:
    """The id of the project: as named, else READINESS_PROJECT, else OTEL_SERVICE_NAME, else empty."""
    return named or os.environ.get("READINESS_PROJECT") or os.environ.get("OTEL_SERVICE_NAME") or ""


def server() -> str:
    """The address of the server, without a slash at its end."""
    return (os.environ.get("READINESS_URL") or os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or DEFAULT_URL).rstrip("/")


def state_folder(project: str) -> Path:
    """The folder that keeps the state of a project in this account: below XDG_STATE_HOME, or its default.

    Raises RuntimeError where this account has no home.
    """
    base = os.environ.get("XDG_STATE_HOME") or ""
    home = Path(base) if base.startswith("/") else Path.home() / ".local/state"
    return home / "readiness" / (re.sub(r"[^A-Za-z0-9_-]+", "-", project).strip("-")[:63] or "project")


def say_once(text: str) -> None:
    """A warning in the log, the first time only."""
    if text not in _said:
        _said.add(text)
        LOG.warning("%s", text)


class Harmless:
    """The border to the host: an exception within is noted in the log, below what is usually shown, and goes no further."""

    __slots__ = ("_doing",)

    def __init__(self, doing: str) -> None:
        self._doing = doing

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        if not isinstance(error, Exception):
            return False
        with contextlib.suppress(Exception):  # a log handler of the host may be broken too
            LOG.debug("readiness: %s went wrong, and the application goes on", self._doing, exc_info=error)
        return True
