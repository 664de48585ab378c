"""R4: the demo in the image its own service is built into, beside the services of the compose file, with no way out.

The demo is run by the same watching program as everywhere, with the image's Python, so that what it sees differs in nothing
but the container. Whatever is made in the engine is removed at the end, and by the next session where this one is killed.
"""

from __future__ import annotations

import contextlib
import json
import posixpath
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from readiness.config.manifest import Demo
from readiness.errors import CannotJudge
from readiness.layers.infrastructure import composed, ladder
from readiness.layers.infrastructure.cassettes.answering import answering
from readiness.layers.infrastructure.composed import System
from readiness.layers.infrastructure.ladder import Step
from readiness.runs.staged import Stage
from readiness.sequence.finding import Cause
from readiness.sequence.wording import listed
from readiness.world import beneath, sandbox, watched
from readiness.world import demo as demos
from readiness.world import engine as engines
from readiness.world.context import Context
from readiness.world.demo import Crossing, Run
from readiness.world.sandbox import Isolation, Ran
from readiness.world.watched import Wish

GIVEN: Final = "/readiness"
"""The folder of a container that holds what it is given, and what it writes down."""
LABEL: Final = "containers"
WAIT_S: Final = 60
SLACK_S: Final = 60
_ABSENT: Final = re.compile(r"executable file\b.*\bnot found|no such file or directory|not found in \$PATH", re.IGNORECASE)
_HANDS_OVER: Final = re.compile(rb"""\bexec\b[^\n]*["']?\$(?:@|\{@\})""")
_INITS: Final = frozenset({"tini", "dumb-init", "docker-init", "catatonit", "tini-static", "docker-entrypoint.sh"})


@dataclass(frozen=True, slots=True)
class _Image:
    """The image of the demo's service: its Python, working folder, the entrypoint kept in front of the demo, the one left out."""

    python: str
    folder: str
    entrypoint: tuple[str, ...] | None
    left_out: str = ""


@dataclass(frozen=True, slots=True)
class _Ended:
    """How the container of the demo ended: the run, the Python it ran with, services that never listened."""

    run: Run
    python: str
    silent: tuple[str, ...] = ()


def recreated(context: Context, demo: Demo) -> tuple[Step, str]:
    """Whether the demo gives in containers what it gave here, and what that was in one line.

    Raises CannotJudge where the compose file does not say what to start, or the engine does not do it.
    """
    system = composed.system(context.project, demo)
    if why := composed.unlike_the_demo(demo, system.service, system.file):
        raise CannotJudge(why)
    engine = engines.found()
    if demo.network == "cassette" and not engines.is_local(engine):
        raise CannotJudge("the engine runs on another machine, where nothing could answer from the cassette")
    with engines.noted(engine, context.session.sandbox.root) as run:
        stage = Stage(engine, run, context.session, system)
        absent = dict(system.absent)
        step = _prepared(stage, absent)
        if not step.reached:
            return step, ""
        image = _looked_at(stage, demo)
        crossings = answering(context.project, context.manifest, context.now)
        with crossings.open(context.session, demo, LABEL) if crossings else contextlib.nullcontext() as crossing:
            with context.session.progress("running the demo in containers"):
                ended = _made(stage, context, demo, image, crossing)
            if crossing:
                ended = replace(ended, run=crossing.told(ended.run))
        return _told(stage, context, demo, image, ended, absent)


def _prepared(stage: Stage, absent: dict[str, str]) -> Step:
    """Everything beside the demo's service is up; what compose would merely start as well may be absent."""
    system, up = stage.system, []
    for service in system.all:
        step = stage.image(service)
        if step.reached:
            up.append(service)
        elif service.name in system.required:
            return step
        else:
            absent[service.name] = step.reason
    stage.connect()
    for service in up[:-1]:
        waits = [name for name in service.needs if name in absent]
        step = Step(Cause.TOOL, f"waits for {listed(waits)}") if waits else stage.start(service)
        if not step.reached and service.name in system.required:
            return step
        if not step.reached:
            absent[service.name] = step.reason
    return Step()


