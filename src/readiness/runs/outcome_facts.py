"""What an approval needs to know of a project's outcomes and of who decides: as its files state it, in one place.

Files are read leniently: what is wrong in them is said by the checks of measurement and organization, not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

import yaml

from readiness.config.manifest import Manifest
from readiness.world.authorship import principal
from readiness.world.project import Project

AUTHORITY: Final = "authority.yaml"
DECISIONS: Final = ("data", "security", "cost", "kill")
_PERSON: Final = ("name", "person", "email", "mail", "handle", "people", "members")

_MOST: Final = 20
"""How many people one decision may name and still be somebody's."""
_AGGREGATES: Final = {
    "mean": "the average",
    "median": "the middle value",
    "proportion": "the share",
    "ratio": "the ratio",
    "sum": "the total",
}


@dataclass(frozen=True, slots=True)
class MistakeFacts:
    """One way to be wrong. `cost` is a text; `allowed` is the highest rate (0 to 1), None where none is stated.

    `proven` says what was shown of it, empty where nothing was.
    """

    what: str
    severity: str = ""
    cost: str = ""
    allowed: float | None = None
    proven: str = ""


@dataclass(frozen=True, slots=True)
class OutcomeFacts:
    """One outcome as stated. `measured` says whether its figure was computed for the baseline, None where nobody tried.

    `works` says what a comparison showed, `kill_met` that the criterion to end it is met; both are empty where nobody looked.
    """

    file: str
    change: str = ""
    beneficiary: str = ""
    owner: str = ""
    figure: str = ""
    baseline: str = ""
    measured: bool | None = None
    target: str = ""
    works: str = ""
    errors: tuple[MistakeFacts, ...] = ()
    kill_criterion: str = ""
    kill_authority: str = ""
    kill_met: str = ""


@dataclass(frozen=True, slots=True)
class Authority:
    """Who decides, by decision (`data`, `security`, `cost`, `kill`), as written; `owner` owns the outcome."""

    decides: dict[str, tuple[str, ...]]
    owner: str = ""

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody named, each once."""
        named = [person for people in self.decides.values() for person in people]
        return tuple(dict.fromkeys([*named, *([self.owner] if self.owner else [])]))

    def names(self, signer: str) -> bool:
        """Whether a principal of an allowed signers file is somebody named here."""
        return signer.casefold() in {principal(person).casefold() for person in self.people}


def outcome_facts(project: Project, manifest: Manifest) -> tuple[OutcomeFacts, ...]:
    """What the outcome files of a project state, by file; a file that is no table states nothing."""
    files = sorted(path for path in project.paths if _matches(path, manifest.measurement.outcomes))
    return tuple(_facts(file, table) for file in files if (table := _table(project.text(file))))


def authority(project: Project) -> Authority:
    """Who the authority file names; nobody where there is none."""
    table = _table(project.text(AUTHORITY))
    found = {name: people for name in DECISIONS if (people := _people(table.get(name)))}
    return Authority(found, _first(_people(table.get("owner"))))


def _facts(file: str, table: dict[str, object]) -> OutcomeFacts:
    kill = table.get("kill")
    ends = kill if isinstance(kill, dict) else {"criterion": kill}
    errors = table.get("errors")
    return OutcomeFacts(
        file=file,
        change=_text(table.get("change")),
        beneficiary=_text(table.get("beneficiary")),
        owner=_first(_people(table.get("owner"))),
        figure=_figure(table),
        baseline=_window(table.get("baseline")),
        target=_target(_text(table.get("target"))),
        errors=tuple(_mistake(item, table) for item in errors if isinstance(item, dict)) if isinstance(errors, list) else (),
        kill_criterion=_text(ends.get("criterion")),
        kill_authority=", ".join(_people(ends.get("authority"))),
    )


def _mistake(item: dict[str, object], table: dict[str, object]) -> MistakeFacts:
    rate = item.get("max_rate")
    cost = _text(item.get("cost"))
    if re.fullmatch(r"[\d.]+", cost):
        cost = f"{cost} {_text(table.get('currency')) or 'EUR'} each"
    allowed = float(rate) if isinstance(rate, int | float) and not isinstance(rate, bool) and 0 <= rate <= 1 else None
    return MistakeFacts(_text(item.get("type")), _text(item.get("severity")), cost, allowed)


def _figure(table: dict[str, object]) -> str:
    unit, measured_in = _text(table.get("unit")), _text(table.get("measured_in"))
    aggregate = _AGGREGATES.get(_text(table.get("aggregate")), "")
    told = " ".join(word for word in (f"in {measured_in}" if measured_in else "", f"per {unit}" if unit else "") if word)
    return ", ".join(part for part in (aggregate, told) if part)


def _target(text: str) -> str:
    found = re.fullmatch(r"([+-])(\d+(?:\.\d+)?) ?%", text)
    return f"{found[2]} % {'less' if found[1] == '-' else 'more'} than before" if found else text


def _window(value: object) -> str:
    if not isinstance(value, dict):
        return _text(value)
    days = [_day(value.get(key)) for key in ("from", "to")]
    number = _text(value.get("value"))
    span = f"{days[0]} to {days[1]}" if all(days) else ""
    return ", ".join(part for part in (number, span) if part)


def _day(value: object) -> str:
    try:
        found = value if isinstance(value, date) else date.fromisoformat(_text(value))
    except ValueError:
        return _text(value)
    return f"{found.day} {found:%B %Y}"


def _people(value: object, depth: int = 4) -> tuple[str, ...]:
    if depth == 0:  # a YAML alias may lead back to itself, and no list of people is that deep
        return ()
    if isinstance(value, list):
        return tuple(person for item in value[:_MOST] for person in _people(item, depth - 1))[:_MOST]
    if isinstance(value, dict):
        name, mail = _text(value.get("name")), _text(value.get("email") or value.get("mail"))
        if name and mail:
            return (f"{name} <{mail}>",)
        return next((found for key in _PERSON if (found := _people(value.get(key), depth - 1))), ())
    return (_text(value),) if _text(value) else ()


def _first(people: tuple[str, ...]) -> str:
    return people[0] if people else ""


def _text(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else " ".join(str(value).split())


def _table(text: str) -> dict[str, object]:
    try:
        found: object = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return {str(key): value for key, value in found.items()} if isinstance(found, dict) else {}


def _matches(path: str, globs: Iterable[str]) -> bool:
    return any(re.fullmatch(_pattern(glob), path) for glob in globs)


def _pattern(glob: str) -> str:
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    special = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(special.get(part, re.escape(part)) for part in parts)
