"""People as files name them: found in every usual form, and never found where nobody is named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.config.fields import Reader
from readiness.formats import people
from readiness.formats.people import Person


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("Ada Lovelace <ada@example.org>", Person("Ada Lovelace", "ada@example.org")),
        ("Ada Lovelace (ada@Example.org)", Person("Ada Lovelace", "ada@example.org")),
        ("Ada Lovelace (@ada-l)", Person("Ada Lovelace", handle="ada-l")),
        ("ada@example.org", Person(email="ada@example.org")),
        ("@ada", Person(handle="ada")),
        ("user:default/ada", Person(handle="ada")),
        ("Ada Lovelace", Person("Ada Lovelace")),
        ("@org/team-a", Person(team="@org/team-a")),
        ("group:default/desk", Person(team="group:default/desk")),
        ("José Müller <jose@example.org>", Person("José Müller", "jose@example.org")),
    ],
)
def test_every_usual_form_is_understood(text: str, person: Person) -> None:
    assert people.parse(text) == person


@pytest.mark.parametrize(
    "text", ["", "  ", "TBD", "tba", "n/a", "None", "nobody", "the team", "management", "owner", "-", "???", "…", "Team <TBD>", "John Doe",
             "Ada <not an address>", "<>", "12345", "Somebody <a@b.org>"],
)  # fmt: skip
def test_nobody_is_nobody(text: str) -> None:
    assert people.parse(text) is None


@given(st.text(max_size=60))
def test_no_text_makes_it_raise(text: str) -> None:
    found = people.parse(text)
    assert found is None or str(found)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"name": "Ada"}, "needs an `email` or a `handle`"),
        ({"name": "", "email": "ada@example.org"}, "needs the `name`"),
        ({"name": "Ada", "email": "ada at example"}, "must be an address"),
        ({"name": "Ada", "handle": "@org/team"}, "must be the handle of one person"),
        ({"name": "Ada", "mail": "ada@example.org"}, "unknown key `mail`"),
        ("<owner>", "placeholder"),
        ("your-name", "placeholder"),
        (7, "must be a text"),
        (["Ada"], "must be a text"),
    ],
)
def test_a_half_named_person_is_a_problem(value: object, said: str) -> None:
    reader = Reader("authority.yaml", {("kill",): 4})
    people.read(reader, ("kill",), value)
    assert said in " ".join(reader.problems)
    assert all(line.startswith("authority.yaml:4: ") for line in reader.problems)
