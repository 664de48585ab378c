"""A contract turned into clauses: each one a metric, a threshold, a severity and the line it stands on.

Nothing a contract asks is dropped: what cannot be executed becomes a clause all the same, and says so. What is prose
by its nature (a description, a service level, a rule of another engine) is `PROSE`; what could be executed, and is not
by this version, is `BEYOND`, and stands in the way of a yes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from readiness.formats.odcs.contract import Condition, Contract, Option, Property, Reference, Rule, SchemaObject, Value
from readiness.layers.data.evidence import Kind

NONE: Final = (Condition("mustBe", 0),)
_LENIENT: Final = frozenset({"warning", "warn", "info", "information", "informational", "notice", "low", "minor"})
"""Severities that do not make a contract fail; every other word does."""
_RANGES: Final = {"minimum": Kind.MINIMUM, "maximum": Kind.MAXIMUM, "exclusiveMinimum": Kind.ABOVE, "exclusiveMaximum": Kind.BELOW}
_LIMITS: Final = {"minLength": Kind.MIN_LENGTH, "maxLength": Kind.MAX_LENGTH, "minItems": Kind.MIN_ITEMS, "maxItems": Kind.MAX_ITEMS,
                  "multipleOf": Kind.MULTIPLE, "pattern": Kind.PATTERN}  # fmt: skip
_METRICS: Final = {"nullValues": Kind.NULLS, "missingValues": Kind.MISSING, "invalidValues": Kind.INVALID,
                   "duplicateValues": Kind.DUPLICATES, "rowCount": Kind.ROW_COUNT}  # fmt: skip
_ORDERED: Final = ("integer", "number", "date", "timestamp", "time", "")
_WORDLESS: Final = frozenset({"password", "binary", "f32", "f64"})
"""Formats that say nothing a value could violate."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing a contract asks of an object. `path` names a property (through nested ones), empty for the object.

    `limit` is what a range, length or pattern compares with, `values` a list of allowed or missing ones, `columns`
    those of a key; `why` says of prose and of what is beyond us why it is not executed. `logical` and `form` are the type
    of the property and the declared format of its dates; `public` says that its values may be shown.
    """

    id: str
    object: str
    path: tuple[str, ...]
    kind: Kind
    line: int
    conditions: tuple[Condition, ...] = NONE
    limit: Value | None = None
    values: tuple[Value, ...] = ()
    columns: tuple[str, ...] = ()
    target: str = ""
    target_columns: tuple[str, ...] = ()
    unit: str = "rows"
    query: str = ""
    grave: bool = True
    why: str = ""
    logical: str = ""
    form: str = ""
    public: bool = False

    @property
    def subject(self) -> str:
        """What the clause is about, for a message."""
        return ".".join(self.path) or ", ".join(self.columns) or self.object

    @property
    def executed(self) -> bool:
        """Whether anything is run for it."""
        return self.kind not in (Kind.PROSE, Kind.BEYOND)

    @property
    def on_values(self) -> bool:
        """Whether it asks something of the values, not only that a column is there and has a type."""
        return self.executed and self.kind not in (Kind.PRESENT, Kind.TYPE, Kind.PHYSICAL, Kind.READABLE)


def of_object(schema_object: SchemaObject) -> tuple[Clause, ...]:
    """Every clause on one object, the one that it can be read first; ids are unique within the object."""
    name = schema_object.name
    found = [Clause(f"{name}.readable", name, (), Kind.READABLE, schema_object.line)]
    for item in schema_object.properties:
        found += _of_property(name, item, ())
    if key := _key(schema_object):
        found.append(key)
    found += [_of_rule(name, (), rule, index) for index, rule in enumerate(schema_object.rules)]
    found += [_reference(name, (), reference, index) for index, reference in enumerate(schema_object.references)]
    return tuple(found)


def of_service(contract: Contract) -> tuple[Clause, ...]:
    """The service levels of a contract: each a clause, none of them executed."""
    return tuple(
        Clause(f"sla.{sla.property}[{index}]", "", (), Kind.PROSE, sla.line, why="a service level is not measured on a copy of the data")
        for index, sla in enumerate(contract.slas)
    )


def _key(schema_object: SchemaObject) -> Clause | None:
    keys = [item for item in schema_object.properties if item.primary_key]
    if not keys:
        return None
    keys.sort(key=lambda item: item.primary_key_position)
    names = tuple(item.name for item in keys)
    line = min(item.line_of("primaryKey") for item in keys)
    return Clause(f"{schema_object.name}.primaryKey", schema_object.name, (), Kind.KEY, line, columns=names)


def _of_property(name: str, item: Property, above: tuple[str, ...]) -> list[Clause]:
    path = (*above, item.name)
    at = ".".join((name, *path))
    kind = Kind.TYPE if item.logical_type else Kind.PRESENT
    type_of = Value(item.logical_type, item.logical_type) if item.logical_type else None
    found = [Clause(f"{at}.{kind}", name, path, kind, item.line_of("logicalType"), limit=type_of)]
    if item.physical_type:
        physical = Value(item.physical_type, item.physical_type)
        found.append(Clause(f"{at}.physicalType", name, path, Kind.PHYSICAL, item.line_of("physicalType"), limit=physical))
    for key, kind in (("required", Kind.REQUIRED), ("unique", Kind.UNIQUE)):
        if getattr(item, key):
            found.append(Clause(f"{at}.{key}", name, path, kind, item.line_of(key)))
    found += _of_options(at, name, path, item)
    found += [_of_rule(name, path, rule, index) for index, rule in enumerate(item.rules)]
    found += [_reference(name, path, reference, index) for index, reference in enumerate(item.references)]
    if item.has_items:
        found.append(_beyond(f"{at}.items", name, path, item.line_of("items"), "what a list holds is not judged by this version"))
    found += [_beyond(f"{at}.{key}", name, path, line, f"`{key}` is no key of the standard") for key, line in item.unknown]
    form = next((o.value.text for o in item.options if o.name == "format" and isinstance(o.value, Value)), "")
    form = form if item.logical_type in ("date", "timestamp", "time") else ""
    public = item.classification.lower() == "public"
    found = [replace(clause, logical=item.logical_type, form=form, public=public) for clause in found]
    for inner in item.properties:
        found += _of_property(name, inner, path)
    return found


def _beyond(at: str, name: str, path: tuple[str, ...], line: int, why: str, *, grave: bool = True) -> Clause:
    return Clause(at, name, path, Kind.BEYOND, line, grave=grave, why=why)


def _prose(at: str, name: str, path: tuple[str, ...], line: int, why: str) -> Clause:
    return Clause(at, name, path, Kind.PROSE, line, why=why)


def _of_options(at: str, name: str, path: tuple[str, ...], item: Property) -> list[Clause]:
    return [_of_option(f"{at}.{option.name}", name, path, item, option) for option in item.options]


def _of_option(at: str, name: str, path: tuple[str, ...], item: Property, option: Option) -> Clause:
    key, value = option.name, option.value
    if isinstance(value, tuple):
        if key == "enum":
            return Clause(at, name, path, Kind.ENUM, option.line, values=value)
        return _beyond(at, name, path, option.line, f"`{key}` is not judged by this version")
    if key in _RANGES and item.logical_type in _ORDERED:
        return _range(at, name, path, item, option, value)
    if key in _LIMITS:
        return Clause(at, name, path, _LIMITS[key], option.line, limit=value)
    return _wordy(at, name, path, option, value)


def _wordy(at: str, name: str, path: tuple[str, ...], option: Option, value: Value) -> Clause:
    key = option.name
    if key == "uniqueItems":
        if value.value is True:
            return Clause(at, name, path, Kind.UNIQUE_ITEMS, option.line)
        return _prose(at, name, path, option.line, "asks nothing")
    if key == "format" and value.text in _WORDLESS:
        return _prose(at, name, path, option.line, f"the format `{value.text}` asks nothing of a value")
    if key == "format":
        return Clause(at, name, path, Kind.FORMAT, option.line, limit=value)
    if key in ("timezone", "defaultTimezone"):
        why = "times without a zone are read as UTC"
        plain = key == "timezone" or value.text in ("UTC", "Etc/UTC", "Z", "GMT")
        return _prose(at, name, path, option.line, why) if plain else _beyond(at, name, path, option.line, why)
    return _beyond(at, name, path, option.line, f"`{key}` is not judged by this version")


def _range(at: str, name: str, path: tuple[str, ...], item: Property, option: Option, value: Value) -> Clause:
    key = option.name
    flags = {o.name for o in item.options if isinstance(o.value, Value) and o.value.value is True}
    if isinstance(value.value, bool):  # before 3.1, exclusiveMaximum only said how `maximum` is meant
        inclusive = key.replace("exclusiveM", "m")
        meant = next((o.value for o in item.options if o.name == inclusive and isinstance(o.value, Value)), None)
        if value.value and meant is not None:
            return Clause(at, name, path, _RANGES[key], option.line, limit=meant)
        return _prose(at, name, path, option.line, "asks nothing")
    if f"exclusive{key[0].upper()}{key[1:]}" in flags:
        return _prose(at, name, path, option.line, "is asked by the exclusive bound beside it")
    return Clause(at, name, path, _RANGES[key], option.line, limit=value)


def _of_rule(name: str, path: tuple[str, ...], rule: Rule, index: int) -> Clause:
    at = f"{'.'.join((name, *path))}.{rule.name or rule.metric or rule.kind}[{index}]"
    grave = rule.severity not in _LENIENT
    if rule.kind == "text":
        return _prose(at, name, path, rule.line, "a text rule is for people")
    if rule.kind == "custom":
        return _prose(at, name, path, rule.line, "a custom rule belongs to another engine")
    if rule.unknown:
        return _beyond(at, name, path, rule.line, f"`{rule.unknown[0]}` is not known here", grave=grave)
    if rule.kind == "sql":
        return Clause(at, name, path, Kind.SQL, rule.line, rule.conditions, query=rule.query, grave=grave)
    kind = _METRICS.get(rule.metric)
    if kind is None:
        return _beyond(at, name, path, rule.line, f"the metric `{rule.metric}` is not one of the standard", grave=grave)
    if (kind is Kind.ROW_COUNT and path) or (kind not in (Kind.ROW_COUNT, Kind.DUPLICATES) and not path):
        return _beyond(at, name, path, rule.line, f"`{rule.metric}` does not stand here in the standard", grave=grave)
    if kind is Kind.DUPLICATES and not path and not rule.columns:
        return _beyond(at, name, path, rule.line, "`duplicateValues` of an object needs `properties`", grave=grave)
    pattern = Value(rule.pattern, rule.pattern) if rule.pattern is not None else None
    return Clause(
        at, name, path, kind, rule.line, rule.conditions, pattern, rule.values or (), rule.columns, unit=rule.unit, grave=grave
    )  # fmt: skip


def _reference(name: str, path: tuple[str, ...], reference: Reference, index: int) -> Clause:
    at = f"{'.'.join((name, *path))}.relationship[{index}]"
    if not reference.target or len(path) > 1:
        return _beyond(at, name, path, reference.line, "it leads into another contract, or through nested properties")
    return Clause(
        at, name, (), Kind.REFERENCE, reference.line, columns=reference.columns, target=reference.target,
        target_columns=reference.target_columns,
    )  # fmt: skip
