"""The tests notice when the code is changed.

Proves: a green test run says something about the code, so a changed environment or model would be noticed.
Needed above: every later check trusts that the project's own assertions assert.
Executed: the suite runs in an environment of its own without network; then a sample of small changes is made to the
product's code, one at a time, and the suite runs on each, in as many copies of the tree at once as there are processors.
The share it notices is the kill rate; its interval holds at every change at once (a confidence sequence for draws without
replacement, Waudby-Smith and Ramdas 2020), so the sampling ends with the first change after which it decides.
Cannot see: whether what is asserted is what the business needs; changes that alter nothing count as not noticed.
Repair: assert on results where a change survived (the note names one).
Source: Jia and Harman, An analysis and survey of the development of mutation testing, IEEE TSE 2011.
"""

from __future__ import annotations

import os
import re
import shlex
import time
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from queue import SimpleQueue
from typing import Final

from readiness.layers.infrastructure import modules, mutation, suite
from readiness.sequence.finding import Basis, Cause, Finding, Location, Outcome, Problem, Remedy, outcome_of
from readiness.sequence.interval import proportion_in_draws
from readiness.sequence.stakes import MINIMUM_KILL_RATE, Policy
from readiness.sequence.wording import agreeing, counted
from readiness.world import beneath
from readiness.world.context import Context
from readiness.world.environment import Environment
from readiness.world.sandbox import ALONE, Lane, Ran

ID = "infrastructure.tests-bite"

LONGEST: Final = 40
"""How many changes are tried where none decides."""
LANES: Final = 4
"""How many are tried at once at most."""
BUDGET_S: Final = 600
_NONE_RAN: Final = re.compile(r"no tests ran in ")
_WRITE_ONE: Final = Remedy(
    "write one test that asserts a result of the demo, in a file pytest finds", "mkdir -p tests && ${EDITOR:-vi} tests/test_demo.py"
)
_MAKE_PASS: Final = Remedy("make the tests pass in a fresh environment without network", "python -m pytest")


@dataclass(frozen=True, slots=True)
class Observed:
    """How the suite did on the code as it is, and on changed code. `survivor` is one change it did not notice."""

    test_files: int
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    cause: Cause = Cause.NONE
    reason: str = ""
    killed: int = 0
    tried: int = 0
    survivors: tuple[Problem, ...] = ()
    places: int = 0
    """How many changes there are to try; where all were, the rate is known and not estimated."""


def observe(context: Context) -> Observed:
    """Runs the suite, then changes the code and runs it again, until the looks decide or the time is spent."""
    found = suite.files(context.project)
    if not found and not context.manifest.infrastructure.tests:
        return Observed(0)
    if context.session.blocked is not Cause.NONE:
        return Observed(len(found), cause=context.session.blocked, reason="the project was not installed")
    where = suite.environment(context)
    if not where.ready:
        return Observed(len(found), cause=where.cause, reason=f"the test packages do not install: {where.reason}")
    with context.session.progress("running the tests"):
        base = suite.run(context, where)
    counts = (base.count("passed"), base.count("failed"), base.count("skipped"))
    if not base.ran.ok or not counts[0]:
        told = suite.cause_of(base)
        return Observed(len(found), *counts, cause=told.cause, reason=told.reason)
    killed, survivors, places = _mutate(context, where, base)
    return Observed(len(found), *counts, killed=killed, tried=killed + len(survivors), survivors=tuple(survivors), places=places)


def _mutate(context: Context, where: Environment, base: suite.Result) -> tuple[int, list[Problem], int]:
    texts = {module.file: context.project.text(module.file) for module in modules.of(context.project) if not module.aside}
    places = mutation.sites(texts)
    sample = mutation.sample(places, LONGEST, seed=int(context.project.tree[-12:], 16))
    mutants = [mutant for site in sample if (mutant := mutation.apply(site, texts[site.file])) is not None]
    minimum = MINIMUM_KILL_RATE[context.manifest.stakes]
    killed, survivors = 0, list[Problem]()
    started = time.monotonic()
    doing = context.session.progress(f"changing the code and running the tests, at most {len(mutants)} times")
    with doing, closing(_tried(context, where, mutants, base.ran)) as results:
        for mutant, noticed in results:
            if noticed:
                killed += 1
            else:
                survivors.append(Problem(f"{mutant.file}:{mutant.line}", mutant.what, Location(mutant.file, mutant.line)))
            if time.monotonic() - started > BUDGET_S or _decided(killed, killed + len(survivors), len(places), minimum):
                break
    return killed, survivors, len(places)


