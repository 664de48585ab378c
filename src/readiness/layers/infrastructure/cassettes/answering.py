"""What answers a demo, where its manifest says a cassette does: light to import, since most projects have none."""

from __future__ import annotations

from datetime import datetime

from readiness.config.manifest import Manifest
from readiness.world import demo as demos
from readiness.world.demo import Crossings
from readiness.world.project import Project


def answering(project: Project, manifest: Manifest, now: datetime) -> Crossings | None:
    """What answers the demo of a project, to be given to its DemoSession; None where its manifest names no cassette."""
    demo = demos.of(project, manifest)[0]
    if demo is None or demo.network != "cassette":
        return None
    from readiness.layers.infrastructure.cassettes.replaying import Replaying  # a proxy, and all it needs

    return Replaying(project, now)
