"""Plans are read strictly: every change with its address, no value of any attribute, and nothing that is half a plan."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats import terraform_plan
from readiness.formats.terraform_plan import Change


def message(kind: str, **more: object) -> str:
    return json.dumps({"@level": "info", "@message": "x", "type": kind, **more})


def change(kind: str, address: str, action: str = "update") -> str:
    return message(kind, change={"resource": {"addr": address}, "action": action})


def test_a_stream_is_read_to_its_end() -> None:
    lines = [message("version", terraform="1.11.4", ui="1.2"), change("resource_drift", "a.b"), change("planned_change", "a.b")]
    lines.append(change("planned_change", "a.c", "noop"))
    lines.append(message("change_summary", changes={"add": 0, "change": 1, "remove": 0, "operation": "plan"}))
    text = "\n".join(lines)
    assert terraform_plan.stream(text) == terraform_plan.Stream(("a.b",), ("a.b",), (), complete=True)


def test_errors_are_kept_with_their_detail() -> None:
    text = message("diagnostic", diagnostic={"severity": "error", "summary": "no", "detail": "none"})
    assert terraform_plan.stream(text) == terraform_plan.Stream((), (), ("no: none",), complete=False)
    assert terraform_plan.stream(message("diagnostic", diagnostic={"severity": "warning", "summary": "old"})).errors == ()


@pytest.mark.parametrize("line", ["Terraform used the selected providers", "{", "[]", '{"@level": "info"}', '{"type": "planned_change"}'])
def test_a_line_that_is_no_message_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="line 2"):
        terraform_plan.stream(f"{message('version')}\n{line}\n")


def whole(before: object, after: object, **more: object) -> str:
    item = {"address": "a.b", "change": {"actions": ["update"], "before": before, "after": after, **more}}
    return json.dumps({"format_version": "1.2", "resource_changes": [item]})


@pytest.mark.parametrize(
    ("before", "after", "more", "attributes"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, {}, ("b",)),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 1, "y": 3}}, {}, ("a.y",)),
        ({"key": "one"}, {"key": "two"}, {"before_sensitive": {"key": True}}, ("key",)),
        ({"key": {"in": "one"}}, {"key": {"in": "two"}}, {"after_sensitive": {"key": True}}, ("key",)),
        ({"tags": {"a": "b"}, "id": 1}, {"tags": {}}, {"after_unknown": {"id": True}}, ("tags.a",)),
        ({"id": 1}, {}, {"after_unknown": {"id": True}}, ("id",)),
        (None, {"a": 1}, {}, ()),
    ],
    ids=["one", "nested", "sensitive", "sensitive inside", "known later", "only later", "new"],
)
def test_attributes_are_named(before: object, after: object, more: dict[str, object], attributes: tuple[str, ...]) -> None:
    assert terraform_plan.plan(whole(before, after, **more)) == (Change("a.b", ("update",), attributes),)


@given(st.dictionaries(st.sampled_from("abc"), st.sampled_from(["secret-1", "secret-2"])), st.booleans())
def test_no_value_is_ever_said(values: dict[str, str], marked: bool) -> None:
    more = {"before_sensitive": dict.fromkeys(values, True)} if marked else {}
    assert "secret" not in repr(terraform_plan.plan(whole(values, {"a": "secret-3"}, **more)))


def test_what_changed_outside_and_outputs_are_told_apart() -> None:
    item = {"address": "a.b", "change": {"actions": ["update"], "before": {"a": 1}, "after": {"a": 2}}}
    same = {"address": "a.c", "change": {"actions": ["no-op"], "before": {}, "after": {}}}
    text = json.dumps({"format_version": "1.2", "resource_drift": [item], "resource_changes": [same],
                       "output_changes": {"url": {"actions": ["create"], "before": None, "after": 1}}})  # fmt: skip
    assert terraform_plan.plan(text) == (Change("a.b", ("update",), ("a",), outside=True), Change("output.url", ("create",)))


@pytest.mark.parametrize("text", ["", "{}", '{"format_version": "2.0"}', '{"format_version": "1.0", "resource_changes": [{}]}', "[]"])
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the plan"):
        terraform_plan.plan(text)
