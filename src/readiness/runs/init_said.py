"""What the repository says of each layer already, and what only a person can say, with the line or the file to write.

Every line shown to be written holds a placeholder, and what reads it refuses it until somebody put something in its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from readiness.config.manifest import NAME, Manifest
from readiness.layers.data import contracts, infer
from readiness.layers.infrastructure import interpreter, modules, procedure, serving
from readiness.layers.infrastructure.pinning import declared
from readiness.layers.observability import declaring
from readiness.runs import init_data, init_people
from readiness.runs.init_parts import Part, Yours
from readiness.sequence.wording import counted
from readiness.world import demo as demos
from readiness.world import project as projects
from readiness.world.environment import Procedure
from readiness.world.project import Project

_MOST: Final = 3
"""How many of a kind are told one by one."""
INSTRUMENTED: Final = re.compile(
    r"opentelemetry-(?:sdk|distro|api|exporter-.*|instrumentation-.*)|openinference-.*|traceloop-sdk|openlit|logfire|langfuse|langsmith|"
    r"arize-phoenix(?:-otel)?|readiness"
)
"""Packages that make spans, by their canonical names."""
EXPORT: Final = ("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http")
_DECIDES: Final = re.compile(r"\breadiness\.decision\b|^from readiness(?:\.sdk)? import .*\bdecision\b", re.MULTILINE)


def parts(project: Project, manifest: Manifest, added: Mapping[str, str]) -> tuple[Part, ...]:
    """Every layer of a project whose manifest is complete as far as the repository goes; what has nothing to tell is left out."""
    steps = procedure.discover(project, manifest)
    every = (
        Part("Project", _written(added, "schema", "project"), (), tuple(_project(manifest))),
        Part(
            "1 Infrastructure", _written(added, "demo", "infrastructure"), tuple(_set_up(project, manifest, steps, added)),
            tuple(_runs(project, manifest)),
        ),
        Part("2 Security", _written(added, "security"), tuple(_secrets(manifest, added)), tuple(_public(manifest))),
        Part("3 Data", _written(added, "data"), tuple(_contracts(project, manifest)), tuple(_undescribed(project, manifest))),
        Part("4 Observability", (), *_seen(project, steps)),
        Part("5 Measurement", _written(added, "measurement"), *_outcomes(project, manifest)),
        Part("Organization", (), *init_people.said(project, manifest)),
    )  # fmt: skip
    return tuple(part for part in every if part.written or part.found or part.yours)


def components(project: Project) -> list[str]:
    """The projects of a repository that holds nothing but them, where one manifest is to speak for all; else empty."""
    top = [path for path in project.paths if "/" not in path]
    own = [path for path in top if path.endswith((".py", ".ipynb")) or (projects.MANIFESTS.fullmatch(path) and path != NAME)]
    found = projects.nested(sorted(project.paths), project.root)
    return found if len(found) > 1 and not own else []


def _written(added: Mapping[str, str], *tables: str) -> tuple[str, ...]:
    found = []
    for name, value in added.items():
        table, dot, key = name.partition(".")
        if table in tables:
            found.append(f"[{table}] {key} = {value}" if dot else f"{name} = {value}")
    return tuple(found)


def _project(manifest: Manifest) -> list[Yours]:
    if manifest.stakes_declared:
        return []
    return [Yours("what a mistake costs", '[project] stakes = "annoyance" | "money" | "regulation" | "safety"')]


def _set_up(project: Project, manifest: Manifest, steps: Procedure, added: Mapping[str, str]) -> list[str]:
    how = steps.unread or (f"set up by {steps.source}" if steps.steps or steps.lock else steps.source)
    found = [f"{steps.declared}; {how}"]
    if manifest.demo is not None and not any(name.startswith("demo.") for name in added):
        found.append(f"the demo: {demos.name(manifest.demo)} ({NAME}:{manifest.demo.line})")
    return found


def _runs(project: Project, manifest: Manifest) -> list[Yours]:
    demo, found = manifest.demo, []
    if demo is None and (started := serving.started(project)):
        words = ", ".join(json.dumps(word) for word in started.words)
        found.append(Yours(f"the demo; {started.file} starts this", f'[demo] server = {{ argv = [{words}], ready = "/<route>" }}'))
    elif demo is None:
        found.append(Yours("the command that shows the project works", '[demo] command = ["python", "<script>"]'))
    elif not demo.outputs and demo.server is None:
        found.append(Yours("the files the demo writes that must come out the same", '[demo] outputs = ["<file>"]'))
    if demo is not None and demo.server is not None and not demo.requests:
        found.append(Yours("what the server is asked", '[[demo.request]] path = "/<route>"'))
    if not interpreter.declared(project, manifest.infrastructure.python).exact and any(path.endswith(".py") for path in project.paths):
        why = "the Python its packages were chosen for"
        found.append(Yours(why, '[infrastructure] python = "<version>"'))
    return found


def _secrets(manifest: Manifest, added: Mapping[str, str]) -> list[str]:
    demo = manifest.demo
    told = demo is not None and demo.secrets and "demo.secrets" not in added
    found = [f"secrets of the demo, by name: {_listed(demo.secrets)}"] if demo is not None and told else []
    return found + ([f"routes meant for everybody: {_listed(manifest.security.public)}"] if manifest.security.public else [])


def _public(manifest: Manifest) -> list[Yours]:
    demo = manifest.demo
    if demo is None or not demo.requests or manifest.security.public:
        return []
    why = "routes for everybody, if any: none is guessed, all others must refuse strangers"
    return [Yours(why, '[security] public = ["GET /<route>"]')]


def _contracts(project: Project, manifest: Manifest) -> list[str]:
    found = [contract.file for contract in contracts.find(project, manifest).read]
    return [f"{counted(len(found), 'data contract')}: {_listed(found)}"] if found else []


def _undescribed(project: Project, manifest: Manifest) -> list[Yours]:
    invalid = [(problem.text, problem.location) for problem in contracts.find(project, manifest).invalid if problem.location is not None]
    found = [Yours(text, file=f"{place.file}:{place.line}") for text, place in invalid[:_MOST]]
    lacking = init_data.undescribed(project, manifest)
    for item in lacking[:_MOST]:
        where = f"the table {item.name} ({item.place})" if item.place else item.name
        found.append(Yours(f"{where} has no contract", file=""))
    if len(lacking) > _MOST:
        found.append(Yours(f"and {len(lacking) - _MOST} more have none: {_listed([item.name for item in lacking[_MOST:]])}", file=""))
    if told := [infer.argument(item.name, item.file) for item in lacking[:_MOST] if item.place or infer.can_read(item.file)]:
        why = "`not_data` of [data] names what is no data; of what is, this writes what can be seen of a contract:"
        found.append(Yours(why, command=f"readiness data infer {' '.join(told)}"))
    return found


def _seen(project: Project, steps: Procedure) -> tuple[tuple[str, ...], tuple[Yours, ...]]:
    said = declared(project, steps)
    own = sorted(name for name in {*said.direct, *said.pinned} if INSTRUMENTED.fullmatch(name))
    names = sorted(own, key=lambda name: name not in EXPORT)
    found = []
    if names:
        place = said.where.get(names[0])
        where = f"{place.file}:{place.line}" if place is not None else said.lock or said.file
        found.append(f"{_listed(names)} ({where})")
    decides = _first_line(project, _DECIDES)
    found += [f"decisions are recorded ({decides})"] if decides else []
    yours = []
    if not names:
        yours.append(Yours("nothing here makes spans: declare OpenTelemetry, then `readiness.setup()` and `with readiness.decision(...)`",
                           command=declaring.command(project, steps, EXPORT), file=""))  # fmt: skip
    return tuple(found), tuple(yours)


def _first_line(project: Project, wanted: re.Pattern[str]) -> str:
    for module in modules.of(project):
        text = "" if module.aside else project.text(module.file)
        if found := wanted.search(text):
            return f"{module.file}:{text.count(chr(10), 0, found.start()) + 1}"
    return ""


def _outcomes(project: Project, manifest: Manifest) -> tuple[tuple[str, ...], tuple[Yours, ...]]:
    gathered = init_data.gathered(project, manifest)
    found = tuple(f"{item.file}: {item.change}" for item in gathered.outcomes[:_MOST])
    if not gathered.files:
        line = Yours("what is to improve, for whom, measured how", "kind: Outcome", "outcomes/<name>.yaml")
        return found, (
            line,
            Yours("such a file is shown by this, and read by `readiness outcome lint`:", command="readiness checks outcome-defined"),
        )
    wrong = tuple(Yours(text.split(": ", 1)[1], file=text.split(": ", 1)[0]) for text in gathered.problems[:_MOST])
    more = len(gathered.problems) - len(wrong)
    return found, (*wrong, *([Yours(f"and {more} more", command="readiness outcome lint")] if more else []))


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return f"{', '.join(names[:_MOST])}{' …' if len(names) > _MOST else ''}"
