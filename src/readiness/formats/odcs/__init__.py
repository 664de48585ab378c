"""Data contracts of the Open Data Contract Standard, 3.0 to 3.2, read as they are.

Strict where a contract is executed: a key that nearly is one that counts, a value of the wrong kind, a key said twice,
a placeholder are problems with their line. Whatever else the standard or a later version holds is left alone.
"""

from __future__ import annotations

import re
from typing import Final

import yaml

from readiness.errors import InputError
from readiness.formats.odcs import schema
from readiness.formats.odcs.contract import Contract, Member, Server, Sla
from readiness.formats.odcs.nodes import Fields, Node, Reader

__all__ = ["Contract", "parse"]

_VERSION: Final = re.compile(r"v3\.[012](\.\d+)?([-+.][\w.-]+)?")
_TOP: Final = frozenset({"version", "kind", "apiVersion", "id", "name", "tenant", "tags", "status", "servers", "dataProduct",
                         "description", "domain", "schema", "support", "price", "team", "roles", "slaDefaultElement", "slaProperties",
                         "authoritativeDefinitions", "customProperties", "contractCreatedTs"})  # fmt: skip


def parse(text: str, file: str) -> Contract:
    """The contract in `text`. Raises InputError with every problem as `file:line: …`, where it is no such contract."""
    reader = Reader(file, text)
    root = reader.root()
    contract = _contract(reader, root) if root is not None else None
    if reader.problems or contract is None:
        raise InputError(reader.problems, "the standard: Open Data Contract Standard 3.0 to 3.2")
    return contract


def _contract(reader: Reader, root: Node) -> Contract | None:
    fields = reader.fields(root, "a data contract")
    if not isinstance(root, yaml.MappingNode):
        return None
    reader.unknown(fields, _TOP, "a data contract")
    kind = reader.words(fields, "kind", needed=True)
    if kind and kind != "DataContract":
        reader.problem(fields.line_of("kind"), f"`kind` must be `DataContract`, got `{kind}`")
    api = reader.words(fields, "apiVersion", needed=True)
    if api and not _VERSION.fullmatch(api):
        reader.problem(fields.line_of("apiVersion"), f"`apiVersion` must be v3.0, v3.1 or v3.2, got `{api}`")
    team = fields.get("team")
    return Contract(
        file=reader.file,
        id=reader.words(fields, "id", needed=True),
        version=reader.words(fields, "version", needed=True),
        status=reader.words(fields, "status", needed=True),
        api_version=api,
        name=reader.words(fields, "name"),
        objects=schema.objects(reader, fields.get("schema")),
        servers=tuple(_server(reader, item) for item in reader.items(fields.get("servers"), "`servers`")),
        members=_members(reader, team),
        roles=tuple(_role(reader, item) for item in reader.items(fields.get("roles"), "`roles`")),
        slas=tuple(_sla(reader, item) for item in reader.items(fields.get("slaProperties"), "`slaProperties`")),
        team_line=fields.line_of("team") if team is not None else 0,
    )


def _server(reader: Reader, node: Node) -> Server:
    fields = reader.fields(node, "a server")
    kind = reader.words(fields, "type", needed=True).lower()
    path = reader.words(fields, "path") or reader.words(fields, "location")
    if kind == "local" and not path:
        reader.problem(fields.line, "a server of type `local` needs `path`")
    return Server(
        reader.words(fields, "server"), kind, fields.line, path, reader.words(fields, "format").lower(),
        reader.words(fields, "delimiter"), reader.words(fields, "database"), reader.words(fields, "schema"),
    )  # fmt: skip


def _members(reader: Reader, node: Node | None) -> tuple[Member, ...]:
    if isinstance(node, yaml.SequenceNode):
        return tuple(_member(reader, item) for item in node.value)
    fields = reader.fields(node, "`team`")
    return tuple(_member(reader, item) for item in reader.items(fields.get("members"), "`members`"))


def _member(reader: Reader, node: Node) -> Member:
    fields = reader.fields(node, "a member of the team")
    name = _name(reader, fields)
    return Member(name, fields.line, reader.words(fields, "role"), reader.day(fields, "dateOut"))


def _name(reader: Reader, fields: Fields) -> str:
    # `username` is not required before 3.1
    return reader.words(fields, "username") or reader.words(fields, "name", needed=True)


def _role(reader: Reader, node: Node) -> str:
    return reader.words(reader.fields(node, "a role"), "role", needed=True)


def _sla(reader: Reader, node: Node) -> Sla:
    fields = reader.fields(node, "an entry of `slaProperties`")
    name = reader.words(fields, "property", needed=True)
    held = fields.get("value")
    value = reader.scalar(held, "`value`").text if held is not None else ""
    return Sla(name, value, fields.line, reader.words(fields, "unit"), reader.words(fields, "element"))
