"""Reads the `quality` rules and the `relationships` of a contract."""

from __future__ import annotations

from typing import Final

from readiness.formats.odcs.contract import Condition, Reference, Rule, Scalar, Value
from readiness.formats.odcs.nodes import Fields, Node, Reader, shown

OPERATORS: Final = ("mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan", "mustBeLessOrEqualTo",
                    "mustBeBetween", "mustNotBeBetween")  # fmt: skip
METRICS: Final = ("nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount")
_OLD_METRICS: Final = {"duplicateCount": "duplicateValues", "nullCheck": "nullValues", "validValues": "invalidValues"}
"""Names from before 3.1, when `rule` stood for `metric`."""
_KINDS: Final = ("library", "sql", "text", "custom")
_KNOWN: Final = frozenset({
    "id", "name", "description", "type", "dimension", "method", "severity", "businessImpact", "customProperties", "tags",
    "authoritativeDefinitions", "scheduler", "schedule", "scheduleCronExpression", "unit", "metric", "rule", "arguments", "query",
    "engine", "implementation", "validValues", "pattern", "missingValues", *OPERATORS,
})  # fmt: skip
_ARGUMENTS: Final = frozenset({"validValues", "missingValues", "pattern", "properties"})


def rules(reader: Reader, node: Node | None) -> tuple[Rule, ...]:
    """The rules under a `quality` key."""
    return tuple(_rule(reader, item) for item in reader.items(node, "`quality`"))


def _rule(reader: Reader, node: Node) -> Rule:
    fields = reader.fields(node, "a quality rule")
    kind = reader.words(fields, "type") or ("sql" if "query" in fields and "metric" not in fields else "library")
    if kind not in _KINDS:
        reader.problem(fields.line_of("type"), f"`type` of a rule must be {', '.join(_KINDS)}, got `{kind}`")
    name = reader.words(fields, "id") or reader.words(fields, "name")
    severity = (reader.words(fields, "severity") or "error").lower()
    if kind in ("text", "custom"):
        return Rule(kind, name, "", fields.line, severity=severity)
    unknown = reader.unknown(fields, _KNOWN, "a quality rule")
    conditions = _conditions(reader, fields)
    unit = (reader.words(fields, "unit") or "rows").lower()
    if unit in ("percent", "%", "percentage"):
        unit = "percent"
    elif unit not in ("rows", "row", "count"):
        unknown.append((f"unit: {unit}", fields.line_of("unit")))
    if kind == "sql":
        query = reader.words(fields, "query", needed=True)
        if not conditions:
            reader.problem(fields.line, "a SQL rule needs an operator such as `mustBe`")
        return Rule("sql", name, "", fields.line, conditions, query=query, severity=severity, unknown=tuple(key for key, _ in unknown))
    return _library(reader, fields, Rule("library", name, "", fields.line, conditions, unit=unit, severity=severity), unknown)


def _library(reader: Reader, fields: Fields, rule: Rule, unknown: list[tuple[str, int]]) -> Rule:
    said = reader.words(fields, "metric") or reader.words(fields, "rule")
    if not said:
        reader.problem(fields.line, "a quality rule needs `metric`, or `query`, or `type: text`")
    metric = _OLD_METRICS.get(said, said)
    conditions = rule.conditions
    if not conditions and said in ("nullCheck", "validValues"):
        conditions = (Condition("mustBe", 0),)
    if not conditions and metric in METRICS:
        reader.problem(fields.line, f"the metric `{said}` needs an operator such as `mustBe`")
    for condition in conditions:
        if isinstance(condition.low, bool) or not isinstance(condition.low, int | float):
            reader.problem(fields.line_of(condition.operator), f"`{condition.operator}` of a metric must be a number")
    arguments = reader.fields(fields.get("arguments"), "`arguments`")
    unknown = [*unknown, *reader.unknown(arguments, _ARGUMENTS, "`arguments`")]
    values, pattern = _values(reader, fields, arguments, metric)
    if metric == "invalidValues" and values is None and pattern is None:
        reader.problem(fields.line, "`invalidValues` needs `validValues` or `pattern`")
    columns = tuple(reader.scalar(item, "a property").text for item in reader.items(arguments.get("properties"), "`properties`"))
    return Rule(
        "library", rule.name, metric, rule.line, conditions, values, pattern, columns, rule.unit, "", rule.severity,
        tuple(key for key, _ in unknown),
    )  # fmt: skip


