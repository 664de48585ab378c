"""Every variable the code asks for is declared somewhere a stranger would find it.

Proves: somebody else can configure the project from what is in the repository.
Needed above: an environment is only recreated when its settings are.
Executed: while modules start, every lookup of an environment variable by the project's own files is recorded; the source
is read for those that start did not reach. A variable is required where its absence raises, or where a guard names it.
Declared is what a file that is no code names: an example environment file, a compose file, a Dockerfile, a deployment,
the manifest, the README.
Cannot see: names put together at run time in code that was not started, settings read from elsewhere.
Repair: name the variable in `.env.example`.
Source: "the demo needs a key nobody wrote down", the commonest reason a recreated demo did not run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from readiness.layers.infrastructure import source, starting
from readiness.layers.infrastructure.evidence import Asked
from readiness.sequence.finding import Basis, Cause, Finding, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.world.context import Context
from readiness.world.project import Project

ID = "infrastructure.configuration-complete"

_GIVEN = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TERM|TMPDIR|TEMP|TMP|PWD|HOSTNAME|EDITOR|PAGER|DISPLAY|CI|GITHUB_\w+|COLUMNS|LINES|"
    r"PYTHON\w*|VIRTUAL_ENV|XDG_\w+|APPDATA|LOCALAPPDATA|USERPROFILE|PROGRAMFILES|SYSTEMROOT|COMSPEC|NO_COLOR|FORCE_COLOR|"
    r"HTTPS?_PROXY|NO_PROXY|https?_proxy|no_proxy|SEED|PORT|OTEL_EXPORTER_OTLP_ENDPOINT|READINESS_\w+|PYTEST_\w+|WEBSITE_\w+|"
    r"KUBERNETES_\w+|AWS_LAMBDA_\w+|CODESPACES?\w*|RUNNING_IN_PRODUCTION|SPACE_ID|COLAB_\w+"
)
"""What the platform gives, so that no project has to declare it."""

_TEXT_LIMIT_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Observed:
    """The variables asked for, which of them are declared, and whether any code was started for it."""

    asked: tuple[Asked, ...]
    declared: frozenset[str]
    executed: bool


def observe(context: Context) -> Observed:
    """Collects what is asked for, at run time and in the source, and which of those names are declared."""
    ready = context.session.blocked is Cause.NONE
    started = starting.start(context).asked if ready else ()
    asked: dict[str, Asked] = {}
    for item in (*source.variables(context.project), *started):
        known = asked.get(item.name, item)
        asked[item.name] = Asked(item.name, known.location, known.required or item.required, known.executed or item.executed)
    named = [item for item in asked.values() if not _GIVEN.fullmatch(item.name)]
    demo = context.manifest.demo
    stated = {*demo.env, *demo.secrets} if demo is not None else set()
    declared = frozenset(stated | _declared(context.project, {item.name for item in named}))
    return Observed(tuple(sorted(named, key=lambda item: item.name)), declared, ready)


def _declared(project: Project, names: set[str]) -> set[str]:
    left = set(names)
    for entry in project.entries:
        if not left:
            break
        if entry.path.endswith((".py", ".ipynb", ".lock", ".svg")) or entry.mode == "120000":
            continue
        if (project.root / entry.path).stat().st_size <= _TEXT_LIMIT_BYTES:
            left -= set(re.findall(r"\b[A-Za-z_][A-Za-z0-9_]{2,}\b", project.text(entry.path)))
    return names - left


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where a variable it cannot do without is declared nowhere."""
    required = [item for item in observed.asked if item.required]
    basis = Basis.EXECUTED if observed.executed else Basis.OBSERVED
    soft = [item.name for item in observed.asked if not item.required and item.name not in observed.declared]
    notes = (f"asked for, done without and declared nowhere: {', '.join(soft[:3])}{' …' if len(soft) > 3 else ''}",) if soft else ()
    if not required:
        return Finding(ID, Outcome.NOT_APPLICABLE, basis, reason="no variable is asked for that it could not do without", notes=notes)
    missing = [item for item in required if item.name not in observed.declared]
    if not missing:
        text = f"{len(required)} variable{'s' if len(required) != 1 else ''} asked for, each declared"
        return Finding(ID, Outcome.HOLDS, basis, observed=text, notes=notes)
    problems = tuple(Problem(item.name, f"{item.name} is asked for and declared nowhere", item.location) for item in missing)
    names = ", ".join(item.name for item in missing[:3])
    text = f"{len(missing)} of {len(required)} declared nowhere: {names}{' …' if len(missing) > 3 else ''}"
    remedy = Remedy("name it, without its value, in .env.example", f"echo '{missing[0].name}=' >> .env.example")
    first = missing[0]
    return Finding(
        ID, Outcome.FAILS, basis, first.name, "every variable is declared", text, problems[0].text, Cause.PROJECT,
        first.location, remedy, problems, notes,
    )  # fmt: skip
