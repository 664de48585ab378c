"""Prepares the execution of a notebook: a client beside the project's packages, and the command that runs it."""

from __future__ import annotations

import json
from typing import Final

from readiness.world.environment import Environment, Step
from readiness.world.sandbox import Ran
from readiness.world.session import Session

TIMEOUT_S: Final = 300


def prepare(session: Session, environment: Environment, path: str, timeout_s: float) -> list[str] | Ran:
    """The command that executes a notebook and prints its text outputs; how the installation ended where that failed.

    The kernel and its client are installed apart from the project's packages, which always win.
    """
    tools = session.sandbox.root / "tools" / f"jupyter-{environment.path.name}"
    if not tools.exists():
        argv = ("uv", "pip", "install", "-q", "--python", "{python}", "--target", str(tools), "ipykernel", "nbclient", "nbformat")
        settings = session.builder.settings(environment.path)
        with session.progress("installing a notebook client apart from the project"):
            ran = session.builder.step(Step(argv), environment.path, environment.tree, settings)
        if not ran.ok:
            return ran
    content = {"path": path, "tools": str(tools), "timeout_s": timeout_s}
    spec = session.sandbox.give("notebook.json", json.dumps(content).encode())
    return [str(environment.python), str(session.probe("run_notebook.py")), str(spec)]


def execute(session: Session, environment: Environment, path: str, timeout_s: float) -> Ran:
    """Runs a notebook in an environment without network and returns how it ended."""
    prepared = prepare(session, environment, path, timeout_s)
    if isinstance(prepared, Ran):
        return prepared
    return session.run(environment, prepared, timeout_s=timeout_s + 30)
