"""Writes a condition of a policy as a boolean expression of PostgreSQL, or refuses it by name.

Only what means the same in both is written. An attribute that may be missing is a column that may be null; the validator
has seen to it that it is asked for before it is used, and a null that stands behind such a question decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cedarpy import pst

from readiness.formats.cedar import Action, Attribute
from readiness.layers.security.binding import Binding, Bound

_ORDER: Final[Mapping[str, str]] = {"less": "<", "less_eq": "<=", "greater": ">", "greater_eq": ">="}
_EQUAL: Final[Mapping[str, str]] = {"eq": "=", "not_eq": "<>"}


class Refused(Exception):
    """A part of a policy that means nothing in PostgreSQL, or not the same."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value as SQL, and what it is: `Bool`, `Long`, `String`, or the name of an entity type."""

    sql: str
    kind: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a condition is asked about: one action on the rows of one type, by principals of these types."""

    action: Action
    row: Bound
    principals: tuple[str, ...]
    binding: Binding
    groups: frozenset[str]
    """The action itself and every group it is in."""


def identifier(name: str) -> str:
    """A name as PostgreSQL quotes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as PostgreSQL quotes it, whatever its settings. Raises Refused where it cannot hold it."""
    if "\0" in text:
        raise Refused("a text with a null character")
    escaped = text.replace("'", "''")
    return "E'" + escaped.replace("\\", "\\\\") + "'" if "\\" in text else f"'{escaped}'"


def member(role: str) -> str:
    """Whether the current user is a role or in it, by any membership."""
    return f"pg_has_role(current_user, {literal(role)}, 'member')"


def boolean(expression: pst.Expr, asked: Asked) -> str:
    """The expression as SQL that is true, false, or null where a column without its question is null.

    Raises Refused where a part of it cannot be said.
    """
    match expression:
        case pst.UnaryOp("not", arg):
            return f"(not {boolean(arg, asked)})"
        case pst.BinaryOp("and" | "or" as op, left, right):
            return f"({boolean(left, asked)} {op} {boolean(right, asked)})"
        case pst.BinaryOp(op, left, right):
            return _compared(expression, op, left, right, asked)
        case pst.HasAttr(base, attrs):
            return _has(base, attrs, asked)
        case pst.Is(base, entity_type, None):
            return "true" if str(entity_type) in _types(base, asked) else "false"
        case pst.Like(base, pattern):
            return _like(base, pattern, asked)
        case pst.GetAttr() | pst.BoolLit():
            return _value(expression, asked, "Bool").sql
        case _:
            raise Refused(_said(expression))


def _compared(expression: pst.Expr, op: str, left: pst.Expr, right: pst.Expr, asked: Asked) -> str:
    if op in _EQUAL:
        return _equal(_EQUAL[op], left, right, asked)
    if op in _ORDER:
        return f"({_long(left, asked)} {_ORDER[op]} {_long(right, asked)})"
    if op == "in":
        return _within(left, right, asked)
    if op == "contains":
        return _contains(left, right, asked)
    raise Refused(_said(expression))


def _said(expression: pst.Expr) -> str:
    match expression:
        case pst.Var("context"):
            return "`context`, which no row has"
        case pst.GetAttr(pst.Var("context")) | pst.HasAttr(pst.Var("context")):
            return "`context`, which no row has"
        case pst.GetAttr(pst.Var("principal")) | pst.HasAttr(pst.Var("principal")):
            return "attributes of the principal, which no role has"
        case pst.GetAttr(pst.GetAttr()):
            return "attributes of attributes"
        case pst.BinaryOp(op) | pst.UnaryOp(op):
            return f"`{op}`"
        case _:
            return f"`{type(expression).__name__}`"


def _value(expression: pst.Expr, asked: Asked, kind: str = "") -> Value:
    found = _any(expression, asked)
    if kind and found.kind != kind:
        raise Refused(f"a {found.kind} where a {kind} is compared")
    return found


def _any(expression: pst.Expr, asked: Asked) -> Value:
    match expression:
        case pst.LongLit(value):
            return Value(f"({value})::bigint", "Long")
        case pst.StringLit(value):
            return Value(literal(value), "String")
        case pst.BoolLit(value):
            return Value("true" if value else "false", "Bool")
        case pst.EntityLit(uid):
            return Value(literal(uid.id), str(uid.type))
        case pst.Var("principal") if len(asked.principals) == 1 and asked.principals[0] in asked.binding.roles:
            return Value("current_user::text", asked.principals[0])
        case pst.Var("resource"):
            return Value(_key(asked), asked.row.type.name)
        case pst.GetAttr(pst.Var("resource"), attr):
            return _column(attr, asked)
        case _:
            raise Refused(_said(expression))


def _key(asked: Asked) -> str:
    if len(asked.row.table.key) != 1:
        raise Refused(f"the id of a row of `{asked.row.table.name}`, whose primary key is not one column")
    return f"{identifier(asked.row.table.key[0])}::text"


def _attribute(name: str, asked: Asked) -> Attribute | None:
    return next((item for item in asked.row.type.attributes if item.name == name), None)


def _column(name: str, asked: Asked) -> Value:
    found = _attribute(name, asked)
    if found is None or found.type.kind == "Set":
        raise Refused(f"`resource.{name}`, which is no single value")
    kind = found.type.name if found.type.kind == "Entity" else found.type.kind
    return Value(identifier(name), kind)


def _equal(sign: str, left: pst.Expr, right: pst.Expr, asked: Asked) -> str:
    one, other = _any(left, asked), _any(right, asked)
    if one.kind != other.kind:
        raise Refused(f"a {one.kind} compared with a {other.kind}")
    # bytes are compared, whatever order of letters the column was given
    exact = "" if one.kind in ("Bool", "Long") else ' collate "C"'
    return f"({one.sql}{exact} {sign} {other.sql}{exact})"


def _long(expression: pst.Expr, asked: Asked) -> str:
    return _value(expression, asked, "Long").sql


def _within(left: pst.Expr, right: pst.Expr, asked: Asked) -> str:
    uids = [item.value for item in right.elements if isinstance(item, pst.EntityLit)] if isinstance(right, pst.Set) else []
    uids = [right.value] if isinstance(right, pst.EntityLit) else uids
    if not uids or (isinstance(right, pst.Set) and len(uids) != len(right.elements)):
        raise Refused("`in` something that is not named")
    match left:
        case pst.Var("action"):
            return "true" if asked.groups & {str(uid) for uid in uids} else "false"
        case pst.Var("principal") if all(str(uid.type) in asked.binding.roles for uid in uids):
            return f"({' or '.join(member(uid.id) for uid in uids)})"
        case _:
            raise Refused("`in` of anything but the principal in a role")


def _contains(left: pst.Expr, right: pst.Expr, asked: Asked) -> str:
    if isinstance(left, pst.Set):
        item = _any(right, asked)
        if any(_any(one, asked).kind != item.kind for one in left.elements):
            raise Refused("a set of other values than those it is asked for")
        return f"({' or '.join(_equal('=', right, one, asked) for one in left.elements)})"
    match left:
        case pst.GetAttr(pst.Var("resource"), attr) if (found := _attribute(attr, asked)) is not None and found.type.kind == "Set":
            item = _any(right, asked)
            return f'({item.sql} collate "C" = any({identifier(attr)} collate "C"))'
        case _:
            raise Refused("`contains` of anything but a column or a set that is written out")


def _has(base: pst.Expr, attrs: tuple[str, ...], asked: Asked) -> str:
    if base != pst.Var("resource") or len(attrs) != 1:
        raise Refused(_said(pst.HasAttr(base, attrs)))
    found = _attribute(attrs[0], asked)
    if found is None:
        return "false"
    return "true" if found.required else f"({identifier(attrs[0])} is not null)"


def _types(base: pst.Expr, asked: Asked) -> tuple[str, ...]:
    if base == pst.Var("resource"):
        return (asked.row.type.name,)
    if base == pst.Var("principal") and len(asked.principals) == 1:
        return asked.principals
    raise Refused("`is` of anything but the resource")


def _like(base: pst.Expr, pattern: tuple[pst.PatternElem, ...], asked: Asked) -> str:
    text = "".join("%" if isinstance(item, pst.Wildcard) else f"!{item.value}" if item.value in "!%_" else item.value for item in pattern)
    return f"({_value(base, asked, 'String').sql} collate \"C\" like {literal(text)} escape '!')"
