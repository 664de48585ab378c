"""The demo: which one it is, how it is run, and what it leaves behind."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readiness.config.manifest import Demo
from readiness.layers.infrastructure import notebooks
from readiness.layers.infrastructure.procedure import demo_notebook
from readiness.world import beneath, files
from readiness.world.context import Context
from readiness.world.environment import Environment
from readiness.world.project import Project
from readiness.world.sandbox import Ran
from readiness.world.session import Session

NAMES: Final = ("demo.py", "examples/demo.py", "scripts/demo.py")
STDOUT: Final = "standard output"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the demo. `outputs` maps each declared output (or the standard output) to the file kept of it."""

    ran: Ran
    outputs: Mapping[str, Path]
    missing: tuple[str, ...]
    created: tuple[str, ...]
    changed: tuple[str, ...]

    def digest(self, name: str) -> str:
        """SHA-256 in hex of an output."""
        with self.outputs[name].open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()


def of(context: Context) -> tuple[Demo | None, str]:
    """The demo of a project and where it was found: the manifest, a file named for it, or the only notebook."""
    if context.manifest.demo is not None:
        return context.manifest.demo, "readiness.toml"
    return discover(context.project)


def discover(project: Project) -> tuple[Demo | None, str]:
    """A demo found without a manifest; None where nothing is clearly one."""
    for name in NAMES:
        if name in project.paths:
            return Demo(command=("python", name)), name
    if book := demo_notebook(project):
        return Demo(notebook=book, timeout_s=notebooks.TIMEOUT_S), book
    return None, ""


def run(session: Session, environment: Environment, demo: Demo, label: str) -> Run:
    """Runs the demo in an environment, keeps its outputs, and puts the tree back as it was.

    Raises nothing for what the demo does: an output it did not write is listed in `missing`.
    """
    tree = environment.tree
    before = files.state_of(tree)
    for path in declared(demo):
        beneath.remove(tree, path)
    ran = _execute(session, environment, demo)
    kept = session.sandbox.private / "kept" / label
    kept.mkdir(parents=True, exist_ok=True)
    outputs, missing = {}, []
    for index, path in enumerate((*declared(demo), *_answers(demo))):
        data = beneath.read(tree, path)
        if data is None:
            missing.append(path)
            continue
        outputs[path] = kept / str(index)
        outputs[path].write_bytes(data)
    if not declared(demo) and demo.server is None:
        outputs[STDOUT] = kept / "stdout.txt"
        outputs[STDOUT].write_text(f"{ran.stdout}\n{ran.stdout_sha256}", encoding="utf-8", errors="surrogateescape")
    created, changed = session.restore(tree, before)
    named = {*declared(demo), *_answers(demo)}
    return Run(ran, outputs, tuple(missing), tuple(p for p in created if p not in named), tuple(p for p in changed if p not in named))


def name(demo: Demo) -> str:
    """The demo in one line."""
    if demo.notebook:
        return demo.notebook
    return " ".join(demo.command or (demo.server.argv if demo.server else ()))


def declared(demo: Demo) -> tuple[str, ...]:
    """The files a demo says it writes; its metrics are one of them."""
    return tuple(dict.fromkeys((*demo.outputs, *([demo.metrics] if demo.metrics else []))))


def _answers(demo: Demo) -> tuple[str, ...]:
    return tuple(f"outputs/requests/{request.id}.json" for request in demo.requests)


def _execute(session: Session, environment: Environment, demo: Demo) -> Ran:
    env = dict(demo.env) | {"SEED": "0"} | {name: _canary(name) for name in demo.secrets}
    network = demo.network == "on"
    if demo.notebook:
        return notebooks.execute(session, environment, demo.notebook, env, demo.timeout_s, network=network)
    if demo.server is not None:
        requests = [{"id": r.id, "method": r.method, "path": r.path, "json": r.json} for r in demo.requests]
        server = {"argv": list(demo.server.argv), "ready": demo.server.ready, "ready_s": demo.server.ready_s}
        content = {**server, "requests": requests, "timeout_s": demo.timeout_s}
        spec = session.sandbox.give("server.json", json.dumps(content).encode())
        argv = [str(environment.python), "-I", str(session.probe("serve_demo.py")), str(spec)]
        limit = demo.timeout_s + demo.server.ready_s + 10
        return session.run(environment, argv, env=env, network=network, timeout_s=limit)
    return session.run(environment, list(demo.command), env=env, network=network, timeout_s=demo.timeout_s)


def _canary(name: str) -> str:
    # A value that opens nothing, the same in every run, and found again wherever it leaks.
    return f"readiness-canary-{hashlib.sha256(name.encode()).hexdigest()[:24]}"


def twice(context: Context, demo: Demo) -> tuple[Run, Run]:
    """Two runs in the first environment, in the same place, one after the other."""
    session = context.session
    with session.progress("running the demo"):
        first = run(session, session.first, demo, "first")
    if not first.ran.ok or first.missing:
        return first, first
    with session.progress("running the demo again"):
        return first, run(session, session.first, demo, "again")


def elsewhere(context: Context, demo: Demo) -> Run:
    """A run in the second environment: another place, installed anew."""
    with context.session.progress("running the demo elsewhere"):
        return run(context.session, context.session.second, demo, "elsewhere")
