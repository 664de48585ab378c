"""What a check is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readiness.config.manifest import Manifest
from readiness.world.project import Project
from readiness.world.session import Session


@dataclass(frozen=True)
class Context:
    """The project and its manifest, a session to execute it in, and the time (UTC)."""

    project: Project
    manifest: Manifest
    session: Session
    now: datetime
