"""Policies are read one by one, with id and place; what is wrong with one is said at its place and hides no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readiness.formats.cedar import policies
from readiness.formats.cedar.tokens import quoted
from readiness.sequence.placeholder import PLACEHOLDER

GOOD = '@id("good")\npermit (principal, action, resource);\n'


def faults(text: str) -> list[str]:
    return [str(fault) for fault in policies.parse(text, "p.cedar").faults]


WRONG = {
    "permitt (principal, action, resource);": "1:1: policy `policy0`: invalid policy effect: permitt, did you mean `permit`?",
    "permit (principal, action, resource) wen { true };": "1:38: policy `policy0`: invalid policy condition: wen, did you mean `when`?",
    "permit (principal, action,\n  resource) when { principle.x == 1 };": "2:20: policy `policy0`: invalid member access `principle.x`, "
    "`principle` has no fields or methods, did you mean `principal`?",
    "permit (principal, action, resource) when { 1 ==\n ==== 2 };": "2:2: policy `policy0`: unexpected token `==`",
    "permit (principal, action, resource)\n": "1:36: policy `policy0`: ends too early: a policy ends with `;`",
    "permit (principal, action, resource)\npermit (principal, action, resource);": "2:8: policy `policy0`: unexpected token `(`, "
    "the policy before it has to end with `;`",
    "permit (principal, action, resource) when { principal.x = 1 };": "1:57: policy `policy0`: '=' is not a valid operator in Cedar",
    'permit (principal, action, resource) when { "abc };': "1:45: policy `policy0`: a quote that nothing closes",
    "permit (principal, action, resource) when { é };": "1:45: policy `policy0`: `é` begins nothing that Cedar knows",
    '@id("x") @id("y") permit (principal, action, resource);': "1:1: policy `x`: duplicate annotation: @id",
    "": "1:1: holds no policy: where nothing permits, everything is denied",
    "// to do later\n": "1:1: holds no policy: where nothing permits, everything is denied",
    '@id("x") permit (principal == User::"your-user", action, resource);': "1:37: policy `x`: is still the placeholder `your-user`",
    '@id("TODO") permit (principal, action, resource);': "1:5: policy `TODO`: is still the placeholder `TODO`",
    '@id("") permit (principal, action, resource);': "policy `policy0`: has no id, and the engine calls it `policy0` by its place: write "
    '@id("…") above it',
}


@pytest.mark.parametrize("text", WRONG)
def test_a_fault_is_said_with_line_column_policy_and_what_was_meant(text: str) -> None:
    (fault,) = faults(text)
    assert fault.startswith("p.cedar:1:1: ") if WRONG[text].startswith("policy") else fault.startswith("p.cedar:")
    assert WRONG[text] in fault


def test_one_fault_hides_no_other_and_no_policy() -> None:
    read = policies.parse("permitt (principal, action, resource);\n" + GOOD + "forbid (principal, acton, resource);", "p.cedar")
    assert [policy.id for policy in read.policies] == ["good"]
    assert [fault.line for fault in read.faults] == [1, 4]


def test_a_comment_that_waits_is_no_placeholder() -> None:
    assert faults("// TODO: ask the team\n" + GOOD) == []


def test_ids_are_taken_once_over_all_files() -> None:
    read = policies.read({"b.cedar": GOOD.encode(), "a.cedar": ("\n" + GOOD).encode()})
    assert [str(fault) for fault in read.faults] == ["b.cedar:1:1: policy `good`: the id is taken by the policy at a.cedar:2"]


def test_the_engines_numbers_lead_to_policies_over_several_files() -> None:
    read = policies.read({"a.cedar": GOOD.encode(), "b.cedar": b'@id("other")\nforbid (principal, action, resource);'})
    second = read.of("policy1")
    assert second is not None
    assert (second.id, second.place, second.effect) == ("other", "b.cedar:1", "forbid")
    assert (read.of("policy2"), read.of("x")) == (None, None)


def test_a_policy_without_id_is_numbered_over_all_files() -> None:
    read = policies.read({"a.cedar": GOOD.encode(), "b.cedar": b"forbid (principal, action, resource);"})
    assert read.policies[1].id == "policy1"
    assert "policy1" in read.faults[0].text


def test_what_is_no_utf8_is_said_with_its_line() -> None:
    read = policies.read({"a.cedar": GOOD.encode() + b"// caf\xe9\n"})
    assert str(read.faults[0]).startswith("a.cedar:3:1: is not UTF-8 text")
    assert policies.read({"a.cedar": b"\xef\xbb\xbf" + GOOD.encode()}).faults == ()


@pytest.mark.parametrize("text", ["(" * 2000 + "true" + ")" * 2000, "[" * 500 + "]" * 500, "if true then true else " * 3000 + "true"])
def test_what_would_end_the_engine_is_not_given_to_it(text: str) -> None:
    (fault,) = policies.parse(f'@id("deep") permit (principal, action, resource) when {{ {text} }};', "p.cedar").faults
    assert fault.limit
    assert fault.policy == "deep"


def test_a_file_too_long_and_one_that_is_none_are_limits() -> None:
    read = policies.read({"a.cedar": b" " * (policies.SIZE_LIMIT_BYTES + 1), "b.cedar": None})
    assert [fault.limit for fault in read.faults] == [True, True]


def test_many_policies_are_read() -> None:
    text = "\n".join(f'@id("p{number}") permit (principal == User::"u{number}", action, resource);' for number in range(2000))
    read = policies.parse(text, "p.cedar")
    assert (len(read.policies), read.faults) == (2000, ())
    assert read.policies[1999].line == 2000


def test_a_template_is_known_as_one() -> None:
    read = policies.parse('@id("t") permit (principal == ?principal, action, resource);', "p.cedar")
    assert (read.policies[0].template, read.faults) == (True, ())


def test_the_parts_are_as_written() -> None:
    text = '@id("p")\nforbid (principal is A in B::"b", action in [Action::"x", Action::"y"], resource == C::"}")\n'
    text += 'when { (a::"x" == principal) }\n'
    text += "unless\n{ {a: 1} has a };"
    (policy,) = policies.parse(text, "p.cedar").policies
    assert policy.parts == (
        ('principal is A in B::"b"', 1), ('action in [Action::"x", Action::"y"]', 1), ('resource == C::"}"', 1),
        ('((a::"x" == principal))', 3), ("!({a: 1} has a)", 4),
    )  # fmt: skip


SCOPES = st.sampled_from(["principal", 'principal == U::"a"', 'principal in G::"g"', "principal is U", 'principal is U in G::"g"'])
ACTIONS = st.sampled_from(["action", 'action == Action::"x"', 'action in [Action::"x", Action::"y"]'])
CLAUSES = st.lists(
    st.sampled_from(
        ["when { principal.n > 1 }", 'unless { resource has "a b" }', "when { [1, 2].contains(1) }", 'when { "; }" == context.t }']
    )
)
IDS: st.SearchStrategy[str] = st.text(min_size=1).filter(
    lambda text: not PLACEHOLDER.search(quoted(text)) and "\ufffd" not in text and text.isprintable()
)
POLICY = st.builds(
    lambda name, effect, scope, action, clauses: f"@id({quoted(name)}) {effect} ({scope}, {action}, resource) {' '.join(clauses)};",
    IDS, st.sampled_from(["permit", "forbid"]), SCOPES, ACTIONS, CLAUSES,
)  # fmt: skip


@given(st.lists(POLICY, min_size=1, max_size=5))
def test_what_is_emitted_reads_as_the_same_policies(texts: list[str]) -> None:
    read = policies.parse("\n".join(texts), "p.cedar")
    again = policies.parse(policies.emit(read.policies), "p.cedar")
    bare = [(policy.id, policy.effect, len(policy.parts)) for policy in read.policies]
    assert bare == [(policy.id, policy.effect, len(policy.parts)) for policy in again.policies]
    assert policies.emit(again.policies) == policies.emit(read.policies)
    assert len(read.policies) == len(texts)


@given(st.text() | st.binary().map(lambda data: data.decode("latin-1")))
def test_no_text_is_too_strange(text: str) -> None:
    read = policies.parse(text, "p.cedar")
    assert read.policies or read.faults


@given(POLICY, st.data())
def test_a_policy_that_is_cut_anywhere_is_refused_within_its_lines(text: str, data: st.DataObject) -> None:
    cut = text[: data.draw(st.integers(1, len(text) - 1))]
    read = policies.parse(cut, "p.cedar")
    assert read.faults
    assert all(1 <= fault.line <= cut.count("\n") + 1 for fault in read.faults)
