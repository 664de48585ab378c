"""A project's own tests: how they are run here, and what they reported."""

from __future__ import annotations

import re
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from readiness.layers.infrastructure import causes
from readiness.sequence.finding import Cause
from readiness.world import beneath
from readiness.world.context import Context
from readiness.world.environment import Environment, Procedure, Step
from readiness.world.project import Project
from readiness.world.sandbox import ALONE, Lane, Ran

TIMEOUT_S: Final = 300
# as pytest looks by itself: in no folder whose name begins with a dot, such as the checkpoints of a notebook
_TEST_FILE: Final = re.compile(r"(?:[^/.][^/]*/)*(?:test_[^/]*|[^/]*_test)\.py")


@dataclass(frozen=True, slots=True)
class Result:
    """One run of a suite: test name → `passed`, `failed` or `skipped`, and how the process ended."""

    tests: Mapping[str, str]
    ran: Ran
    failure: str = ""

    def count(self, outcome: str) -> int:
        """How many tests ended so."""
        return sum(value == outcome for value in self.tests.values())


def files(project: Project) -> list[str]:
    """The test files of a project."""
    return sorted(path for path in project.paths if _TEST_FILE.fullmatch(path))


def environment(context: Context) -> Environment:
    """An environment of its own for the tests, since their packages and our changes must touch nothing else."""
    session = context.session
    chosen = (session.first.interpreter,) if session.first.interpreter else ()
    procedure: Procedure = session.procedure
    steps = (*procedure.steps, *_extra_steps(context.project, procedure))
    with session.progress("installing what the tests need"):
        return session.builder.build("tests", session.tree("tests"), replace(procedure, steps=steps, interpreters=chosen))


def _extra_steps(project: Project, procedure: Procedure) -> tuple[Step, ...]:
    """What the project names for its tests, and pytest where nothing of that brings it."""
    pip = ("uv", "pip", "install", "-q", "--python", "{python}")
    if procedure.lock == "uv.lock":
        return _synced(project)
    found = []
    data = _toml(project.text("pyproject.toml"))
    extras = data.get("project", {}).get("optional-dependencies", {})
    groups = data.get("dependency-groups", {})
    for name in ("test", "tests", "testing", "dev"):
        if name in extras:
            found.append(Step((*pip, "-e", f".[{name}]")))
        elif name in groups:
            found.append(Step((*pip, "--group", name)))
    pattern = re.compile(r"(?:requirements/)?(?:requirements[-_.])?(?:dev|test|tests|testing)(?:[-_.]requirements)?\.txt")
    found += [Step((*pip, "-r", path)) for path in sorted(project.paths) if pattern.fullmatch(path)]
    return (*found[:2], Step((*pip, "pytest")))


def _synced(project: Project) -> tuple[Step, ...]:
    data = _toml(project.text("pyproject.toml"))
    extras = [name for name in ("test", "tests", "testing", "dev") if name in data.get("project", {}).get("optional-dependencies", {})]
    groups = [name for name in ("test", "tests", "testing", "dev") if name in data.get("dependency-groups", {})]
    chosen = [word for name in extras for word in ("--extra", name)] + [word for name in groups for word in ("--group", name)]
    every = ("--all-packages",) if data.get("tool", {}).get("uv", {}).get("workspace") else ()
    sync = Step(("uv", "sync", "--frozen", "--python", "{python}", *every, *chosen))
    return (sync,) if chosen else ()


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def run(context: Context, where: Environment, *, stop_early: bool = False, timeout_s: float = TIMEOUT_S, lane: Lane = ALONE) -> Result:
    """Runs the suite without network; pytest unless the manifest names another command, which then gets no names."""
    command = list(context.manifest.infrastructure.tests) or ["python", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    report = context.session.sandbox.root / "tmp/junit.xml"
    folder = lane.place(report.parent)
    beneath.remove(folder, report.name)
    if "pytest" in command:
        command += [f"--junitxml={report}", "--color=no", *(["-x"] if stop_early else [])]
    demo = context.manifest.demo
    # Two changes of equal size within one second share the name and the time stamp of their bytecode: keep none.
    env = (dict(demo.env) if demo else {}) | {"PYTHONDONTWRITEBYTECODE": "1"}
    ran = context.session.run(where, command, env=env, timeout_s=timeout_s, lane=lane)
    said = beneath.read(folder, report.name)
    tests, failure = _read(said.decode(errors="replace")) if said is not None else ({}, "")
    return Result(tests, ran, failure)


def _read(text: str) -> tuple[dict[str, str], str]:
    try:
        root = ET.fromstring(text)  # noqa: S314  written by pytest a moment ago, inside the sandbox; expat expands no external entity
    except ET.ParseError:
        return {}, ""
    tests: dict[str, str] = {}
    failure = ""
    for case in root.iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        bad = case.find("failure") if case.find("failure") is not None else case.find("error")
        tests[name] = "failed" if bad is not None else "skipped" if case.find("skipped") is not None else "passed"
        if bad is not None and not failure:
            failure = f"{bad.get('message', '')}\n{bad.text or ''}"
    return tests, failure


def cause_of(result: Result) -> causes.Told:
    """Why tests fail that the project says should pass."""
    if result.ran.timed_out:
        return causes.Told(Cause.NOT_EXERCISED, "the tests were still running at their limit")
    told = causes.of_output(f"Traceback (most recent call last)\n{_last_error(result.failure)}" if result.failure else result.ran.said)
    if told.cause is Cause.PROJECT and result.failure:
        whole = causes.of_output(result.failure.replace("\n", " "))
        return whole if whole.cause is not Cause.PROJECT else told
    return told


def _last_error(failure: str) -> str:
    marked = [line[1:].strip() for line in failure.splitlines() if line.startswith("E ")]
    return marked[-1] if marked and ": " in marked[-1] else (marked[0] if marked else failure.strip().splitlines()[0])
