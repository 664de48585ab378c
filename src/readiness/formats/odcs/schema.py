"""Reads the objects and properties of a contract's `schema`."""

from __future__ import annotations

from typing import Final

import yaml

from readiness.formats.odcs import quality
from readiness.formats.odcs.contract import Option, Property, SchemaObject
from readiness.formats.odcs.nodes import Fields, Node, Reader, shown

LOGICAL_TYPES: Final = ("string", "date", "timestamp", "time", "number", "integer", "object", "array", "boolean")
_ELEMENT: Final = frozenset({"id", "name", "physicalName", "physicalType", "description", "businessName", "authoritativeDefinitions",
                             "quality", "tags", "customProperties", "logicalType", "relationships", "properties"})  # fmt: skip
_OBJECT: Final = _ELEMENT | {"dataGranularityDescription"}
_PROPERTY: Final = _ELEMENT | {
    "primaryKey", "primaryKeyPosition", "logicalTypeOptions", "required", "unique", "partitioned", "partitionKeyPosition",
    "classification", "encryptedName", "transformSourceObjects", "transformLogic", "transformDescription", "examples",
    "criticalDataElement", "items",
}  # fmt: skip
_BOUNDS: Final = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_COUNTS: Final = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
OPTIONS: Final = frozenset({*_BOUNDS, *_COUNTS, "pattern", "format", "multipleOf", "uniqueItems", "required", "timezone",
                            "defaultTimezone", "enum"})  # fmt: skip
"""Those of the standard, and `enum`, which it does not have and people write."""


def objects(reader: Reader, node: Node | None) -> tuple[SchemaObject, ...]:
    """The objects of a schema; two of the same name are a problem."""
    found: list[SchemaObject] = []
    for item in reader.items(node, "`schema`"):
        made = _object(reader, item)
        if made.name and any(made.name == other.name for other in found):
            reader.problem(item, f"the object `{made.name}` is described twice")
        found.append(made)
    return tuple(found)


def _object(reader: Reader, node: Node) -> SchemaObject:
    fields = reader.fields(node, "an object of the schema")
    reader.unknown(fields, _OBJECT, "an object of the schema")
    name = reader.words(fields, "name", needed=True)
    return SchemaObject(
        name, fields.line, reader.words(fields, "physicalName"), properties(reader, fields.get("properties")),
        quality.rules(reader, fields.get("quality")), quality.references(reader, fields.get("relationships"), ()),
    )  # fmt: skip


def properties(reader: Reader, node: Node | None) -> tuple[Property, ...]:
    """The properties of an object; two of the same name are a problem."""
    found: list[Property] = []
    for item in reader.items(node, "`properties`"):
        made = _property(reader, item)
        if made.name and any(made.name == other.name for other in found):
            reader.problem(item, f"the property `{made.name}` is described twice")
        found.append(made)
    return tuple(found)


def _property(reader: Reader, node: Node) -> Property:
    fields = reader.fields(node, "a property")
    unknown = reader.unknown(fields, _PROPERTY, "a property")
    name = reader.words(fields, "name", needed=True)
    logical = reader.words(fields, "logicalType")
    if logical and logical not in LOGICAL_TYPES:
        reader.problem(fields.line_of("logicalType"), f"`logicalType` must be one of {', '.join(LOGICAL_TYPES)}, got `{logical}`")
    return Property(
        name=name,
        line=fields.line,
        physical_name=reader.words(fields, "physicalName"),
        logical_type=logical,
        physical_type=reader.words(fields, "physicalType"),
        required=reader.truth(fields, "required"),
        unique=reader.truth(fields, "unique"),
        primary_key=reader.truth(fields, "primaryKey"),
        primary_key_position=reader.whole(fields, "primaryKeyPosition", -1),
        classification=reader.words(fields, "classification"),
        options=_options(reader, fields, logical),
        rules=quality.rules(reader, fields.get("quality")),
        references=quality.references(reader, fields.get("relationships"), (name,)),
        properties=properties(reader, fields.get("properties")),
        has_items=fields.get("items") is not None,
        unknown=tuple(unknown),
        lines=fields.lines(),
    )


def _options(reader: Reader, fields: Fields, logical: str) -> tuple[Option, ...]:
    node = fields.get("logicalTypeOptions")
    if node is None:
        return ()
    inner = reader.fields(node, "`logicalTypeOptions`")
    reader.unknown(inner, OPTIONS, "`logicalTypeOptions`")
    return tuple(option for key in inner if (option := _option(reader, inner, key, logical)) is not None)


def _option(reader: Reader, fields: Fields, key: str, logical: str) -> Option | None:
    node = fields.get(key)
    if node is None:
        reader.problem(fields.line_of(key), f"`{key}` is empty")
        return None
    line = fields.line_of(key)
    if isinstance(node, yaml.SequenceNode):
        return Option(key, tuple(reader.scalar(item, f"an entry of `{key}`") for item in node.value), line)
    value = reader.scalar(node, f"`{key}`")
    if key in _COUNTS and (not isinstance(value.value, int) or isinstance(value.value, bool) or value.value < 0):
        reader.problem(node, f"`{key}` must be a whole number of at least 0, got {shown(node)}")
        return None
    if key in _BOUNDS and logical in ("integer", "number") and not (key.startswith("exclusive") and isinstance(value.value, bool)):
        reader.number(node, f"`{key}`")
    if key == "multipleOf" and reader.number(node, f"`{key}`") <= 0:
        reader.problem(node, f"`multipleOf` must be above 0, got {shown(node)}")
        return None
    return Option(key, value, line)
