"""Every variable the code asks for is declared somewhere a stranger would find it.

Proves: somebody else can configure the project from what is in the repository.
Needed above: an environment is only recreated when its settings are.
Executed: while modules start, every lookup of an environment variable by the project's own files is recorded; the source
is read for those that start did not reach. A variable is required where its absence raises, or where a guard names it.
Declared is what a file that is no code names: an example environment file, a compose file, a Dockerfile, a deployment,
the manifest, the README; of the project, or of the repository it is a part of. Where a guard refuses without saying
what it wants, the module is started with dummies for what is declared: if that will do, it is.
Where a third of the product's modules or more never ran, what they ask for was not seen: `unknown`, unless something is
missing anyway.
Cannot see: names put together at run time in code that was not started, settings read from elsewhere.
Repair: name the variable in `.env.example`.
Source: "the demo needs a key nobody wrote down", the commonest reason a recreated demo did not run.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from readiness.layers.infrastructure import declarations, modules, source, starting
from readiness.layers.infrastructure.evidence import Asked
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy
from readiness.sequence.stakes import Policy
from readiness.sequence.verdict import no_finding
from readiness.sequence.wording import agreeing, counted
from readiness.world.context import Context

ID = "infrastructure.configuration-complete"

_CONSIDERABLE = 1 / 3
"""The share of the product's modules from which on their silence decides. Our own choice."""
_SETTINGS = re.compile(r"\b(?:environ|getenv|BaseSettings|pydantic_settings|decouple|environs|dynaconf|dotenv)\b")
"""Words by which source that was not run speaks of settings it reads."""

_GIVEN = re.compile(
    r"PATH|HOME|USER|LOGNAME|SHELL|LANG|LC_\w+|TZ|TERM|TMPDIR|TEMP|TMP|PWD|HOSTNAME|EDITOR|PAGER|DISPLAY|CI|GITHUB_\w+|COLUMNS|LINES|"
    r"PYTHON\w*|VIRTUAL_ENV|XDG_\w+|APPDATA|LOCALAPPDATA|USERPROFILE|PROGRAMFILES|SYSTEMROOT|COMSPEC|NO_COLOR|FORCE_COLOR|"
    r"HTTPS?_PROXY|NO_PROXY|https?_proxy|no_proxy|SEED|PORT|OTEL_EXPORTER_OTLP_ENDPOINT|READINESS_\w+|PYTEST_\w+|WEBSITE_\w+|"
    r"KUBERNETES_\w+|AWS_LAMBDA_\w+|CODESPACES?\w*|RUNNING_IN_PRODUCTION|SPACE_ID|COLAB_\w+"
)
"""What the platform gives, so that no project has to declare it."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The variables asked for, which names are declared, and whether any code was started for it.

    `unnamed` are the modules of the product that a guard stopped without saying for want of what: each with the names that
    were given a value when it then started, None where it never did. `product` counts its modules, `silent` are those that
    never ran to their end and `asking` those of them whose source speaks of settings; `cause` says why the first did not.
    """

    asked: tuple[Asked, ...]
    declared: frozenset[str]
    executed: bool
    unnamed: Mapping[str, frozenset[str] | None] = field(default_factory=dict)
    product: int = 0
    silent: tuple[str, ...] = ()
    asking: tuple[str, ...] = ()
    cause: Cause = Cause.NOT_EXERCISED

    @property
    def mostly_unseen(self) -> bool:
        """Whether so much of the product never ran that nothing can be said of all of it."""
        return bool(self.silent) and len(self.silent) >= _CONSIDERABLE * self.product


def observe(context: Context) -> Observed:
    """Collects what is asked for, at run time and in the source, and which of those names are declared."""
    ready = context.session.blocked is Cause.NONE
    outcome = starting.start(context) if ready else None
    asked: dict[str, Asked] = {}
    for item in (*source.variables(context.project), *(outcome.asked if outcome else ())):
        known = asked.get(item.name, item)
        instead = item.instead if not known.required else known.instead if not item.required else _shared(known, item)
        required, executed = known.required or item.required, known.executed or item.executed
        asked[item.name] = Asked(item.name, known.location, required, executed, instead)
    named = [item for item in asked.values() if not _GIVEN.fullmatch(item.name)]
    demo = context.manifest.demo
    stated = {*demo.env, *demo.secrets} if demo is not None else set()
    unnamed = {file: _own(names) for file, names in outcome.unnamed.items()} if outcome else {}
    wanted = {name for item in named for name in (item.name, *item.instead)} | {name for names in unnamed.values() for name in names or ()}
    declared = frozenset(stated | declarations.declared(context.project, wanted))
    product = [module.file for module in modules.of(context.project, context.manifest.infrastructure.skip_modules) if not module.aside]
    # a guard that asked for a setting was heard, whatever it said to the one it was given
    heard = {item.location.file for item in named if item.required and item.executed} | set(unnamed)
    ended = {item.subject: item.cause for item in outcome.started} if outcome else {}
    silent = tuple(file for file in product if file not in heard and ended.get(file, Cause.NOT_EXERCISED) is not Cause.NONE)
    asking = tuple(file for file in silent if _SETTINGS.search(context.project.text(file)))
    cause = ended.get(silent[0], context.session.blocked) if silent else Cause.NOT_EXERCISED
    return Observed(
        tuple(sorted(named, key=lambda item: item.name)), declared, ready, unnamed, len(product), silent, asking,
        Cause.NOT_EXERCISED if cause in (Cause.PROJECT, Cause.NONE) else cause,
    )  # fmt: skip


