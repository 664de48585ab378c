"""One function says how many of something there are, and every finding uses it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.sequence.wording import agreeing, counted, listed, plural, times

SOURCE = Path(__file__).parents[2] / "src/readiness"


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        (1, "span", "1 span"),
        (0, "span", "0 spans"),
        (2, "model call", "2 model calls"),
        (1, "direct dependency", "1 direct dependency"),
        (3, "direct dependency", "3 direct dependencies"),
        (2, "day", "2 days"),
        (2, "box", "2 boxes"),
        (2, "batch", "2 batches"),
    ],
)
def test_the_noun_agrees_with_its_number(count: int, noun: str, said: str) -> None:
    assert counted(count, noun) == said


@given(st.integers(min_value=0), st.from_regex(r"[a-z]{1,12}", fullmatch=True))
def test_only_one_is_singular(count: int, noun: str) -> None:
    assert counted(count, noun).endswith(f" {noun}" if count == 1 else f" {plural(noun)}")
    assert plural(noun) != noun
    assert agreeing(count, "is", "are") == ("is" if count == 1 else "are")


def test_no_text_makes_its_own_plural() -> None:
    own = re.compile(r"""['"]s['"] if |['"]{2} if [\w.() ]+ == 1 else|else ['"]s['"]""")
    found = [path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if own.search(path.read_text(encoding="utf-8"))]
    assert found == []


def test_the_first_different_names_and_how_many_more() -> None:
    assert listed(["a", "b", "a", "c"]) == "a, b, c"
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert (listed(["a"]), listed([]), listed("abc", most=2)) == ("a", "", "a, b and 1 more")


def test_how_often() -> None:
    assert (times(1), times(3)) == ("once", "3 times")
