"""YAML read strictly, with the line of every key."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import yaml_lines

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text("abc xyz0-_", max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcdef", min_size=1, max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(VALUES)
def test_it_reads_what_the_library_reads(value: object) -> None:
    text = yaml.dump(value, Dumper=_Plain)
    document = yaml_lines.single(text)
    assert document.problems == ()
    assert document.value == yaml.safe_load(text)


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        return True


@given(st.text(max_size=200))
def test_no_text_makes_it_raise(text: str) -> None:
    for document in yaml_lines.documents(text):
        assert all(line >= 1 and said for line, said in document.problems)


def test_lines_and_literal_blocks_are_known() -> None:
    document = yaml_lines.single("a: 1\nb:\n  - x: 2\n  - y: 3\nsql: |\n  select 1\n")
    assert document.lines[("b", "1", "y")] == 4
    assert document.literals == {("sql",): 6}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "`a` is there twice"),
        ("a: &x {b: 1}\nc: *x\n", 1, "an alias is not read here"),
        ("a: 1\nb: !!python/object:os.system {}\n", 2, ""),
        ("a: [1\n", 2, "is not valid YAML"),
        ("", 1, "is empty"),
        ("a: 1\n---\nb: 2\n", 1, "must hold one YAML document, got 2"),
        ("a: 2026-13-45\n", 1, "cannot be read"),
        ("? [a, b]\n: 1\n", 1, "a key must be a plain word"),
    ],
)
def test_what_is_strange_is_a_problem_with_its_line(text: str, line: int, said: str) -> None:
    problems = yaml_lines.single(text).problems
    if said:
        assert said in problems[0][1]
        assert problems[0][0] == line
    else:
        assert yaml_lines.single(text).value == {"a": 1, "b": {}}  # a tag on a table changes nothing: it is never obeyed


def test_many_aliases_do_not_explode() -> None:
    text = "a: &a [x, x]\n" + "".join(
        f"{name}: &{name} [*{before}, *{before}, *{before}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert any("alias" in said for _, said in yaml_lines.single(text).problems)
