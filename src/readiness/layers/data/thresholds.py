"""Judges what was measured by the conditions of a rule.

`mustBeBetween` is exclusive: the standard calls it the equivalent of `mustBeGreaterThan` and `mustBeLessThan`. So is
`mustNotBeBetween`, its opposite: on the bound it holds. A rule with several operators asks for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from readiness.formats.odcs.contract import Condition, Scalar

Measured = int | float | Decimal | bool | str


def met(measured: Measured, conditions: Iterable[Condition]) -> bool:
    """Whether what was measured satisfies every condition; a NaN satisfies none."""
    return all(_met(measured, condition) for condition in conditions)


def _met(measured: Measured, condition: Condition) -> bool:
    operator, low = condition.operator, condition.low
    if isinstance(measured, float | Decimal) and measured != measured:
        return False
    if operator == "mustBe":
        return _equal(measured, low)
    if operator == "mustNotBe":
        return not _equal(measured, low)
    number, bound = _number(measured), _number(low)
    high = _number(condition.high)
    if number is None or bound is None:
        return False
    if operator.endswith("Between") and high is not None:
        return (bound < number < high) is (operator == "mustBeBetween")
    return {
        "mustBeGreaterThan": number > bound,
        "mustBeGreaterOrEqualTo": number >= bound,
        "mustBeLessThan": number < bound,
        "mustBeLessOrEqualTo": number <= bound,
    }.get(operator, False)


def _equal(measured: Measured, wanted: Scalar) -> bool:
    if isinstance(wanted, bool) or isinstance(measured, bool):
        return isinstance(wanted, bool) and measured is wanted
    number, bound = _number(measured), _number(wanted)
    if number is not None and bound is not None:
        return number == bound
    return isinstance(measured, str) and measured == wanted


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def said(conditions: Iterable[Condition], unit: str) -> str:
    """The conditions in words: `must be less than 5 percent`."""
    words = []
    for condition in conditions:
        operator = "".join(f" {char.lower()}" if char.isupper() else char for char in condition.operator)
        between = condition.operator.endswith("Between")
        words.append(f"{operator} {condition.low} and {condition.high}, both exclusive" if between else f"{operator} {condition.low}")
    return f"{' and '.join(words)}{' percent' if unit == 'percent' else ''}"
