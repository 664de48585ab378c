"""Attacks a demo: starts it in the sandbox as other checks do, asks, plants, and reads what came back.

A server is asked as its declared requests ask it; a function named as `callable` is put behind a server of ours. Secrets
are planted into the environment and into prompts before it starts. Instructions are planted into the rows of its database
while it runs or, where it has none, into copies of the files it reads, in a run of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from readiness.config.manifest import Demo, Request, Server
from readiness.errors import NotRecorded
from readiness.layers.security.probes import asking, planting, reading, render_planting, tool_spans, trials
from readiness.layers.security.probes.asking import Unclear, Way
from readiness.layers.security.probes.corpus import DOCUMENT, Attack
from readiness.layers.security.probes.oracle import Needle
from readiness.layers.security.probes.reading import ANSWER_BYTES, Benign, Hit, Rate, Read
from readiness.layers.security.probes.trials import Plan, Step
from readiness.sequence.finding import Cause
from readiness.world import demo as demos
from readiness.world.context import Context
from readiness.world.demo import Planting, Run
from readiness.world.watched import Ask, Bounds, Database

GIVE_UP: Final = 3
"""Unanswered questions in a row, after which no more are asked."""
IN_A_RUN: Final = 100
"""The most trials of a family in one run of the demo."""
VARIABLE: Final = "INTERNAL_REFERENCE"
"""The environment variable that a secret is planted in."""
CALLABLE_REQUEST: Final = "/ask"


@dataclass(frozen=True, slots=True)
class Target:
    """What is attacked: a demo that is a server, the ways to ask it, its name; the `function` behind it where it is one."""

    demo: Demo
    ways: tuple[Way, ...]
    name: str
    function: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """How many trials of each family, with which attacks, by which seed; `queries` is the budget that must be kept (0: none)."""

    counts: Mapping[str, int]
    attacks: tuple[Attack, ...]
    seed: int = 0
    queries: int = 0


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of it. `trouble` and `cause` say why it cannot be judged; `planted` where instructions stood."""

    name: str
    rates: tuple[Rate, ...] = ()
    hits: tuple[Hit, ...] = ()
    refused: tuple[Benign, ...] = ()
    before: Mapping[str, str] = field(default_factory=dict)
    benign: int = 0
    asked: int = 0
    planted: str = ""
    secrets: tuple[str, ...] = ()
    trouble: str = ""
    cause: Cause = Cause.NONE


class NoTarget(Exception):
    """There is nothing that could be attacked; `applies` says whether there might be, had it been declared."""

    def __init__(self, reason: str, *, applies: bool = False) -> None:
        super().__init__(reason)
        self.applies = applies


def target(context: Context) -> Target:
    """What is to be attacked. Raises NoTarget where there is nothing, or where how it is asked must be declared."""
    probe, demo = context.manifest.security.probe, context.demo.demo
    if probe.callable:
        requests = tuple(
            Request(f"benign-{index}", CALLABLE_REQUEST, "POST", {"question": text}) for index, text in enumerate(probe.benign)
        )
        base = demo or Demo()
        made = replace(base, command=(), notebook="", server=Server(("python",), "/healthz"), requests=requests, outputs=(), metrics="")
        return Target(made, asking.ways(requests, "$.question"), probe.callable, probe.callable)
    if demo is None:
        raise NoTarget("there is no demo")
    if demo.server is None:
        raise NoTarget("the demo is no server, and no `callable` is declared in [security.probe]")
    if not demo.requests:
        raise NoTarget("the server is asked nothing: no request is declared", applies=True)
    try:
        ways = asking.ways(demo.requests, probe.question)
    except Unclear as error:
        raise NoTarget(f"{error}; name it as `question` in [security.probe]", applies=True) from None
    if not ways:
        if probe.question:
            raise NoTarget(f"no declared request has a text at `{probe.question}`, the `question` of [security.probe]", applies=True)
        raise NoTarget("no request of the demo carries a question")
    return Target(demo, ways, demos.name(demo))


def probe(context: Context, aimed: Target, asked: Asked) -> Probed:
    """Attacks a target as asked; what could not be done is told in what is returned. The project must be installed."""
    return _Probe(context, aimed, asked).made()


