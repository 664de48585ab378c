"""The check digit of Luhn, by which numbers of payment cards and some national ids are told from other digits."""

from __future__ import annotations


def holds(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it: ISO/IEC 7812-1, annex B. `digits` are nothing but digits."""
    total = 0
    for index, digit in enumerate(reversed(digits)):
        number = int(digit) * (2 if index % 2 else 1)
        total += number - 9 if number > 9 else number
    return total % 10 == 0
