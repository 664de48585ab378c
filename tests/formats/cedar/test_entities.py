"""Entities are named and written so that the engine reads the same."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.cedar import entities, schema
from readiness.formats.cedar.entities import Entity, Uid

TEXT = b'entity User in [Role] = { "level": Long }; entity Role; action read appliesTo { principal: User, resource: Role };'
SCHEMA = schema.read({"s.cedarschema": TEXT})
IDS = st.text(st.characters(codec="utf-8"))
TYPES = st.sampled_from(["User", "Desk::Agent", "A::B::C"])


@given(TYPES, IDS)
def test_a_name_is_read_as_it_is_written(kind: str, name: str) -> None:
    uid = Uid(kind, name)
    assert entities.parse_uid(str(uid)) == uid


@pytest.mark.parametrize("text", ["", "ada", 'User:"ada"', "User::ada", 'User::"ada" x', '"ada"', '::"ada"', 'User::"ada', 'User User"a"'])
def test_what_is_no_name_is_none(text: str) -> None:
    assert entities.parse_uid(text) is None


@given(st.dictionaries(IDS, st.integers(-5, 5), min_size=1, max_size=4))
def test_what_is_written_is_read_again(levels: dict[str, int]) -> None:
    role = Entity(Uid("Role", "r"))
    made = (role, *(Entity(Uid("User", name), {"level": level}, (role.uid,)) for name, level in levels.items()))
    read, faults = entities.read(entities.emit(made).encode(), "entities.json", SCHEMA)
    assert faults == ()
    assert sorted(read, key=lambda item: item.uid) == sorted(made, key=lambda item: item.uid)


WRONG = {
    "": "1: is no JSON",
    "{}": "1: must be a list of entities",
    '[\n{"uid": {"type": "User", "id": "ada"}, "attrs": {}, "parents": []}]': '2: User::"ada": lacks the attribute `level`',
    '[\n\n{"uid": {"type": "Usr", "id": "ada"}, "attrs": {}, "parents": []}]': '3: Usr::"ada": unrecognized entity type `Usr`',
    '[\n{"uid": {"type": "User", "id": "ada"},\n "attrs": {"lvl": 1}, "parents": []}]': '2: User::"ada": attribute `lvl` on entity type',
    '[\n{"uid": {"type": "User", "id": "ada"},\n "attrs": {"level": "high"}, "parents": []}]': '2: User::"ada": its attributes or groups',
    '[\n{"uid": {"type": "Role", "id": "r"},\n "parents": [{"type": "User", "id": "a"}]}]': '2: Role::"r": its attributes or groups',
    "[" * 400 + "]" * 400: "1: is nested",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_said_with_its_line(text: str) -> None:
    read, (fault,) = entities.read(text.encode(), "entities.json", SCHEMA)
    assert read == ()
    assert f"{fault.line}: {fault.text}".startswith(WRONG[text])


def test_json_of_any_shape_is_refused_not_crashed_on() -> None:
    strange: tuple[object, ...] = (None, 1, "x", [1], [[]], [{}], {"uid": 1}, [{"uid": "x"}], [{"uid": {"type": "User"}}])
    for value in strange:
        read, faults = entities.read(json.dumps(value).encode(), "entities.json", SCHEMA)
        assert (read, len(faults)) == ((), 1)
