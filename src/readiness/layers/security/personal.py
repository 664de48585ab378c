"""Personal data in text: found by form and checksum, told by kind and line, never by value.

Looked for are e-mail addresses, phone numbers, account numbers (IBAN, ISO 13616), card numbers (ISO/IEC 7812) and national
ids. A value that is reserved or published as an example is none.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from readiness.formats import luhn
from readiness.layers.security import national_ids, synthetic

EMAIL: Final = "e-mail address"
PHONE: Final = "phone number"
IBAN: Final = "account number (IBAN)"
CARD: Final = "card number"
REACHES: Final = frozenset({EMAIL, PHONE})
"""Kinds by which somebody is reached, which the people of a project want to be."""

_MAIL: Final = re.compile(
    r"(?<![\w.%+@-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}(?![\w(@-])"
)
_INTERNATIONAL: Final = re.compile(r"(?<![\w.+-])(?:\+|00(?=[1-9]))[1-9]\d{0,2}[ .()/-]{0,2}\d[\d .()/-]{5,16}\d(?![\w-])")
_AMERICAN: Final = re.compile(r"(?<![\w.-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[ .-])[2-9]\d{2}[ .-]\d{4}(?![\w-]|\.\d)")
_NAMED: Final = re.compile(
    r"(?:phone|mobile|handy|telefon|telephone|(?<![a-z])(?:tel|fax|cell))\w*\\?[\"']?\s{0,3}[:=,]\s{0,3}\\?[\"']?"
    r"(?P<value>\+?\(?\d[\d ()./-]{5,20}\d)(?![\w-])",
    re.IGNORECASE,
)
_ACCOUNT: Final = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])")
_PAN: Final = re.compile(r"(?<![\w.+-])(?:\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}|3\d{3}[ -]\d{6}[ -]\d{5}|\d{13,16})(?![\w-]|\.\d)")
_ISSUER: Final = re.compile(r"4(?:\d{12}|\d{15})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|"
                            r"6(?:011|5\d\d|4[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}")  # fmt: skip
_DATE: Final = re.compile(r"\+?\d{4}-\d\d-\d\d\b.*")
CHANCE: Final = 20
"""From this many numbers of the form of a card on, those with a valid checksum are ids when they are as rare as chance has it."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One value that is personal: its kind, the 1-based line. `value` is kept to count different ones, and is never shown."""

    kind: str
    line: int
    value: str = field(repr=False)


def find(text: str, *, about_itself: bool = False) -> list[Hit]:
    """The personal data in a text; `about_itself` leaves out how to reach whoever answers for the project."""
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    found = [Hit(kind, bisect_right(starts, offset), value) for kind, offset, value in _values(text)]
    return [hit for hit in found if not (about_itself and hit.kind in REACHES)]


def _values(text: str) -> Iterator[tuple[str, int, str]]:
    if "@" in text:
        yield from _mails(text)
    taken: list[tuple[int, int]] = []
    for kind, start, end, value in (*_accounts(text), *_cards(text), *_ids(text)):
        taken.append((start, end))
        if value:
            yield kind, start, value
    yield from _phones(_without(text, taken))  # what is another number is no phone's, too


def _without(text: str, taken: list[tuple[int, int]]) -> str:
    parts, at = [], 0
    for start, end in sorted(taken):
        parts += [text[at:start], " " * (end - max(start, at))]
        at = max(at, end)
    return "".join((*parts, text[at:]))


def _accounts(text: str) -> Iterator[tuple[str, int, int, str]]:
    """Every valid account number as (kind, start, end, value); the value is empty where it is nobody's. So do the next two."""
    for found in _ACCOUNT.finditer(text):
        number = found[0].replace(" ", "")
        if _is_iban(number):
            yield IBAN, found.start(), found.end(), "" if synthetic.iban(number) else number


def _mails(text: str) -> Iterator[tuple[str, int, str]]:
    for found in _MAIL.finditer(text):
        ending = found[0].rpartition(".")[2].lower()
        if (len(ending) == 2 or ending in synthetic.published("domains")) and ".." not in found[0] and not synthetic.address(found[0]):
            yield EMAIL, found.start(), found[0].lower()


def _phones(text: str) -> Iterator[tuple[str, int, str]]:
    seen: set[int] = set()
    for pattern in (_INTERNATIONAL, _AMERICAN, _NAMED):
        for found in pattern.finditer(text):
            offset = found.start("value") if pattern is _NAMED else found.start()
            value = found["value"] if pattern is _NAMED else found[0]
            digits = re.sub(r"\D", "", value).removeprefix("00")
            if 7 <= len(digits) <= 15 and offset not in seen and not _DATE.fullmatch(value.strip()) and not synthetic.phone(digits):
                seen.add(offset)
                yield PHONE, offset, digits


def _is_iban(number: str) -> bool:
    if f"{number[:2]}{len(number)}" not in synthetic.published("account_lengths"):
        return False
    return int("".join(str(int(letter, 36)) for letter in number[4:] + number[:4])) % 97 == 1


def _cards(text: str) -> Iterator[tuple[str, int, int, str]]:
    shaped = [(found, digits) for found in _PAN.finditer(text) if _ISSUER.fullmatch(digits := re.sub(r"\D", "", found[0]))]
    valid = [(found, digits) for found, digits in shaped if luhn.holds(digits)]
    if len(shaped) >= CHANCE and len(valid) * 5 <= len(shaped):
        return  # one number in ten has a valid checksum by chance
    for found, digits in valid:
        yield CARD, found.start(), found.end(), "" if synthetic.card(digits) else digits


def _ids(text: str) -> Iterator[tuple[str, int, int, str]]:
    for kind in national_ids.FORMATS:
        if kind.columns is not None and kind.columns.search(text) is None:
            continue
        for found in kind.pattern.finditer(text):
            if (kind.columns is None or kind.columns.search(_label(text, found.start()))) and kind.valid(found[0]):
                yield f"national id ({kind.name})", found.start(), found.end(), re.sub(r"\W", "", found[0])


_LABEL: Final = re.compile(r"(?P<name>[A-Za-z][\w -]{0,40}?)\\?[\"']?\s{0,3}[:=]\s{0,3}\\?[\"']?$")


def _label(text: str, offset: int) -> str:
    """What a value is called where it stands: the key before it."""
    found = _LABEL.search(text[max(0, offset - 60) : offset].rpartition("\n")[2])
    return found["name"] if found else ""
