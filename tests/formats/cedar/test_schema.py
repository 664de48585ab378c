"""A schema is read in both notations to the same declarations; what is wrong with it is said at its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.cedar import notation, schema
from readiness.formats.cedar.notation import Attribute, Type

TEXT = """
namespace Desk {
  type Note = { "a b": Long, n?: Set<String> };
  entity Agent, Bot in [Team, Other::Org] = { note: Note, boss?: Agent, ip: ipaddr, at: datetime } tags Set<String>;
  entity Team in [Team];
  entity Colour enum ["red", "blue"];
  action "read" in ["all"] appliesTo { principal: [Agent, Bot], resource: [Other::Doc], context: { note: Note } };
  action all;
}
namespace Other { entity Org; entity Doc = { owner: Desk::Agent }; }
"""
NOTE = Type("Record", fields=(Attribute("a b", Type("Long")), Attribute("n", Type("Set", item=Type("String")), False)))


def test_everything_a_schema_declares_is_read() -> None:
    read = schema.read({"s.cedarschema": TEXT.encode()})
    assert read.faults == ()
    agent = read.declared.entity("Desk::Agent")
    assert agent.parents == ("Desk::Team", "Other::Org")
    assert set(agent.attributes) == {
        Attribute("note", NOTE), Attribute("boss", Type("Entity", "Desk::Agent"), False), Attribute("ip", Type("ipaddr")),
        Attribute("at", Type("datetime")),
    }  # fmt: skip
    assert agent.tags == Type("Set", item=Type("String"))
    assert read.declared.entity("Desk::Colour").ids == ("red", "blue")
    group, one = read.declared.actions
    assert (group.uid, group.asked) == ('Desk::Action::"all"', False)
    assert (one.name, one.principals, one.resources) == ("read", ("Desk::Agent", "Desk::Bot"), ("Other::Doc",))
    assert one.context == (Attribute("note", NOTE),)
    assert read.declared.ancestors("Desk::Bot") == ("Desk::Team", "Other::Org")


def test_what_the_engine_writes_reads_as_itself() -> None:
    read = schema.read({"s.cedarschema": TEXT.encode()})
    assert notation.read(read.text) == read.declared
    assert schema.read({"again.cedarschema": read.text.encode()}).text == read.text


JSON = {
    "Desk": {
        "commonTypes": {"Shape": {"type": "Record", "attributes": {"level": {"type": "Long", "required": False}}}},
        "entityTypes": {"Agent": {"shape": {"type": "Shape"}, "memberOfTypes": ["Team"]}, "Team": {}},
        "actions": {"read": {"appliesTo": {"principalTypes": ["Agent"], "resourceTypes": ["Team"]}}},
    }
}


def test_json_is_read_as_well_even_where_a_shape_is_a_name() -> None:
    read = schema.read({"s.cedarschema.json": json.dumps(JSON).encode()})
    assert read.faults == ()
    assert read.declared.entity("Desk::Agent").attributes == (Attribute("level", Type("Long"), False),)


def test_several_files_are_one_schema_also_in_two_notations() -> None:
    read = schema.read({"a.cedarschema": b"entity Own in [Desk::Team];", "b.cedarschema.json": json.dumps(JSON).encode()})
    assert read.faults == ()
    assert read.declared.entity("Own").parents == ("Desk::Team",)


def test_annotations_are_read() -> None:
    text = b'@table("d e") @role entity A = { @doc("x") a: Long }; @privilege("select") action r appliesTo { principal: A, resource: A };'
    declared = schema.read({"s.cedarschema": text}).declared
    kind, (action,) = declared.entity("A"), declared.actions
    assert (kind.said("table"), kind.said("role"), kind.said("columns")) == ("d e", "", None)
    assert (action.said("privilege"), [item.name for item in kind.attributes]) == ("select", ["a"])


WRONG = {
    "entity A = {\n  a: Strng };": "2:6: failed to resolve type: Strng",
    "entity A;\nentity A;": "2:8: `A` is declared twice",
    "entity A;\naction x appliesTo { principal: A };": "2:8: missing `resource` declaration for `x`",
    "entity A; action x appliesTo { principal: A, resource: A,\n contxt: {} };": "2:2: unexpected token `contxt`",
    "entity A;\naction x in [y];": '2:14: undeclared action: Action::"y"',
    "entity A\nentity B;": "2:1: unexpected token `entity`",
    "entity A": "1:8: unexpected end of input",
    "entity A = { é: Long };": "1:14: `é` begins nothing that Cedar knows",
    "": "1:1: declares nothing: say which entities and actions there are",
    "// later": "1:1: declares nothing: say which entities and actions there are",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_with_a_schema_is_said_at_its_place(text: str) -> None:
    assert [str(fault) for fault in schema.read({"s.cedarschema": text.encode()}).faults] == [f"s.cedarschema:{WRONG[text]}"]


WRONG_JSON = {
    "": "1:1: is no JSON: ",
    '{\n"": {]}': "2:6: is no JSON: ",
    "[]": "1:1: invalid type: sequence, expected a map",
    "{}": "1:1: declares nothing",
    '{"": {"entityTypes": {\n"B": {"memberOfTypes": [\n"X"]}}, "actions": {}}}': "3:1: failed to resolve type: X",
    '{"": {"entityTypes": {\n"B": {"shap": 1}}, "actions": {}}}': "2:1: unknown field `shap`",
}


@pytest.mark.parametrize("text", WRONG_JSON)
def test_what_is_wrong_with_json_is_said_at_its_line(text: str) -> None:
    (fault,) = schema.read({"s.cedarschema.json": text.encode()}).faults
    assert str(fault).startswith(f"s.cedarschema.json:{WRONG_JSON[text]}")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a": b"entity A in [B];", "b": b"entity B; entity A;"}, "b:1:18: `A` is declared twice"),
        ({"a": b"entity A in [B];", "b": b"entity B; entity C in [D];"}, "b:1:24: failed to resolve type: D"),
        ({"a": b"entity A in [B];", "b": b"entity B"}, "b:1:8: unexpected end of input"),
    ],
)
def test_the_file_to_blame_is_named(files: dict[str, bytes | None], said: str) -> None:
    assert [str(fault) for fault in schema.read(files).faults] == [said]


def test_what_would_end_the_engine_is_not_given_to_it() -> None:
    deep = "type X = " + "Set<" * 500 + "Long" + ">" * 500 + ";"
    assert schema.read({"s.cedarschema": deep.encode()}).faults[0].limit
    assert schema.read({"s.json": (b"[" * 400 + b"]" * 400)}).faults[0].limit


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    for name in ("s.cedarschema", "s.cedarschema.json"):
        read = schema.read({name: text.encode("utf-8", "surrogatepass")})
        assert read.text or read.faults


NAMES = st.sampled_from(["A", "B", "C", "D"])
TYPES: st.SearchStrategy[str] = st.recursive(
    st.sampled_from(["Bool", "Long", "String", "ipaddr", "decimal"]) | NAMES,
    lambda inner: inner.map(lambda item: f"Set<{item}>") | st.dictionaries(NAMES, inner, max_size=2).map(
        lambda fields: "{" + ", ".join(f"{name}: {item}" for name, item in fields.items()) + "}"
    ),
    max_leaves=4,
)  # fmt: skip
SHAPES = st.dictionaries(st.sampled_from(["x", "y", '"a b"', '"x\\"y"']), st.tuples(TYPES, st.booleans()), max_size=3)


@given(st.lists(SHAPES, min_size=4, max_size=4), st.lists(NAMES, max_size=3, unique=True), st.sampled_from(["", "N"]))
def test_any_schema_is_read_as_it_is_written(shapes: list[dict[str, tuple[str, bool]]], parents: list[str], space: str) -> None:
    lines = []
    for name, shape in zip("ABCD", shapes, strict=True):
        fields = ", ".join(f"{key}{'' if required else '?'}: {kind}" for key, (kind, required) in shape.items())
        lines.append(f"entity {name} in [{', '.join(parents)}] = {{ {fields} }};")
    text = "\n".join(lines)
    read = schema.read({"s.cedarschema": (f"namespace {space} {{ {text} }}" if space else text).encode()})
    assert read.faults == ()
    assert len(read.declared.entities) == 4
    plain = {'"a b"': "a b", '"x\\"y"': 'x"y'}
    for entity, shape in zip(read.declared.entities, shapes, strict=True):
        wanted = {(plain.get(key, key), required) for key, (_, required) in shape.items()}
        assert {(item.name, item.required) for item in entity.attributes} == wanted
        assert sorted(entity.parents) == sorted(f"{space}::{name}" if space else name for name in parents)
