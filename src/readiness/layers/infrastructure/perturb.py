"""Perturbs the demo: what changes the result, one circumstance at a time, and the smallest set where only several together do.

A rerun comes first. What differs by itself is chance, and is never blamed on a perturbation; what makes it stand still
(the hash seed, the clock, what a run left behind) names its cause. Whatever a perturbation is blamed for was seen twice,
and not in a plain run more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from readiness.config.manifest import Demo
from readiness.layers.infrastructure import causes, ddmin, differences, hidden, strange
from readiness.layers.infrastructure.differences import WHOLE, Difference
from readiness.sequence.finding import Cause
from readiness.world import demo as demos
from readiness.world import perturbed
from readiness.world.context import Context
from readiness.world.perturbed import Given, Names, Perturbation

LIMIT_S: Final = 900
"""How long a search may take; what was not tried by then is said to be so."""
SETS: Final = 3
"""The most interactions that are looked for, each smallest by itself."""
TWOFOLD: Final = frozenset({Perturbation.ZONE, Perturbation.HASH})
"""Where one other value may change nothing by luck: a second one is tried."""
INVENTED: Final = frozenset({Perturbation.VARIABLES, Perturbation.STRAY})
"""Where a demo that dies may only dislike the value we made up."""
STANDING: Final = "2026-01-05 12:00:00"
"""A clock that stands still; as faketime reads it."""


@dataclass(frozen=True, slots=True)
class Blamed:
    """A hidden cause: the perturbations that show it, alone or only together, in words, and what differs."""

    names: tuple[Perturbation, ...]
    cause: str
    text: str
    repair: str
    found: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True)
class Chance:
    """What differs by itself: in words where it comes from, empty where nothing that was tried makes it stand still."""

    cause: str
    text: str
    repair: str
    found: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """What came out. `cause` and `reason` say why nothing could be told; `runs` counts runs of the demo beyond the first.

    `equal` perturbations changed nothing, `untried` could not be tried and why, `stated` say nothing about this demo,
    `untold` were tried and tell nothing.
    """

    cause: Cause = Cause.NONE
    reason: str = ""
    chance: tuple[Chance, ...] = ()
    blamed: tuple[Blamed, ...] = ()
    equal: tuple[Perturbation, ...] = ()
    untried: Mapping[Perturbation, str] = field(default_factory=dict)
    stated: Mapping[Perturbation, str] = field(default_factory=dict)
    untold: Mapping[Perturbation, str] = field(default_factory=dict)
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Unlike:
    """How a perturbed run differs from the first: `found` beyond chance, `died` where it did not end well, `untold` why not told.

    `other` says that it took the second values to see it.
    """

    found: tuple[Difference, ...] = ()
    died: str = ""
    untold: str = ""
    other: bool = False

    @property
    def differs(self) -> bool:
        """Whether there is something to blame."""
        return bool(self.found or self.died)


class Search:
    """One search around one demo. `first` ended well; runs are made once and remembered by the session."""

    def __init__(self, context: Context, demo: Demo, given: Given) -> None:
        self.session = context.demo
        self.demo = demo
        self.given = given
        self.first = context.demo.first
        self.started = time.monotonic()
        self.runs = 0
        self.by_chance = differences.between(self.first, context.demo.again, demo)
        self.moving = {(item.output, item.key) for item in self.by_chance}

    @property
    def over(self) -> bool:
        """Whether the time for searching is used up."""
        return time.monotonic() - self.started > LIMIT_S

    def unlike(self, names: Names, given: Given | None = None) -> Unlike:
        """Runs the demo with these perturbed and compares it with the first run; a second time with other values where one may mislead."""
        wanted = self.given if given is None else given
        seen = self._unlike(names, wanted)
        if seen.differs or seen.untold or not names & TWOFOLD:
            return seen
        return replace(self._unlike(names, replace(wanted, other=True)), other=True)

    def _unlike(self, names: Names, given: Given, turn: int = 0) -> Unlike:
        self.runs += 1
        run = self.session.perturbed(names, given, turn)
        if told := untellable(run, self.demo):
            return Unlike(untold=told)
        if not run.ran.ok and Perturbation.CLOCK in names and (run.ran.signal or "[Errno 22]" in run.ran.said):
            return Unlike(untold=f"faketime does not get along with it ({_exit(run)})")
        if not run.ran.ok:
            return Unlike(died=f"the demo ends with {_exit(run)}: {causes.of_output(run.ran.said).reason}")
        return Unlike(self._beyond_chance(differences.between(self.first, run, self.demo)))

    def _beyond_chance(self, found: list[Difference]) -> tuple[Difference, ...]:
        whole = {output for output, key in self.moving if key == WHOLE}
        return tuple(item for item in found if (item.output, item.key) not in self.moving and item.output not in whole)

    def confirmed(self, names: Names, seen: Unlike) -> Unlike:
        """What is still there when the run is made again, and does not show in a plain run more."""
        plain = self.session.perturbed(frozenset(), turn=1)
        self.runs += 1
        if plain.ran.ok:
            more = differences.between(self.first, plain, self.demo)
            self.moving |= {(item.output, item.key) for item in more}
            self.by_chance += [item for item in more if item not in self.by_chance]
        again = self._unlike(names, replace(self.given, other=seen.other), turn=1)
        keys = {(item.output, item.key) for item in again.found}
        found = tuple(item for item in self._beyond_chance(list(seen.found)) if (item.output, item.key) in keys)
        return replace(seen, found=found, died=seen.died if again.died else "")


def untellable(run: demos.Run, demo: Demo) -> str:
    """Why a run tells nothing about what was changed around it; empty where it does."""
    if run.ran.timed_out:
        return f"the demo was still running after {demo.timeout_s:g} s"
    if run.ran.filled_disk or run.ran.signal == 9:
        return "the demo was ended for want of room or memory"
    if run.watched.refused:
        return "it asks a hosted model, and the network is off"
    return ""


def _exit(run: demos.Run) -> str:
    return f"signal {run.ran.signal}" if run.ran.signal else f"exit {run.ran.exit_code}"


def survey(context: Context, *, thorough: bool, only: Names | None = None) -> Survey:
    """Looks for hidden causes: each perturbation alone where `thorough`, else all at once and only then each alone.

    The demo must be there, installed, and its first run must have ended well; `only` limits what is perturbed.
    """
    demo = context.demo.demo
    assert demo is not None, "callers look for a demo first"
    first, again = context.demo.first, context.demo.again
    if not again.ran.ok:
        return Survey(Cause.NOT_EXERCISED, f"run a second time in the same place, the demo ends with {_exit(again)}", runs=1)
    untried = perturbed.unable(context.session, context.session.first, first.ran.isolation)
    stated = perturbed.stated(demo)
    asked = [name for name in Perturbation if (only is None or name in only)]
    able = [name for name in asked if name not in untried and name not in stated]
    search = Search(context, demo, strange.given(context.project, context.manifest))
    blamed, equal, untold = _search(search, able, thorough=thorough)
    chance = _chance(search, context, untried) if search.by_chance else ()
    return Survey(
        chance=chance,
        blamed=blamed,
        equal=equal,
        untried={name: why for name, why in {**untried, **_of_tools(untold)}.items() if name in asked and name not in stated},
        stated={name: why for name, why in stated.items() if name in asked},
        untold={name: why for name, why in untold.items() if name not in _of_tools(untold)},
        runs=search.runs + 1,
    )


def _of_tools(untold: Mapping[Perturbation, str]) -> dict[Perturbation, str]:
    """What could not be told for the sake of a tool, which is as if it had not been tried."""
    return {name: why for name, why in untold.items() if why.startswith("faketime ")}


Found = tuple[tuple[Blamed, ...], tuple[Perturbation, ...], dict[Perturbation, str]]


def _search(search: Search, able: list[Perturbation], *, thorough: bool) -> Found:
    if not able:
        return (), (), {}
    if not thorough:
        together = search.unlike(frozenset(able))
        if not together.differs and not together.untold:
            return (), tuple(able), {}
    blamed: list[Blamed] = []
    untold: dict[Perturbation, str] = {}
    aloud: list[Perturbation] = []
    for name in able:
        if search.over:
            untold[name] = f"not tried: the {LIMIT_S / 60:g} minutes for searching were over"
            continue
        seen = search.unlike(frozenset({name}))
        if name is Perturbation.NETWORK and seen.died:
            aloud.append(name)  # declared, and not hidden: without the network it says so and ends
        elif why := seen.untold or (seen.died if _invented({name}, seen) else ""):
            untold[name] = why
        elif seen.differs and (sure := search.confirmed(frozenset({name}), seen)).differs:
            blamed.append(_blame(search, (name,), sure))
    left = [name for name in able if name not in {*untold, *aloud, *(other for item in blamed for other in item.names)}]
    blamed += _interactions(search, left, untold)
    named = {name for item in blamed for name in item.names}
    return tuple(blamed), tuple(name for name in able if name not in named and name not in untold), untold


def _invented(names: Iterable[Perturbation], seen: Unlike) -> bool:
    return bool(seen.died) and INVENTED.issuperset(names)


def _interactions(search: Search, left: list[Perturbation], untold: dict[Perturbation, str]) -> list[Blamed]:
    """Where each is equal alone and together they are not: the smallest sets that differ, one after the other."""
    found: list[Blamed] = []
    names = list(left)
    for _ in range(SETS):
        if len(names) < 2 or search.over:
            break
        together = search.unlike(frozenset(names))
        if together.untold:
            untold |= dict.fromkeys(names, f"all at once, {together.untold}")
            break
        if not together.differs:
            break
        small = ddmin.smallest(names, lambda part: search.unlike(frozenset(part)).differs)
        sure = search.confirmed(frozenset(small), search.unlike(frozenset(small)))
        if not sure.differs:
            break
        if _invented(small, sure):
            untold |= dict.fromkeys(small, sure.died)
        else:
            found.append(_blame(search, small, sure))
        names.remove(small[0])
    return found


def _blame(search: Search, names: tuple[Perturbation, ...], seen: Unlike) -> Blamed:
    detail = _which(search, names[0]) if len(names) == 1 and seen.found else ""
    cause = hidden.named(names, detail)
    shows = differences.summary(list(seen.found)) if seen.found else seen.died
    return Blamed(names, cause, f"{cause}: {shows}", hidden.repair(names), seen.found)


def _which(search: Search, name: Perturbation) -> str:
    """Which variable, or which stray file, it was."""
    given, one = search.given, frozenset({name})
    if name is Perturbation.VARIABLES:
        items: list[tuple[str, str]] = [("set", key) for key, _ in given.variables] + [("missing", key) for key in given.without]
        return ", ".join(key for _, key in ddmin.smallest(items, lambda part: search.unlike(one, _only(given, part)).differs))
    if name is Perturbation.STRAY:
        items = [("HOME", path) for path, _ in given.home] + [("temp", path) for path, _ in given.temp]
        places = {"HOME": "~/", "temp": "$TMPDIR/"}
        return ", ".join(
            f"{places[where]}{path}" for where, path in ddmin.smallest(items, lambda part: search.unlike(one, _only(given, part)).differs)
        )
    return ""


def _only(given: Given, part: tuple[tuple[str, str], ...]) -> Given:
    kept = set(part)
    return Given(
        tuple(item for item in given.variables if ("set", item[0]) in kept),
        tuple(name for name in given.without if ("missing", name) in kept),
        tuple(item for item in given.home if ("HOME", item[0]) in kept),
        tuple(item for item in given.temp if ("temp", item[0]) in kept),
    )


Keys = set[tuple[str, str]]


def _chance(search: Search, context: Context, untried: Mapping[Perturbation, str]) -> tuple[Chance, ...]:
    """What differs by itself, told apart by what makes it stand still."""
    left = {(item.output, item.key) for item in search.by_chance}
    found: list[Chance] = []
    for cause, repair, moving in _standing(search, context, untried):
        if not left:
            break
        stood = left - moving()
        if stood:
            found.append(_of_chance(search, cause, repair, stood))
            left -= stood
    if left:
        repair = "seed what is random (the demo is given SEED), or say which field is an id: normalise in [demo]"
        found.append(_of_chance(search, "", repair, left))
    return tuple(found)


def _of_chance(search: Search, cause: str, repair: str, keys: Keys) -> Chance:
    kept = [item for item in search.by_chance if (item.output, item.key) in keys]
    shown = differences.summary(kept)
    return Chance(cause, f"{cause or 'differs by itself, by chance'}: {shown}", repair, tuple(kept))


def _standing(search: Search, context: Context, untried: Mapping[Perturbation, str]) -> Iterable[tuple[str, str, Callable[[], Keys]]]:
    """What may make chance stand still, the cheapest first: (cause in words, repair, what still moves)."""
    session = context.demo
    fresh = frozenset({Perturbation.HOME, Perturbation.TEMP})

    def anew() -> Keys:
        search.runs += 1
        return _keys(search, search.first, session.perturbed(fresh))

    def twice(env: dict[str, str], label: str) -> Keys:
        search.runs += 2
        return _keys(search, *(session.under(env, f"{label}{turn}") for turn in (1, 2)))

    if Perturbation.HOME not in untried:
        yield "takes up what the run before left in HOME or the temporary folder", hidden.REPAIRS[Perturbation.TEMP], anew
    if "PYTHONHASHSEED" not in search.demo.env:
        says = hidden.SAYS[Perturbation.HASH]
        yield says, hidden.REPAIRS[Perturbation.HASH], lambda: twice({"PYTHONHASHSEED": "0"}, "h")
    if Perturbation.CLOCK not in untried:
        clock = perturbed.clock_settings(STANDING, context.session.sandbox.given)
        yield hidden.SAYS[Perturbation.CLOCK], hidden.REPAIRS[Perturbation.CLOCK], lambda: twice(clock, "c")


def _keys(search: Search, one: demos.Run, two: demos.Run) -> Keys:
    """What still differs between two runs; everything where they did not both end well."""
    if not (one.ran.ok and two.ran.ok):
        return {(item.output, item.key) for item in search.by_chance}
    found = differences.between(one, two, search.demo)
    whole = {item.output for item in found if item.key == WHOLE}
    every = {(item.output, item.key) for item in search.by_chance if item.output in whole}
    return {(item.output, item.key) for item in found} | every
