"""What an approval needs to know of a project's outcomes and of who decides, in words: as its files say it, in one place.

A file that is not valid is told as far as it goes, with what is wrong in it: a key something is wrong with states nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from readiness.config.manifest import Manifest
from readiness.formats import authority as authorities
from readiness.formats import outcomes
from readiness.formats.authority import Authority
from readiness.formats.outcomes import Mistake, Outcome
from readiness.layers.measurement import locking
from readiness.runs import outcome_figures as figures
from readiness.runs.outcome_figures import Known
from readiness.world.project import Project

AUTHORITY: Final = authorities.NAME


@dataclass(frozen=True, slots=True)
class MistakeFacts:
    """One way to be wrong. `cost` is a text; `allowed` is the highest rate (0 to 1), None where none is stated.

    `proven` says what was shown of it, or what it would take.
    """

    what: str
    severity: str = ""
    cost: str = ""
    allowed: float | None = None
    proven: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeFacts:
    """One outcome as stated; a text is empty where nothing is said, `problem` where nothing is wrong with the file.

    `measured` says whether the figure of its baseline can be computed, None where nobody tried; `locked` is the day on which
    it was fixed, None where it was not or not by a key that counts. `works` and `kill_met` say what is known of the effect
    and of the criterion to end it.
    """

    file: str
    id: str = ""
    change: str = ""
    beneficiary: str = ""
    owner: str = ""
    figure: str = ""
    baseline: str = ""
    measured: bool | None = None
    locked: date | None = None
    target: str = ""
    works: str = ""
    errors: tuple[MistakeFacts, ...] = ()
    kill_criterion: str = ""
    kill_authority: str = ""
    kill_met: str = ""
    problem: str = ""


def outcome_facts(project: Project, manifest: Manifest) -> tuple[OutcomeFacts, ...]:
    """What the outcome files of a project state, by file; figures are computed where they come from files."""
    gathered = outcomes.gather(project.paths, project.text, manifest.measurement.outcomes)
    trusted = locking.trusted(manifest)
    found = []
    for file in gathered.files:
        outcome, _ = outcomes.parse(project.text(file), file)
        problems = [line for line in gathered.problems if line.startswith(f"{file}:")]
        if outcome is None:
            found.append(OutcomeFacts(file, problem=_not_valid(problems)))
            continue
        known = Known() if problems else figures.known(project, outcome, trusted)
        found.append(told(outcome, known, problems))
    return tuple(found)


def authority(project: Project) -> tuple[Authority, tuple[str, ...]]:
    """Who the authority file names, and what is wrong with it as `file:line: …`; nobody where it is not there or not valid."""
    if AUTHORITY not in project.paths:
        return Authority({}), ()
    found, problems = authorities.parse(project.text(AUTHORITY))
    return found or Authority({}), tuple(problems)


def told(outcome: Outcome, known: Known, problems: list[str]) -> OutcomeFacts:
    """An outcome in words, with the `problems` of its file as `file:line: …`."""
    stated = _Stated(outcome, problems)
    criterion = outcome.kill.criterion if stated("kill.criterion") else ""
    decides = str(outcome.kill.authority) if stated("kill.authority") else ""
    return OutcomeFacts(
        file=outcome.file,
        id=outcome.id if stated("id") else "",
        change=outcome.change if stated("change") else "",
        beneficiary=outcome.beneficiary if stated("beneficiary") else "",
        owner=str(outcome.owner) if stated("owner") else "",
        figure=figures.figure(outcome) if stated("aggregate") and stated("unit") else "",
        baseline=figures.before(outcome, known) if stated("baseline") or outcome.design.prospective else "",
        measured=known.measured,
        locked=known.lock.locked_at.date() if known.lock else None,
        target=figures.aim(outcome, known) if stated("target") and stated("aggregate") else "",
        works=figures.works(outcome, known),
        errors=tuple(_mistake(item, f"errors.{index}", outcome, stated) for index, item in enumerate(outcome.errors)),
        kill_criterion=criterion,
        kill_authority=decides,
        kill_met=_kill_met(decides) if criterion else "",
        problem=_not_valid(problems),
    )


def _kill_met(decides: str) -> str:
    """A criterion is a sentence, which no program evaluates."""
    return f"Nobody has checked yet whether that is so; {decides or 'nobody'} decides."


def _mistake(item: Mistake, at: str, outcome: Outcome, stated: _Stated) -> MistakeFacts:
    allowed = item.max_rate if stated(f"{at}.max_rate") else None
    sure = item.confidence if stated(f"{at}.confidence") else None
    return MistakeFacts(
        item.type if stated(f"{at}.type") else "",
        item.severity.value if stated(f"{at}.severity") else "",
        f"{item.cost:,.10g} {outcome.currency} each" if stated(f"{at}.cost") else "",
        allowed,
        figures.proof(allowed, sure) if allowed is not None and sure is not None else "",
    )


@dataclass(frozen=True, slots=True)
class _Stated:
    """Whether a key (a dotted path) of an outcome is there, and nothing is wrong with what it says."""

    outcome: Outcome
    problems: Iterable[str]

    def __call__(self, key: str) -> bool:
        if key not in self.outcome.lines:
            return False
        parts = key.split(".")
        lines = {self.outcome.line(".".join(parts[: end + 1])) for end in range(len(parts))}
        return not any(self._about(problem, parts[-1], lines) for problem in self.problems)

    def _about(self, problem: str, name: str, lines: set[int]) -> bool:
        found = re.match(rf"{re.escape(self.outcome.file)}:(\d+): (.*)", problem, re.DOTALL)
        return found is not None and int(found[1]) in lines and f"`{name}`" in found[2]


def _not_valid(problems: list[str]) -> str:
    if not problems:
        return ""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"this file is not valid: {problems[0]}{more}"