def _looked_at(stage: Stage, demo: Demo) -> _Image:
    """What the image offers to run the demo with. Raises CannotJudge where it has no Python, or does not hold the demo."""
    service = stage.system.service
    configured = stage.configured(service)
    folder = service.working_dir or str(configured.get("WorkingDir") or "/")
    python, container = _python(stage, demo)
    _holds_the_demo(stage, demo, container, folder)
    for path in demos.written(demo):
        if any(f"{folder}/{path}".startswith(f"{hidden.rstrip('/')}/") for hidden in service.hidden):
            raise CannotJudge(f"{path} would lie in memory (tmpfs) of service `{service.name}`, where nobody can read it afterwards")
    declared = service.entrypoint if service.entrypoint is not None else _words(configured.get("Entrypoint"))
    if not declared:
        return _Image(python, folder, None)
    if _hands_over(stage, container, declared, folder):
        return _Image(python, folder, declared)
    return _Image(python, folder, None, " ".join(declared))


def _words(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(str(word) for word in value or ())


def _python(stage: Stage, demo: Demo) -> tuple[str, str]:
    """The Python of the image, and a container of it that ended and can be looked into."""
    service = stage.system.service
    argv = _argv(demo)
    names = [word for word in argv[:1] if re.fullmatch(r"(?:.*/)?python[\d.]*", word)]
    for number, name in enumerate(dict.fromkeys([*names, "python", "python3"])):
        container = stage.engine.must(
            "create", "--name", f"{stage.run}-look-{number}", "--label", f"{engines.LABEL}={stage.run}", "--network", "none",
            "--entrypoint", name, stage.images[service.name], "-c", "", timeout_s=300,
        ).splitlines()[-1]  # fmt: skip
        said = stage.engine.ask("start", container)
        if said.ok and stage.engine.must("wait", container) == "0":
            return name, container
        if not said.ok and not _ABSENT.search(said.stderr):
            raise CannotJudge(f"a container of service `{service.name}` does not start: {said.last}", f"{stage.engine.name} info")
    raise CannotJudge(f"the image of service `{service.name}` has no Python to run the demo with{_hint(stage.system)}")


def _hint(system: System) -> str:
    return (
        f": copy it there in {system.dockerfile(system.service) if system.service.build else 'its image'}, or name another [demo] service"
    )


def _argv(demo: Demo) -> tuple[str, ...]:
    return demo.server.argv if demo.server else demo.command


def _holds_the_demo(stage: Stage, demo: Demo, container: str, folder: str) -> None:
    service = stage.system.service
    mounted = tuple(mount.target.rstrip("/") for mount in service.mounts)
    for word in _argv(demo):
        inside = f"{folder.rstrip('/')}/{word}"
        if word not in stage.session.project.paths or any(f"{inside}/".startswith(f"{target}/") for target in mounted):
            continue
        if stage.engine.fetch(container, inside) is None:
            raise CannotJudge(f"the image of service `{service.name}` holds no {inside}, which is the demo{_hint(stage.system)}")


def _hands_over(stage: Stage, container: str, declared: tuple[str, ...], folder: str) -> bool:
    """Whether an entrypoint runs what it is given: a known init, or a script that says so."""
    name = declared[0].rpartition("/")[2]
    if name in ("sh", "bash") and len(declared) == 2 and declared[1] != "-c":
        return _hands_over(stage, container, declared[1:], folder)
    if name in _INITS and name != "docker-entrypoint.sh":
        return all(word.startswith("-") for word in declared[1:]) or _hands_over(
            stage, container, tuple(word for word in declared[1:] if not word.startswith("-")), folder
        )
    for place in (declared[0],) if declared[0].startswith("/") else (f"{folder}/{declared[0]}", f"/usr/local/bin/{declared[0]}"):
        script = stage.engine.fetch(container, place)
        if script is not None:
            return script.startswith(b"#!") and bool(_HANDS_OVER.search(script))
    return False


def _made(stage: Stage, context: Context, demo: Demo, image: _Image, crossing: Crossing | None) -> _Ended:
    """Runs the demo in a container of its service."""
    service, session = stage.system.service, context.session
    secrets = demos.canaries(demo)
    doors = (crossing.doors, crossing.env) if crossing else ({}, {})
    wish = Wish(LABEL, context.project.id, demos.asks(demo, secrets), doors=doors[0], door_env=doors[1])
    env = dict(demo.env) | {"SEED": str(demo.env.get("SEED", 0)), "READINESS_RUN": LABEL} | secrets
    url = env.get("DATABASE_URL") or service.environment.get("DATABASE_URL", "")
    limit_s = watched.limit_s(demo, wish)
    spec = {
        "folder": image.folder,
        "probe": f"{GIVEN}/run_demo.py", "demo": f"{GIVEN}/demo.json", "out": GIVEN, "outputs": demos.written(demo),
        "waits": stage.listening, "wait_s": WAIT_S, "limit_s": limit_s,
    }  # fmt: skip
    told = watched.told(_filled(demo, url), list(_filled(demo, url).command), wish, f"{GIVEN}/{watched.EVENTS}")
    probes = Path(watched.__file__).with_name("probes")
    more = ["-v", f"{stage.volume('given')}:{GIVEN}"]
    shown = {session.sandbox.given, *(Path(socket).parent for socket in doors[0].values())} if doors[0] else set()
    more += [word for folder in sorted(shown) for word in ("-v", f"{folder}:{folder}:ro")]
    words = (image.python, "-I", f"{GIVEN}/contained.py", f"{GIVEN}/spec.json")
    entrypoint, command = (image.entrypoint, words) if image.entrypoint else (words[:1], words[1:])
    container = stage.create(service, entrypoint=entrypoint, command=command, env=env, more=tuple(more))
    files: list[tuple[str, bytes | Path | None, int]] = [
        (".", None, 0o777), ("spec.json", json.dumps(spec).encode(), 0o644), ("demo.json", json.dumps(told).encode(), 0o644),
        *((name, probes / name, 0o644) for name in ("run_demo.py", "contained.py")),
    ]  # fmt: skip
    stage.engine.put(container, GIVEN, engines.archive(session.sandbox.private / "given.tar", files))
    _open_for_outputs(stage, demo, container, image.folder)
    stage.engine.must("start", container)
    stage.engine.ask("wait", container, timeout_s=limit_s + (WAIT_S if stage.listening else 0) + SLACK_S)
    return _kept(stage, demo, container, image.folder, wish)


def _open_for_outputs(stage: Stage, demo: Demo, container: str, folder: str) -> None:
    """Lets the user of the image write where the demo says it writes, as everywhere the demo is run."""
    service = stage.system.service
    places = {posixpath.normpath(posixpath.join(folder, posixpath.dirname(path))) for path in demos.written(demo)}
    inside = [place for place in sorted(places) if not any(f"{place}/".startswith(f"{mount.target}/") for mount in service.mounts)]
    if inside and "--read-only" not in service.options:
        items = [(place.lstrip("/") or ".", None, 0o777) for place in inside]
        stage.engine.put(container, "/", engines.archive(stage.session.sandbox.private / "places.tar", items))


def _filled(demo: Demo, url: str) -> Demo:
    """The demo with the address of its database where it is asked for among its words."""
    command = tuple(word.replace("{DATABASE_URL}", url) for word in demo.command)
    server = demo.server and replace(demo.server, argv=tuple(word.replace("{DATABASE_URL}", url) for word in demo.server.argv))
    return replace(demo, command=command, server=server)


def _kept(stage: Stage, demo: Demo, container: str, folder: str, wish: Wish) -> _Ended:
    """What the run left, copied out of its container."""
    engine, session, service = stage.engine, stage.session, stage.system.service
    state = engine.inspected("container", container)["State"]
    said = engine.fetch(container, f"{GIVEN}/ended.json")
    place = session.sandbox.private / "contained"
    place.mkdir()
    if said is None and not state.get("OOMKilled"):
        logs = engine.ask("logs", container)
        raise CannotJudge(f"the container of service `{service.name}` ended before the demo had run: {logs.last}")
    ended: dict[str, Any] = (
        json.loads(said) if said is not None else {"code": -9, "elapsed_s": 0.0, "python": "", "silent": [], "stuck": []}
    )
    if ended["stuck"]:
        raise CannotJudge(f"the user of service `{service.name}` may not replace {ended['stuck'][0]}, which its image holds already")
    events = engine.fetch(container, f"{GIVEN}/{watched.EVENTS}") or b""
    if said is not None and (ended["code"] or 0) < 0:
        ended["code"] = _code(events, service.name, -ended["code"])
    streams = []
    for name in ("stdout", "stderr"):
        (place / name).write_bytes(engine.fetch(container, f"{GIVEN}/{name}") or b"")
        streams.append(sandbox.kept(place / name))
    code = ended["code"]
    ran = Ran(
        _argv(demo), code if code is not None and code >= 0 else None, -code if code is not None and code < 0 else None, code is None,
        False, streams[0][0], streams[1][0], streams[0][1] + streams[1][1], float(ended["elapsed_s"]),
        Isolation(True, True, True, True), streams[0][2],
    )  # fmt: skip
    tree = place / "tree"
    tree.mkdir()
    for path in demos.written(demo):
        data = engine.fetch(container, f"{folder.rstrip('/')}/{path}")
        if data is not None:
            beneath.write(tree, path, data)
    outputs, missing = demos.keep(session, demo, tree, LABEL, ran)
    seen = watched.parsed(events, demo, wish)
    run = Run(ran, outputs, missing, (), (), seen)
    return _Ended(run, str(ended["python"]), tuple(str(item) for item in ended["silent"]))


def _code(events: bytes, service: str, died_of: int) -> int:
    """The demo's own exit code where the watching program died of a signal: it may have been its own death, at its very end.

    Raises CannotJudge where it died before the demo had ended.
    """
    for line in reversed(events.splitlines()):
        with contextlib.suppress(ValueError, LookupError, TypeError):
            event = json.loads(line)
            if event["kind"] == "end":
                return int(event["code"])
    raise CannotJudge(f"the watching program died of signal {died_of} in the container of service `{service}`")


def _told(stage: Stage, context: Context, demo: Demo, image: _Image, ended: _Ended, absent: dict[str, str]) -> tuple[Step, str]:
    """Whether the rung is reached; what may not be the project's own doing is `unknown`."""
    service, here = stage.system.service, context.session.first.interpreter
    cause, reason = ladder.ended(ended.run, demo)
    if cause is Cause.FILE and (name := _of_the_project(stage, image, reason)):
        cause, reason = Cause.PROJECT, f"{reason}, which the project holds as {name} and the image does not"
    if cause is not Cause.NONE:
        why = _not_its_own(demo, image, ended, absent) if cause is Cause.PROJECT else ""
        cause, reason = (Cause.NOT_EXERCISED, f"{reason} ({why})") if why else (cause, reason)
    elif found := ladder.differs(context.demo.first, ended.run, demo):
        other = here is not None and ended.python.rpartition(".")[0] != here.minor
        cause, reason = Cause.PROJECT, f"the result differs: {found}" + (f" (Python {ended.python} there)" if other else "")
    if cause is not Cause.NONE:
        return Step(cause, f"in the container of service `{service.name}` {reason}"), ""
    beside = f", beside {listed(item.name for item in stage.system.beside if item.name not in absent)}" if stage.addresses else ""
    text = f"the same result in the image of service `{service.name}` with its Python {ended.python}{beside}, and no way out"
    return Step(), text


def _of_the_project(stage: Stage, image: _Image, reason: str) -> str:
    """The file of the project that a demo did not find where its working folder has the project's place; empty where it is none."""
    asked = reason.rpartition(" ")[2].strip("'\"")
    inside = posixpath.relpath(posixpath.join(image.folder, asked), image.folder) if asked else ""
    return inside if inside in stage.session.project.paths else ""


def _not_its_own(demo: Demo, image: _Image, ended: _Ended, absent: dict[str, str]) -> str:
    """Why a demo that ended badly may have done so because of how it was run; empty where it is the project's own doing."""
    ran, argv = ended.run.ran, _argv(demo)
    own = argv[argv.index("-m") + 1] if "-m" in argv[:-1] else ""
    if ran.exit_code in (126, 127) or (own and re.search(rf"No module named '?{re.escape(own.partition('.')[0])}\b", ran.stderr)):
        return "the image does not hold the demo itself; [demo] service would name another"
    if ended.silent:
        return f"{ended.silent[0]} did not listen within {WAIT_S} s"
    if absent:
        name, why = next(iter(absent.items()))
        return f"service `{name}` was not started: {why or 'it cannot be here'}"
    return f"its entrypoint `{image.left_out}` was left out, since it does not run what it is given" if image.left_out else ""
