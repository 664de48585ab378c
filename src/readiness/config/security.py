"""The `[security]` table of the manifest: routes, policies, reports, secrets by reference, training data, attacks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from readiness.config.fields import METHODS, Reader, shown

_SECRET_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_REFERENCE: Final = re.compile(
    r"env:[A-Za-z_][A-Za-z0-9_]{0,99}|(?:file|age):(?!(?:.*/)?\.\.(?:/|$))[^\s:@]{1,300}|vault:[^\s#:@]{1,200}#[\w.-]{1,100}"
)
"""A reference to a secret. No `:` or `@` follows, as in an address with a password."""
_PLACE: Final = re.compile(r"\$(?:\.[A-Za-z_][\w-]*|\[-?\d+\])+|\?[\w.-]+")
_CALLABLE: Final = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


@dataclass(frozen=True, slots=True)
class Allowed:
    """A secret that may stay where it is: its fingerprint, why, by whose word, and the last day that counts."""

    fingerprint: str
    reason: str
    owner: str
    expires: date
    line: int = 1


ROTATE_DAYS: Final = 90
"""How old a credential may be where the manifest does not say it: what the CIS benchmarks ask of access keys (AWS 1.14)."""
LONGEST_ROTATION: Final = 366


@dataclass(frozen=True, slots=True)
class SecretReference:
    """A secret by where it is kept, never by its value: `env:NAME`, `file:PATH`, `age:PATH` or `vault:PATH#KEY`.

    `owner` answers for it, `rotate_days` is how old it may be, `rotated` when it was last changed, as its owner says, and
    `opens` names datasets that it gives access to.
    """

    name: str
    ref: str
    owner: str = ""
    rotate_days: int = ROTATE_DAYS
    rotated: date | None = None
    opens: tuple[str, ...] = ()
    line: int = 1

    @property
    def kind(self) -> str:
        """`env`, `file`, `age` or `vault`."""
        return self.ref.partition(":")[0]

    @property
    def target(self) -> str:
        """What the reference names: a variable, a path, a place in a vault."""
        return self.ref.partition(":")[2]


LEVELS: Final = ("low", "medium", "high", "critical")
"""How grave a finding of another tool is, mildest first."""
OLDEST_DAYS: Final = 7
"""The most days that a report of another tool may count."""


@dataclass(frozen=True, slots=True)
class ReportRule:
    """What is asked of the reports of one tool: the level from which on a finding fails, and how many days one counts."""

    fail_on: str = LEVELS[0]
    max_age_days: float = OLDEST_DAYS


@dataclass(frozen=True, slots=True)
class Probe:
    """The `[security.probe]` table: how the demo is attacked, as far as it cannot be found.

    `question` is where the question stands in a declared request (`$.a.b[0]` of the body, `?name` of the path), `answer` where
    in the answer what is said to people. `callable` is a function, `package.module:name`, attacked in place of the demo, with
    `benign` questions that it must answer. `documents` and `prompts` are globs of files that instructions and a secret are
    planted into copies of; `attacks` is a folder of more attacks; `queries` is how many questions in a row are allowed.
    """

    question: str = ""
    answer: str = ""
    callable: str = ""
    benign: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    attacks: str = ""
    queries: int = 0


@dataclass(frozen=True, slots=True)
class Security:
    """The `[security]` table: `public` routes as `METHOD /path`, which anyone may ask, and secrets `allow`ed to stay.

    `policies` are globs of Cedar policies and of the schema they are written against, told apart by their endings.
    `reports` says what is asked of the reports of other tools, by the name of the tool in small letters.
    `administrators` are database roles that no policy binds: who owns tables, and who may become that role.
    `secrets` (`[[security.secret]]`) are the credentials of the project, by reference.
    `training` are globs of the data that models learn from, none where nothing is trained; None where it is not said.
    `probe` says how the demo is attacked.
    """

    public: tuple[str, ...] = ()
    allow: tuple[Allowed, ...] = ()
    policies: tuple[str, ...] = ("policies/*.cedar", "policies/*.cedarschema", "policies/*.cedarschema.json")
    administrators: tuple[str, ...] = ()
    reports: Mapping[str, ReportRule] = field(default_factory=dict)
    secrets: tuple[SecretReference, ...] = ()
    training: tuple[str, ...] | None = None
    training_line: int = 1
    probe: Probe = field(default_factory=Probe)

    def rule(self, tool: str) -> ReportRule:
        """What is asked of the reports of a tool."""
        return self.reports.get(tool.lower(), ReportRule())


def read(reader: Reader, raw: object) -> Security:
    """The table as it is written, each fault told to the reader with its line."""
    at = ("security",)
    table = reader.table(at, raw)
    reader.known(at, table, ("public", "allow", "policies", "administrators", "reports", "secret", "training", "probe"))
    public = reader.strings((*at, "public"), table.get("public", []))
    for route in public:
        method, _, path = route.partition(" ")
        if method not in METHODS or not path.startswith("/"):
            reader.problem((*at, "public"), f"a public route is written `METHOD /path`, got `{route}`")
    allow = tuple(_allowed(reader, index, item) for index, item in enumerate(reader.items((*at, "allow"), table.get("allow", []))))
    policies = reader.strings((*at, "policies"), table.get("policies", list(Security().policies)))
    administrators = reader.strings((*at, "administrators"), table.get("administrators", []))
    training = reader.strings((*at, "training"), table["training"]) if "training" in table else None
    for glob in training or ():
        if glob.startswith("/") or ".." in glob.split("/"):
            reader.problem((*at, "training"), f"training data lies in the project, as a glob from its root, got `{glob}`")
    line = reader.line((*at, "training")) if training is not None else 1
    rules, secrets = _report_rules(reader, table.get("reports")), _secrets(reader, table.get("secret", []))
    return Security(public, allow, policies, administrators, rules, secrets, training, line, _probe(reader, table.get("probe")))


def _probe(reader: Reader, raw: object) -> Probe:
    at = ("security", "probe")
    table = reader.table(at, raw)
    reader.known(at, table, ("question", "answer", "callable", "benign", "documents", "prompts", "attacks", "queries"))
    texts = {name: reader.words((*at, name), table.get(name, "")) for name in ("question", "answer", "callable")}
    for name, pattern in (("question", _PLACE), ("answer", _PLACE), ("callable", _CALLABLE)):
        if texts[name] and not pattern.fullmatch(texts[name]):
            form = "`package.module:function`" if name == "callable" else "like `$.a.b[0]`, or `?name` of the path"
            reader.problem((*at, name), f"`{name}` is written {form}, got `{shown(texts[name])}`")
    benign = reader.strings((*at, "benign"), table.get("benign", []))
    if bool(texts["callable"]) != bool(benign):
        reader.problem(at, "`callable` needs `benign`, questions that it must answer, and `benign` is for a `callable`")
    queries = reader.number((*at, "queries"), table.get("queries", 0), least=0)
    if queries != int(queries):
        reader.problem((*at, "queries"), f"`queries` must be a whole number, got `{queries:g}`")
    return Probe(
        **texts, benign=benign,
        documents=reader.strings((*at, "documents"), table.get("documents", [])),
        prompts=reader.strings((*at, "prompts"), table.get("prompts", [])),
        attacks=reader.path((*at, "attacks"), table.get("attacks", "")), queries=int(queries),
    )  # fmt: skip


def _report_rules(reader: Reader, raw: object) -> dict[str, ReportRule]:
    found: dict[str, ReportRule] = {}
    for tool, item in reader.table(("security", "reports"), raw).items():
        at = ("security", "reports", tool)
        table = reader.table(at, item)
        reader.known(at, table, ("fail_on", "max_age_days"))
        days = reader.number((*at, "max_age_days"), table.get("max_age_days", OLDEST_DAYS), least=0.0)
        if days > OLDEST_DAYS:
            reader.problem(
                (*at, "max_age_days"), f"`max_age_days` may shorten the {OLDEST_DAYS} days of a report, not lengthen them, got `{days:g}`"
            )
        if tool.lower() in found:
            reader.problem(at, f"`{tool}` is there twice")
        found[tool.lower()] = ReportRule(reader.choice((*at, "fail_on"), table.get("fail_on", LEVELS[0]), list(LEVELS)), days)
    return found


def _allowed(reader: Reader, index: int, raw: object) -> Allowed:
    at = ("security", "allow", str(index))
    table = reader.table(at, raw)
    needed = ("fingerprint", "reason", "owner", "expires")
    reader.known(at, table, needed)
    for name in needed:
        if table.get(name, "") == "":
            reader.problem(at, f"an allowed secret needs `{name}`")
    fingerprint, reason, owner = (reader.words((*at, name), table.get(name, "")) for name in needed[:3])
    return Allowed(fingerprint, reason, owner, reader.day((*at, "expires"), table.get("expires")) or date.min, reader.line(at))


def _secrets(reader: Reader, raw: object) -> tuple[SecretReference, ...]:
    at = ("security", "secret")
    found: list[SecretReference] = []
    for index, item in enumerate(reader.items(at, raw)):
        one = _secret(reader, (*at, str(index)), item)
        if any(one.name == other.name for other in found):
            reader.problem((*at, str(index), "name"), f"a secret needs a `name` of its own, `{one.name}` is taken")
        found.append(one)
    return tuple(found)


def _secret(reader: Reader, at: tuple[str, ...], raw: object) -> SecretReference:
    """One reference. What is no reference is not repeated in the message: somebody may have written the secret itself."""
    table = reader.table(at, raw)
    reader.known(at, table, ("name", "ref", "owner", "rotate_days", "rotated", "opens"))
    name = table.get("name", "")
    if not isinstance(name, str) or not _SECRET_NAME.fullmatch(name):
        reader.problem((*at, "name"), "a secret needs a `name` of 1 to 64 letters, digits, `_`, `-` and `.`")
    ref = table.get("ref", "")
    if not isinstance(ref, str) or not _REFERENCE.fullmatch(ref):
        reader.problem((*at, "ref"), "`ref` must be `env:NAME`, `file:PATH`, `age:PATH` or `vault:PATH#KEY`, never the secret itself")
        ref = ""
    days = reader.number((*at, "rotate_days"), table.get("rotate_days", ROTATE_DAYS), least=1)
    if days != int(days) or days > LONGEST_ROTATION:
        reader.problem((*at, "rotate_days"), f"`rotate_days` must be a whole number of at most {LONGEST_ROTATION}, got `{days:g}`")
    return SecretReference(
        str(name), ref, reader.words((*at, "owner"), table.get("owner", "")).strip(), int(days),
        reader.day((*at, "rotated"), table.get("rotated")), reader.strings((*at, "opens"), table.get("opens", [])), reader.line(at),
    )  # fmt: skip
