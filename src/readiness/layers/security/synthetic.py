"""Values that look like personal data and are nobody's: reserved by a standard, or published as examples."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Final

_DOMAIN: Final = re.compile(
    r"(?:.*\.)?(?:example\.(?:com|org|net|edu)|(?:example|test|invalid|localhost|local)|test\.(?:com|org|net))", re.IGNORECASE
)
"""RFC 2606, RFC 6761 and RFC 6762, and what everybody writes in a test."""
_FICTION: Final = re.compile(
    r"44(?:20794600|1632960|7700900|1134960|1144960|1154960|1164960|1174960|1184960|1214960|1314960|1414960|1514960|1614960|1914980|2896496"
    r"|2920180|8081570|9098790|3069990)\d+|(?:0(?:20794600|1632960|7700900)\d+)|61[23478]5550\d+|33(?:19900|26191|35301|46571|53649|63998)\d+|"
    r"49(?:3023125|6990009|4066969|2214710|8999998|1713920)\d+"
)
"""Numbers kept for fiction by Ofcom, ACMA, ARCEP and the Bundesnetzagentur, as digits with the country's first."""
_COUNTED: Final = ("01234567890123456789", "98765432109876543210")

_CARD_PREFIXES: Final = ("400000", "424242", "411111")


@cache
def published(name: str) -> frozenset[str]:
    """A list of `published.toml`."""
    text = Path(__file__).with_name("published.toml").read_text(encoding="utf-8")
    return frozenset(tomllib.loads(text)[name].split())


def address(mail: str) -> bool:
    """Whether an e-mail address is nobody's: of a reserved domain, or of an office."""
    local, _, domain = mail.rpartition("@")
    return _DOMAIN.fullmatch(domain) is not None or local.lower().partition("+")[0] in published("offices")


def phone(digits: str) -> bool:
    """Whether a number (digits, with the country's where they are known) is kept for fiction, or only counts up."""
    fiction = digits[-7:-4] == "555" or digits[-10:-7] == "555" or _FICTION.fullmatch(digits) is not None
    return fiction or _drawn_by_hand(digits[-7:])


def _drawn_by_hand(digits: str) -> bool:
    return len(set(digits)) <= 2 or any(digits in row for row in _COUNTED)


def card(digits: str) -> bool:
    """Whether a card number is published for tests."""
    return digits in published("test_cards") or digits.startswith(_CARD_PREFIXES) or len(set(digits)) <= 2


def iban(number: str) -> bool:
    """Whether an account number is a published example."""
    return number in published("example_accounts")
