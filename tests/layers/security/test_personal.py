"""Personal data in text: what is found by form and checksum, and what only looks like it."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import luhn
from readiness.layers.security import personal, synthetic


def kinds(text: str) -> list[str]:
    return sorted({hit.kind for hit in personal.find(text)})


PERSONAL = {
    "mira.lindqvist@nordhamn-praktik.se": ["e-mail address"],
    "<a.b+c@kanzlei-brunnenweg.de>": ["e-mail address"],
    "Tel. +49 30 9018 2041": ["phone number"],
    "call (212) 736-5000 now": ["phone number"],
    "212-736-5000": ["phone number"],
    "0044 20 7219 4272": ["phone number"],
    '"phone": "030 9018 2041"': ["phone number"],
    "mobile_no: 01719876540": ["phone number"],
    "DE44 5001 0517 5407 3249 31": ["account number (IBAN)"],
    "FR1420041010050500013M02607": [],
    "NL20INGB0001234567": ["account number (IBAN)"],
    "card 4539 1488 0343 6467 exp": ["card number"],
    "5425233430109903": ["card number"],
    "374245455400126": ["card number"],
    "12345678Z": ["national id (Spanish DNI)"],
    "X1234567L": ["national id (Spanish DNI)"],
    "RSSMRA85T10A562S": ["national id (Italian codice fiscale)"],
    "131052-308T": ["national id (Finnish personal code)"],
    "811218-9876": ["national id (Swedish personal number)"],
    "529.982.247-25": ["national id (Brazilian CPF)"],
    "1 85 05 78 006 084 91": ["national id (French NIR)"],
    "85.07.30-033.28": ["national id (Belgian national number)"],
    "steuer_id: 86095742719": ["national id (German tax id)"],
    "pesel: 44051401359": ["national id (Polish PESEL)"],
    '"bsn": "111222333"': ["national id (Dutch BSN)"],
    "nhs_number=943 476 5919": ["national id (NHS number)"],
    '{"ssn": "536-90-4399"}': ["national id (US social security number)"],
}
NOBODY = [
    "somebody@example.org", "x@mail.example.com", "y@shop.test", "me@localhost.local", "noreply@github.com", "support@nordhamn-praktik.se",
    "git@github.com:org/repo.git", "y = W@x.T + b", "z = a@b.shape", "out = x@w.to(device)", "@app.route", "pip install a@1.2.3",
    "+1 212 555 0134", "(415) 555-2671", "+44 7700 900123", "+33 1 99 00 12 34", "+49 30 23125 042", "+1 234 567 8901 2345 6789",
    "+2026-11-24", "2026-11-24 12:30:45", "phone: 1234567", "phone: 0000000", "order 2127365000123", "DE89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432", "XX00ABCD12345678", "4242 4242 4242 4242", "4111111111111111", "378282246310005", "4000000000000002",
    "4539148803436468", "0.4539148803436467", "4539148803436467.5", "id-4539148803436467", "12345678A", "86095742719", "44051401359",
    "111222333", "9434765919", "536-90-4399", "ssn: 078-05-1120", "111.111.111-11", "sha256:4539148803436467abcdef", "127.0.0.1:5432",
    "550e8400-e29b-41d4-a716-446655440000", "lat: 52.520008, lon: 13.404954", "version 212.736.5000.1",
]  # fmt: skip


@pytest.mark.parametrize("text", PERSONAL)
def test_what_is_personal_is_found(text: str) -> None:
    assert kinds(text) == PERSONAL[text]


@pytest.mark.parametrize("text", NOBODY)
def test_what_is_nobodys_is_none(text: str) -> None:
    assert kinds(text) == []


def test_ids_that_are_no_cards_are_taken_for_none() -> None:
    drawn = random.Random(5)
    ids = "\n".join(f"4{''.join(drawn.choices(string.digits, k=15))}" for _ in range(400))
    assert kinds(ids) == []
    cards = "\n".join(["4539 1488 0343 6467", "5425233430109903", "374245455400126"] * 10)
    assert kinds(cards) == ["card number"]


def test_lines_are_counted_and_values_are_not_shown() -> None:
    (hit,) = personal.find("a\nb\nmira.lindqvist@nordhamn-praktik.se\n")
    assert (hit.line, "mira" in repr(hit)) == (3, False)


def test_how_to_reach_the_people_of_a_project_is_no_personal_data_and_their_account_is() -> None:
    text = "owner: mira.lindqvist@nordhamn-praktik.se, DE44 5001 0517 5407 3249 31\n"
    assert [hit.kind for hit in personal.find(text, about_itself=True)] == ["account number (IBAN)"]


@given(st.text(alphabet=string.digits, min_size=12, max_size=18))
def test_exactly_one_last_digit_in_ten_passes(body: str) -> None:
    assert sum(luhn.holds(body + digit) for digit in string.digits) == 1


@given(st.sampled_from(sorted(synthetic.published("example_accounts"))))
def test_a_published_account_is_valid_and_one_letter_makes_it_wrong(number: str) -> None:
    assert personal._is_iban(number)
    other = number[:-1] + ("1" if number[-1] == "0" else "0" if number[-1] == "1" else "1")
    assert other == number or not personal._is_iban(other)


@given(st.text(max_size=300))
def test_no_text_breaks_it(text: str) -> None:
    personal.find(text)
