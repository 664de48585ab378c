"""Executes notebooks, for projects that consist of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from readiness.layers.infrastructure import causes
from readiness.layers.infrastructure.evidence import Started
from readiness.layers.infrastructure.procedure import notebook_steps
from readiness.sequence.finding import Cause, Location
from readiness.world import notebook
from readiness.world.context import Context
from readiness.world.environment import Environment
from readiness.world.sandbox import Ran

MOST: Final = 12
"""Notebooks executed at most; the rest is reported as not exercised."""


def start(context: Context) -> tuple[Started, ...]:
    """Executes the notebooks of a project from top to bottom, each in a fresh kernel, without network."""
    paths = sorted(path for path in context.project.paths if path.endswith(".ipynb"))
    session = context.session
    found: list[Started] = []
    for number, path in enumerate(paths):
        if number >= MOST:
            found.append(Started(path, Cause.NOT_EXERCISED, f"was not executed: {MOST} were before it"))
            continue
        environment = _environment(context, path, number)
        if not environment.ready:
            found.append(Started(path, environment.cause, f"does not install: {environment.reason}", Location(path)))
            continue
        with session.progress(f"executing {path}"):
            found.append(_executed(path, notebook.execute(session, environment, path, notebook.TIMEOUT_S)))
    return tuple(found)


def _environment(context: Context, path: str, number: int) -> Environment:
    """The environment of a notebook: one of its own where notebooks install their own packages, since two may disagree."""
    session = context.session
    if session.procedure.kind not in ("notebook", "bare") or path == session.procedure.source:
        return session.first
    steps = notebook_steps(context.project, path)
    if not steps and not session.procedure.steps:
        return session.first
    procedure = replace(session.procedure, source=path, steps=steps)
    with session.progress(f"installing what {path} installs"):
        return session.builder.build(f"notebook{number}", session.tree("first"), procedure)


def _executed(path: str, ran: Ran) -> Started:
    if ran.ok:
        return Started(path, Cause.NONE)
    if ran.timed_out:
        return Started(path, Cause.NOT_EXERCISED, f"was still running after {notebook.TIMEOUT_S} s", Location(path))
    told = causes.of_output(ran.said)
    return Started(path, told.cause, told.reason, Location(path), variables=told.variables, suspect=told.suspect)
