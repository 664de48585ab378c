"""Starts every module and console script of a project in its first environment, once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final
from weakref import WeakKeyDictionary

from readiness.layers.infrastructure import causes, declarations, modules, source
from readiness.layers.infrastructure.evidence import Asked, Started
from readiness.layers.infrastructure.locking import listed_files
from readiness.sequence.finding import Cause, Location
from readiness.world import beneath
from readiness.world.context import Context
from readiness.world.environment import Procedure
from readiness.world.project import Project
from readiness.world.session import Session

MODULE_LIMIT_S: Final = 60
STILL_RUNNING: Final = f"was still running after {MODULE_LIMIT_S} s"
DUMMY: Final = "sk-readiness-dummy-0000000000000000000000000000"
"""The value given to a key that a guard asks for, where the project documents none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that starting showed: each thing started, and each variable asked for on the way.

    `unnamed` are the modules of the product that refused to start without settings and did not say which: each with the
    names that were given a value when it then started, None where it never did.
    """

    started: tuple[Started, ...]
    asked: tuple[Asked, ...]
    notes: tuple[str, ...] = ()
    unnamed: Mapping[str, frozenset[str] | None] = field(default_factory=dict)


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
    optional = _optional(project, session.procedure, found)
    base = _declared_environment(context)
    records = _probe(session, found, base)
    started = [_started(module, records[module.file], optional[module.file]) for module in found]
    asked = [item for record in records.values() for item in _asked(record)]
    refusals = {file: _told(record, optional[file]) for file, record in records.items()}
    asked += [item for file, told in refusals.items() for item in _demanded(file, records[file], told)]
    silent = [module.file for module in found if refusals[module.file].unclear and not module.aside]
    started, needed = _again_with_settings(context, found, started, optional, base)
    scripts = [_script(session, name, base) for name in modules.scripts(project)]
    notes = session.first.isolation.missing(network=True)
    return Outcome(tuple(started + scripts), tuple(dict.fromkeys(asked)), notes, {file: needed.get(file) for file in silent})


def _optional(project: Project, procedure: Procedure, found: tuple[modules.Module, ...]) -> dict[str, set[str]]:
    """For each module the packages it may lack without a fault of its own: those of extras, and those of a list beside or
    above it that the project's own words do not install."""
    extras = modules.optional(project)
    beside = modules.lists_beside(project, listed_files(procedure.steps)) if procedure.kind == "pip" else {}
    return {
        module.file: extras.union(*(names for folder, names in beside.items() if not folder or module.file.startswith(f"{folder}/")))
        for module in found
    }


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
    if outcome in ("exit", "error"):
        told = _told(record, optional)
        place = (record.get("error") or {}).get("place") or {}
        if told.cause is Cause.NONE:
            return Started(module.file, Cause.NONE, aside=module.aside, note=note)
        where = Location(place.get("file", module.file), place.get("line") or 1)
        error = record.get("error") or {}
        raised_in = str(error.get("raised_in") or "") if error.get("importing") else ""
        return Started(module.file, told.cause, told.reason, where, module.aside, "", told.variables, told.suspect, raised_in)
    said = _last_lines(str(record.get("said", "")))
    if outcome == "timeout":
        return Started(module.file, Cause.NOT_EXERCISED, STILL_RUNNING, here, module.aside, said=said)
    if outcome == "died":
        return Started(module.file, Cause.TOOL, f"its process died (wait status {record.get('status')})", here, module.aside, said=said)
    return Started(module.file, Cause.TOOL, f"could not be started here: {record.get('said', '')}", here, module.aside)


def _told(record: dict[str, Any], optional: set[str]) -> causes.Told:
    """What a module that was not imported said; nothing where it was."""
    if record["outcome"] == "error":
        return causes.of_error({**record["error"], "unset": _unset(record)}, optional)
    if record["outcome"] == "exit":
        return causes.of_exit(record.get("code"), record.get("absent") or [])
    return causes.Told(Cause.NONE, "")


def _unset(record: dict[str, Any]) -> list[str]:
    """The variables the project looked up in vain before an exception: in the file it came from, else in any."""
    place = (record["error"].get("place") or {}).get("file")
    vain = [item for item in record.get("asked", []) if not item["set"]]
    return [item["name"] for item in vain if item["file"] == place] or [item["name"] for item in vain]