def _values(reader: Reader, fields: Fields, arguments: Fields, metric: str) -> tuple[tuple[Value, ...] | None, str | None]:
    # The standard's own example has `pattern` beside an empty `arguments`, and 3.0 had both beside the rule.
    key = "missingValues" if metric == "missingValues" else "validValues"
    place = arguments if key in arguments else fields
    values = None
    if key in place:
        values = tuple(reader.scalar(item, f"an entry of `{key}`") for item in reader.items(place.get(key), f"`{key}`"))
        if not values:
            reader.problem(place.line_of(key), f"`{key}` is empty")
    place = arguments if "pattern" in arguments else fields
    node = place.get("pattern")
    return values, reader.scalar(node, "`pattern`").text if node is not None else None


def _conditions(reader: Reader, fields: Fields) -> tuple[Condition, ...]:
    found = []
    for operator in OPERATORS:
        if operator not in fields:
            continue
        node = fields.get(operator)
        if node is None:
            reader.problem(fields.line_of(operator), f"`{operator}` is empty")
        elif operator.endswith("Between"):
            found.append(_between(reader, operator, node))
        elif operator in ("mustBe", "mustNotBe"):
            found.append(Condition(operator, reader.scalar(node, f"`{operator}`").value))
        else:
            found.append(Condition(operator, reader.number(node, f"`{operator}`")))
    return tuple(found)


def _between(reader: Reader, operator: str, node: Node) -> Condition:
    bounds: list[Scalar] = [reader.number(item, f"a bound of `{operator}`") for item in reader.items(node, f"`{operator}`")]
    if len(bounds) != 2:
        reader.problem(node, f"`{operator}` must be a list of two numbers, got {len(bounds)}")
        return Condition(operator, 0, 0)
    low, high = bounds
    assert isinstance(low, int | float), "`number` returns one"
    assert isinstance(high, int | float), "`number` returns one"
    if low > high:
        reader.problem(node, f"`{operator}` names the smaller number first, got {shown(node)} {low:g} to {high:g}")
    return Condition(operator, low, high)


def references(reader: Reader, node: Node | None, own: tuple[str, ...]) -> tuple[Reference, ...]:
    """The foreign keys under a `relationships` key; `own` is the property that has it, empty for an object."""
    found = []
    for item in reader.items(node, "`relationships`"):
        fields = reader.fields(item, "a relationship")
        sources = _paths(reader, fields, "from") if "from" in fields else [(name,) for name in own]
        targets = _paths(reader, fields, "to")
        if not targets or len(targets) != len(sources):
            reader.problem(fields.line, f"a relationship leads from as many properties as to, got {len(sources)} and {len(targets)}")
            continue
        objects = {path[0] for path in targets}
        if len(objects) != 1 or any(len(path) != 2 for path in targets):
            # A reference into another contract, or by id: kept, so that it is said not to be evaluated.
            found.append(Reference(fields.line, tuple(path[-1] for path in sources), "", tuple(".".join(path) for path in targets)))
            continue
        found.append(Reference(fields.line, tuple(p[-1] for p in sources), objects.pop(), tuple(p[-1] for p in targets)))
    return tuple(found)


def _paths(reader: Reader, fields: Fields, key: str) -> list[tuple[str, ...]]:
    node = fields.get(key)
    if node is None:
        reader.problem(fields.line_of(key), f"a relationship needs `{key}`")
        return []
    items = node.value if isinstance(node.value, list) else [node]
    return [tuple(reader.scalar(item, f"`{key}`").text.split(".")) for item in items]
