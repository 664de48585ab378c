"""Which secrets are allowed to be where they are: for a reason, by somebody's word, and for 90 days at most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from readiness.config.security import Allowed
from readiness.layers.security.evidence import Secret

LONGEST: Final = timedelta(days=90)
"""How far ahead an allowance may end; it is renewed by whoever looks at it again."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """Secrets that count and those that are allowed; `doubts` say of a fingerprint why its allowance does not count.

    `unused` are allowances of what is not there.
    """

    serious: tuple[Secret, ...]
    allowed: tuple[tuple[Secret, Allowed], ...]
    doubts: dict[str, str]
    unused: tuple[Allowed, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """What is worth knowing of the allowances that count."""
        used = {item.fingerprint: item for _, item in self.allowed}
        told = (f"allowed until {item.expires}: {name} ({item.reason}; {item.owner})" for name, item in used.items())
        return (*told, *(f"allowed and not there: {item.fingerprint}" for item in self.unused))


def sort(secrets: Iterable[Secret], allow: Iterable[Allowed], today: date) -> Sorted:
    """Parts the secrets that count from those that are allowed today."""
    by_print = {item.fingerprint: item for item in allow}
    doubts = {name: doubt for name, item in by_print.items() if (doubt := doubt_of(item, today))}
    valid = {name: item for name, item in by_print.items() if name not in doubts}
    found = tuple(secrets)
    there = {secret.fingerprint for secret in found}
    return Sorted(
        tuple(secret for secret in found if secret.fingerprint not in valid),
        tuple((secret, valid[secret.fingerprint]) for secret in found if secret.fingerprint in valid),
        doubts,
        tuple(item for name, item in valid.items() if name not in there),
    )


def doubt_of(item: Allowed, today: date) -> str:
    """Why an allowance does not count today; empty where it does."""
    if item.expires < today:
        return f"it was allowed until {item.expires}"
    if item.expires - today > LONGEST:
        return f"it is allowed until {item.expires}, and {LONGEST.days} days are the most"
    return ""
