"""`authority.yaml`: who decides on data, security and cost, and who may stop the system; a person each, never a team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from readiness.config.fields import Reader, shown
from readiness.formats import people, yaml_lines
from readiness.formats.people import Person

NAME: Final = "authority.yaml"
DECISIONS: Final = ("data", "security", "cost", "kill")
_KEYS: Final = ("kind", *DECISIONS, "owner", "contact")


@dataclass(frozen=True, slots=True)
class Authority:
    """Who decides: each of `data`, `security`, `cost`, `kill` names people. `owner` owns the outcome, `contact` reaches them."""

    decides: Mapping[str, tuple[Person, ...]]
    owner: Person | None = None
    contact: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody it names, once."""
        owner = (self.owner,) if self.owner is not None else ()
        return tuple(dict.fromkeys((*(person for named in self.decides.values() for person in named), *owner)))

    def names(self, signer: str) -> bool:
        """Whether a principal of an allowed signers file (an address, or a handle) is somebody named here."""
        wanted = signer.casefold().removeprefix("@")
        return bool(wanted) and any(wanted in (person.email.casefold(), person.handle.casefold()) for person in self.people)


def parse(text: str, file: str = NAME) -> tuple[Authority | None, list[str]]:
    """The authority file in `text`, None where it cannot be used, and every problem as `file:line: …`."""
    document = yaml_lines.single(text)
    problems = [f"{file}:{line}: {said}" for line, said in document.problems]
    if not isinstance(document.value, dict):
        return None, problems or [f"{file}:1: must be a table of {', '.join(DECISIONS)}, got `{shown(document.value)}`"]
    reader = Reader(file, dict(document.lines))
    authority = _authority(reader, document.value)
    problems += reader.problems
    return (authority if not problems else None), problems


def _authority(reader: Reader, table: dict[str, object]) -> Authority:
    reader.known((), table, _KEYS)
    if table.get("kind", "Authority") != "Authority":
        reader.problem(("kind",), f"`kind` must be `Authority`, got `{shown(table['kind'])}`")
    decides: dict[str, tuple[Person, ...]] = {}
    for key in DECISIONS:
        if key not in table:
            reader.problem((), f"`{key}` is missing: name who decides, like `Ada Lovelace <ada@example.org>`")
            continue
        given = table[key]
        several = given if isinstance(given, list) else [given]
        if not several:
            reader.problem((key,), f"`{key}` names nobody")
        places = [(key, str(index)) if isinstance(given, list) else (key,) for index in range(len(several))]
        decides[key] = tuple(_one(reader, at, item) for at, item in zip(places, several, strict=True))
    owner = _one(reader, ("owner",), table["owner"]) if "owner" in table else None
    contact = reader.words(("contact",), table["contact"]).strip() if "contact" in table else ""
    if "contact" in table and not contact:
        reader.problem(("contact",), "`contact` is empty")
    lines = {".".join(path): line for path, line in reader.lines.items()}
    return Authority(decides, owner, contact, lines)


def _one(reader: Reader, at: tuple[str, ...], value: object) -> Person:
    before = len(reader.problems)
    person = people.read(reader, at, value)
    if person.team:
        reader.problem(at, f"`{at[0]}` must name a person, not the team `{person.team}`")
    elif len(reader.problems) == before and not (person.name and person.reachable):
        reader.problem(at, f"`{at[0]}` needs a name and an e-mail address or a handle, got `{shown(value)}`")
    return person
