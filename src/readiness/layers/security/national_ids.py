"""National identification numbers that carry their own proof: a checksum, or a checksum and a date.

Formats that tell by themselves are looked for everywhere. Bare digits are looked for only where a column or a key is named
for them: one number of nine or ten or eleven digits in ten has a valid checksum by chance.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from readiness.formats import luhn


@dataclass(frozen=True, slots=True)
class Format:
    """One country's number: how it is written, what proves it, and by which names a column holds it where digits are bare."""

    name: str
    pattern: re.Pattern[str]
    valid: Callable[[str], bool]
    columns: re.Pattern[str] | None = None


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _real(day: str, month: str, year: str) -> bool:
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


def _spain(text: str) -> bool:
    number = re.sub(r"[ -]", "", text.upper())
    body = number[:-1].translate(str.maketrans("XYZ", "012"))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(body) % 23] == number[-1]


_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ODD: Final = (
    1,
    0,
    5,
    7,
    9,
    13,
    15,
    17,
    19,
    21,
    1,
    0,
    5,
    7,
    9,
    13,
    15,
    17,
    19,
    21,
    2,
    4,
    18,
    20,
    11,
    3,
    6,
    8,
    12,
    14,
    16,
    10,
    22,
    25,
    24,
    23,
)
"""What a sign on an odd place counts (decree of 23 December 1976)."""


def _italy(text: str) -> bool:
    code = text.upper()
    places = [_LETTERS.index(letter) for letter in code[:15]]
    total = sum((place if place < 10 else place - 10) if index % 2 else _ODD[place] for index, place in enumerate(places))
    return chr(ord("A") + total % 26) == code[15]


def _finland(text: str) -> bool:
    day, month, year, century, number, check = text[:2], text[2:4], text[4:6], text[6], text[7:10], text[10].upper()
    whole = {"+": "18", "-": "19"}.get(century, "20") + year
    return _real(day, month, whole) and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(text[:6] + number) % 31] == check


def _sweden(text: str) -> bool:
    digits = re.sub(r"\D", "", text)[-10:]
    return any(_real(digits[4:6], digits[2:4], century + digits[:2]) for century in ("19", "20")) and luhn.holds(digits)


def _brazil(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    if len(set(digits)) == 1:
        return False
    for length in (9, 10):
        rest = _weighted(digits, tuple(range(length + 1, 1, -1))) % 11
        if int(digits[length]) != (0 if rest < 2 else 11 - rest):
            return False
    return True


def _france(text: str) -> bool:
    digits = re.sub(r"\s", "", text.upper()).replace("2A", "19").replace("2B", "18")
    return 97 - int(digits[:13]) % 97 == int(digits[13:])


def _germany(text: str) -> bool:
    """ISO/IEC 7064, MOD 11,10; one digit of the first ten stands there twice or three times."""
    digits = re.sub(r"\s", "", text)
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    repeated = max(digits[:10].count(digit) for digit in set(digits[:10]))
    return (11 - product) % 10 == int(digits[10]) and repeated in (2, 3)


def _poland(text: str) -> bool:
    month = int(text[2:4]) % 20
    check = (10 - _weighted(text, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10) % 10
    return 1 <= month <= 12 and 1 <= int(text[4:6]) <= 31 and check == int(text[10])


def _netherlands(text: str) -> bool:
    return text != "000000000" and _weighted(text, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def _england(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return (11 - _weighted(digits, (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11) % 11 == int(digits[9])


def _belgium(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return any(97 - int(prefix + digits[:9]) % 97 == int(digits[9:]) for prefix in ("", "2"))


def _norway(text: str) -> bool:
    first = (11 - _weighted(text, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11) % 11
    second = (11 - _weighted(text, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11
    return first == int(text[9]) and second == int(text[10])


def _america(text: str) -> bool:
    area, group, serial = text.split("-")
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000" and text not in ("078-05-1120", "219-09-9999")


def _words(*names: str) -> re.Pattern[str]:
    return re.compile(rf"(?:^|[_\W])(?:{'|'.join(names)})(?:$|[_\W])", re.IGNORECASE)


def _alone(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.+-]){pattern}(?![\w-]|\.\d)")


FORMATS: Final = (
    Format("Spanish DNI", _alone(r"(?:\d{8}|[XYZ]\d{7})[ -]?[A-HJ-NP-TV-Z]"), _spain),
    Format("Italian codice fiscale", _alone(r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]"), _italy),
    Format("Finnish personal code", _alone(r"[0-3]\d[01]\d{3}[-+A]\d{3}[0-9A-FHJ-NPR-Y]"), _finland),
    Format("Swedish personal number", _alone(r"(?:19|20)?\d{2}[01]\d[0-3]\d[-+]\d{4}"), _sweden),
    Format("Brazilian CPF", _alone(r"\d{3}\.\d{3}\.\d{3}-\d{2}"), _brazil),
    Format("French NIR", _alone(r"[12] ?\d{2} ?[01]\d ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}"), _france),
    Format("Belgian national number", _alone(r"\d{2}\.[01]\d\.[0-3]\d-\d{3}\.\d{2}"), _belgium),
    Format("German tax id", _alone(r"[1-9]\d ?\d{3} ?\d{3} ?\d{3}"), _germany,
           _words("steuer_?id", "steuer_?identifikationsnummer", "tax_?id", "idnr", "tin")),
    Format("Polish PESEL", _alone(r"\d{11}"), _poland, _words("pesel")),
    Format("Dutch BSN", _alone(r"\d{9}"), _netherlands, _words("bsn", "sofi_?nummer", "burger_?service_?nummer")),
    Format("NHS number", _alone(r"\d{3}[ -]?\d{3}[ -]?\d{4}"), _england, _words("nhs", "nhs_?(?:no|number|num)")),
    Format("Norwegian birth number", _alone(r"\d{11}"), _norway, _words("fnr", "f(?:ø|o)dsels_?nummer", "personnummer", "national_?id")),
    Format("US social security number", _alone(r"\d{3}-\d{2}-\d{4}"), _america, _words("ssn", "social_?security\\w*", "tax_?id")),
)  # fmt: skip
