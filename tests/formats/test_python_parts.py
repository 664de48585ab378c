"""Python source by its parts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import python_parts

SOURCE = '''"""Doc."""
import os


class A(Base):
    """Doc."""

    x: int = 1

    def b(self) -> int:
        """Doc."""
        return 1


async def c(): ...
'''


def test_every_part_has_a_name() -> None:
    assert sorted(python_parts.parts(SOURCE)) == ["class A", "function c", "method A.b", "top level"]


def test_comments_docstrings_and_layout_do_not_count() -> None:
    other = SOURCE.replace('"""Doc."""', '"""Other."""').replace("return 1", "return  1  # one")
    assert python_parts.parts(other) == python_parts.parts(SOURCE)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("return 1", "return 2", "method A.b"),
        ("x: int = 1", "x: int = 2", "class A"),
        ("(Base)", "(Other)", "class A"),
        ("import os", "import re", "top level"),
    ],
)
def test_a_change_is_found_in_its_part(old: str, new: str, part: str) -> None:
    one, two = python_parts.parts(SOURCE), python_parts.parts(SOURCE.replace(old, new))
    assert [name for name in one if one[name] != two[name]] == [part]


@given(st.text(max_size=60))
def test_whatever_is_there_is_read_or_refused(text: str) -> None:
    try:
        assert python_parts.TOP in python_parts.parts(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017  refused with a reason


def test_a_notebook_is_its_code() -> None:
    cells = [{"cell_type": "code", "source": ["%pip install x\n", "a = 1"]}, {"cell_type": "markdown", "source": ["b"]}]
    assert python_parts.notebook(json.dumps({"cells": cells})) == "pass\na = 1"
    with pytest.raises(ValueError):
        python_parts.notebook("{}")