def _tried(
    context: Context, where: Environment, mutants: list[mutation.Mutant], base: Ran
) -> Generator[tuple[mutation.Mutant, bool], None, None]:
    """Each change in its order, with whether the suite noticed it; several are tried at once, each in a lane of its own."""
    lanes = _lanes(context, where, base)
    limit_s = len(lanes) * (5 + 4 * base.elapsed_s)  # sharing a processor makes no change a noticed one
    free: SimpleQueue[Lane] = SimpleQueue()
    for lane in lanes:
        free.put(lane)

    def noticed(mutant: mutation.Mutant) -> bool:
        lane = free.get()
        try:
            return _noticed(context, where, mutant, limit_s, lane)
        finally:
            free.put(lane)

    left, begun = iter(mutants), deque[tuple[mutation.Mutant, Future[bool]]]()
    with ThreadPoolExecutor(len(lanes)) as pool:
        while True:
            begun.extend((mutant, pool.submit(noticed, mutant)) for mutant in islice(left, len(lanes) - len(begun)))
            if not begun:
                return
            mutant, result = begun.popleft()
            yield mutant, result.result()


def _lanes(context: Context, where: Environment, base: Ran) -> list[Lane]:
    """As many lanes as processors, at most LANES; one alone where this machine puts no folder in place of another."""
    count = min(LANES, len(os.sched_getaffinity(0))) if base.isolation.files else 1
    return [ALONE, *(context.session.sandbox.lane(f"tests-{number}", (where.tree,)) for number in range(1, count))]


def _noticed(context: Context, where: Environment, mutant: mutation.Mutant, limit_s: float, lane: Lane) -> bool:
    original, tree = context.session.pristine / mutant.file, lane.place(where.tree)
    beneath.write(tree, mutant.file, mutant.text.encode())
    try:
        return not suite.run(context, where, stop_early=True, timeout_s=limit_s, lane=lane).ran.ok
    finally:
        beneath.write(tree, mutant.file, original.read_bytes())


def _decided(killed: int, tried: int, places: int, minimum: float) -> bool:
    lower, upper = proportion_in_draws(killed, tried, places)
    return lower >= minimum or upper < minimum


def judge(observed: Observed, policy: Policy) -> Finding:
    """Holds when the lower bound of the kill rate reaches the minimum of the stakes; fails when the upper one does not."""
    if not observed.test_files and not observed.passed:
        return Finding(ID, Outcome.FAILS, Basis.OBSERVED, "tests", "tests that assert", "there are no tests", "no file is a test",
                       Cause.PROJECT, remedy=_WRITE_ONE, problems=(Problem("tests", "there are no tests"),))  # fmt: skip
    if observed.cause is not Cause.NONE or not observed.passed:
        return _not_green(observed)
    if not observed.tried:
        return Finding(
            ID,
            Outcome.NOT_APPLICABLE,
            Basis.EXECUTED,
            reason=f"{counted(observed.passed, 'test')} {agreeing(observed.passed, 'passes', 'pass')}; there is no code to change",
        )
    lower, upper = proportion_in_draws(observed.killed, observed.tried, observed.places)
    span = "all there are" if observed.tried == observed.places else f"{lower:.0%} to {upper:.0%}"
    minimum = MINIMUM_KILL_RATE[policy.stakes]
    rate = f"{observed.killed} of {counted(observed.tried, 'change')} noticed ({span}), {counted(observed.passed, 'test')}"
    expected = f"at least {minimum:.0%} noticed"
    notes = tuple(f"survived: {item.subject} {item.text}" for item in observed.survivors[:2])
    if observed.skipped:
        notes = (*notes, f"{counted(observed.skipped, 'test')} {agreeing(observed.skipped, 'was', 'were')} skipped, which is not passed")
    if lower >= minimum:
        return Finding(ID, Outcome.HOLDS, Basis.EXECUTED, "tests", expected, rate, notes=notes)
    if upper < minimum:
        location = observed.survivors[0].location
        shown = f"sed -n {location.line}p {shlex.quote(location.file)}" if location is not None else ""
        remedy = Remedy("assert on results, first where a change survived", shown)
        return Finding(
            ID, Outcome.FAILS, Basis.EXECUTED, "tests", expected, rate, "the suite passes whatever the code does", Cause.PROJECT,
            location, remedy, observed.survivors[:5], notes,
        )  # fmt: skip
    return Finding(
        ID, Outcome.UNKNOWN, Basis.EXECUTED, "tests", expected, rate, "too few changes to tell", Cause.NOT_EXERCISED, notes=notes
    )


def _not_green(observed: Observed) -> Finding:
    cause = observed.cause if observed.cause is not Cause.NONE else Cause.NOT_EXERCISED
    total = observed.passed + observed.failed + observed.skipped
    text = (
        f"{observed.failed} of {counted(total, 'test')} {agreeing(observed.failed, 'fails', 'fail')}: {observed.reason}"
        if observed.failed
        else f"no test passed: {observed.reason}"
    )
    outcome = outcome_of(cause)
    problems = (Problem("tests", observed.reason),) if outcome is Outcome.FAILS else ()
    remedy = _WRITE_ONE if not total and _NONE_RAN.match(observed.reason) else _MAKE_PASS
    return Finding(ID, outcome, Basis.EXECUTED, "tests", "tests that pass", text, observed.reason, cause, remedy=remedy, problems=problems)
