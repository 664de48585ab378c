"""Reads Cedar policies: one by one, each with its id, its place and its parts, and every error with line and column.

The engine names policies `policy0`, `policy1`, … by their order and its errors have no place. A file is therefore cut
into its policies here, each is given to the engine by itself, and what it refuses is looked for in the text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from readiness.formats.cedar import guards
from readiness.formats.cedar import tokens as words
from readiness.formats.cedar.faults import Fault, nearest
from readiness.formats.cedar.places import offending
from readiness.formats.cedar.tokens import Kind, Token
from readiness.sequence.placeholder import PLACEHOLDER

SIZE_LIMIT_BYTES: Final = 2_000_000
DEPTH_LIMIT: Final = 50
"""Deeper nesting ends the process of the engine, which recurses without a bound."""
TOKEN_LIMIT: Final = 5_000
"""Tokens of one policy."""
_WORDS: Final = ("permit", "forbid", "when", "unless", "principal", "action", "resource", "context", "in", "is", "has", "like", "if",
                 "then", "else", "true", "false", "contains", "containsAll", "containsAny", "isEmpty", "getTag", "hasTag", "ip", "decimal",
                 "datetime", "duration", "isInRange", "isIpv4", "isIpv6", "isLoopback", "lessThan", "greaterThan", "offset",
                 "durationSince")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clause:
    """A condition: `when` or `unless`, the expression in its braces, and its line."""

    kind: str
    text: str
    line: int

    @property
    def expression(self) -> str:
        """The condition as an expression that is true where the clause is met."""
        return f"({self.text})" if self.kind == "when" else f"!({self.text})"


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy: its id (the engine's name where it has none), its place, its text, and its parts as written.

    `principal`, `action` and `resource` are expressions: `principal in Role::"x"`, or just `principal`.
    """

    id: str
    named: bool
    effect: str
    template: bool
    file: str
    line: int
    column: int
    text: str
    principal: str
    action: str
    resource: str
    clauses: tuple[Clause, ...] = ()
    annotations: tuple[tuple[str, str], ...] = ()

    def said(self, name: str) -> str | None:
        """What an annotation says, empty where it says nothing; None where it is not there."""
        return dict(self.annotations).get(name)

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}"

    @property
    def parts(self) -> tuple[tuple[str, int], ...]:
        """The expressions that are all true where the policy matches, with their lines; the unrestricted ones left out."""
        scope = ((text, self.line) for text in (self.principal, self.action, self.resource) if len(words.tokens(text)) > 1)
        return (*scope, *((clause.expression, clause.line) for clause in self.clauses))

    @property
    def found(self) -> tuple[Token, ...]:
        """Its tokens, with the lines and columns of its file."""
        return tuple(_moved(token, self) for token in words.tokens(self.text))


def _moved(token: Token, policy: Policy) -> Token:
    column = token.column + policy.column - 1 if token.line == 1 else token.column
    return Token(token.kind, token.text, token.offset, token.line + policy.line - 1, column)


