"""Environment files: names declared, optional ones too, and the values suggested for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.dotenv import parse


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY=value", "value"),
        ("KEY=", ""),
        ("  export KEY = value  ", "value"),
        ("# KEY=value", "value"),
        ("#KEY=", ""),
        ("KEY=value # why", "value"),
        ("KEY=a#b", "a#b"),
        ('KEY="two words" # why', "two words"),
        ("KEY='a # b'", "a # b"),
        ("KEY=a=b", "a=b"),
        ("KEY='never closed", "'never closed"),
    ],
)
def test_a_line_declares_a_name_and_suggests_a_value(line: str, value: str) -> None:
    assert parse(line) == {"KEY": value}


@pytest.mark.parametrize("line", ["", "# a sentence about = signs", "lower=1", "AB=1", "KEY", "1KEY=2", "KEY: value"])
def test_what_declares_no_name_is_skipped(line: str) -> None:
    assert parse(line) == {}


def test_the_last_of_two_lines_counts() -> None:
    assert parse("# KEY=old\nOTHER=1\nKEY=new\n") == {"KEY": "new", "OTHER": "1"}


@given(st.text() | st.lists(st.sampled_from(["KEY", "=", "#", "'", '"', " ", "\n", "export ", "a", "\x00"])).map("".join))
def test_no_text_makes_it_raise(text: str) -> None:
    assert all(name.isascii() for name in parse(text))
