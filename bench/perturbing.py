"""The figure of `survives-perturbation`: what it adds to a check that has run the demo already."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import DEMO_S, Figure
from readiness.config import manifest as manifests
from readiness.layers.infrastructure import procedure
from readiness.layers.infrastructure.checks import survives_perturbation
from readiness.testing.projects import make_repository
from readiness.world import project as projects
from readiness.world.context import Context
from readiness.world.demo import DemoSession
from readiness.world.session import Session

DEMO = f"import time\nfrom pathlib import Path\ntime.sleep({DEMO_S})\nPath('out.txt').write_text('42')\n"
MANIFEST = '[demo]\ncommand = ["python", "demo.py"]\noutputs = ["out.txt"]\n'


def perturbation() -> Iterator[Figure]:
    """A demo that survives: the time beyond its first two runs, against as many bare runs as it took."""
    with tempfile.TemporaryDirectory(dir="/var/tmp" if Path("/var/tmp").is_dir() else None) as name:
        folder = Path(name)
        folder.chmod(0o755)
        root = make_repository(folder / "desk", {"demo.py": DEMO, "readiness.toml": MANIFEST})
        project, manifest = projects.load(root), manifests.load(root)
        with closing(Session(project, procedure.discover(project, manifest))) as session:
            context = Context(project, manifest, session, DemoSession(project, manifest, session), datetime.now(UTC))
            assert context.demo.first.ran.ok, context.demo.first.ran.said
            assert context.demo.again.ran.ok
            started = time.monotonic()
            survey = survives_perturbation.observe(context).survey
            taken = time.monotonic() - started
            assert not survey.blamed
            assert not survey.chance
            interpreter = session.first.interpreter
            assert interpreter is not None
            started = time.monotonic()
            runs = survey.runs - 1  # the rerun was there already
            for _ in range(runs):
                subprocess.run([interpreter.path, "demo.py"], cwd=root, check=True)
            bare = time.monotonic() - started
    text = f"{taken:.1f} s for {runs} more runs, {taken / bare:.2f}x as many bare ones ({bare:.1f} s; limit 1.3x)"
    yield Figure("survives perturbation, a demo that does", taken / bare <= 1.3, text)


ALL: dict[str, Callable[[], Iterator[Figure]]] = {"perturbation": perturbation}