@dataclass(frozen=True, slots=True)
class Read:
    """The policies that can be read, in the order of files and text, and what is wrong with them and the others."""

    policies: tuple[Policy, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def text(self) -> str:
        """All of them as one text, in which the engine's `policyN` is `policies[N]`."""
        return "\n".join(policy.text for policy in self.policies)

    def of(self, engine_name: str) -> Policy | None:
        """The policy that the engine calls `policyN`."""
        number = engine_name.removeprefix("policy")
        return self.policies[int(number)] if number.isdigit() and int(number) < len(self.policies) else None


def read(files: Mapping[str, bytes | None]) -> Read:
    """Reads the policies of several files, in the order of their names, as one set; None is a file that is not read."""
    policies: list[Policy] = []
    faults: list[Fault] = []
    for file in sorted(files):
        text, fault = decoded(file, files[file])
        if fault is not None:
            faults.append(fault)
            continue
        one = parse(text, file, first=len(policies))
        policies += one.policies
        faults += one.faults
    return Read(tuple(policies), (*faults, *_repeated(policies)))


def decoded(file: str, data: bytes | None) -> tuple[str, Fault | None]:
    """The text of a file, or why it is none that is read."""
    if data is None or len(data) > SIZE_LIMIT_BYTES:
        text = f"is not read: it is longer than {SIZE_LIMIT_BYTES:,} bytes, or no plain file"
        return "", Fault(file, 1, text, limit=True)
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return "", Fault(file, line, f"is not UTF-8 text ({error.reason} at byte {error.start}): save it as UTF-8")


def parse(text: str, file: str, first: int = 0) -> Read:
    """Reads the policies of one file; `first` is the number of the first one, as the engine counts."""
    *ended, rest = _statements(words.tokens(text))
    if not ended and not rest:
        return Read((), (Fault(file, 1, "holds no policy: where nothing permits, everything is denied"),))
    policies: list[Policy] = []
    faults: list[Fault] = []
    for found in (*ended, *([rest] if rest else [])):
        policy, wrong = _policy(text, found, file, first + len(policies))
        faults += wrong
        policies += [policy] if policy is not None else []
    return Read(tuple(policies), tuple(faults))


def _statements(found: tuple[Token, ...]) -> list[list[Token]]:
    """Each policy with its semicolon; the last part, mostly empty, is what has none. Brackets do not matter: a semicolon
    ends a policy even where one is left open, so that the next one is read."""
    parts: list[list[Token]] = [[]]
    for token in found:
        parts[-1].append(token)
        if token.text == ";" and token.kind is Kind.MARK:
            parts.append([])
    return parts


def _policy(text: str, found: list[Token], file: str, number: int) -> tuple[Policy | None, list[Fault]]:
    name = _annotated(found) or f"policy{number}"
    wrong = _unreadable(found, file, name) or _refused(text, found, file, name)
    if wrong is not None:
        return None, [wrong]
    told = _told(words.source(text, found))
    policy = _parts(text, found, file, number, told)
    return policy, [*_unnamed(policy), *_placeholders(policy), *guards.faults(policy)]


def _annotated(found: list[Token]) -> str:
    """The id as far as it can be read without the engine, for errors of a policy that it refuses."""
    at = words.where(found, "@id(")
    if at is None:
        return ""
    after = found[found.index(at) + 3 :][:1]
    return words.unquoted(after[0].text) if after and after[0].kind is Kind.TEXT else ""


def _unreadable(found: list[Token], file: str, name: str) -> Fault | None:
    for token in found:
        if token.kind is Kind.BAD:
            what = "a quote that nothing closes" if token.text == '"' else f"`{token.text}` begins nothing that Cedar knows"
            return Fault(file, token.line, what, name, token.column)
    if len(found) > TOKEN_LIMIT:
        return Fault(
            file, found[0].line, f"has {len(found):,} words, and no more than {TOKEN_LIMIT:,} are read: divide it", name, limit=True
        )
    if (deep := words.depth(found)) > DEPTH_LIMIT:
        return Fault(file, found[0].line, f"is nested {deep} deep, and no more than {DEPTH_LIMIT} are read: divide it", name, limit=True)
    return None


def _refused(text: str, found: list[Token], file: str, name: str) -> Fault | None:
    said = _engine(words.source(text, found))
    if not said:
        return None
    token, wrong = offending(text, found, said, _engine)
    before = found[max(0, found.index(token) - 1)]
    if token is not found[0] and before is not found[0] and ({token.text, before.text} & {"permit", "forbid"} or token.text == "@"):
        return Fault(file, token.line, said, name, token.column, "the policy before it has to end with `;`")
    return Fault(file, token.line, said, name, token.column, _meant(wrong))


_PHRASES: Final = {"unexpected end of input": "ends too early: a policy ends with `;`"}


def _engine(text: str) -> str:
    """What the engine says against a text, empty where it takes it."""
    from cedarpy import PolicySet

    try:
        PolicySet.from_str(text)
    except ValueError as error:
        return _PHRASES.get(str(error), str(error))
    return ""


def _meant(word: str) -> str:
    return nearest(word, _WORDS) if word and word not in _WORDS and nearest(word, _WORDS).startswith("did") else ""


def _told(text: str) -> dict[str, Any]:  # the engine's own JSON of one policy
    from cedarpy import policies_to_json_str

    whole = json.loads(policies_to_json_str(text))
    policy = next(iter([*whole["staticPolicies"].values(), *whole["templates"].values()]))
    return {**policy, "template": bool(whole["templates"])}


def _parts(text: str, found: list[Token], file: str, number: int, told: dict[str, Any]) -> Policy:
    said = {key: text or "" for key, text in (told.get("annotations") or {}).items()}
    name = said.get("id", "")
    at = next(index for index, token in enumerate(found) if token.text == "(" and found[index - 1].text in ("permit", "forbid"))
    end = next(index for index, token in enumerate(found) if index > at and token.text == ")" and _inside(found[at : index + 1]) == 0)
    scope = [words.source(text, part) for part in words.split(found[at + 1 : end], ",") if part]
    return Policy(
        id=name or f"policy{number}",
        named=bool(name),
        effect=str(told["effect"]),
        template=bool(told["template"]),
        file=file,
        line=found[0].line,
        column=found[0].column,
        text=words.source(text, found),
        principal=scope[0],
        action=scope[1],
        resource=scope[2],
        clauses=tuple(_clauses(text, found[end + 1 : -1])),
        annotations=tuple(sorted(said.items())),
    )


def _inside(found: list[Token]) -> int:
    return sum((token.text in words.OPENING) - (token.text in words.OPENING.values()) for token in found)


def _clauses(text: str, found: list[Token]) -> list[Clause]:
    clauses = []
    begun = 0
    for index in range(len(found)):
        part = found[begun : index + 1]
        if found[index].text == "}" and _inside(part) == 0:
            clauses.append(Clause(part[0].text, words.source(text, part[2:-1]), part[0].line))
            begun = index + 1
    return clauses


def _unnamed(policy: Policy) -> list[Fault]:
    if policy.named:
        return []
    text = f'has no id, and the engine calls it `{policy.id}` by its place: write @id("…") above it'
    return [Fault(policy.file, policy.line, text, policy.id, policy.column)]


def _placeholders(policy: Policy) -> list[Fault]:
    """Texts and names that still wait for somebody to fill them in."""
    waiting = [(token, PLACEHOLDER.search(token.text)) for token in policy.found if token.kind in (Kind.TEXT, Kind.WORD)]
    return [
        Fault(policy.file, token.line, f"is still the placeholder `{found[0]}`", policy.id, token.column)
        for token, found in waiting
        if found
    ]


def _repeated(policies: list[Policy]) -> list[Fault]:
    first: dict[str, Policy] = {}
    faults = []
    for policy in policies:
        before = first.setdefault(policy.id, policy)
        if before is not policy and policy.named:
            faults.append(Fault(policy.file, policy.line, f"the id is taken by the policy at {before.place}", policy.id, policy.column))
    return faults


def emit(policies: tuple[Policy, ...]) -> str:
    """The policies as one text in the engine's own layout; reading it gives the same policies again."""
    from cedarpy import format_policies

    return str(format_policies("\n\n".join(policy.text for policy in policies))) if policies else ""
