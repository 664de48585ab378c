"""Compose files: the images services run and the variables they are given, with lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.compose import Service, parse

FRAGMENTS = (
    "services:",
    "\n",
    "  ",
    "a:",
    " image: x:1",
    "- ",
    "environment:",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    ": ",
    "\t",
    "'",
    '"',
    "#",
    "|",
    "---",
    "\x00",
    "é",
)
TEXT = """\
# the stack
x-note: ignored
services:
  web:
    build: .
    environment:
      OPENAI_API_KEY: ${OPENAI_API_KEY}
      LANG: C
  db:
    image: "postgres:16"
    environment:
      - POSTGRES_PASSWORD=secret
      - POSTGRES_USER
  both:
    build: { context: app }
    image: registry.example/both:dev
  odd: nothing
volumes:
  data:
"""


def test_services_are_read_with_their_images_lines_and_variables() -> None:
    assert parse(TEXT) == (
        Service("web", "", 5, True, ("OPENAI_API_KEY", "LANG"), {"OPENAI_API_KEY": "${OPENAI_API_KEY}", "LANG": "C"}, "."),
        Service("db", "postgres:16", 10, False, ("POSTGRES_PASSWORD", "POSTGRES_USER"), {"POSTGRES_PASSWORD": "secret"}),
        Service("both", "registry.example/both:dev", 16, True, context="app"),
    )


def test_an_anchor_shared_by_services_is_followed() -> None:
    text = "services:\n  a:\n    image: &pg postgres:16\n    environment: &env\n      A: 1\n  b:\n    image: *pg\n    environment: *env\n"
    assert [(item.image, item.variables) for item in parse(text)] == [("postgres:16", ("A",))] * 2


@pytest.mark.parametrize("text", ["", "# nothing\n", "volumes: {}\n", "services:\n", "services: [a]\n", "- a\n", "just words\n"])
def test_a_file_without_services_has_none(text: str) -> None:
    assert parse(text) == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("services:\n  a: {image: x\n  b: 1\n", 3),
        ("services:\n\ta: 1\n", 2),
        ("a: 1\n---\nb: 2\n", 2),
        ("services:\n  a: *nowhere\n", 2),
    ],
    ids=["unclosed", "tab", "two documents", "no such anchor"],
)
def test_broken_yaml_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ValueError, match=f"^line {line}: is no valid YAML$"):
        parse(text)


@given(st.text() | st.lists(st.sampled_from(FRAGMENTS), max_size=15).map("".join))
def test_any_text_is_read_or_refused_with_a_line(text: str) -> None:
    try:
        services = parse(text)
    except ValueError as error:
        message = str(error)
    else:
        message = ""
        assert all(item.image_line >= 1 for item in services)
    assert not message or message.startswith("line ")