def _last_lines(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return causes.one_line(" / ".join(lines[-3:]))


def _asked(record: dict[str, Any]) -> list[Asked]:
    return [Asked(item["name"], Location(item["file"], item["line"]), False, True) for item in record.get("asked", [])]


def _demanded(file: str, record: dict[str, Any], told: causes.Told) -> list[Asked]:
    """The variable that a guard named when it refused to go on, where it is clear which it means: one, or any of several."""
    if not told.guard or told.unclear:
        return []
    place = (record.get("error") or {}).get("place") or {}
    where = Location(place.get("file", file), place.get("line") or 1)
    return [Asked(told.variables[0], where, True, True, told.variables[1:])]


def _again_with_settings(
    context: Context, found: tuple[modules.Module, ...], started: list[Started], optional: dict[str, set[str]], base: dict[str, str]
) -> tuple[list[Started], dict[str, frozenset[str]]]:
    """Starts what a guard refused again, with what the project documents and as few dummies as will do.

    Returns how each ended, and for each that then started the names it was given a value for.
    """
    by_file = {module.file: module for module in found}
    results = {item.subject: item for item in started}
    needed: dict[str, frozenset[str]] = {}
    for values in _settings(context.project, started):
        refused = [by_file[item.subject] for item in results.values() if item.cause is Cause.CONFIGURATION and item.subject in by_file]
        if not refused:
            break
        records = _probe(context.session, tuple(refused), values | base)
        for module in refused:
            results[module.file] = _with_settings(module, records[module.file], optional[module.file], values)
            if results[module.file].note:
                needed[module.file] = frozenset(values)
    return [results[item.subject] for item in started], needed


_OF_THE_CODE: Final = frozenset({"ImportError", "SyntaxError", "NameError", "AttributeError"})


def _with_settings(module: modules.Module, record: dict[str, Any], optional: set[str], values: Mapping[str, str]) -> Started:
    """How a module started with dummies; a value it refuses is the dummy's fault, only broken code is the project's."""
    found = _started(module, record, optional, "with dummy settings")
    error = record.get("error") or {}
    refused = any(f"'{value}'" in str(error.get("message")) for value in values.values())
    nothing_left = "'NoneType'" in str(error.get("message"))  # no variable is None now, so that something else is
    if found.cause is Cause.PROJECT and (refused or not (nothing_left or set(error.get("bases") or ()) & _OF_THE_CODE)):
        return replace(found, cause=Cause.CONFIGURATION, reason=f"does not take a dummy setting ({found.reason})", suspect="")
    return found


def _settings(project: Project, started: list[Started]) -> Iterator[dict[str, str]]:
    """Settings to try, the fewest first: what guards name, then secrets, then all; of each those that are declared first."""
    documented = declarations.documented(project)
    given = {name: value for name, value in documented.items() if value and not _is_placeholder(value) and not _is_ours(name)}
    named = {name for item in started for name in item.variables}
    read = {item.name for item in source.variables(project) if not _is_ours(item.name)}
    known = {name for name in documented if not _is_ours(name)} | declarations.declared(project, read)
    tried: set[frozenset[str]] = set()
    for names in (named, named | _secrets(known), named | _secrets(known | read), named | known, named | known | read):
        if frozenset(names) not in tried:
            tried.add(frozenset(names))
            yield {name: _dummy(name) for name in names} | given


def _secrets(names: set[str]) -> set[str]:
    return {name for name in names if _SECRET_NAME.search(name)}


_SECRET_NAME: Final = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL")


def _is_placeholder(value: str) -> bool:
    return "$" in value or value.lower().startswith(("<", "your", "xxx", "sk-...", "...", "changeme", "todo", "replace"))


def _dummy(name: str) -> str:
    if name.endswith(("_URL", "_URI", "_ENDPOINT", "_BASE", "_HOST")):
        return "http://127.0.0.1:9" if not name.endswith("_HOST") else "127.0.0.1"
    # a number, a switch and a word at once
    return DUMMY if _SECRET_NAME.search(name) and not name.endswith("_TOKENS") else "1"


def _is_ours(name: str) -> bool:
    return name in ("PATH", "HOME", "TMPDIR", "LANG", "USER", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH") or name.startswith("XDG_")


def _script(session: Session, name: str, env: dict[str, str]) -> Started:
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
    return Started(subject, told.cause, told.reason, Location("pyproject.toml"), variables=told.variables, suspect=told.suspect)
