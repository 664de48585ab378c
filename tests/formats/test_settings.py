"""Settings as flat maps: what is written in any of the formats is read key by key, and nothing else is guessed."""

from __future__ import annotations

import json

import pytest
import tomlkit
import yaml
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import settings

NAMES = st.text("abcdef_", min_size=1, max_size=6)
SCALARS = st.integers(-9, 9) | st.booleans() | st.text("abc 1.tru", max_size=6)
INNER = st.recursive(SCALARS, lambda inner: st.dictionaries(NAMES, inner, max_size=3) | st.lists(inner, max_size=3))
TREES = st.dictionaries(NAMES, INNER, max_size=4)
LAUGHS = "".join(f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdef", "bcdefg", strict=True))


@given(TREES)
def test_toml_yaml_and_json_say_the_same(tree: dict[str, object]) -> None:
    as_json = settings.flat("json", json.dumps(tree))
    assert settings.flat("toml", tomlkit.dumps(tree)) == as_json
    assert settings.flat("yaml", yaml.safe_dump(tree)).keys() == (as_json.keys())


@given(st.sampled_from(sorted({"toml", "yaml", "json", "ini", "pairs"})), st.text(max_size=60))
def test_whatever_a_file_holds_is_read_or_refused(kind: str, text: str) -> None:
    try:
        found = settings.flat(kind, text)
    except ValueError as error:
        assert str(error)  # noqa: PT017  refused with a reason
    else:
        assert all(isinstance(value, str) for value in found.values())


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("yaml", "a: {b: [1, x]}\n---\nc: '2'\n", {"[0].a.b[0]": "1", "[0].a.b[1]": "x", "[1].c": '"2"'}),
        ("yaml", "a: !Ref b\n", {"a": "b"}),
        ("yaml", "a: &x {b: 1}\nc: *x\n", {"a.b": "1", "c.b": "1"}),
        ("yaml", "", {}),
        ("toml", "[a]\nb = 1.5\nc = []\n", {"a.b": "1.5", "a.c": "[]"}),
        ("json", '{"a": null, "b": "null", "c": "text"}', {"a": "null", "b": '"null"', "c": "text"}),
        ("ini", "[A]\nKey = v\n", {"A.Key": "v"}),
        ("ini", "Key = v\n", {"Key": "v"}),
        ("pairs", "# no\nexport A='b c'\nD = e\n", {"A": "b c", "D": "e"}),
    ],
)
def test_values_are_found_by_their_key(kind: str, text: str, found: dict[str, str]) -> None:
    assert settings.flat(kind, text) == found


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("yaml", "a: [\n"),
        ("yaml", "a: &a [x,x,x,x,x,x,x,x,x]\n" + LAUGHS),
        ("toml", "a ="),
        ("json", "{"),
        ("json", "[" * 100_000),
        ("json", "x" * (settings.LARGEST + 1)),
        ("ini", "[a\nb"),
        ("pairs", "A=1\nwhat is this\n"),
    ],
)
def test_what_cannot_be_read_is_refused(kind: str, text: str) -> None:
    with pytest.raises(ValueError):
        settings.flat(kind, text)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (".env", "pairs"),
        ("a/.env.example", "pairs"),
        ("prod.env", "pairs"),
        ("a.yml", "yaml"),
        ("Pipfile", "toml"),
        ("a.py", ""),
        ("a", ""),
    ],
)
def test_a_format_is_told_by_the_name(path: str, kind: str) -> None:
    assert settings.kind_of(path) == kind