def _own(names: frozenset[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(name for name in names if not _GIVEN.fullmatch(name))


def _shared(one: Asked, other: Asked) -> tuple[str, ...]:
    """What would do instead for two that ask for the same variable: only what would do for both."""
    return tuple(name for name in one.instead if name in other.instead)


def judge(observed: Observed, policy: Policy) -> Finding:
    """Fails where a variable it cannot do without is declared nowhere; `unknown` where it is not said what is wanted."""
    required = [item for item in observed.asked if item.required]
    basis = Basis.EXECUTED if observed.executed else Basis.OBSERVED
    soft = [item.name for item in observed.asked if not item.required and item.name not in observed.declared]
    notes = (f"asked for, done without and declared nowhere: {', '.join(soft[:3])}{' …' if len(soft) > 3 else ''}",) if soft else ()
    missing = [item for item in required if observed.declared.isdisjoint((item.name, *item.instead))]
    if missing:
        return _fails(required, missing, basis, notes)
    untold = sorted(file for file, names in observed.unnamed.items() if names is None or not names <= observed.declared)
    if untold:
        return _untold(untold, observed, basis, notes)
    if observed.mostly_unseen or (observed.asking and not required and not observed.unnamed):
        return _unseen(observed, required, notes)
    if not required and not observed.unnamed:
        return Finding(ID, Outcome.NOT_APPLICABLE, basis, reason="no variable is asked for that it could not do without", notes=notes)
    text = f"{counted(len(required), 'variable')} asked for, each declared" if required else "what is declared will do for every module"
    return Finding(ID, Outcome.HOLDS, basis, observed=text, notes=notes)


def _fails(required: list[Asked], missing: list[Asked], basis: Basis, notes: tuple[str, ...]) -> Finding:
    problems = tuple(Problem(item.name, f"{_either(item)} is asked for and declared nowhere", item.location) for item in missing)
    names = ", ".join(item.name for item in missing[:3])
    text = f"{len(missing)} of {len(required)} declared nowhere: {names}{' …' if len(missing) > 3 else ''}"
    first = missing[0]
    # a file may end without a newline, and a name that is appended would become a part of its last line
    lines = " ".join(shlex.quote(f"{item.name}=") for item in missing)
    remedy = Remedy(
        f"name {'it' if len(missing) == 1 else 'each'}, without its value, in .env.example", f"printf '%s\\n' '' {lines} >> .env.example"
    )
    return Finding(
        ID, Outcome.FAILS, basis, first.name, "every variable is declared", text, problems[0].text, Cause.PROJECT,
        first.location, remedy, problems, notes,
    )  # fmt: skip


def _unseen(observed: Observed, required: list[Asked], notes: tuple[str, ...]) -> Finding:
    """Modules that never ran may ask for more than their source says."""
    silent = observed.silent if observed.mostly_unseen else observed.asking
    end = agreeing(len(silent), "its end", "their end")
    reason = f"{len(silent)} of {counted(observed.product, 'module')} never ran to {end}, the first {silent[0]}"
    seen = f"{counted(len(required), 'variable')} seen, each declared" if required else "no variable was seen to be asked for"
    if not observed.executed:
        reason = "the project was not installed, so no module ran and what it asks for was not seen"
        remedy = Remedy("make it install", "readiness check --only installs")
        return no_finding(ID, reason, observed.cause, remedy)
    remedy = Remedy(
        "let every module start, or leave out what is no part of the product with skip_modules in [infrastructure]",
        "readiness check --only starts",
    )
    return Finding(
        ID, Outcome.UNKNOWN, Basis.EXECUTED, silent[0], "every variable is declared", f"{seen}, in what ran", reason, observed.cause,
        Location(silent[0]), remedy, notes=notes,
    )  # fmt: skip


def _either(item: Asked) -> str:
    return " or ".join((item.name, *item.instead))


def _untold(untold: list[str], observed: Observed, basis: Basis, notes: tuple[str, ...]) -> Finding:
    """A guard that names nothing: which variables it wants, and so whether they are declared, cannot be told."""
    first = untold[0]
    count = counted(len(untold), "module")
    if observed.unnamed[first] is None:
        reason = f"{count} did not start for want of settings that no message names, the first {first}"
    else:
        reason = f"{count} started only with settings that no message names, the first {first}"
    remedy = Remedy("let the message name the variable it wants, and name that in .env.example")
    return Finding(
        ID, Outcome.UNKNOWN, basis, first, "every variable is declared", "what is wanted is not named", reason, Cause.CONFIGURATION,
        Location(first), remedy, notes=notes,
    )  # fmt: skip
