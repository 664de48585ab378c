"""What a check is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from readiness.config.manifest import Manifest
from readiness.world.demo import DemoSession
from readiness.world.project import Project
from readiness.world.session import Session


@dataclass(frozen=True)
class Context:
    """The project and its manifest, a session to execute it in, its demo in that session, and the time (UTC)."""

    project: Project
    manifest: Manifest
    session: Session
    demo: DemoSession
    now: datetime
