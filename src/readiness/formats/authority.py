"""`authority.yaml`: who decides what; and allowed signers files, which say whose key is whose."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

import yaml

_PERSON: Final = ("person", "people", "mail", "email", "name", "owner", "members")
"""Keys under which a role may name its people where it says more than that."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Who decides: role (`data`, `security`, `cost`, `kill`, `approve`, …) → the people of it, as written."""

    roles: dict[str, tuple[str, ...]]

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody named, each once."""
        return tuple(dict.fromkeys(person for named in self.roles.values() for person in named))

    @property
    def approvers(self) -> tuple[str, ...]:
        """Who may sign an approval: those of the role `approve` where there is one, else everybody named."""
        return self.roles.get("approve") or self.people


def parse(text: str) -> Authority:
    """The people of an authority file, read leniently: any key that leads to people is a role.

    A role is a name, a list of names, or a table with a `person`, `people`, `mail`, `name` or `members`; roles may lie
    under a key `authority` or `decides`. Raises ValueError with a line where it is no YAML.
    """
    try:
        whole: Any = yaml.safe_load(text)  # any YAML
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ValueError(f"line {mark.line + 1 if mark else 1}: is no valid YAML") from None
    table = whole if isinstance(whole, dict) else {}
    for key in ("authority", "decides", "roles"):
        if isinstance(table.get(key), dict):
            table = {**table, **table[key]}
            table.pop(key)
    roles = {str(name): _people(value) for name, value in table.items() if name not in ("kind", "apiVersion", "version", "schema")}
    return Authority({name: people for name, people in roles.items() if people})


def _people(value: Any) -> tuple[str, ...]:  # any YAML
    if isinstance(value, str):
        return (value.strip(),) if value.strip() else ()
    if isinstance(value, list):
        return tuple(person for item in value for person in _people(item))
    if isinstance(value, dict):
        return next((found for key in _PERSON if (found := _people(value.get(key)))), ())
    return ()


def key_lines(text: str, principal: str) -> tuple[int, ...]:
    """The 1-based lines of an allowed signers file (ssh-keygen(1), ALLOWED SIGNERS) that speak for a principal."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        try:
            patterns = shlex.split(bare)[0].split(",")
        except (ValueError, IndexError):
            continue
        if any(fnmatchcase(principal, pattern.removeprefix("!")) for pattern in patterns):
            found.append(number)
    return tuple(found)
