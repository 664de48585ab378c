"""Whether two conditions of row policies let the same rows through: PostgreSQL stores them in words of its own.

Both are brought into one form: which facts have to be there, joined by `and` and `or`, sorted. Nothing is guessed: what
is not read is the same as nothing else.
"""

from __future__ import annotations

from typing import Final

from readiness.layers.security.compiling import Rule
from readiness.layers.security.sql_expression import Columns, Foreign, Node, parse
from readiness.layers.security.standing import RowPolicy, Standing

_TRUE: Final = Node("true")
_FALSE: Final = Node("false")
_OTHER: Final = {"=": "<>", "<>": "="}


def same(rule: Rule, policy: RowPolicy, standing: Standing) -> bool:
    """Whether a row policy that stands is the one that is wanted, name apart."""
    roles = (rule.role,) if rule.role else ("public",)
    if (policy.verb, policy.permissive, policy.roles) != (rule.verb, bool(rule.role), roles):
        return False
    columns = columns_of(standing)
    try:
        wanted = met(parse(rule.condition, columns))
        using = met(parse(policy.using, columns)) if policy.using else None
        check = met(parse(policy.check, columns)) if policy.check else using
    except Foreign:
        return False
    if rule.verb == "insert":
        return check == wanted
    return using == wanted and (rule.verb not in ("update", "all") or check == wanted)


def columns_of(standing: Standing) -> Columns:
    """What a condition of a table can name."""
    types = {column.name: "text" if column.type == "character varying" else column.type for column in standing.facts.columns}
    types = {name: "text[]" if kind == "character varying[]" else kind for name, kind in types.items()}
    return Columns({name: kind for name, kind in types.items() if " " not in kind}, standing.loose)


def met(node: Node) -> Node:
    """The form of a condition that lets a row through where it is true; null does not."""
    return _fact(node, wanted=True)


def _fact(node: Node, *, wanted: bool) -> Node:
    """What has to be so for a node to be true (or false, where that is wanted), in SQL's logic of three values."""
    match node:
        case Node("true" | "false" as said):
            return _TRUE if (said == "true") == wanted else _FALSE
        case Node("not", _, (inner,)):
            return _fact(inner, wanted=not wanted)
        case Node("and" | "or" as kind, _, parts):
            met_by = kind if wanted else {"and": "or", "or": "and"}[kind]
            return _joined(met_by, [_fact(part, wanted=wanted) for part in parts])
        case Node("coalesce", default, (inner,)):
            return _fact(inner, wanted=wanted) if (default == "true") != wanted else _not(_fact(inner, wanted=not wanted))
        case Node("is", said, (inner,)):
            found = _fact(inner, wanted=said == "true")
            return found if wanted else _not(found)
        case Node("=" | "<>" as sign, "", parts) if not wanted:
            return Node(_OTHER[sign], "", parts)
        case Node("<", "", (left, right)) if not wanted:
            return Node("<=", "", (right, left))
        case Node("<=", "", (left, right)) if not wanted:
            return Node("<", "", (right, left))
        case _:
            return node if wanted else Node("false of", "", (node,))


def _not(fact: Node) -> Node:
    """What is so where a fact is not, be it false or null."""
    match fact:
        case Node("true" | "false" as said):
            return _FALSE if said == "true" else _TRUE
        case Node("and" | "or" as kind, _, parts):
            return _joined({"and": "or", "or": "and"}[kind], [_not(part) for part in parts])
        case Node("not so", _, (inner,)):
            return inner
        case Node("null" | "member"):
            return Node("false of", "", (fact,))
        case Node("false of", _, (Node("null" | "member") as inner,)):
            return inner
        case _:
            return Node("not so", "", (fact,))


def _joined(kind: str, parts: list[Node]) -> Node:
    nothing, everything = (_TRUE, _FALSE) if kind == "and" else (_FALSE, _TRUE)
    flat: set[Node] = set()
    for part in parts:
        flat |= set(part.parts) if part.kind == kind else {part}
    if everything in flat:
        return everything
    kept = sorted(flat - {nothing} - (_implied(flat) if kind == "and" else set()))
    return nothing if not kept else kept[0] if len(kept) == 1 else Node(kind, "", tuple(kept))


def _implied(facts: set[Node]) -> set[Node]:
    """Facts that a column is not null, where another fact could not be so if it were."""
    strict = [fact.parts[0] if fact.kind == "false of" else fact for fact in facts]
    there = {part for fact in strict if fact.kind in ("=", "<>", "<", "<=", "like") for part in fact.parts if part.kind == "column"}
    there |= {Node("column", f"boolean {fact.text}") for fact in strict if fact.kind == "flag"}
    there |= {part for fact in strict if fact.kind == "within" for part in fact.parts if part.kind == "column"}
    return {Node("false of", "", (Node("null", "", (column,)),)) for column in there}
