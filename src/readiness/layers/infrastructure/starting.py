"""Starts every module and console script of a project in its first environment, once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, Final
from weakref import WeakKeyDictionary

from readiness.formats import dotenv
from readiness.layers.infrastructure import causes, facts, modules
from readiness.layers.infrastructure.evidence import Asked, Started
from readiness.sequence.finding import Cause, Location
from readiness.world import beneath
from readiness.world.context import Context
from readiness.world.project import Project
from readiness.world.session import Session

MODULE_LIMIT_S: Final = 60
DUMMY: Final = "sk-readiness-dummy-0000000000000000000000000000"
"""The value given to a key that a guard asks for, where the project documents none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that starting showed: each thing started, and each variable asked for on the way."""

    started: tuple[Started, ...]
    asked: tuple[Asked, ...]
    notes: tuple[str, ...] = ()


_memo: WeakKeyDictionary[Session, Outcome] = WeakKeyDictionary()


def start(context: Context) -> Outcome:
    """Starts everything; the result is kept for the session, since several checks read it."""
    session = context.session
    if session not in _memo:
        with session.progress("starting every module and entry point"):
            _memo[session] = _start(context)
    return _memo[session]


def _start(context: Context) -> Outcome:
    project, session = context.project, context.session
    found = modules.of(project, context.manifest.infrastructure.skip_modules)
    optional = modules.optional(project)
    base = _declared_environment(context)
    records = _probe(session, found, base)
    started = [_started(module, records[module.file], optional) for module in found]
    asked = [item for record in records.values() for item in _asked(record)]
    asked += _demanded(started)
    started = _again_with_dummies(context, found, started, optional, base)
    scripts = [_script(session, name, target, base) for name, target in modules.scripts(project).items()]
    notes = session.first.isolation.missing(network=True)
    return Outcome(tuple(started + scripts), tuple(dict.fromkeys(asked)), notes)


def _declared_environment(context: Context) -> dict[str, str]:
    demo = context.manifest.demo
    return dict(demo.env) if demo is not None else {}


def _probe(session: Session, found: tuple[modules.Module, ...], env: dict[str, str]) -> dict[str, dict[str, Any]]:
    if not found:
        return {}
    results = session.sandbox.root / "tmp/started.jsonl"
    content = {"root": str(session.first.tree), "limit_s": MODULE_LIMIT_S, "modules": [asdict(module) for module in found]}
    spec = session.sandbox.give("start.json", json.dumps(content).encode())
    beneath.remove(results.parent, results.name)
    probe = session.probe("start_modules.py")
    argv = [str(session.first.python), str(probe), str(spec), str(results)]
    ran = session.run(session.first, argv, env=env, timeout_s=60 + MODULE_LIMIT_S * len(found))
    said = beneath.read(results.parent, results.name)
    if said is None:
        died = {"outcome": "tool", "said": causes.one_line(ran.stderr[-400:])}
        return {module.file: died for module in found}
    return {record["file"]: record for record in map(json.loads, said.splitlines())}


def _started(module: modules.Module, record: dict[str, Any], optional: set[str], note: str = "") -> Started:
    outcome = record["outcome"]
    here = Location(module.file)
    if outcome == "ok":
        return Started(module.file, Cause.NONE, aside=module.aside, note=note)
    if outcome == "exit":
        code = record.get("code")
        told = "" if code in (None, 0, 2) else f"ends itself with {code!r} when imported"
        cause = Cause.CONFIGURATION if told else Cause.NONE
        return Started(module.file, cause, told, here if told else None, module.aside)
    if outcome == "error":
        error = record["error"]
        place = error.get("place") or {}
        told_error = causes.of_error(error, optional)
        where = Location(place.get("file", module.file), place.get("line") or 1)
        if told_error.cause is Cause.NONE:
            return Started(module.file, Cause.NONE, aside=module.aside, note=note)
        return Started(module.file, told_error.cause, told_error.reason, where, module.aside)
    if outcome == "timeout":
        return Started(module.file, Cause.NOT_EXERCISED, f"was still running after {MODULE_LIMIT_S} s", here, module.aside)
    if outcome == "died":
        return Started(module.file, Cause.TOOL, f"its process died (wait status {record.get('status')})", here, module.aside)
    return Started(module.file, Cause.TOOL, f"could not be started here: {record.get('said', '')}", here, module.aside)


def _asked(record: dict[str, Any]) -> list[Asked]:
    return [Asked(item["name"], Location(item["file"], item["line"]), False, True) for item in record.get("asked", [])]


def _demanded(started: list[Started]) -> list[Asked]:
    """Variables that a guard named when it refused to go on, as long as it is clear which it means."""
    found = []
    for item in started:
        names = causes.of_output(item.reason).variables if item.cause is Cause.CONFIGURATION else ()
        if 0 < len(names) <= 2 and item.location is not None:
            found += [Asked(name, item.location, True, True) for name in names]
    return found


def _again_with_dummies(
    context: Context, found: tuple[modules.Module, ...], started: list[Started], optional: set[str], base: dict[str, str]
) -> list[Started]:
    """Starts what a guard refused again, with what the project documents and as few dummies as will do."""
    by_file = {module.file: module for module in found}
    results = {item.subject: item for item in started}
    for values in _dummies(context.project, started):
        refused = [by_file[item.subject] for item in results.values() if item.cause is Cause.CONFIGURATION and item.subject in by_file]
        if not refused:
            break
        records = _probe(context.session, tuple(refused), values | base)
        for module in refused:
            results[module.file] = _with_dummies(module, records[module.file], optional)
    return [results[item.subject] for item in started]


_OF_THE_CODE: Final = frozenset({"ImportError", "SyntaxError", "NameError", "AttributeError"})


def _with_dummies(module: modules.Module, record: dict[str, Any], optional: set[str]) -> Started:
    """How a module started with dummies; a value it refuses is the dummy's fault, only broken code is the project's."""
    found = _started(module, record, optional, "with dummy settings")
    bases = set((record.get("error") or {}).get("bases") or ())
    if found.cause is Cause.PROJECT and not bases & _OF_THE_CODE:
        return replace(found, cause=Cause.CONFIGURATION, reason=f"does not take a dummy setting ({found.reason})")
    return found


def _dummies(project: Project, started: list[Started]) -> Iterator[dict[str, str]]:
    """Settings to try, the fewest first: what guards name, then every secret, then everything that is documented or read."""
    documented: dict[str, str] = {}
    for path in facts.example_files(project):
        documented = dotenv.parse(project.text(path)) | documented
    given = {name: value for name, value in documented.items() if value and not _is_placeholder(value) and not _is_ours(name)}
    named = {name for item in started for name in causes.of_output(item.reason).variables}
    known = {name for name in {*documented, *_variables_read(project)} if not _is_ours(name)}
    secrets = {name for name in known if _SECRET_NAME.search(name)}
    for names in (named, named | secrets, named | known):
        yield {name: _dummy(name) for name in names} | given


_SECRET_NAME: Final = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL")


def _is_placeholder(value: str) -> bool:
    return value.lower().startswith(("<", "your", "xxx", "sk-...", "...", "changeme", "todo", "replace"))


def _dummy(name: str) -> str:
    if name.endswith(("_URL", "_URI", "_ENDPOINT", "_BASE", "_HOST")):
        return "http://127.0.0.1:9" if not name.endswith("_HOST") else "127.0.0.1"
    # a number, a switch and a word at once
    return DUMMY if _SECRET_NAME.search(name) and not name.endswith("_TOKENS") else "1"


def _is_ours(name: str) -> bool:
    return name in ("PATH", "HOME", "TMPDIR", "LANG", "USER", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH") or name.startswith("XDG_")


def _variables_read(project: Project) -> dict[str, Location]:
    from readiness.layers.infrastructure.source import variables

    return {item.name: item.location for item in variables(project)}


def _script(session: Session, name: str, target: str, env: dict[str, str]) -> Started:
    subject = f"script {name}"
    path = session.first.path / "bin" / name
    if not path.exists():
        # only an installed package has scripts; a project run from its folder merely names them
        return Started(subject, Cause.NOT_EXERCISED, "is declared and was not installed", Location("pyproject.toml"), aside=True)
    ran = session.run(session.first, [str(path), "--help"], env=env, timeout_s=MODULE_LIMIT_S)
    if ran.ok or (ran.exit_code is not None and "Traceback (most recent call last)" not in ran.said):
        return Started(subject, Cause.NONE)
    if ran.timed_out:
        return Started(subject, Cause.NOT_EXERCISED, f"--help was still running after {MODULE_LIMIT_S} s", Location("pyproject.toml"))
    told = causes.of_output(ran.said)
    return Started(subject, told.cause, told.reason, Location("pyproject.toml"))
