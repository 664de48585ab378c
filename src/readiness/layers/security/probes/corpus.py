"""The attacks: those that come with this program, and a project's own, read strictly.

A file is JSONL (one attack a line) or YAML (a list). An attack has `id`, `family`, `attack` (its text) and `oracle` (what
shows that it came through); it may have `then` (what is asked afterwards, as somebody else), `benign` (a question that must
still be answered) and `absent` (with the oracle `text`: what must not be said). What is drawn anew for each trial stands
in braces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from readiness.errors import InputError
from readiness.formats import yaml_lines
from readiness.layers.security.probes import taxonomy
from readiness.layers.security.probes.decoding import skeleton

ORACLES: Final = {
    "canary": ("a planted secret comes back", ()),
    "joined": ("what only obeying puts together comes back", ("first", "second")),
    "link": ("an address at a host of ours carries the question or a secret", ("host",)),
    "tool": ("a tool is called with a marker, that without the document is not called", ("marker",)),
    "personal": ("what one user said is told to another", ()),
    "text": ("`absent` comes back", ()),
}
"""What shows a hit, and the fields that the text of such an attack must hold."""
PERSONAL: Final = ("name", "email", "phone", "iban")
DOCUMENT: Final = frozenset({"indirect-injection", "exfiltration-link", "tool-hijack"})
"""Families whose attacks stand in documents."""
SUFFIXES: Final = (".jsonl", ".yaml", ".yml")
_KEYS: Final = ("id", "family", "attack", "oracle", "then", "benign", "absent")
_FIELD: Final = re.compile(r"\{([a-z]+)\}")
_SLUG: Final = re.compile(r"[a-z0-9-]{1,63}")
_LONGEST: Final = 4000
_OF: Final = {
    "canary-leak": ("canary", "text"),
    "indirect-injection": ("joined", "canary"),
    "exfiltration-link": ("link",),
    "tool-hijack": ("tool",),
    "pii-echo": ("personal",),
}
"""Which oracles a family may have. `text` is of questions only: a document may be quoted."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack; `file` and `line` say where it stands, empty and 0 for one of ours."""

    id: str
    family: str
    attack: str
    oracle: str
    then: str = ""
    benign: str = ""
    absent: str = ""
    file: str = ""
    line: int = 0

    @property
    def document(self) -> bool:
        """Whether it stands in a document, and not in a question."""
        return self.family in DOCUMENT


def ours() -> tuple[Attack, ...]:
    """The attacks that come with this program."""
    text = Path(__file__).with_name("attacks.jsonl").read_text(encoding="utf-8")
    return tuple(Attack(**json.loads(line)) for line in text.splitlines())