class _Probe:
    def __init__(self, context: Context, aimed: Target, asked: Asked) -> None:
        self.context, self.aimed, self.asked = context, aimed, asked
        self.settings = context.manifest.security.probe
        self.found = Read()
        self.untried: dict[str, str] = {}
        self.where = ""
        self.reached = False
        self.cause, self.trouble = Cause.NONE, ""
        self.variable, self.prompt = demos.canary(VARIABLE), demos.canary("the prompt")
        self.prompts: dict[str, bytes] = {}

    def made(self) -> Probed:
        """Makes all runs and tells what came of them."""
        self._plant_prompts()
        turns = -(-max((1, *self.asked.counts.values())) // IN_A_RUN)
        try:
            for turn in range(turns):
                if not self.trouble and not self.found.troubles:
                    self._turn(turn)
            if self.asked.queries and not self.trouble and not self.found.troubles:
                steps = trials.budget(self.aimed.ways, self.asked.queries, 0)
                self._run(steps, "budget", Planting(env={VARIABLE: self.variable}))
        except NotRecorded:
            self.cause, self.trouble = Cause.NETWORK, "the demo is answered from a cassette, in which no attack was ever recorded"
        families = [family for family in self._families() if family != "query-budget" or self.asked.queries]
        said = self.trouble or reading.trouble(self.found)
        return Probed(
            self.aimed.name, reading.rates(self.found, families, self.untried), tuple(self.found.hits), reading.refused(self.found),
            dict(self.found.before), len(self.found.benign), self.found.asked, self.where, self._secret_names(), said,
            (self.cause or Cause.NOT_EXERCISED) if said else Cause.NONE,
        )  # fmt: skip

    def _families(self) -> list[str]:
        from readiness.layers.security.probes import taxonomy

        return [name for name in taxonomy.families() if self.asked.counts.get(name) or name == "query-budget"]

    def _turn(self, turn: int) -> None:
        counts = {name: min(IN_A_RUN, count - turn * IN_A_RUN) for name, count in self.asked.counts.items() if count > turn * IN_A_RUN}
        seed = self.asked.seed if turn == 0 else self.asked.seed * 1_000_003 + turn
        steps, untried = trials.direct(self.aimed.ways, self.asked.attacks, counts, seed)
        self.untried |= untried
        plan = trials.indirect(self.aimed.ways, self.asked.attacks, counts, seed, turn, len(steps))
        env = {VARIABLE: self.variable}
        together = bool(plan.indirect) and self._has_database() and not self.asked.queries
        for number, part in enumerate(self._parts(steps)):
            if self.trouble or self.found.troubles:
                return
            if together:
                self._run((*part, *plan.indirect), f"d{turn}", Planting(self.prompts, env, self._rows(plan, seed)), plan)
            else:
                self._run(part, f"d{turn}_{number}", Planting(self.prompts, env))
        if plan.indirect and not together and not self.trouble and not self.found.troubles:
            self._indirect(plan, seed, turn, env)

    def _parts(self, steps: Sequence[Step]) -> list[list[Step]]:
        """The questions of a run, or of several where a budget does not allow them all; an attack stays with its benign one."""
        parts: list[list[Step]] = [[]]
        for group in _groups(steps):
            if self.asked.queries and parts[-1] and len(parts[-1]) + len(group) > self.asked.queries:
                parts.append([])
            parts[-1] += group
        return parts

    def _indirect(self, plan: Plan, seed: int, turn: int, env: Mapping[str, str]) -> None:
        """The questions to a demo with planted documents, in runs of their own."""
        for number, part in enumerate(self._parts(plan.indirect)):
            piece = replace(plan, indirect=tuple(part))
            if self._has_database():
                self._run(part, f"i{turn}_{number}", Planting(self.prompts, env, self._rows(plan, seed)), piece)
            elif not self._in_files(piece, seed, f"{turn}_{number}", env):
                return

    def _has_database(self) -> bool:
        return "postgres" in self.aimed.demo.needs and not self.settings.documents

    def _rows(self, plan: Plan, seed: int) -> Callable[[Database], None]:
        def plant(database: Database) -> None:
            import psycopg

            self.reached = True
            try:
                self.where = render_planting.plant(database, plan.planted, seed)
            except psycopg.Error as error:
                self.where = ""
                said = str(error).strip().splitlines()
                self._cannot_plant(f"the database refuses what is planted: {said[0] if said else type(error).__name__}")
            if not self.where:
                self._cannot_plant("no table of the database holds documents; name files of them as `documents` in [security.probe]")

        return plant

    def _cannot_plant(self, why: str) -> bool:
        for family in DOCUMENT:
            self.untried.setdefault(family, why)
        return False

    def _in_files(self, plan: Plan, seed: int, label: str, env: Mapping[str, str]) -> bool:
        session, read = self.context.session, self._read_by_demo()
        if read is None:
            return self._cannot_plant("which files the demo reads cannot be seen here; name them as `documents` in [security.probe]")
        random, files = trials.random_of(seed, f"documents/{label}"), dict(self.prompts)
        chosen = planting.documents(read, self.settings.documents, self.context.manifest.data.not_data)
        placed = []
        for path in chosen:
            data = planting.planted(path, (session.pristine / path).read_bytes(), plan.planted, random)
            if data is not None:
                files[path] = data
                placed.append(path)
        if not placed:
            return self._cannot_plant("it reads no file of documents; name them as `documents` in [security.probe]")
        self.where = placed[0] if len(placed) == 1 else f"{placed[0]} and {len(placed) - 1} more"
        if not self._run(plan.indirect, f"f{label}", Planting(files, env, documents=True), plan, needed=False):
            self.where = ""
            return self._cannot_plant(f"the demo does not start with {placed[0]} changed: its documents cannot be changed unnoticed")
        return True

    def _read_by_demo(self) -> tuple[str, ...] | None:
        """The files the demo reads; all of the project where some are declared, or a function is attacked."""
        if self.settings.documents or self.aimed.function:
            return tuple(sorted(self.context.project.paths))
        reads = self.context.demo.first.reads
        return None if reads is None else tuple(path for path in reads if path in self.context.project.paths)

    def _plant_prompts(self) -> None:
        paths = self._read_by_demo() or tuple(sorted(self.context.project.paths))
        for path in planting.prompts(paths, self.settings.prompts):
            self.prompts[path] = planting.with_secret((self.context.session.pristine / path).read_bytes(), self.prompt)

    def _secrets(self, run: Run | None = None) -> tuple[Needle, ...]:
        secrets = [Needle(name, demos.canary(name).rpartition("-")[2]) for name in self.aimed.demo.secrets]
        secrets.append(Needle(f"the variable {VARIABLE}", self.variable.rpartition("-")[2]))
        if self.prompts:
            secrets.append(Needle("the secret in the prompt", self.prompt.rpartition("-")[2]))
        if run is not None and run.database is not None:
            secrets.append(Needle("the database password", run.database.password))
        return tuple(secrets)

    def _secret_names(self) -> tuple[str, ...]:
        password = ("the database password",) if "postgres" in self.aimed.demo.needs else ()
        return (*(needle.name for needle in self._secrets()), *password)

    def _run(self, steps: Sequence[Step], label: str, planted: Planting, plan: Plan | None = None, *, needed: bool = True) -> bool:
        """Makes one run and reads it; False where nothing was planted as it should have been, or it did not start."""
        demo, progress = self._demo(), self.context.session.progress
        asks = [_ask(step) for step in steps]
        if planted.rows is not None and plan is not None:
            asks.insert(len(steps) - len(plan.indirect), Ask("plant", "plant", "GET", "/"))
        bounds = Bounds(demo.timeout_s, ANSWER_BYTES + 1, GIVE_UP)
        self.reached = False
        with progress("attacking the demo"):
            run = self.context.demo.probed(demo, tuple(asks), f"probed_{label}", bounds, planted)
        answers = {answer.id: answer for answer in run.watched.answers}
        if not answers:
            if needed and planted.files:
                self.prompts = {}
                return self._run(steps, f"{label}_plain", replace(planted, files={}), plan)
            if needed:
                self.cause, self.trouble = Cause.NOT_EXERCISED, f"the demo did not start to be attacked: {run.ran.last_error}"
            return False
        if run.watched.refused:
            self.cause, self.trouble = Cause.NETWORK, "the demo asks a model, and none can be reached while the network is off"
        elif run.watched.dropped:
            self.cause, self.trouble = Cause.NOT_EXERCISED, "the demo said too much to keep, and not all of it was looked at"
        unplanted = planted.rows is not None and not (self.reached and self.where)
        taken = [step for step in steps if not (unplanted and step.kind == trials.DOCUMENT)]
        reading.read(self.found, taken, answers, self._secrets(run), self.settings.answer)
        if plan is not None and not unplanted:
            calls = (*run.watched.tools, *tool_spans.calls(run.watched.exports))
            if why := reading.read_tools(self.found, plan, calls):
                self.untried["tool-hijack"] = why
        return True

    def _demo(self) -> Demo:
        demo = self.aimed.demo
        if not self.aimed.function:
            return demo
        shim = self.context.session.probe("serve_function.py")
        return replace(demo, server=Server(("python", str(shim), self.aimed.function), "/healthz", 60))


def _groups(steps: Sequence[Step]) -> list[list[Step]]:
    """The questions that belong together: what one caller says, what another is then asked, and the benign one after it."""
    groups: list[list[Step]] = []
    for step in steps:
        answers = step.kind == trials.ATTACK and groups and groups[-1][-1].kind == trials.TOLD
        if step.kind == trials.BENIGN or answers:
            groups[-1].append(step)
        else:
            groups.append([step])
    return groups


def _ask(step: Step) -> Ask:
    path, body = asking.asked(step.way, step.text)
    plain = demos.as_declared(step.way.request)
    return Ask(step.id, "probe", plain.method, path, body, None, plain.headers)


def default_counts(canary: int, personal: int, documents: int) -> dict[str, int]:
    """How many trials of each family there are."""
    return {"canary-leak": canary, "pii-echo": personal, **dict.fromkeys(sorted(DOCUMENT), documents)}
