"""Notebooks: their code in order, and what they install from within."""

from __future__ import annotations

import json
from typing import Any

import pytest

from readiness.formats.notebook import code_cells, installs


def notebook(*sources: str | list[str]) -> str:
    cells: list[dict[str, Any]] = [{"cell_type": "markdown", "source": "# !pip install nothing"}]
    cells += [{"cell_type": "code", "source": source, "outputs": []} for source in sources]
    return json.dumps({"cells": cells, "nbformat": 4})


def test_code_cells_come_in_order_whether_text_or_lines() -> None:
    assert code_cells(notebook("a = 1\n", ["b = 2\n", "c = 3"], "")) == ("a = 1\n", "b = 2\nc = 3", "")


def test_the_format_of_old_notebooks_is_read_too() -> None:
    cells = [{"cell_type": "heading", "source": "x"}, {"cell_type": "code", "input": ["a = 1"]}]
    assert code_cells(json.dumps({"worksheets": [{"cells": cells}], "nbformat": 3})) == ("a = 1",)


def test_a_notebook_without_code_has_none() -> None:
    assert code_cells(notebook()) == ()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%pip install numpy", ("numpy",)),
        ("!pip install -q numpy==2.1 'rich>=13'", ("-q", "numpy==2.1", "rich>=13")),
        ("  !pip3 install -r requirements.txt  # all of it", ("-r", "requirements.txt")),
        ("!python -m pip install numpy", ("numpy",)),
        ("!{sys.executable} -m pip install numpy", ("numpy",)),
        ("%uv pip install numpy", ("numpy",)),
    ],
)
def test_installations_from_within_are_found(line: str, words: tuple[str, ...]) -> None:
    assert installs(notebook(f"import sys\n{line}\nprint(1)")) == (words,)


@pytest.mark.parametrize("line", ["# !pip install numpy", "pip install numpy", "!pip freeze", "!pip install", "!pip install 'never closed"])
def test_what_installs_nothing_is_skipped(line: str) -> None:
    assert installs(notebook(line)) == ()


def test_installations_come_in_the_order_of_the_cells() -> None:
    assert installs(notebook("%pip install a\n%pip install b", "%pip install c")) == (("a",), ("b",), ("c",))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "1", '"cells"', "{}", '{"cells": 3}', '{"cells": [3]}', '{"worksheets": []}'])
def test_what_is_no_notebook_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no notebook"):
        code_cells(text)
    with pytest.raises(ValueError, match="is no notebook"):
        installs(text)
