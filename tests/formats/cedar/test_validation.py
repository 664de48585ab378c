"""What the schema does not allow is said at its line with the nearest name; what can never match is proven."""

from __future__ import annotations

import pytest

from readiness.formats.cedar import policies, schema, validation

SCHEMA = schema.read({"s.cedarschema": b"""
entity User in [Role] = { level: Long, nick?: String };
entity Role;
entity Doc = { owner: User, labels: Set<String> };
action read, write appliesTo { principal: User, resource: Doc, context: { ip: ipaddr, hour?: Long } };
"""})  # fmt: skip


def faults(condition: str, scope: str = "principal, action, resource") -> list[str]:
    text = f'@id("p")\npermit ({scope})\nwhen {{ true }}\nwhen {{ {condition} }};'
    return [str(fault) for fault in validation.validate(policies.parse(text, "p.cedar"), SCHEMA)]


WRONG = {
    "resource.ownr == principal": "4:17: policy `p`: attribute `ownr` on entity type `Doc` not found, did you mean `owner`?",
    'principal["nic"] == "x"': "4:18: policy `p`: attribute `nic` on entity type `User` not found, did you mean `nick`?",
    'principal.nick == "a"': "4:18: policy `p`: unable to guarantee safety of access to optional attribute `nick` on entity type `User`, "
    "ask before: `… has nick && …`",
    'principal.level > "a"': "4:1: policy `p`: unexpected type: expected Long but saw String",
    'principal.level == "a"': "4:1: policy `p`: the types Long and String are not compatible",
    'principal in Rol::"x"': "4:21: policy `p`: unrecognized entity type `Rol`, did you mean `Role`?",
    'action == Action::"raed"': '4:18: policy `p`: unrecognized action `Action::"raed"`, did you mean `Action::"read"`?',
    'ip("x").isIpv4()': "4:11: policy `p`: error during extension function argument validation: failed to parse as IP address",
}


@pytest.mark.parametrize("condition", WRONG)
def test_a_fault_is_said_with_its_line_and_what_was_meant(condition: str) -> None:
    (fault,) = faults(condition)
    assert fault.startswith(f"p.cedar:{WRONG[condition]}")


def test_what_the_context_lacks_is_said_once_though_two_actions_lack_it() -> None:
    (fault,) = faults("context.hours == 1")
    assert fault.endswith("did you mean `hour`?")


def test_an_unknown_action_is_not_blamed_twice() -> None:
    (fault,) = faults("true", 'principal, action == Action::"wite", resource')
    assert 'did you mean `Action::"write"`?' in fault


def test_what_nobody_can_ask_is_said() -> None:
    (fault,) = faults("true", "principal is Doc, action, resource")
    assert "nobody can ask for what it names" in fault


def test_a_fault_belongs_to_its_policy_over_several_files() -> None:
    read = policies.read({
        "a.cedar": b'@id("a") permit (principal, action, resource);',
        "b.cedar": b'// b\n@id("b") permit (principal, action, resource) when { resource.x };',
    })  # fmt: skip
    (fault,) = validation.validate(read, SCHEMA)
    assert (fault.file, fault.line, fault.policy) == ("b.cedar", 2, "b")


DEAD = ["false", "resource is User", "resource has titel", "principal == resource", '"a" == "b"', "!(resource is Doc)"]
ALIVE = [
    "true",
    "resource.owner == principal",
    'resource.labels.contains("a") && resource.labels.contains("b")',
    "principal.level > 3 && principal.level < 3",
]


@pytest.mark.parametrize("condition", [*DEAD, *ALIVE])
def test_only_what_types_rule_out_is_proven_dead(condition: str) -> None:
    text = f'@id("p") permit (principal in Role::"r", action, resource) when {{ {condition} }};'
    read = policies.parse(text, "p.cedar")
    assert validation.validate(read, SCHEMA) == ()
    assert validation.can_match(read.policies[0], SCHEMA) is (condition in ALIVE)