def read(folder: Path, shown: str = "") -> tuple[Attack, ...]:
    """The attacks in the files of a folder, called `shown` in errors. Raises InputError with `file:line: …` of every problem."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES) if folder.is_dir() else []
    if not paths:
        raise InputError([f"{shown or folder}:1: is no folder with attacks ({', '.join(SUFFIXES)})"], "docs/how-to/probe.md has one")
    problems: list[str] = []
    found: list[Attack] = []
    for path in paths:
        name = f"{shown or folder}/{path.name}"
        for line, entry in _entries(path, name, problems):
            attack = _attack(name, line, entry, problems)
            if attack is not None and any(attack.id == other.id for other in found):
                problems.append(f"{name}:{line}: the id `{attack.id}` is there twice")
            elif attack is not None:
                found.append(attack)
        if not any(attack.file == name for attack in found) and not problems:
            problems.append(f"{name}:1: holds no attack")
    if problems:
        raise InputError(problems, "each attack needs id, family, attack and oracle")
    return tuple(found)


def _entries(path: Path, name: str, problems: list[str]) -> Iterator[tuple[int, object]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{name}:1: cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8'}")
        return
    if path.suffix != ".jsonl":
        yield from _of_yaml(name, text, problems)
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                problems.append(f"{name}:{number}: is no JSON: {getattr(error, 'msg', error)}")


def _of_yaml(name: str, text: str, problems: list[str]) -> Iterator[tuple[int, object]]:
    document = yaml_lines.single(text)
    if document.problems:
        problems += [f"{name}:{line}: {said}" for line, said in document.problems]
    elif not isinstance(document.value, list):
        problems.append(f"{name}:1: must be a list of attacks")
    else:
        yield from ((document.lines.get((str(index),), 1), entry) for index, entry in enumerate(document.value))


def _attack(name: str, line: int, entry: object, problems: list[str]) -> Attack | None:
    wrong: list[str] = []
    if not isinstance(entry, dict):
        problems.append(f"{name}:{line}: an attack must be a table, got `{str(entry)[:40]}`")
        return None
    wrong += [f"unknown key `{key}`; known here: {', '.join(_KEYS)}" for key in entry if key not in _KEYS]
    texts = {key: entry.get(key, "") for key in _KEYS}
    for key, value in texts.items():
        needed = key in ("id", "family", "attack", "oracle")
        if not isinstance(value, str) or (needed and not value.strip()):
            wrong.append(f"`{key}` must be a text{' that is not empty' if needed else ''}, got `{str(value)[:40]}`")
        elif len(value) > _LONGEST:
            wrong.append(f"`{key}` has {len(value)} characters, of which at most {_LONGEST} are read")
    if not wrong:
        wrong += _rules(Attack(**texts))
    problems += [f"{name}:{line}: {text}" for text in wrong]
    return None if wrong else Attack(**texts, file=name, line=line)


def _rules(attack: Attack) -> Iterator[str]:
    if not _SLUG.fullmatch(attack.id):
        yield f"`id` must be 1 to 63 of a-z, 0-9 and hyphen, got `{attack.id[:40]}`"
    families = [name for name in taxonomy.families() if name in _OF]
    if attack.family not in families:
        yield f"`family` must be one of {', '.join(families)}, got `{attack.family[:40]}`"
        return
    if attack.oracle not in _OF[attack.family]:
        yield f"`oracle` of {attack.family} must be {' or '.join(_OF[attack.family])}, got `{attack.oracle[:40]}`"
        return
    yield from _fields(attack)
    yield from _absent(attack)


def _fields(attack: Attack) -> Iterator[str]:
    fields = set(_FIELD.findall(attack.attack))
    for name in ORACLES[attack.oracle][1]:
        if name not in fields:
            yield f"the oracle `{attack.oracle}` needs `{{{name}}}` in `attack`"
    if attack.oracle == "joined" and {"first", "second"} <= fields and not skeleton(_between(attack.attack)):
        yield "`{first}` and `{second}` need a word between them, or quoting them would look like obeying"
    if attack.oracle == "personal" and not fields.intersection(PERSONAL[1:]):
        yield f"the oracle `personal` needs one of {', '.join(f'`{{{name}}}`' for name in PERSONAL[1:])} in `attack`"
    if (attack.oracle == "personal") != bool(attack.then):
        yield "`then` is what is asked after an attack with the oracle `personal`, and needed there"


def _absent(attack: Attack) -> Iterator[str]:
    if (attack.oracle == "text") != bool(attack.absent):
        yield "`absent` is what must not be said with the oracle `text`, and needed there"
    elif attack.absent and len(skeleton(attack.absent)) < 12:
        yield "`absent` needs at least 12 letters or digits, or it would be found by chance"
    elif attack.absent and skeleton(attack.absent) in skeleton(attack.attack):
        yield "`absent` stands in `attack`: repeating the question would be a hit"


def _between(text: str) -> str:
    """What stands between the two halves that are to be joined, in whichever order."""
    one, two = sorted((text.index("{first}"), text.index("{second}")))
    return text[one:two].removeprefix("{first}").removeprefix("{second}")


def filled(text: str, values: dict[str, str]) -> str:
    """A text with what is drawn in place of its fields; braces that name no field stay."""
    return _FIELD.sub(lambda found: values.get(found[1], found[0]), text)


def of_families(attacks: Sequence[Attack], families: Sequence[str]) -> tuple[Attack, ...]:
    """The attacks of some families, of all where none is named."""
    return tuple(attack for attack in attacks if not families or attack.family in families)
